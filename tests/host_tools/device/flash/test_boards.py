"""Boards by name, with those that begin alike, and the order of what is written into them."""

import dataclasses
from pathlib import Path

import pytest
from wattseal.common.errors import ToolError
from wattseal.device import update_bundle
from wattseal.device.flash.boards import (
    Board,
    UsbId,
    board_called,
    board_given,
    known_boards,
)

from boards.facts import load
from boards.targets import board_folders, find

BOARD = next(board for board in known_boards() if board.drive and board.drive.place.family)
LONGER = dataclasses.replace(BOARD, name=BOARD.name + "_rs485")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (BOARD.name, BOARD),
        (BOARD.name + "-uart", BOARD),
        (LONGER.name, LONGER),
        (LONGER.name + "-lab", LONGER),
    ],
)
def test_a_board_and_its_variants_and_one_that_begins_alike(name: str, found: Board) -> None:
    for boards in ([BOARD, LONGER], [LONGER, BOARD]):
        assert board_called(name, boards) is found


@pytest.mark.parametrize("name", ["", "rp", BOARD.name + "2", BOARD.name + "_x", BOARD.name[:-1]])
def test_names_of_no_board(name: str) -> None:
    with pytest.raises(ToolError) as caught:
        board_called(name)
    assert caught.value.name == "board_unknown"


@pytest.mark.parametrize("folder", board_folders(), ids=lambda folder: folder.name)
def test_every_board_that_can_be_flashed_is_known_by_name(folder: Path) -> None:
    facts = load(folder / "board.toml")
    if facts.boot_loader is None and find(facts.name).chip.port != "esp32":
        with pytest.raises(ToolError, match=f"not know how the board {facts.name} takes an image"):
            board_given(facts.name)
        return
    board = board_given(facts.name)
    assert board == board_given(str(folder))
    assert (board.name, board.chip) == (facts.name, facts.chip)
    assert (board.drive is None) is (facts.boot_loader is None)


def test_every_known_board_has_sectors_to_erase() -> None:
    for board in known_boards():
        sectors = board.sectors()
        assert len(sectors) == len(set(sectors)) > 0
        assert all(sector % board.sector_bytes == 0 for sector in sectors)


def test_usb_ids_as_they_are_written() -> None:
    assert str(UsbId(0x2E8A, 0x3)) == "2e8a:0003"


def test_what_is_erased_comes_before_the_image_and_its_first_page_last() -> None:
    """Until the copy is whole, the boot loader is what starts."""
    assert BOARD.drive
    image = bytes(range(256)) * 5
    blocks = list(update_bundle.blocks(image, BOARD.drive.place, BOARD.sectors()))
    heads = [update_bundle._HEADER.unpack_from(block) for block in blocks]
    addresses = [head[3] - BOARD.base for head in heads]
    assert addresses == [*BOARD.sectors(), 256, 512, 768, 1024, 0]
    assert sorted(head[5] for head in heads) == list(range(len(blocks)))
    assert {head[6] for head in heads} == {len(blocks)}
    assert all(block[32:288] == b"\xff" * 256 for block in blocks[:-5])
