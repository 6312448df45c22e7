"""The RP2040's UART (an ARM PL011) with the timing, FIFOs and interrupts of the silicon.

RP2040 datasheet, section 4.2; ARM PrimeCell UART (PL011) technical reference, r1p5. Replaces
rp2040py's own model, which sends a byte the moment it is written, holds the transmit interrupt
for ever and has no receive time-out.
"""

from collections import deque
from collections.abc import Callable

from rp2040py.peripherals.peripheral import BasePeripheral
from rp2040py.rp2040 import RP2040

from hil.line import Character, LineFormat
from hil.rp2040.clocks import peripheral_clock_hz
from hil.timeline import Timeline, Timer

FIFO_DEPTH = 32
TIMEOUT_BITS = 32

# Registers
DR, RSR, FR, ILPR = 0x00, 0x04, 0x18, 0x20
IBRD, FBRD, LCR_H, CR, IFLS = 0x24, 0x28, 0x2C, 0x30, 0x34
IMSC, RIS, MIS, ICR, DMACR = 0x38, 0x3C, 0x40, 0x44, 0x48
# PERIPHID0..3 and PCELLID0..3
IDENTITY = dict(
    zip(range(0xFE0, 0x1000, 4), (0x11, 0x10, 0x34, 0, 0x0D, 0xF0, 0x05, 0xB1), strict=True)
)

# DR and RSR
FRAMING_ERROR, OVERRUN_ERROR = 1 << 8, 1 << 11
# FR
BUSY, RXFE, TXFF, RXFF, TXFE = 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
# LCR_H
PEN, EPS, STP2, FEN = 1 << 1, 1 << 2, 1 << 3, 1 << 4
# CR
UARTEN, TXE, RXE = 1 << 0, 1 << 8, 1 << 9
# Interrupts, in IMSC, RIS, MIS and ICR
RX_INTERRUPT, TX_INTERRUPT, RT_INTERRUPT = 1 << 4, 1 << 5, 1 << 6
FE_INTERRUPT, OE_INTERRUPT = 1 << 7, 1 << 10
ALL_INTERRUPTS = 0x7FF

# IFLS: characters of a 32-deep FIFO at 1/8, 1/4, 1/2, 3/4 and 7/8.
TRIGGER_LEVELS = (4, 8, 16, 24, 28)

CR_RESET = RXE | TXE
IFLS_RESET = 0x12


class Pl011(BasePeripheral):
    """One UART. Wire it with `on_sent`; what arrives on its pin goes into `receive`.

    `has_tx_pin` and `has_rx_pin` tell whether the firmware has given it the pins that are wired.
    """

    def __init__(self, chip: RP2040, name: str, irq: int, timeline: Timeline) -> None:
        super().__init__(chip, name)
        self.irq = irq
        self.on_sent: Callable[[Character], None] = lambda _: None
        self.has_tx_pin: Callable[[], bool] = lambda: True
        self.has_rx_pin: Callable[[], bool] = lambda: True
        self._timeline = timeline
        self._shifting: Timer | None = None
        self._timeout: Timer | None = None
        self.reset()

    def reset(self) -> None:
        """Registers and FIFOs as after power-on; a character on its way is cut short."""
        self._registers = {ILPR: 0, IBRD: 0, FBRD: 0, LCR_H: 0, CR: CR_RESET, IFLS: IFLS_RESET}
        self._registers |= {IMSC: 0, DMACR: 0, RSR: 0}
        self._raw_interrupts = 0
        self._overrun = False
        self._tx_fifo: deque[int] = deque()
        self._rx_fifo: deque[int] = deque()
        for timer in (self._shifting, self._timeout):
            if timer is not None:
                timer.cancel()
        self._shifting = self._timeout = None
        self._update_interrupt()

    # What the line sees.

    @property
    def format(self) -> LineFormat | None:
        """What the registers set; None before a baud rate is set (section 4.2.3.2.1)."""
        divisor = 64 * self._registers[IBRD] + self._registers[FBRD]
        if divisor < 64:
            return None
        control = self._registers[LCR_H]
        parity = ("even" if control & EPS else "odd") if control & PEN else "none"
        return LineFormat(
            baud=4 * peripheral_clock_hz(self.rp2040) / divisor,
            parity=parity,
            stop_bits=2 if control & STP2 else 1,
            data_bits=5 + (control >> 5 & 3),
        )

    def receive(self, character: Character) -> None:
        """Take a character whose last bit has just arrived on the receive pin."""
        own = self.format
        if own is None or not self._enabled(RXE) or not self.has_rx_pin():
            return
        self._restart_timeout()
        if len(self._rx_fifo) >= self._depth:
            self._overrun = True
            self._raise(OE_INTERRUPT)
            return
        self._overrun = False
        entry = character.value
        if not own.understands(character.format):
            entry = (~character.value & 0xFF) | FRAMING_ERROR
            self._raw_interrupts |= FE_INTERRUPT
        self._rx_fifo.append(entry)
        if len(self._rx_fifo) >= self._rx_trigger:
            self._raw_interrupts |= RX_INTERRUPT
        self._update_interrupt()

    # What the firmware sees.

    def read_uint32(self, offset: int) -> int:
        """Read a register; reading DR takes a character out of the receive FIFO."""
        if offset == DR:
            return self._read_data()
        if offset == FR:
            return self._flags
        if offset == RIS:
            return self._raw_interrupts
        if offset == MIS:
            return self._raw_interrupts & self._registers[IMSC]
        if offset == ICR:
            return 0
        if offset in self._registers:
            return self._registers[offset]
        if offset in IDENTITY:
            return IDENTITY[offset]
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register; writing DR puts a character into the transmit FIFO."""
        if offset == DR:
            self._write_data(value & 0xFF)
        elif offset == RSR:
            self._registers[RSR] = 0
        elif offset == ICR:
            self._raw_interrupts &= ~value
        elif offset == LCR_H:
            self._write_line_control(value & 0xFF)
        elif offset in self._registers:
            self._registers[offset] = value & 0xFFFF
            self._begin_character()
        elif offset not in (FR, RIS, MIS):
            super().write_uint32(offset, value)
        self._update_interrupt()

    @property
    def _flags(self) -> int:
        flags = 0
        if self._shifting is not None or self._tx_fifo:
            flags |= BUSY
        if not self._tx_fifo:
            flags |= TXFE
        if len(self._tx_fifo) >= self._depth:
            flags |= TXFF
        if not self._rx_fifo:
            flags |= RXFE
        if len(self._rx_fifo) >= self._depth:
            flags |= RXFF
        return flags

    def _enabled(self, direction: int) -> bool:
        wanted = UARTEN | direction
        return self._registers[CR] & wanted == wanted

    @property
    def _depth(self) -> int:
        return FIFO_DEPTH if self._registers[LCR_H] & FEN else 1

    @property
    def _rx_trigger(self) -> int:
        if not self._registers[LCR_H] & FEN:
            return 1
        return TRIGGER_LEVELS[min(self._registers[IFLS] >> 3 & 7, 4)]

    @property
    def _tx_trigger(self) -> int:
        if not self._registers[LCR_H] & FEN:
            return 0
        return TRIGGER_LEVELS[min(self._registers[IFLS] & 7, 4)]

    def _write_line_control(self, value: int) -> None:
        if (value ^ self._registers[LCR_H]) & FEN:  # its integrity is not guaranteed (PL011, 3.3.7)
            self._tx_fifo.clear()
            self._rx_fifo.clear()
        self._registers[LCR_H] = value

    def _write_data(self, value: int) -> None:
        if len(self._tx_fifo) >= self._depth:
            return  # lost, as on the silicon
        self._tx_fifo.append(value)
        if len(self._tx_fifo) > self._tx_trigger:
            self._raw_interrupts &= ~TX_INTERRUPT
        self._begin_character()

    def _begin_character(self, start_ns: int | None = None) -> None:
        """Move a character from the FIFO into the idle shift register."""
        line_format = self.format
        if self._shifting is not None or not self._tx_fifo or line_format is None:
            return
        if not self._enabled(TXE):
            return
        start_ns = self._timeline.now_ns() if start_ns is None else start_ns
        end_ns = start_ns + line_format.character_ns
        character = Character(self._tx_fifo.popleft(), start_ns, end_ns, line_format)
        self._shifting = self._timeline.call_at(end_ns, lambda: self._end_character(character))
        # The interrupt comes from passing the level on the way down, not from being below it
        # (PL011, 2.8): a FIFO that was never filled past it raises none.
        if len(self._tx_fifo) == self._tx_trigger:
            self._raw_interrupts |= TX_INTERRUPT

    def _end_character(self, character: Character) -> None:
        self._shifting = None
        self._begin_character(character.end_ns)
        self._update_interrupt()
        if self.has_tx_pin():
            self.on_sent(character)

    def _read_data(self) -> int:
        if not self._rx_fifo:
            return 0
        entry = self._rx_fifo.popleft() | (OVERRUN_ERROR if self._overrun else 0)
        self._registers[RSR] = entry >> 8
        if len(self._rx_fifo) < self._rx_trigger:
            self._raw_interrupts &= ~RX_INTERRUPT
        if self._rx_fifo:
            self._restart_timeout()
        else:
            self._raw_interrupts &= ~RT_INTERRUPT
        self._update_interrupt()
        return entry

    def _restart_timeout(self) -> None:
        """Count anew after a character came in, or went out and left others behind.

        The manual tells of the former only, but drivers that take one character an interrupt
        (MicroPython's prompt) get the others on silicon, so reading counts too.
        """
        line_format = self.format
        if self._timeout is not None:
            self._timeout.cancel()
        if line_format is None:
            return
        when_ns = self._timeline.now_ns() + round(TIMEOUT_BITS * line_format.bit_ns)
        self._timeout = self._timeline.call_at(when_ns, self._time_out)

    def _time_out(self) -> None:
        self._timeout = None
        if self._rx_fifo:
            self._raise(RT_INTERRUPT)

    def _raise(self, interrupt: int) -> None:
        self._raw_interrupts |= interrupt
        self._update_interrupt()

    def _update_interrupt(self) -> None:
        pending = self._raw_interrupts & self._registers[IMSC] & ALL_INTERRUPTS
        self.rp2040.set_interrupt(self.irq, bool(pending))
