"""A command that runs in slices stands still between them, with all that it has started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bench.sliced import Sliced

ENOUGH_S = 60
CORES = sorted(os.sched_getaffinity(0))[:1]
FAMILY = """
import os, pathlib, subprocess, sys
waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
child = subprocess.Popen(waits, stdin=subprocess.PIPE)
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {child.pid} {os.sched_getaffinity(0)}")
"""


def python(code: str, *arguments: str | Path, cores: list[int] = CORES) -> Sliced:
    return Sliced([sys.executable, "-c", code, *arguments], os.environ, cores)


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + ENOUGH_S
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def state(process_id: int) -> str:
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]


def is_gone(process_id: int) -> bool:
    try:
        return state(process_id) == "Z"
    except FileNotFoundError:
        return True


def test_it_ends_in_its_own_time() -> None:
    with python("print('done')") as run:
        assert not run.has_ended
        run.go_on(ENOUGH_S)
        assert run.has_ended
        assert 0 < run.seconds < ENOUGH_S


def test_all_stand_still_between_the_slices_and_go_on(tmp_path: Path) -> None:
    told, gate = tmp_path / "told", tmp_path / "gate"
    os.mkfifo(gate)
    with python(f"{FAMILY}open(sys.argv[2]).read()\nchild.communicate(b'')", told, gate) as run:
        while not (told.exists() and told.read_text()):
            run.go_on(0.1)
        own, child = map(int, told.read_text().split()[:2])
        assert re.search(r"\{(.*)\}", told.read_text())[1] == str(CORES[0])
        assert run.memory_mb > 1
        wait_for(lambda: state(own) == "T")
        wait_for(lambda: state(child) == "T")
        opened = os.open(gate, os.O_RDWR)  # it waits for whoever opens the other end
        run.go_on(0.1)
        assert not run.has_ended
        os.close(opened)
        run.go_on(ENOUGH_S)
        assert run.has_ended


def test_a_failure_is_told() -> None:
    with (
        python("import sys; print('no such keys'); sys.exit(3)") as run,
        pytest.raises(RuntimeError, match=r"status 3: b'no such keys"),
    ):
        run.go_on(ENOUGH_S)


def test_what_is_left_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with python(f"{FAMILY}child.wait()", told) as run:
        while not (told.exists() and told.read_text()):
            run.go_on(0.1)
        own, child = map(int, told.read_text().split()[:2])
    for process_id in (own, child):
        wait_for(partial(is_gone, process_id))


SHORT_LIVED = """
import os, sys
from bench.sliced import Sliced
run = Sliced([sys.executable, "-c", *sys.argv[1:]], os.environ, os.sched_getaffinity(0))
while not (os.path.exists(sys.argv[2]) and os.path.getsize(sys.argv[2])):
    run.go_on(0.1)
os.kill(os.getpid(), 9)
"""


def test_nothing_stands_still_for_ever_if_nobody_is_left(tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-c", SHORT_LIVED, f"{FAMILY}child.wait()", str(told)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    for process_id in map(int, told.read_text().split()[:2]):
        wait_for(partial(is_gone, process_id))


def test_what_never_began_needs_no_end() -> None:
    with python("raise SystemExit(1)") as run:
        pass
    assert run.seconds == 0.0
