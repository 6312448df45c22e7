"""What docs/threat-model.md says to be shown by a test is shown by one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")
STATES = 5
COLUMNS_OF_BOARDS = 4


WITHOUT_PROMISES = {"Assets"}
ROW_BY_ROW = {"Attackers", "What the owner can always do", "When the time is wrong", "The registry"}
"""Sections whose table has a line of tests for each of its rows."""


def sections() -> dict[str, str]:
    """The text of each section by its title."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_test_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:tests|hil)/[\w/]+\.py)`(?: \(([^)]*)\))?", PAGE)
    assert len(named) > 100
    checked = set()
    for file, names in named:
        text = (ROOT / file).read_text("utf-8")
        for name in re.findall(r"`(test_\w+)`", names):
            assert f"def {name}(" in text, f"{file} has no {name}"
            checked.add(name)
    assert checked == set(re.findall(r"`(test_\w+)`", PAGE)), "a test is named without its file"


def test_every_section_with_promises_names_a_test() -> None:
    told = sections()
    assert set(told) > WITHOUT_PROMISES | ROW_BY_ROW
    for title, text in told.items():
        named = re.search(r"`(?:tests|hil)/[\w/]+\.py`", text)
        assert (named is None) == (title in WITHOUT_PROMISES), title


@pytest.mark.parametrize("title", sorted(ROW_BY_ROW))
def test_every_row_of_a_table_has_its_tests(title: str) -> None:
    table, _, shown = sections()[title].partition("Shown by:")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    tests = [line for line in shown.splitlines() if line.startswith("- ")]
    assert len(tests) == len(rows) - 1  # the head is no row


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
