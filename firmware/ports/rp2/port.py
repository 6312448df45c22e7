"""The chip's link (UART or USB), meter line (UART with RS-485 driver enable) and clock."""

import gc
import select
import time

import _chip
import _wattseal
from uart_line import UartLine

if _wattseal.USB_LINK:
    import _usb_link
else:
    from uart_link import UartLink  # frozen where the link can be a UART alone

NAME = "rp2"
LINK = "usb" if _wattseal.USB_LINK else "uart"
FEED_MS = 1000  # a wait that lasts longer feeds the watchdog in between
USB_FLUSH_MS = 1000  # a host polls every millisecond, unless it is busy
USB_HAND_OVER_MS = 50  # and then has what it fetched still to hand to its program

ticks_ms = time.ticks_ms
ticks_us = time.ticks_us
ticks_diff = time.ticks_diff

feed = _chip.feed
watch = _chip.watch
bites = _chip.bites
forget_bites = _chip.forget_bites
reset_cause = _chip.reset_cause
enter_boot_loader = _chip.enter_boot_loader


class _UsbLink:
    """Frames over USB CDC; the host's own pace is kept: what it does not fetch waits here."""

    def __init__(self) -> None:
        _usb_link.start()
        self.read = _usb_link.read
        self.wait = _usb_link.wait
        self.wait_for_room = _usb_link.wait_for_room

    def write(self, data: bytes) -> None:
        """Write a line for which there is room."""
        if _usb_link.write(data) < len(data):
            raise OSError("no room for a reply")

    def flush(self) -> None:
        """Return once the host has fetched everything, or has had the time to."""
        _usb_link.wait_until_fetched(USB_FLUSH_MS)
        time.sleep_ms(USB_HAND_OVER_MS)


class _MeterLine(UartLine):
    """Sleeps while it waits."""

    def __init__(self, baud: int, parity: str, stop_bits: int) -> None:
        super().__init__(baud, parity, stop_bits)
        self._poll = select.poll()
        self._poll.register(self._uart, select.POLLIN)

    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""
        start = ticks_us()
        while not self._uart.any():
            left_us = timeout_us - ticks_diff(ticks_us(), start)
            if left_us <= 0:
                return False
            if left_us > 2000:  # sleep, but leave the last stretch to the finer clock
                feed()
                self._poll.poll(min(left_us // 1000 - 1, FEED_MS))
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
