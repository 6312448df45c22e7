"""The RP2040's SPI controller for flash, as far as writing flash needs it.

RP2040 datasheet, section 4.10.13. Reads through XIP never come here: the bus serves them from the
flash bytes, as long as the controller is on and set to read an address on its own (`xip.py`). The
boot ROM and the SDK select the chip by forcing the QSPI_SS pin, not through this controller, so a
command is framed by that pin.
"""

from collections import deque
from collections.abc import Callable

from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals.peripheral import BasePeripheral
from rp2040py.rp2040 import RP2040

from hil.rp2040.spi_flash import IDLE_BUS, SpiFlash

CTRLR0, SSIENR, TXFLR, RXFLR = 0x00, 0x08, 0x20, 0x24
SR, IDR, VERSION, DR0 = 0x28, 0x58, 0x5C, 0x60
READ_ONLY = {IDR: 0x51535049, VERSION: 0x3430312A, TXFLR: 0}
TFNF, TFE, RFNE = 0x02, 0x04, 0x08

TRANSFER_MODE = 0x300
"""In CTRLR0. With EEPROM_READ the controller sends an address and reads: what XIP needs."""
EEPROM_READ = 0x300
LEFT_BY_BOOT_ROM = {SSIENR: 1, CTRLR0: EEPROM_READ}
"""It reads the first stage through XIP before it starts it."""

CHIP_SELECT = 1
"""QSPI_SS among the QSPI pins."""


class Ssi(BasePeripheral):
    """Registers on one side, a flash chip on the other."""

    def __init__(
        self, chip: RP2040, name: str, flash: SpiFlash, open_window: Callable[[bool], None]
    ) -> None:
        """`open_window` is told whether reads through XIP are served."""
        super().__init__(chip, name)
        self._flash = flash
        self._open_window = open_window
        self._registers = dict(LEFT_BY_BOOT_ROM)
        self._received: deque[int] = deque()
        # The pin may read as selected before it was ever driven: believe the pin.
        self._selected = self._pin_is_low()
        chip.qspi[CHIP_SELECT].add_listener(self._on_chip_select)

    def reset(self) -> None:
        """Registers as the boot ROM leaves them; the flash chip is not part of the RP2040."""
        self._registers = dict(LEFT_BY_BOOT_ROM)
        self._tell_window()
        self._received.clear()
        self._selected = self._pin_is_low()

    def read_uint32(self, offset: int) -> int:
        """Read a register; reading DR0 takes a byte that the flash has answered."""
        if offset == DR0:
            return self._received.popleft() if self._received else 0
        if offset == SR:
            return TFE | TFNF | (RFNE if self._received else 0)
        if offset == RXFLR:
            return len(self._received)
        return READ_ONLY.get(offset) or self._registers.get(offset, 0)

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register; writing DR0 exchanges a byte with the flash at once."""
        if offset != DR0:
            self._registers[offset] = value & 0xFFFFFFFF
            if offset in (SSIENR, CTRLR0):
                self._tell_window()
        elif self._registers.get(SSIENR):
            # A deselected chip does not answer, but the controller shifts all the same.
            answer = self._flash.exchange(value & 0xFF) if self._selected else IDLE_BUS
            self._received.append(answer)

    def _tell_window(self) -> None:
        reads = self._registers.get(CTRLR0, 0) & TRANSFER_MODE == EEPROM_READ
        self._open_window(bool(self._registers.get(SSIENR)) and reads)

    def _pin_is_low(self) -> bool:
        return bool(self.rp2040.qspi[CHIP_SELECT].value == GPIOPinState.LOW)

    def _on_chip_select(self, value: GPIOPinState, _before: GPIOPinState) -> None:
        selected = value == GPIOPinState.LOW
        if selected and not self._selected:
            self._received.clear()
            self._flash.select()
        elif self._selected and not selected:
            self._flash.deselect()
        self._selected = selected
