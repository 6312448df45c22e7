"""Writes an image into an ESP32 by esptool, which is run as a program and never imported.

esptool is under the GPL (docs/decisions/0005-dependencies.md); `pip install 'wattseal[esp32]'`
brings it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wattseal.common.errors import ToolError
from wattseal.device.update import Progress

TIMEOUT_S = 600.0
PROGRAM = "esptool"

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_FATAL = re.compile(r"error(?: occurred)?:\s*(.+)", re.IGNORECASE)
_BOXED = re.compile(r"^\u2502 (.*?)\u2502?$")  # a wrong word of the command line
_GONE = ("lost connection", "device disconnected", "serial data stream stopped")
_MAX_CAUSE = 300


@dataclass(frozen=True)
class Job:
    """`chip`: as esptool calls it. `address`: where in the flash the image begins."""

    chip: str
    port: str
    address: int
    baud: int | None = None


def program() -> str:
    """The path of esptool: beside this Python, or of the system. ToolError `extra_missing`."""
    found = shutil.which(PROGRAM, path=str(Path(sys.executable).parent)) or shutil.which(PROGRAM)
    if found is None:
        raise ToolError("extra_missing", extra="esp32", missing=PROGRAM)
    return found


def write(job: Job, image: bytes, progress: Progress) -> None:
    """Erase the whole flash and write the image; esptool compares what it wrote by its MD5.

    ToolError `extra_missing`, `flash_cut` if the port went away, `esptool_failed`.
    """
    with tempfile.TemporaryDirectory(prefix="wattseal-flash-") as folder:
        file = Path(folder) / "firmware.bin"
        file.write_bytes(image)
        words = [program(), "--chip", job.chip, "--port", job.port]
        words += ["--baud", str(job.baud)] if job.baud else []
        words += ["write-flash", "--erase-all", hex(job.address), str(file)]
        status, lines = _run(words, progress)
    if status:
        cause = _cause(lines) or f"it ended with status {status}"
        is_gone = any(word in line.lower() for line in lines for word in _GONE)
        name = "flash_cut" if is_gone else "esptool_failed"
        raise ToolError(name, place=job.port, cause=cause)
    progress(100, 100)


def _run(words: list[str], progress: Progress) -> tuple[int, list[str]]:
    """Exit status and last lines; what it says of its progress is passed on."""
    lines: list[str] = []
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        limit = threading.Timer(TIMEOUT_S, process.kill)
        limit.start()
        try:
            for line in process.stdout or ():
                del lines[:-20]
                lines.append(line)
                told = _PERCENT.search(line)
                if told and "Writ" in line:
                    progress(int(float(told[1])), 100)
        finally:
            limit.cancel()
    return process.returncode, lines


def _cause(lines: Iterable[str]) -> str:
    """What went wrong, in esptool's words: what it says of an error, else its last line."""
    told = [line.strip() for line in lines if line.strip()]
    fatal = [found[1] for found in map(_FATAL.search, told) if found]
    boxed = [found[1] for found in map(_BOXED.match, told) if found]
    text = fatal[-1] if fatal else " ".join(boxed) or " ".join(told[-1:])
    return " ".join(text.split()).rstrip(".")[:_MAX_CAUSE]
