"""A registry that is killed at random while it records: nothing confirmed is lost or doubled.

6 kills by default, 200 with `--all`, or WATTSEAL_KILLS; WATTSEAL_SEED repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.registry.killed_registry import Caller, KilledRegistry
from wattseal.registry.audit import Trust, audit
from wattseal.registry.log_client import open_source

KILLS = 6
ALL_KILLS = 200
CALLERS = "ABCD"
CHECKER = Path(__file__).parents[2] / "independent" / "check_log.py"


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


def check_everything(site: KilledRegistry, recorded: int, folder: Path) -> None:
    """Every request was answered in the end: the log has one entry for each, and no more."""
    assert site.url is not None
    entries = sorted(json.loads(text)["entry"] for text in site.confirmed)
    assert entries == list(range(1, recorded + 1))
    source = open_source(site.url)
    facts = source.facts()
    report = audit(source, Trust(), time.time_ns() // 1_000_000, max)
    source.close()
    assert report.findings == []
    assert report.is_sound
    assert report.size == recorded + 1  # the first is the administrator's access key
    confirmed = folder / "confirmed.jsonl"
    confirmed.write_text("\n".join(site.confirmed))
    keys = ["--vkey", facts.vkey, "--registry-key", facts.registry_key]
    checked = subprocess.run(
        [sys.executable, CHECKER, site.url, *keys, "--confirmed", confirmed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{recorded} confirmations" in checked.stdout
