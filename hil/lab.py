"""A MicroPython prompt with the signing core behind it: unix program, emulated RP2040 or a board.

For test vectors and for cycle counts of single functions. Products have no prompt; the RP2040
side runs the lab variant of the image, which freezes the same modules and the same core.
"""

import contextlib
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from hil.board import image_path, rig_board
from hil.images import existing

UNIX_PROGRAM = image_path(rig_board("unix"))
LAB_IMAGE = image_path(rig_board("rp2040") + "-lab")

# Reads a size, then as many bytes of code; runs it; ends every answer with a zero byte.
UNIX_SERVER = """
import sys
scope = {}
while True:
    size = sys.stdin.buffer.readline()
    if not size:
        break
    code = sys.stdin.buffer.read(int(size))
    try:
        exec(code, scope)
    except Exception as error:
        sys.print_exception(error, sys.stdout)
    sys.stdout.buffer.write(b"\\0")
"""


class LabError(Exception):
    """The code raised, or the target went away; the message is what it printed."""


class Lab(Protocol):
    """Runs statements on a target."""

    def execute(self, code: str) -> str:
        """Run code; what it printed. Raises LabError when it raised."""


def raise_if_traceback(output: str) -> str:
    """Give back output, or raise what it reports."""
    if "Traceback (most recent call last)" in output:
        raise LabError(output.strip().splitlines()[-1])
    return output


class UnixLab:
    """The unix program, fed over its standard input."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [existing(UNIX_PROGRAM), "-c", UNIX_SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "WATTSEAL_FLASH": str(folder / "flash.bin")},
        )

    def execute(self, code: str) -> str:
        """See Lab."""
        assert self._process.stdin is not None  # noqa: S101  # both are pipes, see above
        assert self._process.stdout is not None  # noqa: S101
        data = code.encode()
        self._process.stdin.write(b"%d\n" % len(data) + data)
        self._process.stdin.flush()
        answer = bytearray()
        while (byte := self._process.stdout.read(1)) != b"\0":
            if not byte:
                raise LabError(f"the unix program ended: {answer.decode(errors='replace')}")
            answer += byte
        return raise_if_traceback(answer.decode())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


SERIAL_PREFIX = "serial:"
BAUD = 115_200
PATIENCE_S = 10
"""Until a board must have said that it has a prompt."""
ANSWER_LIMIT_S = 600
STEP_LIMIT_S = 60
"""For a step of the flow control, which an emulated board takes its time for."""


class SerialLab:
    """The raw prompt of a board that runs the lab image, by way of mpremote.

    Code goes out with MicroPython's own flow control: a UART's buffer would overflow.
    """

    def __init__(self, device: str, patience_s: float = PATIENCE_S) -> None:
        try:
            self._board = SerialTransport(device, BAUD, timeout=patience_s)
        except (TransportError, SerialException, OSError) as error:
            raise LabError(
                f"{device} cannot be opened: is the board plugged in, and no other program on its "
                f"port? ({error})"
            ) from error
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it did not expect
            try:
                self._board.enter_raw_repl(soft_reset=False, timeout_overall=patience_s)
            except (TransportError, OSError) as error:
                self._board.close()
                raise LabError(
                    f"{device} has no prompt: does the board run the lab image? ("
                    "./dev build BOARD-lab makes it; a product has no prompt)"
                ) from error
        self._board.serial.timeout = STEP_LIMIT_S

    def execute(self, code: str) -> str:
        """See Lab."""
        try:
            output, error = self._board.exec_raw(code, timeout=ANSWER_LIMIT_S)
        except (TransportError, OSError) as problem:
            raise LabError(f"the board does not answer any more: {problem}") from problem
        return raise_if_traceback((output + error).decode(errors="replace").replace("\r\n", "\n"))

    def close(self) -> None:
        """Leave an ordinary prompt behind, and let the port go."""
        with contextlib.suppress(OSError):
            self._board.exit_raw_repl()
        self._board.close()


@contextmanager
def open_lab(target: str) -> Iterator[Lab]:
    """A prompt on "unix", "rp2040", both built before, or "serial:/dev/..."; else LabError."""
    if target.startswith(SERIAL_PREFIX):
        board = SerialLab(target.removeprefix(SERIAL_PREFIX))
        try:
            yield board
        finally:
            board.close()
        return
    if target == "rp2040":
        from hil.rp2040.lab import open_rp2040_lab  # the emulator is slow to import

        with open_rp2040_lab(existing(LAB_IMAGE)) as lab:
            yield lab
        return
    if target != "unix":
        raise LabError(f"no target {target!r}; there are unix, rp2040 and serial:/dev/...")
    with tempfile.TemporaryDirectory() as folder:
        unix = UnixLab(Path(folder))
        try:
            yield unix
        finally:
            unix.close()
