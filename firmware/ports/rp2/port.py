"""The chip's link (UART or USB), meter line (UART with RS-485 driver enable) and clock."""

import gc
import select
import time

import _chip
import _wattseal
import board
import machine

if _wattseal.USB_LINK:
    import _usb_link

NAME = "rp2"
LINK = "usb" if _wattseal.USB_LINK else "uart"
CHUNK_BYTES = 256
LINK_BUFFER_BYTES = 4096 + CHUNK_BYTES  # one whole frame may arrive while a record is signed
FEED_MS = 1000  # a wait that lasts longer feeds the watchdog in between
USB_FLUSH_MS = 1000  # a host polls every millisecond, unless it is busy
USB_HAND_OVER_MS = 50  # and then has what it fetched still to hand to its program
METER_BUFFER_BYTES = 512  # two of the longest Modbus frames

_PARITIES = {"none": None, "even": 0, "odd": 1}

ticks_ms = time.ticks_ms
ticks_us = time.ticks_us
ticks_diff = time.ticks_diff

feed = _chip.feed
watch = _chip.watch
bites = _chip.bites
forget_bites = _chip.forget_bites
reset_cause = _chip.reset_cause
enter_boot_loader = _chip.enter_boot_loader


def _arrived(uart: machine.UART, max_bytes: int) -> bytes:
    """Return at most max_bytes that have arrived: a UART asked for more would wait for them."""
    count = min(uart.any(), max_bytes)
    return uart.read(count) or b"" if count else b""


class _UartLink:
    """Frames over the board's link UART."""

    def __init__(self) -> None:
        self._uart = machine.UART(
            board.LINK_UART,
            baudrate=board.LINK_BAUD,
            tx=machine.Pin(board.LINK_TX_PIN),
            rx=machine.Pin(board.LINK_RX_PIN),
            rxbuf=LINK_BUFFER_BYTES,
            txbuf=LINK_BUFFER_BYTES,
            timeout=0,
        )
        self._poll = select.poll()
        self._poll.register(self._uart, select.POLLIN)

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        return _arrived(self._uart, max_bytes)

    def write(self, data: bytes) -> None:
        """Write everything."""
        view = memoryview(data)
        while view:
            view = view[self._uart.write(view) or 0 :]

    def flush(self) -> None:
        """Return once everything written has left."""
        self._uart.flush()

    def wait(self, timeout_ms: int) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""
        return bool(self._poll.poll(timeout_ms))

    def wait_for_room(self, _timeout_ms: int) -> bool:
        """Return True: what is written leaves at the line's speed, whoever listens."""
        return True


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


class _NoDriverEnable:
    """Stands for the pin where the transceiver switches its driver by itself."""

    def on(self) -> None:
        """Do nothing."""

    def off(self) -> None:
        """Do nothing."""


def _driver_enable() -> "machine.Pin | _NoDriverEnable":
    """Return the pin, with the driver off."""
    pin = board.METER_LINE_DRIVER_ENABLE_PIN
    return _NoDriverEnable() if pin is None else machine.Pin(pin, machine.Pin.OUT, value=0)


class _MeterLine:
    """RS-485 on a UART: the driver is on from the first bit sent to the last and not longer."""

    echo = board.METER_LINE_ECHO

    def __init__(self, baud: int, parity: str, stop_bits: int) -> None:
        self._driver_enable = _driver_enable()
        self._uart = machine.UART(
            board.METER_LINE_UART,
            baudrate=baud,
            bits=8,
            parity=_PARITIES[parity],
            stop=stop_bits,
            tx=machine.Pin(board.METER_LINE_TX_PIN),
            rx=machine.Pin(board.METER_LINE_RX_PIN),
            rxbuf=METER_BUFFER_BYTES,
            timeout=0,
        )
        self._poll = select.poll()
        self._poll.register(self._uart, select.POLLIN)

    def write(self, data: bytes) -> None:
        """Send everything; returns when the last bit has left and the driver is off."""
        self._driver_enable.on()
        try:
            self._uart.write(data)
            self._uart.flush()
        finally:
            self._driver_enable.off()

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        return _arrived(self._uart, max_bytes)

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

    def discard(self) -> None:
        """Throw away what has arrived."""
        while _arrived(self._uart, CHUNK_BYTES):
            pass


def open_link() -> "_UartLink | _UsbLink":
    """Open the link to the host."""
    return _UsbLink() if _wattseal.USB_LINK else _UartLink()


def open_meter_line(baud: int, parity: str, stop_bits: int) -> _MeterLine:
    """Open the line to the meter; parity "none", "even" or "odd"."""
    return _MeterLine(baud, parity, stop_bits)


def heap_free() -> int:
    """Return the bytes of heap free after a collection."""
    gc.collect()
    return gc.mem_free()
