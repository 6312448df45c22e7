"""What the ports with `machine.UART` do with the UARTs of a board, on a model of `machine`.

The RP2040's are run on the emulated chip, too; nothing else runs those of the ESP32.
"""

from types import ModuleType
from typing import Any

import pytest
from support.chip_port import Machine, Uart, start

CHIPS = ("rp2", "esp32")
WATCHDOG_MS = 8000


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture(params=CHIPS)
def chip(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def port(chip: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return start(monkeypatch, machine, chip)


class Line:
    """The meter line, and the UART below it."""

    def __init__(self, port: ModuleType, machine: Machine, *settings: Any) -> None:
        self.line = port.open_meter_line(*(settings or (9600, "none", 1)))
        [self.uart] = machine.uarts


@pytest.fixture
def line(port: ModuleType, machine: Machine) -> Line:
    return Line(port, machine)


# --- meter line ----------------------------------------------------------------------------------


def test_a_line_that_breaks_leaves_the_driver_off(line: Line, machine: Machine) -> None:
    machine.broken = True
    with pytest.raises(OSError, match="no line"):
        line.line.write(b"request")
    assert machine.events[-1] == ("pin 6", 0)


def test_the_driver_is_on_from_the_first_bit_to_the_last(line: Line, machine: Machine) -> None:
    assert machine.events == [("pin 6", 0)]
    line.line.write(b"request")
    assert machine.events[1:] == [
        ("pin 6", 1),
        ("sent", b"request"),
        ("flushed", None),
        ("pin 6", 0),
    ]


def test_a_transceiver_that_switches_by_itself_has_no_pin(
    chip: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = start(monkeypatch, machine, chip, METER_LINE_DRIVER_ENABLE_PIN=None)
    Line(port, machine).line.write(b"request")
    assert machine.events == [("sent", b"request"), ("flushed", None)]


@pytest.mark.parametrize(("parity", "told"), [("none", None), ("even", 0), ("odd", 1)])
def test_the_lines_format_and_pins_reach_the_uart(
    port: ModuleType, machine: Machine, parity: str, told: int | None
) -> None:
    uart = Line(port, machine, 19200, parity, 2).uart
    assert uart.number == 1
    assert uart.settings == {
        "baudrate": 19200,
        "bits": 8,
        "parity": told,
        "stop": 2,
        "tx": 4,
        "rx": 5,
        "rxbuf": 512,
        "timeout": 0,
    }


def test_no_more_is_read_than_asked_for_and_has_arrived(line: Line) -> None:
    assert line.line.read(10) == b""
    line.uart.arrived += b"abcdef"
    assert line.line.read(4) == b"abcd"
    assert line.line.read(4) == b"ef"


def test_noise_is_thrown_away(line: Line) -> None:
    line.uart.arrived += bytes(700)
    line.line.discard()
    assert line.uart.any() == 0


def test_a_wait_ends_in_time_and_feeds_the_watchdog(
    line: Line, port: ModuleType, machine: Machine, chip: str
) -> None:
    if chip == "esp32":
        port.watch()
    begun = machine.now_us
    assert line.line.wait(3_000_000) is False
    assert 3_000_000 <= machine.now_us - begun < 3_000_100
    assert machine.fed >= 3_000 // WATCHDOG_MS + 1
    line.uart.arrived += b"a"
    assert line.line.wait(0) is True


def test_the_echo_is_the_boards(
    chip: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for echo in (True, False):
        port = start(monkeypatch, machine, chip, METER_LINE_ECHO=echo)
        assert port.open_meter_line(9600, "none", 1).echo is echo


# --- link ----------------------------------------------------------------------------------------


@pytest.fixture
def link(port: ModuleType) -> Any:
    return port.open_link()


@pytest.fixture
def uart(link: Any, machine: Machine) -> Uart:
    return machine.uarts[0]


def test_the_link_has_room_for_a_whole_frame(uart: Uart) -> None:
    assert (uart.number, uart.settings["tx"], uart.settings["rx"]) == (0, 0, 1)
    assert uart.settings["baudrate"] == 115_200
    assert min(uart.settings["rxbuf"], uart.settings["txbuf"]) >= 4096


def test_everything_is_written_however_little_goes_at_once(
    link: Any, uart: Uart, machine: Machine
) -> None:
    uart.at_once = 3
    link.write(b"a reply")
    link.flush()
    assert link.wait_for_room(0)
    sent = [data for what, data in machine.events if what == "sent"]
    assert sent == [b"a r", b"epl", b"y"]
    assert machine.events[-1] == ("flushed", None)


def test_the_link_waits_for_bytes(link: Any, uart: Uart, machine: Machine) -> None:
    begun = machine.now_us
    assert link.wait(50) is False
    assert machine.now_us - begun == 50_000
    uart.arrived += b"hello"
    assert link.wait(50) is True
    assert link.read(3) == b"hel"
    assert link.read(9) == b"lo"
