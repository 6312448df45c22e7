"""A port in virtual time: nothing here ever waits, the clock is moved on instead."""

from collections.abc import Callable

from .meter import FakeMeterLine

TICKS_PERIOD = 1 << 30


class FakePort:
    """Ticks that wrap as MicroPython's do, starting shortly before they wrap.

    `us` is the virtual time in microseconds, shared with the lines. `boot_loader_entries` counts
    what would have ended the program; `bite_count` is how often the watchdog has bitten in a row,
    `feedings` how often it was fed.
    """

    NAME = "fake"
    LINK = "tcp"

    def __init__(self, make_line: Callable[["FakePort"], FakeMeterLine]) -> None:
        self.us = 0
        self.forms: list[tuple[int, str, int]] = []
        self.boot_loader_entries = 0
        self.has_unsent = False
        self.bite_count = self.feedings = 0
        self._make_line = make_line

    def ticks_ms(self) -> int:
        return (self.us // 1000 + TICKS_PERIOD - 1500) % TICKS_PERIOD

    def ticks_us(self) -> int:
        return (self.us + TICKS_PERIOD - 40_000) % TICKS_PERIOD

    def ticks_diff(self, later: int, earlier: int) -> int:
        return (later - earlier + TICKS_PERIOD // 2) % TICKS_PERIOD - TICKS_PERIOD // 2

    def open_meter_line(self, baud: int, parity: str, stop_bits: int) -> FakeMeterLine:
        assert parity in ("none", "even", "odd")
        self.forms.append((baud, parity, stop_bits))
        return self._make_line(self)

    def reset_cause(self) -> str:
        return "watchdog" if self.bite_count else "power_on"

    def watch(self) -> None:
        raise AssertionError("main starts the watchdog, nobody else")

    def feed(self) -> None:
        self.feedings += 1

    def bites(self) -> int:
        return self.bite_count

    def forget_bites(self) -> None:
        self.bite_count = 0

    def heap_free(self) -> int:
        return 123456

    def enter_boot_loader(self) -> None:
        assert not self.has_unsent, "a reply is lost"
        self.boot_loader_entries += 1


class FakeLink:
    """The host's end is `send` and `sent`; an empty wait moves the clock on.

    `room`: whether the host fetches replies.
    """

    def __init__(self, port: FakePort) -> None:
        self._port = port
        self._incoming = bytearray()
        self.sent = bytearray()
        self.room = True

    def send(self, data: bytes) -> None:
        self._incoming += data

    @property
    def is_drained(self) -> bool:
        return not self._incoming

    def read(self, max_bytes: int) -> bytes:
        data = bytes(self._incoming[:max_bytes])
        del self._incoming[:max_bytes]
        return data

    def write(self, data: bytes) -> None:
        assert self.room, "a reply is cut"
        self.sent += data
        self._port.has_unsent = True

    def flush(self) -> None:
        self._port.has_unsent = False

    def wait_for_room(self, timeout_ms: int) -> bool:
        if not self.room:
            self._port.us += timeout_ms * 1000
        return self.room

    def wait(self, timeout_ms: int) -> bool:
        if not self._incoming:
            self._port.us += timeout_ms * 1000
        return bool(self._incoming)
