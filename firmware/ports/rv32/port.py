"""QEMU's RV32 machine `virt`: the link on its UART, the meter line on a PCI serial card.

Both are 16550s without a speed: QEMU passes bytes on as they come. The machine is no product; it
shows that the application runs on the instruction set of the ESP32-C3.
"""

import gc

from machine import mem8, mem16, mem32, reset

NAME = "rv32"
LINK = "uart"

_MTIME = 0x0200BFF8  # the timer of the CLINT: 64 bits, 10 MHz
_TICKS_PER_US = 10

_LINK_UART = 0x10000000
_PCI_CONFIG = 0x30000000  # of bus 0
_PCI_SLOT_BYTES = 0x8000
_PCI_SLOTS = 32
_PCI_PORTS = 0x03000000
_SERIAL_CARD = 0x00021B36  # device 0002 of vendor 1B36
_CARD_PORT = 0x1000
_PORTS_ON = 1  # bit of a card's command register

_BUFFER, _FIFO_CONTROL, _LINE_STATUS = 0, 2, 5
_FIFO_ON = 0x07  # and empty
_HAS_BYTE, _CAN_TAKE, _HAS_SENT = 0x01, 0x20, 0x40


def ticks_us() -> int:
    """Return microseconds since the machine was switched on; they never wrap around."""
    high = mem32[_MTIME + 4]
    low = mem32[_MTIME]
    while high != mem32[_MTIME + 4]:
        high = mem32[_MTIME + 4]
        low = mem32[_MTIME]
    return (high << 32 | low) // _TICKS_PER_US


def ticks_ms() -> int:
    """Return milliseconds of the same clock."""
    return ticks_us() // 1000


def ticks_diff(later: int, earlier: int) -> int:
    """Return later - earlier."""
    return later - earlier


class _Uart:
    """A 16550."""

    echo = False

    def __init__(self, address: int) -> None:
        self._address = address
        mem8[address + _FIFO_CONTROL] = _FIFO_ON

    def _has(self, status: int) -> bool:
        return mem8[self._address + _LINE_STATUS] & status != 0

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        data = bytearray()
        while len(data) < max_bytes and self._has(_HAS_BYTE):
            data.append(mem8[self._address + _BUFFER])
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Send everything; returns when the last bit has left."""
        for byte in data:
            while not self._has(_CAN_TAKE):
                pass
            mem8[self._address + _BUFFER] = byte
        self.flush()

    def flush(self) -> None:
        """Return once everything written has left."""
        while not self._has(_HAS_SENT):
            pass

    def discard(self) -> None:
        """Throw away what has arrived."""
        while self.read(256):
            pass

    def _wait_us(self, timeout_us: int) -> bool:
        start = ticks_us()
        while not self._has(_HAS_BYTE):
            if ticks_us() - start >= timeout_us:
                return False
        return True


class _Link(_Uart):
    def wait(self, timeout_ms: int) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""
        return self._wait_us(timeout_ms * 1000)

    def wait_for_room(self, _timeout_ms: int) -> bool:
        """Return True: what is written leaves at the line's speed, whoever listens."""
        return True


class _MeterLine(_Uart):
    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""
        return self._wait_us(timeout_us)


def open_link() -> _Link:
    """Open the link to the host."""
    return _Link(_LINK_UART)


def open_meter_line(baud: int, parity: str, stop_bits: int) -> _MeterLine:
    """Open the line to the meter; speed and parity are those of whoever is at the other end."""
    for slot in range(_PCI_SLOTS):
        card = _PCI_CONFIG + slot * _PCI_SLOT_BYTES
        if mem32[card] == _SERIAL_CARD:
            mem32[card + 0x10] = _CARD_PORT
            mem16[card + 4] = _PORTS_ON
            return _MeterLine(_PCI_PORTS + _CARD_PORT)
    raise OSError("the machine has no serial card: start QEMU with -device pci-serial")


def reset_cause() -> str:
    """Return "power_on": the machine starts in no other way."""
    return "power_on"


def watch() -> None:
    """Do nothing: the machine has no watchdog."""


def feed() -> None:
    """Do nothing."""


def bites() -> int:
    """Return 0."""
    return 0


def forget_bites() -> None:
    """Do nothing."""


def heap_free() -> int:
    """Return the bytes of heap free after a collection."""
    gc.collect()
    return gc.mem_free()


def enter_boot_loader() -> None:
    """Switch the machine off: its boot loader is QEMU itself, started with another image."""
    reset()
