"""The recipes of docs/adding.md, each followed in a copy of the repository."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.recipes import Copy


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_meter(copy: Copy) -> None:
    """Its profile is what the firmware is built with, and the application reads it."""
    copy.follow("A meter")
    copy.run(sys.executable, "firmware/meters/generate.py", "meter_profiles.py")
    assert "'acme_m1': {'name': 'acme_m1'" in (copy.root / "meter_profiles.py").read_text()


BOARD = """\
from hil.board import load_board
from wattseal.device.update import drive_of
board = load_board("acme_charger")
print(board.name, board.link.tx_pin, drive_of("acme_charger").board_id)
"""


def test_a_board(copy: Copy) -> None:
    """The image's configuration is made from it, and the rig and the host tools know it."""
    copy.follow("A board")
    assert copy.run(sys.executable, "-c", BOARD).stdout == "acme_charger 8 RPI-RP2\n"
    made = ("boards/acme_charger/board.toml", "firmware/release.toml", "gen")
    copy.run(sys.executable, "boards/generate.py", *made, "--variant", "lab")
    assert "NAME = 'acme_charger_lab'\n" in (copy.root / "gen/frozen/board.py").read_text()
    assert (
        "#define WS_FLASH_KEYS_OFFSET 0x100000u" in (copy.root / "gen/wattseal_board.h").read_text()
    )


def test_a_command(copy: Copy) -> None:
    copy.follow("A command")
    assert "  clock       Look at this computer's clock." in copy.wattseal("--help").stdout
    told = json.loads(copy.wattseal("clock", "show", "--json").stdout)
    assert set(told) == {"unix_ms", "utc_offset_min", "synchronised"}
