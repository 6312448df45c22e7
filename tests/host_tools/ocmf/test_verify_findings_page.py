"""docs/verify-findings.md says what the tables say."""

import subprocess
import sys
from pathlib import Path

from wattseal.common.sentences import read_sentences
from wattseal.ocmf.findings import TABLE

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, DOCS / "generate_verify_findings.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_page_has_every_code_once() -> None:
    lines = (DOCS / "verify-findings.md").read_text().splitlines()
    listed = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert listed == list(read_sentences(TABLE))
