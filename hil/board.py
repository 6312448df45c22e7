"""The facts of a board that the rig needs, from its boards/<board>/board.toml."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from boards.facts import BoardError
from boards.models import Board as Facts
from boards.models import Link, Usb
from boards.targets import Target, board_of_rig, find, rigged_chips

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class UartPins:
    """A UART of the chip and the GPIO numbers it is wired to."""

    uart: int
    tx_pin: int
    rx_pin: int


@dataclass(frozen=True)
class LinkUart(UartPins):
    """The UART of a link, with its speed."""

    baud: int


@dataclass(frozen=True)
class Board:
    """What is wired where, and how the flash is divided (areas: name -> offset, bytes).

    `link` is the link's UART; None on a board that has none, but USB.
    """

    name: str
    flash_size: int
    areas: dict[str, tuple[int, int]]
    link: LinkUart | None
    meter_line: UartPins
    driver_enable_pin: int
    transport: str
    """Of the link: "usb" or "uart"."""


@cache
def target_of(name: str) -> Target:
    """The target of `./dev build` of that name; BoardError if there is none."""
    return find(name)


def image_path(name: str) -> Path:
    """Where `./dev build` puts the image of a target."""
    return target_of(name).artefact


def chip_of(name: str) -> str | None:
    """The chip of a target of the rig; None if there is no board of that name, or no rig for it."""
    try:
        chip = target_of(name).board.chip
    except BoardError:
        return None
    return chip if chip in rigged_chips() else None


def rig_board(chip: str) -> str:
    """The board that the rig runs of a chip when none is named."""
    return board_of_rig(chip)


def load_usb(name: str | None = None) -> Usb:
    """What a board calls itself on USB. BoardError if it says nothing of it."""
    usb = _facts(name or rig_board("rp2040")).usb
    if usb is None:
        raise BoardError("the board has no table [usb]")
    return usb


def load_flash_size(name: str) -> int:
    """Bytes of flash of a board."""
    return _facts(name).flash.size_bytes


def load_areas(name: str) -> dict[str, tuple[int, int]]:
    """Offset and bytes of each area of a board's flash."""
    flash = _facts(name).flash
    return {area: (place.offset, place.sectors * flash.sector_bytes) for area, place in flash.areas}


def load_board(name: str | None = None) -> Board:
    """What is wired on a board, or on the RP2040 board that the rig runs when none is named.

    BoardError if there is no such board, or if it has no link, or no meter line for the rig.
    """
    name = name or rig_board("rp2040")
    facts = _facts(name)
    link, line = facts.link, facts.meter_line
    if link is None or line is None or line.driver_enable_pin is None:
        raise BoardError(f"the board {facts.name} has no link or no driver enable for the rig")
    return Board(
        name=facts.name,
        flash_size=facts.flash.size_bytes,
        areas=load_areas(name),
        link=_uart_of(link),
        meter_line=UartPins(line.uart, line.tx_pin, line.rx_pin),
        driver_enable_pin=line.driver_enable_pin,
        transport=target_of(name).transport,
    )


def _uart_of(link: Link) -> LinkUart | None:
    if link.uart is None or link.tx_pin is None or link.rx_pin is None or link.baud is None:
        return None
    return LinkUart(link.uart, link.tx_pin, link.rx_pin, link.baud)


def _facts(name: str) -> Facts:
    return target_of(name).board
