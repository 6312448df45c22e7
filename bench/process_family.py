"""A process with all that it has started: what they use together, as the kernel counts it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path


def memory_mb(process_id: int) -> float:
    """Of all of them together; a page that several share is counted once (proc(5), Pss)."""
    return _sum(_memory_kb, process_id) / 1024


def processor_s(process_id: int) -> float:
    """Time that all of them together have had of processors so far."""
    return _sum(_ticks, process_id) / os.sysconf("SC_CLK_TCK")


def _sum(count: Callable[[int], int], process_id: int) -> int:
    total = 0
    for process in _family(process_id):
        try:
            total += count(process)
        except OSError:
            continue  # it has just ended
    return total


def children(process_id: int) -> list[int]:
    """What a process has started and not waited for; none if it has ended."""
    return [child for thread in _threads(process_id) for child in _started_by(thread)]


def _family(process_id: int) -> list[int]:
    """A process and all below it."""
    return [process_id, *(each for child in children(process_id) for each in _family(child))]


def _threads(process_id: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{process_id}/task").iterdir())
    except OSError:
        return []  # it has just ended


def _started_by(thread: Path) -> list[int]:
    try:
        return [int(child) for child in (thread / "children").read_text().split()]
    except OSError:
        return []  # a thread ends while its process goes on


def _ticks(process_id: int) -> int:
    """In user and in kernel mode (proc(5), fields 14 and 15; the second may hold blanks)."""
    after_name = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _memory_kb(process_id: int) -> int:
    """What it holds, with its share of what it has in common with others."""
    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) if found else 0
