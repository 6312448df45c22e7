"""boards/draw.py: the drawings and pages are those of the present board.toml."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from boards.draw import adaptor_svg, adaptor_wires_of, files_of, svg, wires_of
from boards.facts import BOARDS, load
from boards.models import Board
from boards.targets import board_folders

WIRED = [folder for folder in board_folders() if load(folder / "board.toml").meter_line]
GOOD = (BOARDS / "rp2040/board.toml").read_text()


@pytest.mark.parametrize("folder", WIRED, ids=lambda folder: folder.name)
def test_it_is_up_to_date(folder: Path) -> None:
    for path, text in files_of(folder).items():
        assert path.read_text() == text, f"run: python -m boards.draw {folder.name}"


@pytest.mark.parametrize("folder", WIRED, ids=lambda folder: folder.name)
def test_the_page_of_the_boards_shows_it(folder: Path) -> None:
    page = (BOARDS.parent / "docs/boards.md").read_text("utf-8")
    assert f"](../boards/{folder.name}/wiring.svg)" in page
    assert f"](../boards/{folder.name}/README.md)" in page


def board(tmp_path: Path, *changes: tuple[str, str]) -> Board:
    text = GOOD.replace('"rp2040"', '"acme"', 1)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/board.toml").write_text(text)
    return load(tmp_path / "acme/board.toml")


def wiring(board: Board) -> set[tuple[str, str]]:
    return {(wire.pin, wire.other_pin) for wire in wires_of(board)}


def texts(drawing: str) -> list[str]:
    return [str(one.text) for one in fromstring(drawing).iter() if one.text]


def test_each_pin_is_wired_and_drawn(tmp_path: Path) -> None:
    made = board(tmp_path, ('transport = "usb"', 'transport = "uart"'))
    assert {
        ("GPIO 0 (pin 1)", "RXD"),
        ("GPIO 1 (pin 2)", "TXD"),
        ("GPIO 4 (pin 6)", "DI"),
        ("GPIO 5 (pin 7)", "RO"),
        ("GPIO 6 (pin 9)", "DE"),
        ("GPIO 6 (pin 9)", "/RE"),
    } <= wiring(made)
    for wire in wires_of(made):
        assert {wire.pin, wire.other_pin} <= set(texts(svg(made)))


def test_a_receiver_that_hears_the_driver_is_on_always(tmp_path: Path) -> None:
    assert ("GND (pin 38)", "/RE") in wiring(board(tmp_path, ("echo = false", "echo = true")))


def test_a_transceiver_that_switches_itself_has_no_enable(tmp_path: Path) -> None:
    made = board(tmp_path, ("driver_enable_pin = 6", "automatic_direction = true"))
    assert not {"DE", "/RE"} & {wire.other_pin for wire in wires_of(made)}
    assert any("by itself" in text for text in texts(svg(made)))


def test_a_chip_on_a_board_of_ones_own_has_no_header(tmp_path: Path) -> None:
    made = board(tmp_path, ('kit = "pico"\n', ""))
    assert ("GPIO 4", "DI") in wiring(made)
    assert "RP2040" in texts(svg(made))


def test_a_link_over_usb_has_one_cable(tmp_path: Path) -> None:
    made = board(tmp_path)
    assert [w.pin for w in wires_of(made) if "RS-485" not in w.other] == ["USB"]


def adaptor_wiring(board: Board) -> list[tuple[str, str]]:
    return [(wire.other_pin, wire.pin) for wire in adaptor_wires_of(board)]


def test_an_adaptor_is_wired_crosswise_to_the_pins_of_the_uart(tmp_path: Path) -> None:
    """With the ground pin that is nearest, and its own supply told to be optional."""
    made = board(tmp_path, ("tx_pin = 0\nrx_pin = 1\n", "tx_pin = 16\nrx_pin = 17\n"))
    assert adaptor_wiring(made) == [
        ("RXD", "GPIO 16 (pin 21)"),
        ("TXD", "GPIO 17 (pin 22)"),
        ("GND", "GND (pin 23)"),
        ("5V", "VSYS (pin 39)"),
    ]
    drawn = adaptor_svg(made)
    for adaptor_pin, pin in adaptor_wiring(made):
        assert {adaptor_pin, pin} <= set(texts(drawn))
    assert {"Linux: /dev/ttyUSB0", "Windows: COM5"} <= set(texts(drawn))
    assert drawn.count("stroke-dasharray") == 1
    assert any(text.startswith("115200 baud") for text in texts(drawn))


def test_an_adaptor_is_drawn_where_an_image_is_built_for_it_and_nowhere_else(
    tmp_path: Path,
) -> None:
    drawn = {folder.name for folder in WIRED if (folder / "adaptor.svg").exists()}
    assert drawn == {"rp2040", "rp2040_rs485", "rp2350"}
    uart = "uart = 0\ntx_pin = 0\nrx_pin = 1\nbaud = 115_200\n"
    assert adaptor_svg(board(tmp_path, (uart, ""))) == ""


def test_a_board_whose_link_is_a_uart_has_the_adaptor_in_its_wiring(tmp_path: Path) -> None:
    made = board(tmp_path, ('transport = "usb"', 'transport = "uart"'))
    assert adaptor_svg(made) == ""
    assert any(text.startswith("115200 baud") for text in texts(svg(made)))


def test_the_page_of_the_link_shows_it() -> None:
    page = (BOARDS.parent / "docs/usb.md").read_text("utf-8")
    assert "](../boards/rp2040/adaptor.svg)" in page
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|", page, re.MULTILINE))
    for adaptor_pin, pin in adaptor_wiring(load(BOARDS / "rp2040/board.toml")):
        name, header_pin = re.fullmatch(r"(.+) \((.+)\)", pin).groups()
        assert f"{name}," in rows[adaptor_pin]
        assert re.search(rf"{header_pin}\b", rows[adaptor_pin])


def test_text_is_escaped(tmp_path: Path) -> None:
    made = board(tmp_path, ('title = "', 'title = "A <b> & '))
    assert any(text.startswith("A <b> & ") for text in texts(svg(made)))


@pytest.mark.parametrize("name", ["wiring.svg", "adaptor.svg"])
def test_nothing_is_drawn_outside_the_picture(name: str) -> None:
    drawings = [folder / name for folder in WIRED if (folder / name).exists()]
    assert drawings
    for path in drawings:
        root = fromstring(path.read_text())
        width, height = (int(value) for value in root.attrib["viewBox"].split()[2:])
        for one in root.iter():
            for across in ("x", "x1", "x2", "cx"):
                assert 0 <= int(one.attrib.get(across, 0)) <= width
            for down in ("y", "y1", "y2", "cy"):
                assert 0 <= int(one.attrib.get(down, 0)) <= height


def test_the_command_draws_a_board_elsewhere(tmp_path: Path) -> None:
    board(tmp_path)
    command = [sys.executable, "-m", "boards.draw"]
    done = subprocess.run(
        [*command, tmp_path / "acme"], cwd=BOARDS.parent, capture_output=True, text=True, check=True
    )
    assert re.findall(r"acme/(.*)\n", done.stdout) == ["wiring.svg", "adaptor.svg", "README.md"]
    done = subprocess.run(
        [*command, "toaster"], cwd=BOARDS.parent, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
