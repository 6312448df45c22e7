"""The facts of a board that the rig needs, from its boards/<board>/board.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class UartPins:
    """A UART of the chip and the GPIO numbers it is wired to."""

    uart: int
    tx_pin: int
    rx_pin: int


@dataclass(frozen=True)
class Board:
    """What is wired where, and how the flash is divided (areas: name -> offset, bytes)."""

    name: str
    flash_size: int
    areas: dict[str, tuple[int, int]]
    link: UartPins
    link_baud: int
    meter_line: UartPins
    driver_enable_pin: int


def load_usb(name: str = "wattseal_rp2040") -> dict[str, Any]:
    """What a board calls itself on USB: vid, pid, manufacturer, product."""
    return dict(_facts(name)["usb"])


def load_flash_size(name: str) -> int:
    """Bytes of flash of a board."""
    return int(_facts(name)["flash"]["size_bytes"])


def load_areas(name: str) -> dict[str, tuple[int, int]]:
    """Offset and bytes of each area of a board's flash."""
    flash = _facts(name)["flash"]
    return {
        area: (place["offset"], place["sectors"] * flash["sector_bytes"])
        for area, place in flash["areas"].items()
    }


def load_board(name: str = "wattseal_rp2040") -> Board:
    """Read the facts of a board; KeyError names an entry that is missing."""
    facts = _facts(name)
    flash, link, line = facts["flash"], facts["link"], facts["meter_line"]
    return Board(
        name=facts["name"],
        flash_size=flash["size_bytes"],
        areas=load_areas(name),
        link=UartPins(link["uart"], link["tx_pin"], link["rx_pin"]),
        link_baud=link["baud"],
        meter_line=UartPins(line["uart"], line["tx_pin"], line["rx_pin"]),
        driver_enable_pin=line["driver_enable_pin"],
    )


def _facts(name: str) -> dict[str, Any]:
    path = REPOSITORY / "boards" / name / "board.toml"
    return tomllib.loads(path.read_text(encoding="ascii"))
