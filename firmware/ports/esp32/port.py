"""The ESP32's link (UART or USB), meter line (UART with RS-485 driver enable), clock, watchdog.

Written from the sources of MicroPython 1.25's port and never run on a chip.
"""

import gc
import select
import sys
import time

import _wattseal
import machine
from uart_line import UartLine

if not _wattseal.USB_LINK:
    from uart_link import UartLink  # frozen where the link can be a UART alone

NAME = "esp32"
LINK = "usb" if _wattseal.USB_LINK else "uart"
WATCHDOG_MS = 8000
USB_FLUSH_MS = 100  # a host polls every millisecond

_CAUSES = {machine.PWRON_RESET: "power_on", machine.WDT_RESET: "watchdog"}

ticks_ms = time.ticks_ms
ticks_us = time.ticks_us
ticks_diff = time.ticks_diff


def reset_cause() -> str:
    """Return "power_on" (or a supply that was too low), "watchdog" or "restart"."""
    return _CAUSES.get(machine.reset_cause(), "restart")


# --- watchdog: bites are counted in the memory of the real-time clock, which only power ends ------

_BITES = b"bites"
_MOST_BITES = 255


def bites() -> int:
    """Return how often the watchdog has bitten in a row."""
    kept = machine.RTC().memory()
    return kept[-1] if len(kept) == len(_BITES) + 1 and kept.startswith(_BITES) else 0


def _keep_bites(count: int) -> None:
    machine.RTC().memory(_BITES + bytes((min(count, _MOST_BITES),)))


def forget_bites() -> None:
    """Count bites from none on: the module runs."""
    _keep_bites(0)


_keep_bites(bites() + 1 if reset_cause() == "watchdog" else 0)
_watchdog: "machine.WDT | None" = None


def watch() -> None:
    """Start the watchdog: from now on the chip is reset 8 s after `feed` was last called."""
    global _watchdog
    _watchdog = machine.WDT(timeout=WATCHDOG_MS)


def feed() -> None:
    """Put the next bite off."""
    if _watchdog is not None:
        _watchdog.feed()


# --- lines ---------------------------------------------------------------------------------------


class _UsbLink:
    """Frames over the chip's USB, which MicroPython presents as standard input and output."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        data = bytearray()
        while len(data) < max_bytes and self._poll.poll(0):
            data += sys.stdin.buffer.read(1)
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Write everything; a host that fetches nothing is waited for."""
        view = memoryview(data)
        while view:
            view = view[sys.stdout.buffer.write(view) or 0 :]
            feed()

    def flush(self) -> None:
        """Wait long enough for the host to fetch what was written: USB does not report it."""
        time.sleep_ms(USB_FLUSH_MS)

    def wait(self, timeout_ms: int) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""
        return bool(self._poll.poll(timeout_ms))

    def wait_for_room(self, _timeout_ms: int) -> bool:
        """Return True: MicroPython does not tell how much room there is, so `write` waits."""
        return True


class _MeterLine(UartLine):
    """Sleeps a tick of the operating system at a time."""

    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""
        start = ticks_us()
        while not self._uart.any():
            left_us = timeout_us - ticks_diff(ticks_us(), start)
            if left_us <= 0:
                return False
            if left_us > 2000:
                feed()
                time.sleep_ms(1)  # a tick of the operating system: no shorter sleep is one
        return True


def open_link() -> "UartLink | _UsbLink":
    """Open the link to the host."""
    return _UsbLink() if _wattseal.USB_LINK else UartLink()


def open_meter_line(baud: int, parity: str, stop_bits: int) -> _MeterLine:
    """Open the line to the meter; parity "none", "even" or "odd"."""
    return _MeterLine(baud, parity, stop_bits)


def heap_free() -> int:
    """Return the bytes of heap free after a collection."""
    gc.collect()
    return gc.mem_free()


def enter_boot_loader() -> None:
    """Start the ROM's boot loader, which reads the flash out to whoever asks for it.

    Unless the fuses say otherwise: docs/threat-model.md.
    """
    machine.bootloader()  # type: ignore[attr-defined]  # only some of these chips have it
