"""Draw how a board is wired, and write it down: `python -m boards.draw [BOARD ...]`.

All follows from board.toml: BOARD/wiring.svg, BOARD/README.md, and BOARD/adaptor.svg where there is
a variant with the link on a UART. Without a name, of every board in boards/ that is wired to a
meter; a board may be named by the path of its folder, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from boards.facts import BoardError, kit_of, load, load_chip, variants_of
from boards.models import Board, Kit, Link, MeterLine
from boards.targets import board_folders, folder_of

WIDTH = 960
TOP, ROW = 96, 34
HOST_X, HOST_W = 20, 170
BOARD_X, BOARD_W = 270, 290
CHIP_X, CHIP_W = 660, 120
METER_X, METER_W = 850, 90
ADAPTOR_X, ADAPTOR_W = 270, 190
PINS_X, PINS_W = 740, 200
JOINT = 24
LINE = 20
DASHES = ' stroke-dasharray="6 4"'
INK, PAPER, FRAME = "#1f2933", "#ffffff", "#f3f5f7"
COLOURS = {
    "data": "#1d4ed8",
    "back": "#15803d",
    "enable": "#c2410c",
    "plus": "#b91c1c",
    "ground": INK,
}
"""Of wires: what the board sends, what it hears, the driver's enable, supply, ground."""


@dataclass(frozen=True)
class Wire:
    """From a pin of the board to one of what stands beside it; `pin` as it is printed there."""

    pin: str
    other: str
    other_pin: str
    what: str
    colour: str


def wires_of(board: Board) -> list[Wire]:
    """Every wire, those to the host first."""
    kit = kit_of(board)
    link, line = board.link, board.meter_line
    wires = [] if link is None else _link_wires(link, kit)
    return wires + ([] if line is None else _meter_wires(line, kit))


def _link_wires(link: Link, kit: Kit | None) -> list[Wire]:
    if link.transport == "usb":
        return [Wire("USB", "computer", "USB", "link, and the supply", "data")]
    tx, rx = _pin(link.tx_pin, kit), _pin(link.rx_pin, kit)
    if kit is not None and kit.bridge == [link.tx_pin, link.rx_pin]:
        return [Wire("USB", "computer", "USB", "link, by the bridge on the board; supply", "data")]
    adaptor = "USB-UART adaptor, 3.3 V"
    return [
        Wire(tx, adaptor, "RXD", "link, what the module sends", "data"),
        Wire(rx, adaptor, "TXD", "link, what the module hears", "back"),
        Wire(_ground_beside(link.rx_pin, kit), adaptor, "GND", "ground", "ground"),
        Wire(_supply("VSYS", kit), adaptor, "5V", "supply, by a Schottky diode", "plus"),
    ]


def _meter_wires(line: MeterLine, kit: Kit | None) -> list[Wire]:
    chip = "isolated RS-485 transceiver" if line.isolated else "RS-485 transceiver"
    wires = [
        Wire(_supply("3V3", kit), chip, "VCC", "supply, 3.3 V", "plus"),
        Wire(_pin(line.tx_pin, kit), chip, "DI", "what the module sends to the meter", "data"),
    ]
    if line.driver_enable_pin is not None:
        enable = _pin(line.driver_enable_pin, kit)
        wires.append(Wire(enable, chip, "DE", "driver on, high while sending", "enable"))
        if not line.echo:
            said = "receiver off while sending: joined to DE"
            wires.append(Wire(enable, chip, "/RE", said, "enable"))
        else:
            said = "receiver always on: the module hears itself"
            wires.append(Wire(_supply("GND", kit), chip, "/RE", said, "ground"))
    wires += [
        Wire(_pin(line.rx_pin, kit), chip, "RO", "what the meter answers", "back"),
        Wire(_supply("GND", kit), chip, "GND", "ground", "ground"),
    ]
    return wires


def _pin(number: int | None, kit: Kit | None) -> str:
    pad = kit.pads.get(str(number)) if kit else None
    return f"GPIO {number}" + (f" (pin {pad})" if pad else "")


def _supply(name: str, kit: Kit | None) -> str:
    pad = kit.supply.get(name) if kit else None
    return name if pad in (None, name) else f"{name} (pin {pad})"


def _ground_beside(pin: int | None, kit: Kit | None) -> str:
    """The ground pin of the header that is nearest to a GPIO, where the header's are known."""
    if kit is None or not kit.grounds:
        return _supply("GND", kit)
    at = int(kit.pads[str(pin)])
    return f"GND (pin {min(kit.grounds, key=lambda ground: abs(ground - at))})"


def adaptor_wires_of(board: Board) -> list[Wire]:
    """Those to a USB-UART adaptor, where only a variant has its link on a UART; else none."""
    if board.link is None or not _uart_variant(board):
        return []
    return _link_wires(board.link.model_copy(update={"transport": "uart"}), kit_of(board))


def _uart_variant(board: Board) -> str:
    """What the variant with the link on a UART is called; "" if there is none to be wired."""
    if board.link is None or board.link.transport == "uart" or board.link.uart is None:
        return ""
    names = (name for name, one in variants_of(board).items() if one.transport == "uart")
    return next(names, "")


# --- the drawing -----------------------------------------------------------------------------


def svg(board: Board) -> str:
    """The drawing of a board's wiring, the same for the same facts."""
    wires = wires_of(board)
    host = [wire for wire in wires if wire.other_pin in _HOST_PINS and "RS-485" not in wire.other]
    meter = [wire for wire in wires if wire not in host]
    rows = max(len(host), len(meter))
    parts = [_box(BOARD_X, BOARD_W, rows, _board_title(board))]
    if host:
        parts.append(_box(HOST_X, HOST_W, len(host), host[0].other.partition(",")[0]))
    for row, wire in enumerate(host):
        parts += _wire(row, HOST_X + HOST_W, BOARD_X, wire, board_is_right=True)
    if meter:
        parts += _transceiver(meter, board.meter_line)
    return _drawing(board.title, rows, parts, _legend(board))


def adaptor_svg(board: Board) -> str:
    """The drawing of a USB-UART adaptor on a board; "" where there is no image for one."""
    wires = adaptor_wires_of(board)
    if not wires:
        return ""
    right = ADAPTOR_X + ADAPTOR_W
    parts = [
        _box(HOST_X, HOST_W, len(wires), "computer"),
        _box(ADAPTOR_X, ADAPTOR_W, len(wires), wires[0].other),
        _box(PINS_X, PINS_W, len(wires), _board_title(board)),
        _line(HOST_X + HOST_W, ADAPTOR_X, _y(0), COLOURS["data"]),
        _text(HOST_X + HOST_W - 6, _y(0) + 4, "USB", anchor="end"),
        _text(ADAPTOR_X + 6, _y(0) + 4, "USB"),
        _text(HOST_X + 12, _y(2) + 4, "Linux: /dev/ttyUSB0"),
        _text(HOST_X + 12, _y(3) + 4, "Windows: COM5"),
    ]
    for row, wire in enumerate(wires):
        is_optional = wire.other_pin == "5V"
        parts += _wire(row, right, PINS_X, wire, board_is_right=True, dashed=is_optional)
        parts.append(_text((right + PINS_X) // 2, _y(row) - 6, wire.what, anchor="middle"))
    said = [
        _uart_words(board) + " RTS, CTS and DTR stay free.",
        "Dashed: only where neither the station nor USB feeds the board. With the diode, USB may "
        "be plugged in besides.",
    ]
    return _drawing(f"{board.title}: an adaptor at its UART", len(wires), parts, said)


def _uart_words(board: Board) -> str:
    baud = board.link.baud if board.link else None
    return f"{baud} baud, 8 data bits, no parity, 1 stop bit. Signals have 3.3 V, never 5 V."


def _board_title(board: Board) -> str:
    kit = kit_of(board)
    return kit.title if kit else load_chip(board.chip).title


def _drawing(title: str, rows: int, parts: list[str], said: list[str]) -> str:
    """Boxes of so many rows under a title, with lines of text below."""
    bottom = TOP + rows * ROW
    height = bottom + 20 + LINE * len(said)
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13" fill="{INK}">',
        f"<title>{escape(title)}: wiring</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
        _text(20, 30, title, size=17, weight="bold"),
    ]
    legend = [_text(20, bottom + 32 + LINE * row, one) for row, one in enumerate(said)]
    return "\n".join([*head, *parts, *legend, "</svg>"]) + "\n"


_HOST_PINS = {"RXD", "TXD", "GND", "5V", "USB"}


def _transceiver(wires: list[Wire], line: MeterLine | None) -> list[str]:
    """The transceiver's box, its wires to the board, and the line to the meter."""
    isolated = line is not None and line.isolated
    rows = len(wires)
    parts = [
        _box(CHIP_X, CHIP_W, rows, "isolated RS-485" if isolated else "RS-485"),
        _box(METER_X, METER_W, rows, "meter"),
    ]
    for row, wire in enumerate(wires):
        if row and wire.pin == wires[row - 1].pin:
            parts += _joint(row, wire)
        else:
            parts += _wire(row, BOARD_X + BOARD_W, CHIP_X, wire, board_is_right=False)
    ends = ("A", "B", "GND2" if isolated else "GND")
    for row, (end, colour) in enumerate(zip(ends, ("data", "back", "ground"), strict=True)):
        y = _y(row)
        parts.append(_line(CHIP_X + CHIP_W, METER_X, y, COLOURS[colour]))
        parts.append(_text(CHIP_X + CHIP_W - 6, y + 4, end, anchor="end"))
        parts.append(_text(METER_X + 6, y + 4, ("A", "B", "GND")[row]))
    if isolated:
        x, bottom = CHIP_X + CHIP_W // 2, TOP + rows * ROW
        parts.append(
            f'<line x1="{x}" y1="{TOP - 4}" x2="{x}" y2="{bottom + 4}" stroke="{COLOURS["plus"]}" '
            f'stroke-width="2"{DASHES}/>'
        )
    return parts


def _legend(board: Board) -> list[str]:
    """What a drawing cannot show."""
    line = board.meter_line
    said = []
    if any(wire.other_pin == "5V" for wire in wires_of(board)):
        said += [
            _uart_words(board),
            "The supply comes by a Schottky diode, so that USB may be plugged in besides.",
        ]
    if line is not None:
        said.append(
            "120 ohms between A and B at both ends of the line. Some makers call A and B the other "
            "way round: if no meter answers, exchange them."
        )
        if line.isolated:
            said.append(
                "Dashed: the isolation barrier. GND2 is the line's ground and touches no other."
            )
        if line.automatic_direction:
            said.append("The transceiver switches its driver by itself: it has no pin for that.")
    return said


def _y(row: int) -> int:
    return TOP + row * ROW + ROW // 2


def _box(x: int, width: int, rows: int, title: str) -> str:
    height = rows * ROW
    return (
        f'<rect x="{x}" y="{TOP}" width="{width}" height="{height}" rx="6" fill="{FRAME}" '
        f'stroke="{INK}"/>' + _text(x + width // 2, TOP - 12, title, anchor="middle", weight="bold")
    )


def _wire(
    row: int, left: int, right: int, wire: Wire, *, board_is_right: bool, dashed: bool = False
) -> list[str]:
    y = _y(row)
    near, far = (wire.other_pin, wire.pin) if board_is_right else (wire.pin, wire.other_pin)
    return [
        _line(left, right, y, COLOURS[wire.colour], dashed=dashed),
        _text(left - 6, y + 4, near, anchor="end"),
        _text(right + 6, y + 4, far),
    ]


def _joint(row: int, wire: Wire) -> list[str]:
    """Two pins of the transceiver on one of the board: the second branches off."""
    x, colour = CHIP_X - JOINT, COLOURS[wire.colour]
    path = f"M{x} {_y(row - 1)}V{_y(row)}H{CHIP_X}"
    return [
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(
            f'<circle cx="{cx}" cy="{cy}" r="3" fill="{colour}"/>'
            for cx, cy in ((x, _y(row - 1)), (CHIP_X, _y(row)))
        ),
        _text(CHIP_X + 6, _y(row) + 4, wire.other_pin),
    ]


def _line(left: int, right: int, y: int, colour: str, *, dashed: bool = False) -> str:
    dashes = DASHES if dashed else ""
    return (
        f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="{colour}" stroke-width="2"'
        f"{dashes}/>"
        f'<circle cx="{left}" cy="{y}" r="3" fill="{colour}"/>'
        f'<circle cx="{right}" cy="{y}" r="3" fill="{colour}"/>'
    )


def _text(
    x: int, y: int, text: str, *, anchor: str = "start", size: int = 13, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )


# --- the page --------------------------------------------------------------------------------


def page(board: Board) -> str:
    """The board's README.md: drawings, tables of wires, areas of the flash."""
    chip = load_chip(board.chip)
    lines = [
        "<!-- Written by `python -m boards.draw` from board.toml; edit that file instead. -->",
        f"# {board.title}",
        "",
        f"`./dev build {board.name}`. {chip.tried}",
        "",
        f"![How {board.name} is wired](wiring.svg)",
        "",
        *_table(wires_of(board)),
        "",
        f"A pin is checked against the chip ({chip.source}) each time that the board is built.",
    ]
    if wires := adaptor_wires_of(board):
        lines += [
            "",
            "## With the link on its UART",
            "",
            f"`./dev build {board.name}-{_uart_variant(board)}`. The meter is wired as above.",
            "",
            f"![How an adaptor is wired to {board.name}](adaptor.svg)",
            "",
            *_table(wires),
        ]
    lines += [
        "",
        "## Flash",
        "",
        "| area of the flash | from | bytes |",
        "|---|---|---|",
        f"| image, at most | 0x0 | {board.flash.image_limit_bytes:,} |",
    ]
    for name, area in board.flash.areas:
        size = area.sectors * board.flash.sector_bytes
        lines.append(f"| {name} | {area.offset:#x} | {size:,} |")
    return "\n".join(lines) + "\n"


def _table(wires: list[Wire]) -> list[str]:
    rows = [f"| {w.pin} | {w.other} | {w.other_pin} | {w.what} |" for w in wires]
    return ["| pin | to | its pin | what |", "|---|---|---|---|", *rows]


def files_of(folder: Path) -> dict[Path, str]:
    """What is written into a board's folder; nothing for what is wired to no meter."""
    board = load(folder / "board.toml")
    if board.meter_line is None:
        return {}
    drawn = {"wiring.svg": svg(board), "adaptor.svg": adaptor_svg(board), "README.md": page(board)}
    return {folder / name: text for name, text in drawn.items() if text}


def main(arguments: Sequence[str]) -> int:
    """Command line; 2 with one line on standard error if a board is none."""
    parser = argparse.ArgumentParser(
        prog="python -m boards.draw",
        description=(__doc__ or "").splitlines()[0],
        epilog="example: python -m boards.draw ../acme_charger",
    )
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="a name, or a folder's path")
    options = parser.parse_args(arguments)
    try:
        folders = [folder_of(name, Path.cwd()) for name in options.boards] or board_folders()
        for folder in folders:
            for path, text in files_of(folder).items():
                path.write_text(text, encoding="ascii")
                print(path)
    except (BoardError, OSError) as error:
        print(f"boards/draw.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
