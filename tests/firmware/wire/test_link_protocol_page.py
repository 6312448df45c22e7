import subprocess
import sys
from pathlib import Path

from wattseal.wire.errors import ERRORS
from wattseal.wire.methods import METHODS

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "docs" / "generate_link_protocol.py"
PAGE = ROOT / "docs" / "link-protocol.md"


def test_the_page_is_up_to_date():
    finished = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_the_page_has_every_method_and_every_error():
    text = PAGE.read_text()
    for method in METHODS:
        assert f"### {method[0]}\n" in text
    for code, name, *_ in ERRORS:
        assert f"| {code} | `{name}` |" in text
