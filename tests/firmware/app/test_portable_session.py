"""The same session on CPython and on MicroPython, with the real signing core where it is built."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from app_fakes.bench import payload_of, reading_of, verify

SCRIPT = Path(__file__).resolve().parent / "portable_session.py"
ROOT = SCRIPT.parents[3]
BUILT = ROOT / "build" / "unix" / "micropython"
MICROPYTHON = Path(os.environ.get("WATTSEAL_TEST_MICROPYTHON", BUILT))


def run(interpreter: Path, tmp_path: Path) -> dict:
    environment = {
        **os.environ,
        "WATTSEAL_FIRMWARE": str(ROOT / "firmware"),
        "WATTSEAL_FLASH": str(tmp_path / "flash.bin"),
        "WATTSEAL_CHIP_ID": "0011223344556677",
    }
    done = subprocess.run(
        [interpreter, SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict = json.loads(done.stdout)
    return found


def check(found: dict) -> None:
    assert (found["state"], found["session"]) == ("operational", None)
    readings = [reading_of(record) for record in found["records"]]
    assert [reading["TX"] for reading in readings] == ["B", "C", "L", "B", "P"]
    assert [reading["TM"][-1] for reading in readings] == ["I", "R", "R", "I", "U"]
    assert [payload_of(record)["PG"] for record in found["records"]] == [
        f"T{number}" for number in range(1, 6)
    ]
    assert payload_of(found["ended"]["record"])["TT"] == 'say "so"'
    assert '"RV":1003.250,' in found["records"][4]
    names = [json.loads(entry)["event"] for entry in found["events"]]
    assert names == [
        "started",
        "key_made",
        "configured",
        "time_set",
        "started",
        "session_recovered",
    ]
    if found["signed"]:
        for record in found["records"]:
            verify(record, found["begun"]["public_key"])


def test_on_cpython(tmp_path: Path) -> None:
    check(run(Path(sys.executable), tmp_path))


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython: ./dev build unix")
def test_on_micropython(tmp_path: Path) -> None:
    check(run(MICROPYTHON, tmp_path))
