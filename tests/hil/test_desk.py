"""The desk with no firmware: the test writes the chip's registers as a firmware would."""

import struct

import pytest
from wattseal.meter.emulator.faults import checked

from hil.board import load_board
from hil.flash import Moment
from hil.line import LineFormat
from hil.rp2040.boot_rom import with_boot_checksum
from hil.rp2040.desk import Desk, NoPowerError
from hil.rp2040.transceiver import HELD_THE_LINE, SENT_WITHOUT_DRIVER
from hil.setup import MeterSetup, Setup
from hil.timeline import NS_PER_MS

SLEEP_FOREVER = with_boot_checksum(struct.pack("<2H", 0xBF30, 0xE7FD))

REQUEST = checked(bytes.fromhex("010400480002"))
GOOD = checked(bytes.fromhex("0104044537799a"))

GPIO_CTRL, GPIO_STEP = 0x40014004, 8
UART_FUNCTION, SIO_FUNCTION = 2, 5
UART_PINS, DRIVER_ENABLE_PIN = (0, 1, 4, 5), 6
OUT_SET, OUT_CLEAR, OE_SET = 0xD0000014, 0xD0000018, 0xD0000024
DRIVER_ENABLE = 1 << DRIVER_ENABLE_PIN

UART0, UART1 = 0x40034000, 0x40038000
DR, FR, IBRD, FBRD, LCR_H, CR = 0x00, 0x18, 0x24, 0x28, 0x2C, 0x30
BUSY, EMPTY = 1 << 3, 1 << 4


class Firmware:
    """Does by hand what a firmware does."""

    def __init__(self, desk: Desk, baud: int = 9600) -> None:
        self.desk = desk
        self.mcu = desk.chip.mcu
        for pin in UART_PINS:
            self.select(pin, UART_FUNCTION)
        self.select(DRIVER_ENABLE_PIN, SIO_FUNCTION)
        self.mcu.write_uint32(OUT_CLEAR, DRIVER_ENABLE)
        self.mcu.write_uint32(OE_SET, DRIVER_ENABLE)
        self.open(UART1, baud)
        self.open(UART0, 115200)

    def select(self, pin: int, function: int) -> None:
        self.mcu.write_uint32(GPIO_CTRL + GPIO_STEP * pin, function)

    def open(self, uart: int, baud: int) -> None:
        divisor = round(4 * 125_000_000 / baud)
        self.mcu.write_uint32(uart + IBRD, divisor // 64)
        self.mcu.write_uint32(uart + FBRD, divisor % 64)
        self.mcu.write_uint32(uart + LCR_H, 0x70)
        self.mcu.write_uint32(uart + CR, 0x301)

    def drive(self, on: bool) -> None:
        self.mcu.write_uint32(OUT_SET if on else OUT_CLEAR, DRIVER_ENABLE)

    def send(self, data: bytes, uart: int = UART1) -> None:
        """Returns when the last bit has left."""
        for byte in data:
            self.mcu.write_uint32(uart + DR, byte)
        while self.mcu.read_uint32(uart + FR) & BUSY:
            self.desk.chip.run_for(10_000)

    def received(self, uart: int = UART1) -> bytes:
        data = bytearray()
        while not self.mcu.read_uint32(uart + FR) & EMPTY:
            data.append(self.mcu.read_uint32(uart + DR) & 0xFF)
        return bytes(data)


@pytest.fixture
def desk():
    made = Desk(SLEEP_FOREVER, load_board(), Setup(), uart_link=True)
    made.power_on()
    yield made
    if made.has_chip:
        made.power_cut()


@pytest.fixture
def firmware(desk):
    return Firmware(desk)


def kinds(desk):
    return [error.kind for error in desk.transceiver.errors]


def test_a_meter_is_read_over_uart_transceiver_and_line(desk, firmware):
    firmware.drive(True)
    firmware.send(REQUEST)
    firmware.drive(False)
    desk.chip.run_for(30 * NS_PER_MS)
    assert firmware.received() == GOOD
    assert kinds(desk) == []
    assert desk.meter_port.violations == []
    low, high, low_again = desk.transceiver.driver_enable.edges
    assert (low.high, high.high, low_again.high) == (False, True, False)
    exchange = desk.meter_port.exchanges[0]
    assert high.at_ns <= exchange.start_ns
    assert 0 <= low_again.at_ns - exchange.end_ns <= 10_000


def test_without_the_driver_nothing_reaches_the_line(desk, firmware):
    firmware.send(REQUEST)
    desk.chip.run_for(30 * NS_PER_MS)
    assert kinds(desk) == [SENT_WITHOUT_DRIVER] * 8
    assert not desk.meter_port.exchanges


def test_a_driver_switched_off_too_early_spoils_the_last_character(desk, firmware):
    firmware.drive(True)
    for byte in REQUEST:
        firmware.mcu.write_uint32(UART1 + DR, byte)
    desk.chip.run_for(int(7.5 * LineFormat(9600).character_ns))
    firmware.drive(False)
    desk.chip.run_for(30 * NS_PER_MS)
    assert kinds(desk) == [SENT_WITHOUT_DRIVER]
    assert firmware.received() == b""


def test_a_driver_left_on_covers_the_reply(desk, firmware):
    firmware.drive(True)
    firmware.send(REQUEST)
    desk.chip.run_for(30 * NS_PER_MS)
    assert firmware.received() == b""
    assert kinds(desk) == [HELD_THE_LINE] * 9


@pytest.mark.parametrize(("pin", "heard"), [(4, 0), (5, 1)])
def test_a_pin_that_was_not_given_to_the_uart_is_dead(desk, firmware, pin, heard):
    firmware.select(pin, 0x1F)  # no function, as after a reset
    firmware.drive(True)
    firmware.send(REQUEST)
    firmware.drive(False)
    desk.chip.run_for(30 * NS_PER_MS)
    assert len(desk.meter_port.exchanges) == heard
    assert firmware.received() == b""


def test_a_line_at_another_speed_is_not_understood(desk):
    firmware = Firmware(desk, baud=19200)
    firmware.drive(True)
    firmware.send(REQUEST)
    firmware.drive(False)
    desk.chip.run_for(50 * NS_PER_MS)
    assert firmware.received() == b""


def test_an_echoing_adaptor_gives_the_request_back_before_the_reply(desk, firmware):
    desk.meter.arm("echo")
    firmware.drive(True)
    firmware.send(REQUEST)
    firmware.drive(False)
    desk.chip.run_for(30 * NS_PER_MS)
    assert firmware.received() == REQUEST + GOOD


def test_the_link_carries_lines_both_ways_and_keeps_their_times(desk, firmware):
    start_ns = desk.timeline.now_ns()
    desk.link.send(b"hello\n")
    assert not desk.link.awaits_reply
    desk.chip.run_for(NS_PER_MS)
    assert firmware.received(UART0) == b"hello\n"
    assert desk.link.awaits_reply
    firmware.send(b"ok\n", UART0)
    assert desk.link.take() == b"ok\n"
    assert desk.link.take() == b""
    assert not desk.link.awaits_reply
    asked, answered = desk.link.marks
    assert (asked.by_host, asked.text) == (True, b"hello\n")
    assert (asked.start_ns, asked.end_ns) == (start_ns, start_ns + 6 * 86_806)
    assert (answered.by_host, answered.text) == (False, b"ok\n")


def test_a_power_cut_keeps_the_flash_and_silences_both_lines(desk, firmware):
    desk.link.send(b"lost")
    firmware.drive(True)
    firmware.send(REQUEST)
    firmware.drive(False)
    kept = desk.power_cut()
    assert kept.startswith(SLEEP_FOREVER)
    assert len(kept) == desk.board.flash_size
    assert not desk.powered
    with pytest.raises(NoPowerError, match="switch it on"):
        _ = desk.chip
    desk.timeline.skip(1_000_000_000)
    before_ns = desk.timeline.now_ns()
    desk.power_on()
    again = Firmware(desk)
    desk.chip.run_for(50 * NS_PER_MS)
    assert again.received() == again.received(UART0) == b""
    assert desk.timeline.now_ns() - before_ns == 50 * NS_PER_MS
    again.drive(True)
    again.send(REQUEST)
    again.drive(False)
    desk.chip.run_for(30 * NS_PER_MS)
    assert again.received() == GOOD


def test_the_meter_counts_in_the_time_of_the_desk(desk):
    desk.meter.power_w = 3_600_000
    desk.chip.run_for(1000 * NS_PER_MS)
    assert desk.meter.energy_wh == 2_936_600


def test_flash_operations_are_kept_and_can_be_cut(desk):
    seen = []

    def cut_the_second(operation):
        seen.append(operation.index)
        return Moment.HALF if operation.index == 1 else None

    desk.cut_policy = cut_the_second
    program(desk.chip.mcu, 0x100000, bytes(256))
    desk.chip.run_for(NS_PER_MS)
    assert desk.powered
    program(desk.chip.mcu, 0x101000, bytes(256))
    assert not desk.powered
    assert [operation.offset for operation in desk.operations] == [0x100000, 0x101000]
    kept = desk.power_cut()
    assert kept[0x101000:0x101100] == bytes(128) + b"\xff" * 128
    desk.power_on()
    assert desk.powered
    assert desk.operations == []
    assert desk.flash_at_power_on == kept


def program(mcu, offset, data):
    """Page program through the flash interface, as the boot ROM does it."""
    mcu.write_uint32(0x18000008, 1)
    for command in (b"\x06", b"\x02" + offset.to_bytes(3, "big") + data):
        mcu.write_uint32(0x4001800C, 3 << 8)
        mcu.write_uint32(0x4001800C, 2 << 8)
        for byte in command:
            mcu.write_uint32(0x18000060, byte)
            mcu.read_uint32(0x18000060)
        mcu.write_uint32(0x4001800C, 3 << 8)


def test_a_module_boots_from_the_flash_it_is_given():
    other = SLEEP_FOREVER + b"\x12" * 100
    desk = Desk(SLEEP_FOREVER, load_board(), Setup(flash=other))
    desk.power_on()
    assert desk.flash_image()[: len(other)] == other
    desk.power_cut()
    desk.power_on(SLEEP_FOREVER)
    assert desk.flash_image()[len(SLEEP_FOREVER) :][:100] == b"\xff" * 100
    desk.power_cut()


def test_the_meters_line_is_its_profiles_unless_told():
    assert Desk(b"", load_board(), Setup(MeterSetup("iem3155"))).meter_port.format == LineFormat(
        19200, "even"
    )
    told = LineFormat(2400, "odd", 2)
    setup = Setup(MeterSetup("iem3155", line=told))
    assert Desk(b"", load_board(), setup).meter_port.format == told
    assert Desk(b"", load_board(), Setup(MeterSetup("abb_b23"))).meter_port.format == LineFormat(
        9600
    )
