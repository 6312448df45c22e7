"""A process with all that it has started: what they use together, as the kernel counts it."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def used_by(command: Sequence[str | Path]) -> dict[str, float]:
    """Run a program to its end, and that of all that it has started, and give what they have used.

    `processor_s` is of all together, `memory_mb` that of the largest. Raises RuntimeError if the
    program fails. Processes of a fork server are no children of the program that uses them, so
    a process of its own adopts whatever the program leaves behind.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, *command], stdout=subprocess.PIPE, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}")
    used: dict[str, float] = json.loads(done.stdout)
    return used


def _run_and_count(command: list[str]) -> int:
    """Print as JSON what `used_by` gives; the program's own exit status."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    try:
        while True:
            os.wait()
    except ChildProcessError:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {"processor_s": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss / 1024}
    print(json.dumps(told))
    return status


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


if __name__ == "__main__":
    sys.exit(_run_and_count(sys.argv[1:]))
