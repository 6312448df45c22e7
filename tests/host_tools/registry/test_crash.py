"""A registry that is killed at random while it records: nothing confirmed is lost or doubled.

6 kills by default, 200 with `--all`, or WATTSEAL_KILLS; WATTSEAL_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest
from support.registry.killed_registry import Caller, KilledRegistry, check_everything

KILLS = 6
ALL_KILLS = 200
CALLERS = "ABCD"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("workers", [2])
def test_killed_while_it_records(
    tmp_path: Path, database_url: str, workers: int, pytestconfig: pytest.Config
) -> None:
    sample = ALL_KILLS if pytestconfig.getoption("--all", False) else KILLS
    kills = int(os.environ.get("WATTSEAL_KILLS", sample))
    seed = int(os.environ.get("WATTSEAL_SEED", time.time_ns() % 10**9))
    print(f"repeat with WATTSEAL_SEED={seed}")
    site = KilledRegistry(tmp_path / "data", database_url, workers)
    ending = threading.Event()
    callers = [Caller(site, name, ending) for name in CALLERS]
    site.start()
    for caller in callers:
        caller.start()
    dice = random.Random(seed)
    for _kill in range(kills):
        site.kill_at_random(dice)
        assert [caller.failed for caller in callers] == [None] * len(callers)
        site.start()
    ending.set()
    for caller in callers:
        caller.join(120)
    assert [caller.failed for caller in callers] == [None] * len(callers)
    try:
        check_everything(site, sum(caller.recorded for caller in callers), tmp_path)
    finally:
        site.stop()
    print(f"{kills} kills, {len(site.confirmed)} confirmed entries")
