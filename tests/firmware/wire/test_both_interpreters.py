"""The wire package gives the same verdicts on MicroPython and on CPython."""

import os
import subprocess
import sys
from pathlib import Path

from hil.images import existing

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("portable_check.py")
MICROPYTHON = ROOT / "build" / "unix" / "micropython"


def verdicts(interpreter: Path) -> list[str]:
    firmware = str(ROOT / "firmware")
    finished = subprocess.run(
        [interpreter, SCRIPT],
        env={**os.environ, "MICROPYPATH": firmware, "PYTHONPATH": firmware},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def test_every_verdict_is_the_same_on_micropython():
    ours = verdicts(Path(sys.executable))
    assert len(ours) > 14000
    assert verdicts(existing(MICROPYTHON)) == ours
