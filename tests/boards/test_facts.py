"""boards/facts.py: every board here is sound, and a wrong board.toml is refused with its line."""

import re
from pathlib import Path

import pytest

from boards.facts import BOARDS, CHIPS, KITS, BoardError, load, load_chip, load_kit

GOOD = (BOARDS / "rp2040/board.toml").read_text()
ESP32 = (BOARDS / "esp32c3/board.toml").read_text()
FOLDERS = sorted(path.parent for path in BOARDS.glob("*/board.toml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_board_here_is_sound(folder: Path) -> None:
    assert load(folder / "board.toml").name == folder.name


@pytest.mark.parametrize("path", sorted(CHIPS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_chip_has_the_pins_that_it_tells_of(path: Path) -> None:
    chip = load_chip(path.stem)
    told = {int(pin) for pin in chip.unusable}
    for uart in chip.uart.values():
        told |= {pin for pins in (uart.tx, uart.rx) if pins != "any" for pin in pins}
    assert told <= set(chip.pins)
    assert chip.kit is None or load_kit(chip.kit).chip == path.stem


@pytest.mark.parametrize("path", sorted(KITS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_kit_has_the_pins_of_its_chip(path: Path) -> None:
    kit = load_kit(path.stem)
    pins = set(load_chip(kit.chip).pins)
    assert {int(pin) for pin in (*kit.pads, *kit.taken)} <= pins
    assert not kit.pads.keys() & kit.taken.keys()
    assert len(set(kit.pads.values())) == len(kit.pads)


def written(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "board.toml").write_text(text)
    return folder / "board.toml"


def refusal(path: Path) -> str:
    with pytest.raises(BoardError) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:")
    assert "\n" not in said
    return said.removeprefix(f"{path}:")


# What is wrong, what is written instead of what, and the line's text and the sentence that it gets.
WRONG: dict[str, tuple[str, str, str, str]] = {
    "pin that cannot be TX": (
        "tx_pin = 4",
        "tx_pin = 6",
        "tx_pin = 6",
        "meter_line.tx_pin is GPIO 6, which cannot be tx of UART 1; give one of 4, 8, 20, 24",
    ),
    "RX and TX exchanged": (
        "rx_pin = 5",
        "rx_pin = 8",
        "rx_pin = 8",
        "which cannot be rx of UART 1; give one of 5, 9, 21, 25",
    ),
    "pin of the other UART": (
        "tx_pin = 0",
        "tx_pin = 8",
        "tx_pin = 8",
        "link.tx_pin is GPIO 8, which cannot be tx of UART 0",
    ),
    "pin used twice": (
        "driver_enable_pin = 6",
        "driver_enable_pin = 5",
        "driver_enable_pin = 5",
        "is GPIO 5, which is meter_line.rx_pin already; give another pin",
    ),
    "pin that the ready-made board has taken": (
        "driver_enable_pin = 6",
        "driver_enable_pin = 25",
        "driver_enable_pin = 25",
        "is GPIO 25, which drives the LED; give another pin",
    ),
    "pin that the chip has not": (
        "driver_enable_pin = 6",
        "driver_enable_pin = 30",
        "driver_enable_pin = 30",
        "is 30; the RP2040 has GPIO 0 to 29",
    ),
    "pin that is no number": (
        "driver_enable_pin = 6",
        'driver_enable_pin = "6"',
        "driver_enable_pin = ",
        "meter_line.driver_enable_pin is '6': give the number of a GPIO, as 4",
    ),
    "unknown member": (
        "driver_enable_pin = 6",
        "driver_enabled_pin = 6",
        "driver_enabled_pin",
        "meter_line.driver_enabled_pin: no such member; did you mean driver_enable_pin?",
    ),
    "unknown member unlike any": (
        "baud = 115_200",
        "baud = 115_200\nspeed = 1",
        "speed = 1",
        "link.speed: no such member; there are transport, uart, tx_pin, rx_pin, baud",
    ),
    "unknown table": (
        "[noise]",
        "[speaker]\npin = 3\n[noise]",
        "[speaker]",
        "speaker: no such member; there are name, title, chip,",
    ),
    "missing member": (
        "sector_bytes = 4096\n",
        "",
        "[flash]",
        "flash.sector_bytes is missing; add it: 4096: what one erase command clears",
    ),
    "missing UART of a link on one": (
        "baud = 115_200\n",
        "",
        "[link]",
        "link.baud is missing; a UART has uart, tx_pin, rx_pin, baud: add it",
    ),
    "missing table": ("[noise]\nsample_period_us = 20", "", "chip = ", "noise is missing"),
    "no meter line": (
        GOOD[GOOD.index("[meter_line]") : GOOD.index("[noise]")],
        "",
        "[link]",
        "meter_line is missing: a module reads a meter",
    ),
    "areas that overlap": (
        "offset = 0x74000",
        "offset = 0x73000",
        "settings = ",
        "flash.areas.settings at 0x73000 overlaps keys, which must lie before it; move it to "
        "0x74000 or later",
    ),
    "areas in another order": (
        "keys = { offset = 0x70000",
        "keys = { offset = 0x1FB000",
        "settings = ",
        "overlaps keys",
    ),
    "area that is not aligned": (
        "offset = 0x74000",
        "offset = 0x74100",
        "settings = ",
        "is not aligned to 4096 bytes; move it to 0x75000",
    ),
    "area past the flash": (
        "sectors = 167",
        "sectors = 168",
        "journal = ",
        "flash.areas.journal ends at 0x200000, past the flash of 2097152 bytes, whose last 4096 "
        "stay free; give it fewer sectors, or move it",
    ),
    "area of one sector": ("sectors = 16 }", "sectors = 1 }", "statements = ", "at least 2"),
    "missing area": (
        "statements = { offset = 0x78000, sectors = 16 }\n",
        "",
        "[flash.areas]",
        "flash.areas.statements is missing",
    ),
    "image limit over the first area": (
        "image_limit_bytes = 458_752",
        "image_limit_bytes = 458_753",
        "image_limit_bytes",
        "0x70001 is over the first area, at 0x70000; lower it",
    ),
    "flash of another size than the ready-made board's": (
        "size_bytes = 2_097_152",
        "size_bytes = 4_194_304",
        "size_bytes",
        "a Raspberry Pi Pico has 2097152",
    ),
    "two that switch the driver": (
        "echo = false",
        "automatic_direction = true\necho = false",
        "automatic_direction",
        "driver_enable_pin and automatic_direction contradict",
    ),
    "nothing that switches the driver": (
        "driver_enable_pin = 6",
        "",
        "[meter_line]",
        "meter_line has no driver_enable_pin, so nothing switches the driver; add it, or",
    ),
    "echo that is no truth value": (
        "echo = false",
        'echo = "no"',
        "echo = ",
        "meter_line.echo is 'no': give true if the receiver is on while sending",
    ),
    "one UART for both": ("uart = 1", "uart = 0", "uart = 0", "which the link has"),
    "UART that the chip has not": ("uart = 1", "uart = 2", "uart = 2", "has UART 0, 1"),
    "another folder's name": (
        'name = "rp2040"',
        'name = "pico"',
        "name = ",
        "name is 'pico', its folder 'rp2040'; give both the same name",
    ),
    "name with a hyphen": (
        'name = "rp2040"',
        'name = "rp-2040"',
        "name = ",
        "give 1 to 30 small letters, digits and underscores",
    ),
    "baud out of range": (
        "baud = 115_200",
        "baud = 2_000_000",
        "baud = ",
        "link.baud is 2000000: give from 9600 to 1000000 baud",
    ),
    "baud below the range": ("baud = 115_200", "baud = 0", "baud = ", "link.baud is 0: give"),
    "transport that is none": (
        'transport = "usb"',
        'transport = "wifi"',
        "transport = ",
        'link.transport is \'wifi\': give "usb" or "uart"',
    ),
    "unknown chip": ('chip = "rp2040"', 'chip = "rp2041"', "chip = ", "no chip 'rp2041' is known"),
    "ready-made board with another chip": ('kit = "pico"', 'kit = "pico2"', "kit = ", "rp2350"),
    "clock that the firmware is not made for": (
        "clock_hz = 125_000_000",
        "clock_hz = 133_000_000",
        "clock_hz",
        "the RP2040 has 125000000",
    ),
    "another chip's UF2 family": (
        "family = 0xe48bff56",
        "family = 0xe48bff59",
        "family = ",
        "not that of the RP2040; give 0xe48bff56",
    ),
    "USB id that is none": (
        "vid = 0x1209",
        "vid = 0x10000",
        "vid = ",
        "usb.vid is 65536: give a vendor id of USB",
    ),
    "USB string that USB cannot carry": (
        'manufacturer = "Wattseal"',
        'manufacturer = ""',
        "manufacturer = ",
        "usb.manufacturer is '': give 1 to 40 printable ASCII characters",
    ),
    "not TOML": ("uart = 1", "uart = ", "uart = ", "not TOML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_board_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    before, after, line, sentence = WRONG[name]
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    said = refusal(written(tmp_path / "rp2040", text))
    number, reason = re.fullmatch(r"(\d+): (.*)", said).groups()  # type: ignore[union-attr]
    assert sentence in reason
    assert line in text.splitlines()[int(number) - 1]


@pytest.mark.parametrize(
    ("pin", "cause"),
    [
        (9, "starts the boot loader"),
        (12, "belongs to the flash"),
        (18, "is D- of USB"),
        (22, "has GPIO 0 to 21"),
    ],
)
def test_a_matrix_does_not_lead_to_every_pin(pin: int, cause: str, tmp_path: Path) -> None:
    text = ESP32.replace("tx_pin = 4", f"tx_pin = {pin}", 1)
    assert cause in refusal(written(tmp_path / "esp32c3", text))
    free = ESP32.replace("tx_pin = 4", "tx_pin = 10", 1).replace('name = "esp32c3"', 'name = "c3"')
    assert load(written(tmp_path / "c3", free)).meter_line is not None


def test_usb_is_refused_where_the_firmware_has_none(tmp_path: Path) -> None:
    text = ESP32.replace('transport = "uart"', 'transport = "usb"')
    assert "link.transport is usb, which" in refusal(written(tmp_path / "esp32c3", text))


def test_a_link_over_usb_needs_no_uart(tmp_path: Path) -> None:
    start, end = GOOD.index("[link]"), GOOD.index("[meter_line]")
    text = GOOD[:start] + '[link]\ntransport = "usb"\n\n' + GOOD[end:]
    assert load(written(tmp_path / "rp2040", text)).link is not None


def test_the_first_of_several_faults_is_told(tmp_path: Path) -> None:
    text = GOOD.replace("sectors = 167", "sectors = 168").replace("rx_pin = 5", "rx_pin = 7")
    assert "meter_line.rx_pin" in refusal(written(tmp_path / "rp2040", text))


def test_a_character_that_is_not_ascii_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "rp2040", GOOD)
    path.write_bytes(GOOD.replace("# Facts", "# F\u00e4cts").encode())
    assert refusal(path).startswith("1: a character that is not ASCII")


def test_what_is_no_file_of_this_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=r"No such file or directory; name the board\.toml"):
        load(tmp_path / "board.toml")
    with pytest.raises(BoardError, match="Is a directory"):
        load(tmp_path)
    path = written(tmp_path / "rp2040", "#" * 70_000)
    assert "over 65536 bytes" in refusal(path)
