"""What a board of the right form may still break: its chip, its kit, its flash, itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from boards.models import Board, Chip, ChipUart, Kit, Link, MeterLine


class Fault(NamedTuple):
    """What is wrong and how to put it right; `place` is a table or member, as `link.tx_pin`."""

    place: str
    said: str


def unknown_names(board: Board, chips: list[str], kits: list[str]) -> Iterator[Fault]:
    """Chip and kit that no file tells of."""
    for member, name, known in (("chip", board.chip, chips), ("kit", board.kit, kits)):
        if name is not None and name not in known:
            remedy = f"there are {', '.join(known)}; docs/adding.md tells how to add one"
            yield Fault(member, f"no {member} {name!r} is known; {remedy}")


def faults_of(board: Board, chip: Chip, kit: Kit | None, folder: str) -> Iterator[Fault]:
    """Everything that keeps a board from being built or from working."""
    if board.name != folder:
        yield Fault(
            "name", f"name is {board.name!r}, its folder {folder!r}; give both the same name"
        )
    if board.clock_hz is not None and board.clock_hz not in chip.clocks_hz:
        known = " or ".join(map(str, chip.clocks_hz)) or "none"
        yield Fault("clock_hz", f"clock_hz is {board.clock_hz}; the {chip.title} has {known}")
    if kit is not None:
        yield from _kit_faults(board, kit)
    yield from _link_faults(board, chip)
    yield from _meter_line_faults(board)
    yield from _pin_faults(board, chip, kit)
    yield from _uart_faults(board, chip)
    yield from _area_faults(board, chip)
    yield from _boot_loader_faults(board, chip)


def _kit_faults(board: Board, kit: Kit) -> Iterator[Fault]:
    if kit.chip != board.chip:
        yield Fault("kit", f"a {kit.title} has the chip {kit.chip}; give that, or no kit")
    size = board.flash.size_bytes
    if kit.flash_bytes != size:
        remedy = f"a {kit.title} has {kit.flash_bytes}; give that"
        yield Fault("flash.size_bytes", f"flash.size_bytes is {size}; {remedy}")


def _link_faults(board: Board, chip: Chip) -> Iterator[Fault]:
    link = board.link
    if board.usb is not None and (link is None or not chip.usb):
        yield Fault("usb", f"the {chip.title} has no USB strings of its own; leave this table out")
    if link is None:
        return
    members = ("uart", "tx_pin", "rx_pin", "baud")
    missing = [name for name in members if getattr(link, name) is None]
    if missing and link.transport == "uart":
        yield Fault("link", f'link.{missing[0]} is missing; add it, or give transport = "usb"')
    elif missing and len(missing) < len(members):
        remedy = f"a UART has {', '.join(members)}: add it"
        yield Fault("link", f"link.{missing[0]} is missing; {remedy}")
    if link.transport == "usb" and not chip.usb:
        cause = f"which the firmware of the {chip.title} cannot"
        yield Fault("link.transport", f'link.transport is usb, {cause}; give "uart"')


def _meter_line_faults(board: Board) -> Iterator[Fault]:
    line, link = board.meter_line, board.link
    if line is None:
        if link is not None:
            yield Fault("link", "meter_line is missing: a module reads a meter; add that table")
        return
    if line.driver_enable_pin is not None and line.automatic_direction:
        both = "driver_enable_pin and automatic_direction contradict"
        remedy = "one of them switches the driver: leave the other out"
        yield Fault("meter_line.automatic_direction", f"meter_line: {both}; {remedy}")
    elif line.driver_enable_pin is None and not line.automatic_direction:
        cause = "meter_line has no driver_enable_pin, so nothing switches the driver"
        remedy = "add it, or automatic_direction = true if the transceiver does it by itself"
        yield Fault("meter_line", f"{cause}; {remedy}")
    if link is not None and link.uart == line.uart:
        cause = f"meter_line.uart is {line.uart}, which the link has"
        yield Fault("meter_line.uart", f"{cause}; give another UART")


def pins_of(board: Board) -> Iterator[tuple[str, int]]:
    """Every pin that a board uses, after its place in board.toml."""
    for table, wired in (("link", board.link), ("meter_line", board.meter_line)):
        for member in ("tx_pin", "rx_pin", "driver_enable_pin"):
            pin = getattr(wired, member, None)
            if pin is not None:
                yield f"{table}.{member}", pin


def _pin_faults(board: Board, chip: Chip, kit: Kit | None) -> Iterator[Fault]:
    reasons = {**(kit.taken if kit else {}), **chip.unusable}
    used: dict[int, str] = {}
    for place, pin in pins_of(board):
        cause = None
        if pin not in chip.pins:
            yield Fault(place, f"{place} is {pin}; the {chip.title} has {_ranges(chip.pins)}")
        elif pin in used:
            cause = f"which is {used[pin]} already"
        elif str(pin) in reasons:
            cause = f"which {reasons[str(pin)]}"
        if cause:
            yield Fault(place, f"{place} is GPIO {pin}, {cause}; give another pin")
        used.setdefault(pin, place)


def _ranges(pins: list[int]) -> str:
    """Numbers as a person says them: GPIO 0 to 21, 26 to 48."""
    parts: list[list[int]] = []
    for pin in sorted(pins):
        if parts and pin == parts[-1][-1] + 1:
            parts[-1].append(pin)
        else:
            parts.append([pin])
    said = [f"{part[0]} to {part[-1]}" if len(part) > 1 else f"{part[0]}" for part in parts]
    return "GPIO " + ", ".join(said) if said else "no GPIO"


def _uart_faults(board: Board, chip: Chip) -> Iterator[Fault]:
    for table, wired in (("link", board.link), ("meter_line", board.meter_line)):
        if wired is None or wired.uart is None:
            continue
        uart = chip.uart.get(str(wired.uart))
        if uart is not None:
            yield from _uart_pin_faults(table, wired, uart)
        else:
            remedy = f"the {chip.title} has UART {', '.join(chip.uart) or 'none'}"
            yield Fault(f"{table}.uart", f"{table}.uart is {wired.uart}; {remedy}")


def _uart_pin_faults(table: str, wired: Link | MeterLine, uart: ChipUart) -> Iterator[Fault]:
    for role, pin, able in (("tx", wired.tx_pin, uart.tx), ("rx", wired.rx_pin, uart.rx)):
        if pin is not None and able != "any" and pin not in able:
            place = f"{table}.{role}_pin"
            cause = f"which cannot be {role} of UART {wired.uart}"
            remedy = f"give one of {', '.join(map(str, able))}"
            yield Fault(place, f"{place} is GPIO {pin}, {cause}; {remedy}")


def _area_faults(board: Board, chip: Chip) -> Iterator[Fault]:
    flash = board.flash
    sector, first = flash.sector_bytes, flash.areas.keys.offset
    if flash.image_limit_bytes > first:
        cause = f"{flash.image_limit_bytes:#x} is over the first area, at {first:#x}"
        remedy = "lower it, or move the areas"
        yield Fault("flash.image_limit_bytes", f"flash.image_limit_bytes: {cause}; {remedy}")
    kept = f", whose last {chip.flash_tail_bytes} stay free" if chip.flash_tail_bytes else ""
    free_from, before = 0, ""
    for name, area in flash.areas:
        place = f"flash.areas.{name}"
        end = area.offset + area.sectors * sector
        if area.offset % sector:
            cause = f"is not aligned to {sector} bytes"
            remedy = f"move it to {-(-area.offset // sector) * sector:#x}"
            yield Fault(place, f"{place} at {area.offset:#x} {cause}; {remedy}")
        elif area.offset < free_from:
            cause = f"overlaps {before}, which must lie before it"
            remedy = f"move it to {free_from:#x} or later"
            yield Fault(place, f"{place} at {area.offset:#x} {cause}; {remedy}")
        elif end > flash.size_bytes - chip.flash_tail_bytes:
            cause = f"ends at {end:#x}, past the flash of {flash.size_bytes} bytes{kept}"
            yield Fault(place, f"{place} {cause}; give it fewer sectors, or move it")
        free_from, before = end, name


def _boot_loader_faults(board: Board, chip: Chip) -> Iterator[Fault]:
    told, right = board.boot_loader, chip.boot_loader_family
    if told is not None and told.family != right:
        remedy = f"give {right:#x}" if right is not None else "leave it out"
        yield Fault(
            "boot_loader.family", f"boot_loader.family is not that of the {chip.title}; {remedy}"
        )
