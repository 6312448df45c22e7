"""What docs/threat-model.md says to be shown by a test is shown by one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")
STATES = 5
COLUMNS_OF_BOARDS = 4


def test_every_test_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:tests|hil)/[\w/]+\.py)`(?: \(([^)]*)\))?", PAGE)
    assert len(named) > 20
    for file, names in named:
        text = (ROOT / file).read_text("utf-8")
        for name in re.findall(r"`(test_\w+)`", names):
            assert f"def {name}(" in text, f"{file} has no {name}"


def test_every_event_is_told_for_every_state_and_shown() -> None:
    section = PAGE.split("## Every state, and what may happen to it")[1].split("\n## ")[0]
    table, shown = section.split("Shown by:")
    events = [row.split(" | ") for row in table.splitlines() if row.startswith("| ")]
    assert len(events) > 5
    assert all(len(cells) == STATES + 1 and all(cells) for cells in events)
    assert len(re.findall(r"^- .+: `", shown, re.MULTILINE)) == len(events) - 1
    assert "nobody" not in re.sub("nobody (?:has registered|from anything)", "", section)


def test_every_board_has_its_row() -> None:
    section = PAGE.split("## What each board protects")[1].split("\n## ")[0]
    rows = [row.split(" | ") for row in section.splitlines() if row.startswith("| `")]
    assert all(len(cells) == COLUMNS_OF_BOARDS and all(cells) for cells in rows)
    named = {name for cells in rows for name in re.findall(r"`(\w+)`", cells[0])}
    assert named == {path.parent.name for path in ROOT.glob("boards/*/board.toml")}
