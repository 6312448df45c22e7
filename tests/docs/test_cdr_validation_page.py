"""docs/cdr-validation.md says what the tables say."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, DOCS / "generate_cdr_validation.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_no_blank_of_the_template_is_left() -> None:
    text = (DOCS / "cdr-validation.md").read_text()
    for name in ("findings", "explained", "effects", "elsewhere"):
        assert "{" + name + "}" not in text
