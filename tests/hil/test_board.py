"""What the rig is told of a board: its UARTs, and the link's only where there is one."""

import struct
from pathlib import Path

import pytest

from boards.facts import BOARDS, BoardError
from hil.board import Board, LinkUart, load_board
from hil.rp2040.boot_rom import with_boot_checksum
from hil.rp2040.desk import Desk
from hil.setup import Setup
from hil.targets.open import abilities_of
from hil.targets.rp2040 import Rp2040Rig

GOOD = (BOARDS / "rp2040/board.toml").read_text(encoding="ascii")
USB_ALONE = '[link]\ntransport = "usb"\n\n'
SLEEP_FOREVER = with_boot_checksum(struct.pack("<2H", 0xBF30, 0xE7FD))
"""An image: wfi, and a jump back to it."""


def written(folder: Path, text: str) -> str:
    """The folder of a board with these facts, as a target of the rig."""
    board = folder / "acme_charger"
    board.mkdir()
    (board / "board.toml").write_text(text.replace('"rp2040"', '"acme_charger"', 1))
    return str(board)


@pytest.fixture
def usb_alone(tmp_path: Path) -> str:
    """A board that has its link on USB and names no UART for it."""
    start, end = GOOD.index("[link]"), GOOD.index("[meter_line]")
    return written(tmp_path, GOOD[:start] + USB_ALONE + GOOD[end:])


@pytest.fixture
def board(usb_alone: str) -> Board:
    return load_board(usb_alone)


def test_a_board_with_usb_alone_is_a_target_of_the_rig(usb_alone: str, board: Board) -> None:
    assert (board.name, board.transport, board.link) == ("acme_charger", "usb", None)
    assert board.meter_line == load_board().meter_line
    assert abilities_of(usb_alone, None) == Rp2040Rig.abilities


def test_its_variant_with_a_uart_is_none(usb_alone: str) -> None:
    with pytest.raises(BoardError, match="acme_charger-uart has its link on a UART, and"):
        load_board(f"{usb_alone}-uart")


def test_a_desk_wires_its_meter_and_refuses_a_link_on_its_uart(board: Board) -> None:
    desk = Desk(SLEEP_FOREVER, board, Setup())
    desk.power_on()
    assert not desk.chip.uart_connected(board.meter_line.tx_pin)
    desk.power_cut()
    with pytest.raises(BoardError, match="acme_charger has no UART for its link"):
        Desk(SLEEP_FOREVER, board, Setup(), uart_link=True)


def test_a_board_with_both_tells_its_uart() -> None:
    assert load_board().link == LinkUart(uart=0, tx_pin=0, rx_pin=1, baud=115_200)


def test_a_board_without_a_link_is_refused() -> None:
    with pytest.raises(BoardError, match="unix has no link"):
        load_board("unix")
