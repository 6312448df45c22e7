"""The UART model at its registers, with no firmware."""

from itertools import pairwise

import pytest

from hil.line import Character, LineFormat
from hil.rp2040 import uart as pl011
from hil.rp2040.uart import Pl011

IRQ = 20
LINE = LineFormat(115200)
FIFO_ON = pl011.FEN | 3 << 5  # 8 data bits
ENABLED = pl011.UARTEN | pl011.TXE | pl011.RXE


@pytest.fixture
def sent():
    return []


@pytest.fixture
def uart(fake_chip, timeline, sent):
    model = Pl011(fake_chip, "UART0", IRQ, timeline)
    model.on_sent = sent.append
    # 125 MHz / (16 * 115200) = 67 + 52/64
    model.write_uint32(pl011.IBRD, 67)
    model.write_uint32(pl011.FBRD, 52)
    model.write_uint32(pl011.LCR_H, FIFO_ON)
    model.write_uint32(pl011.CR, ENABLED)
    return model


def receive(uart, timeline, data, line_format=LINE):
    """Let characters arrive back to back, as a line delivers them."""
    for value in data:
        start_ns = timeline.now_ns()
        timeline.advance(line_format.character_ns)
        uart.receive(Character(value, start_ns, timeline.now_ns(), line_format))


def flags(uart):
    return uart.read_uint32(pl011.FR)


def raw(uart):
    return uart.read_uint32(pl011.RIS)


def drain(uart):
    data = []
    while not flags(uart) & pl011.RXFE:
        data.append(uart.read_uint32(pl011.DR))
    return data


def test_the_baud_rate_follows_divisors_and_peripheral_clock(uart, fake_chip):
    assert uart.format.baud == pytest.approx(115207, abs=1)
    fake_chip.clocks.peri_ctrl = 2 << 5  # the USB PLL, 48 MHz
    assert uart.format.baud == pytest.approx(44239, abs=1)


@pytest.mark.parametrize(
    ("control", "parity", "stop_bits", "data_bits"),
    [
        (3 << 5, "none", 1, 8),
        (3 << 5 | pl011.PEN | pl011.EPS, "even", 1, 8),
        (3 << 5 | pl011.PEN, "odd", 1, 8),
        (2 << 5 | pl011.STP2, "none", 2, 7),
    ],
)
def test_the_character_format_follows_the_line_control(uart, control, parity, stop_bits, data_bits):
    uart.write_uint32(pl011.LCR_H, control)
    found = uart.format
    assert (found.parity, found.stop_bits, found.data_bits) == (parity, stop_bits, data_bits)


def test_a_byte_leaves_when_its_last_bit_has(uart, timeline, sent):
    character_ns = uart.format.character_ns
    uart.write_uint32(pl011.DR, 0x41)
    assert flags(uart) & pl011.BUSY
    assert flags(uart) & pl011.TXFE  # it is in the shift register already
    timeline.advance(character_ns - 1)
    assert sent == []
    timeline.advance(1)
    assert [c.value for c in sent] == [0x41]
    assert (sent[0].start_ns, sent[0].end_ns) == (0, character_ns)
    assert not flags(uart) & pl011.BUSY


def test_the_transmit_fifo_holds_32_beside_the_shift_register_and_loses_the_rest(
    uart, timeline, sent
):
    for value in range(33):
        assert not flags(uart) & pl011.TXFF
        uart.write_uint32(pl011.DR, value)
    assert flags(uart) & pl011.TXFF
    uart.write_uint32(pl011.DR, 0xEE)
    timeline.advance(40 * uart.format.character_ns)
    assert [c.value for c in sent] == list(range(33))
    assert [c.end_ns - c.start_ns for c in sent] == [uart.format.character_ns] * 33
    assert all(a.end_ns == b.start_ns for a, b in pairwise(sent))


def test_the_transmit_interrupt_comes_when_the_fifo_falls_to_its_level(uart, timeline, fake_chip):
    uart.write_uint32(pl011.IFLS, 0)  # 1/8: 4 characters
    uart.write_uint32(pl011.IMSC, pl011.TX_INTERRUPT)
    for value in range(3):
        uart.write_uint32(pl011.DR, value)
    timeline.advance(5 * uart.format.character_ns)
    assert not fake_chip.interrupts[IRQ]  # never above the level, so never fallen to it
    for value in range(10):
        uart.write_uint32(pl011.DR, value)
    # 1 in the shift register, 9 in the FIFO: 4 are left once 5 more have gone into the register.
    timeline.advance(5 * uart.format.character_ns - 1)
    assert not fake_chip.interrupts[IRQ]
    timeline.advance(1)
    assert fake_chip.interrupts[IRQ]
    uart.write_uint32(pl011.ICR, pl011.TX_INTERRUPT)
    assert not fake_chip.interrupts[IRQ]
    timeline.advance(20 * uart.format.character_ns)
    assert not fake_chip.interrupts[IRQ]  # once cleared it stays so: no storm


def test_filling_the_fifo_again_takes_the_transmit_interrupt_back(uart, timeline):
    for value in range(20):
        uart.write_uint32(pl011.DR, value)
    timeline.advance(4 * uart.format.character_ns)
    assert raw(uart) & pl011.TX_INTERRUPT
    for value in range(4):
        uart.write_uint32(pl011.DR, value)
    assert not raw(uart) & pl011.TX_INTERRUPT


@pytest.mark.parametrize(("select", "level"), [(0, 4), (1, 8), (2, 16), (3, 24), (4, 28)])
def test_the_receive_interrupt_comes_at_the_level_that_is_set(uart, timeline, select, level):
    uart.write_uint32(pl011.IFLS, select << 3)
    receive(uart, timeline, range(level - 1))
    assert not raw(uart) & pl011.RX_INTERRUPT
    receive(uart, timeline, [0xAA])
    assert raw(uart) & pl011.RX_INTERRUPT
    assert uart.read_uint32(pl011.DR) == 0
    assert not raw(uart) & pl011.RX_INTERRUPT


def test_the_time_out_comes_32_bits_after_the_last_character(uart, timeline, fake_chip):
    uart.write_uint32(pl011.IMSC, pl011.RT_INTERRUPT)
    receive(uart, timeline, b"abc")
    wait_ns = round(32 * uart.format.bit_ns)
    timeline.advance(wait_ns - 1)
    assert not fake_chip.interrupts[IRQ]
    timeline.advance(1)
    assert fake_chip.interrupts[IRQ]
    assert drain(uart) == list(b"abc")
    assert not fake_chip.interrupts[IRQ]
    timeline.advance(10 * wait_ns)
    assert not fake_chip.interrupts[IRQ]  # an empty FIFO does not time out


def test_the_time_out_comes_again_for_what_a_reader_left(uart, timeline):
    receive(uart, timeline, b"abc")
    timeline.advance(round(32 * uart.format.bit_ns))
    uart.write_uint32(pl011.ICR, pl011.RT_INTERRUPT)
    uart.read_uint32(pl011.DR)
    assert not raw(uart) & pl011.RT_INTERRUPT
    timeline.advance(round(32 * uart.format.bit_ns))
    assert raw(uart) & pl011.RT_INTERRUPT


def test_an_overrun_loses_the_newest_character_and_says_so(uart, timeline):
    receive(uart, timeline, range(33))
    assert flags(uart) & pl011.RXFF
    assert raw(uart) & pl011.OE_INTERRUPT
    first = uart.read_uint32(pl011.DR)
    assert first == pl011.OVERRUN_ERROR  # and the value 0
    assert uart.read_uint32(pl011.RSR) == pl011.OVERRUN_ERROR >> 8
    receive(uart, timeline, [0x77])
    assert drain(uart) == [*range(1, 32), 0x77]


def test_without_fifos_one_character_fits_and_each_one_interrupts(uart, timeline):
    uart.write_uint32(pl011.LCR_H, 3 << 5)
    receive(uart, timeline, [1])
    assert raw(uart) & pl011.RX_INTERRUPT
    receive(uart, timeline, [2])
    assert raw(uart) & pl011.OE_INTERRUPT
    assert uart.read_uint32(pl011.DR) & 0xFF == 1
    uart.write_uint32(pl011.DR, 0x10)
    assert raw(uart) & pl011.TX_INTERRUPT  # the holding register is empty again
    uart.write_uint32(pl011.DR, 0x11)
    assert flags(uart) & pl011.TXFF


def test_another_speed_gives_garbage_and_a_framing_error(uart, timeline):
    receive(uart, timeline, [0x55], LineFormat(9600))
    entry = uart.read_uint32(pl011.DR)
    assert entry & pl011.FRAMING_ERROR
    assert entry & 0xFF != 0x55


def test_a_disabled_receiver_hears_nothing_and_a_disabled_sender_keeps_its_bytes(
    uart, timeline, sent
):
    uart.write_uint32(pl011.CR, pl011.UARTEN)
    receive(uart, timeline, [1])
    uart.write_uint32(pl011.DR, 2)
    timeline.advance(100 * LINE.character_ns)
    assert flags(uart) & pl011.RXFE
    assert sent == []
    uart.write_uint32(pl011.CR, ENABLED)
    timeline.advance(2 * LINE.character_ns)
    assert [c.value for c in sent] == [2]


def test_reset_cuts_what_is_being_sent_and_empties_the_fifos(uart, timeline, sent):
    uart.write_uint32(pl011.DR, 1)
    uart.write_uint32(pl011.DR, 2)
    receive(uart, timeline, [])
    uart.reset()
    timeline.advance(100 * LINE.character_ns)
    assert sent == []
    assert flags(uart) == pl011.TXFE | pl011.RXFE
    assert uart.format is None


def test_the_identity_registers_are_those_of_a_pl011(uart):
    found = [uart.read_uint32(offset) for offset in range(0xFE0, 0x1000, 4)]
    assert found == [0x11, 0x10, 0x34, 0, 0x0D, 0xF0, 0x05, 0xB1]
