"""The registry as its operator runs it: a process that serves, and its memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WATTSEAL = Path(sys.executable).parent / "wattseal"
STOP_TIMEOUT_S = 60


@dataclass(frozen=True)
class Served:
    """Processes that answer at a URL."""

    url: str
    process_id: int

    def memory_mb(self) -> float:
        """Of all its processes together; a page that several share is counted once."""
        total_kb = sum(_memory_kb(process) for process in _family(self.process_id))
        return total_kb / 1024

    def processor_s(self) -> float:
        """Time that all its processes together have had of processors so far."""
        ticks = sum(_ticks(process) for process in _family(self.process_id))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(data: Path, database_url: str, workers: int) -> Iterator[Served]:
    """Serve a registry as long as the block runs."""
    words: list[str | Path] = [
        *(WATTSEAL, "registry", "serve", "--data", data, "--port", "0"),
        *("--database-url", database_url, "--workers", str(workers)),
        *("--reads-per-minute", "0", "--writes-per-minute", "0"),
    ]
    with (data / "serve.log").open("w+") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        url = process.stdout.readline().strip()
        if not url:
            process.wait()
            raise RuntimeError((data / "serve.log").read_text()[-2000:])
        try:
            yield Served(url, process.pid)
        finally:
            process.terminate()
            process.communicate(timeout=STOP_TIMEOUT_S)


def _family(process_id: int) -> list[int]:
    """A process and all below it."""
    family = [process_id]
    for task in Path(f"/proc/{process_id}/task").iterdir():
        for child in (task / "children").read_text().split():
            family += _family(int(child))
    return family


def _ticks(process_id: int) -> int:
    """In user and in kernel mode (proc(5), fields 14 and 15; the second may hold blanks)."""
    after_name = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _memory_kb(process_id: int) -> int:
    """What it holds, with its share of what it has in common with others (proc(5), Pss)."""
    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) if found else 0
