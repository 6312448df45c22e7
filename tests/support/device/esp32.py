"""An ESP32 in its boot loader: `esp32-mock-bootloader` (Apache-2.0), run as a program."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

PROGRAM = Path(sys.executable).parent / "esp32-mock-bootloader"

BOARD_TOML = """\
name = "acme_c3"
chip = "esp32c3"

[usb]
vid = 0x303a
pid = 0x1001

[flash]
size_bytes = 4_194_304
sector_bytes = 4096
page_bytes = 256
image_limit_bytes = 2_097_152

[flash.areas]
keys = { offset = 0x200000, sectors = 4 }
"""


class Esp32:
    """Use as a context manager. `port` is the name of its port, as udev gives it."""

    def __init__(self, folder: Path, chip: str = "esp32c3") -> None:
        self.port = folder / "ttyUSB0"
        words = [str(PROGRAM), "run", "--pty", "--chip", chip]
        self._process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if " on PTY " in line:
                self.port.symlink_to(line.rpartition(" on PTY ")[2].strip())
                return self
        raise AssertionError("the boot loader did not start")

    def unplug(self) -> None:
        """It goes away with its port."""
        self._process.kill()
        self._process.wait()
        self.port.unlink(missing_ok=True)

    def becomes(self, path: str) -> None:
        """From now on, what is at that path answers on its port."""
        self.unplug()
        self.port.symlink_to(path)

    def __exit__(self, *_exception: Any) -> None:
        self.unplug()
        assert self._process.stdout is not None
        self._process.stdout.close()
