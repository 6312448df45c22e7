"""A script run in the unix program that is built with the address and the behaviour sanitizer."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.images import existing

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build/unix-sanitized/micropython"


@pytest.fixture
def run_sanitized(tmp_path: Path) -> Callable[[str], str]:
    """What a script prints; fails if it does not end well or if a sanitizer finds fault."""

    def run(script: str) -> str:
        done = subprocess.run(
            [existing(PROGRAM), "-c", script],
            env={
                **os.environ,
                "WATTSEAL_FLASH": str(tmp_path / "flash.bin"),
                "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's heap is one static block
                "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stderr == ""
        return done.stdout.strip()

    return run
