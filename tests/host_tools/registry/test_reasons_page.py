"""docs/registry-reasons.md says what the tables say."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "generate_registry_reasons.py"


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, SCRIPT, "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
