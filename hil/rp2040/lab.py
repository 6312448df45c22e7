"""A MicroPython prompt on the emulated RP2040: the lab image's raw REPL on USB."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hil.board import Board, load_board
from hil.lab import LabError, raise_if_traceback
from hil.rp2040.chip import Chip
from hil.rp2040.rosc import Noise
from hil.rp2040.usb_host import UsbHost
from hil.timeline import NS_PER_S

PROMPT = b">>> "
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
RETURN, ENTER_RAW, END_OF_CODE = b"\r", b"\x01", b"\x04"
ACCEPTED = b"OK"

LAB_ID = bytes.fromhex("57415454534c4142")

BOOT_LIMIT_NS = 10 * NS_PER_S
CODE_LIMIT_NS = 600 * NS_PER_S


class Rp2040Lab:
    """Runs statements in the raw REPL; `cycles` of the chip tell how long they took."""

    def __init__(self, image: bytes, board: Board, noise: Noise | None = None) -> None:
        self.chip = Chip(image, flash_size=board.flash_size, unique_id=LAB_ID, noise=noise)
        self._said = bytearray()
        self._host = UsbHost(self.chip.usb, self.chip.timeline, self._said.extend)
        # What was said before the port was opened comes with what is said after it.
        self._host.send(RETURN)
        self._wait_for(PROMPT, BOOT_LIMIT_NS)
        self._host.send(ENTER_RAW)
        self._wait_for(RAW_PROMPT, BOOT_LIMIT_NS)

    def execute(self, code: str) -> str:
        """Run code; what it printed. Raises LabError when it raised."""
        self.type(code)
        return self.answer()

    def answer(self, limit_ns: int = CODE_LIMIT_NS) -> str:
        """What the code printed that was typed; LabError when it raised or said nothing so long."""
        self._wait_for(ACCEPTED, limit_ns)
        output = self._wait_for(END_OF_CODE, limit_ns)
        error = self._wait_for(END_OF_CODE, limit_ns)
        self._wait_for(b">", limit_ns)
        return raise_if_traceback((output + error).decode(errors="replace").replace("\r\n", "\n"))

    def type(self, code: str) -> None:
        """Let code begin and do not wait; `answer` waits for it."""
        self._host.send(code.encode())
        self.chip.run_until(lambda: self._host.pending == 0, CODE_LIMIT_NS)
        self._host.send(END_OF_CODE)

    def close(self) -> None:
        """Power off."""
        self.chip.close()

    def _wait_for(self, end: bytes, limit_ns: int) -> bytes:
        """What was said up to and without `end`; LabError if it does not come."""
        try:
            self.chip.run_until(lambda: end in self._said, limit_ns)
        except TimeoutError as error:
            raise LabError(
                f"no {end!r} after {limit_ns / NS_PER_S:g} s of emulated time; the chip said "
                f"{bytes(self._said[-200:])!r}: is this the lab image?"
            ) from error
        said, _, rest = bytes(self._said).partition(end)
        self._said[:] = rest
        return said


@contextmanager
def open_rp2040_lab(image: Path) -> Iterator[Rp2040Lab]:
    """Boot an image with a prompt; OSError if it was not built."""
    lab = Rp2040Lab(image.read_bytes(), load_board())
    try:
        yield lab
    finally:
        lab.close()
