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


def _family(process_id: int) -> list[int]:
    """A process and all below it."""
    family = [process_id]
    try:
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                family += _family(int(child))
    except OSError:
        pass  # it has just ended
    return family


def _ticks(process_id: int) -> int:
    """In user and in kernel mode (proc(5), fields 14 and 15; the second may hold blanks)."""
    after_name = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _memory_kb(process_id: int) -> int:
    """What it holds, with its share of what it has in common with others."""
    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) if found else 0
