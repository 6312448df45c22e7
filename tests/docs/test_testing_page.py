"""docs/testing.md lists each file of tests that does more with --all."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USES_ALL = re.compile(r'getoption\("--all"|mark\.thorough\(')
ROW = re.compile(r"\| `([^`]+)` \|")


def test_every_long_test_is_listed() -> None:
    files = {
        str(path.relative_to(ROOT))
        for folder in ("tests", "hil/suite")
        for path in (ROOT / folder).rglob("*.py")
        if path.name.startswith(("test_", "conftest"))
        and path != Path(__file__)
        and USES_ALL.search(path.read_text())
    }
    listed = ROW.findall((ROOT / "docs" / "testing.md").read_text())
    assert listed == sorted(files)
