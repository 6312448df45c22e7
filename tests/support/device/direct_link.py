"""A fake module at the end of a transport whose time is virtual: no waiting, no threads."""

from wattseal.common.errors import ToolError

from support.device.fake_module import FakeModule


class DirectTransport:
    """Bytes to and from a module; reading what never comes takes virtual time only."""

    def __init__(self, module: FakeModule):
        self._module = module
        self._waiting: list[bytes] = []
        self._gone = False
        self.comes_back = False
        """Whether a port that went away is there again as soon as it is looked for."""
        self.written = b""
        self.now_s = 1000.0

    def clock_s(self) -> float:
        return self.now_s

    def write(self, data: bytes) -> None:
        self._check()
        self.written += data
        lines = self._module.feed(data)
        if lines is None:
            self._gone = True
        else:
            self._waiting += lines

    def read(self, timeout_s: float) -> bytes:
        self._check()
        if self._waiting:
            self.now_s += 0.001
            return self._waiting.pop(0)
        self.now_s += timeout_s
        return b""

    def reopen(self, timeout_s: float) -> bool:
        self.now_s += 0.1 if self.comes_back else timeout_s
        self._gone = not self.comes_back
        self._waiting.clear()
        return self.comes_back

    def take(self) -> list[bytes]:
        """What waits to be read, which is not read then."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _check(self) -> None:
        if self._gone:
            raise ToolError("port_lost", port="direct", cause="unplugged")
