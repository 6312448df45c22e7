"""A MicroPython prompt with the signing core behind it: unix program or emulated RP2040.

For test vectors and for cycle counts of single functions. Products have no prompt; the RP2040
side runs the lab variant of the image, which freezes the same modules and the same core.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

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


@contextmanager
def open_lab(target: str) -> Iterator[Lab]:
    """A prompt on "unix" or "rp2040"; both must have been built."""
    if target == "rp2040":
        from hil.rp2040.lab import open_rp2040_lab  # the emulator is slow to import

        with open_rp2040_lab(existing(LAB_IMAGE)) as lab:
            yield lab
        return
    with tempfile.TemporaryDirectory() as folder:
        unix = UnixLab(Path(folder))
        try:
            yield unix
        finally:
            unix.close()
