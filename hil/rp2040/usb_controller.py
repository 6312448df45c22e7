"""The RP2040's USB controller as a host finds it: a packet stays until the host fetches it.

rp2040py's tells the firmware that a packet was fetched as soon as it is offered. Here that comes
after the packet's time on the bus, and for a data endpoint (any but 0) when the host, which is told
of the packet by `on_packet`, calls `fetched`.
Full-speed USB carries at most 19 bulk packets of 64 bytes in a frame of 1 ms (USB 2.0, table 5-9).
"""

from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.usb import RPUSBController

from hil.timeline import NS_PER_MS, NS_PER_US

PACKET_NS = NS_PER_MS // 19


def _ignore(_endpoint: int, _data: bytes) -> None:
    """Do nothing: no host is on the bus."""


class UsbController(RPUSBController):
    """rp2040py's controller; the delays are those of a bus that nothing else uses."""

    def __init__(self, chip: Any, name: str) -> None:
        super().__init__(chip, name)
        self.on_packet: Callable[[int, bytes], None] = _ignore
        """Told of a packet to the host: its endpoint and its data."""
        self.on_taken: Callable[[int, bytes], None] = _ignore
        """Told of a packet from the host that the firmware has been given: the same."""
        self.on_endpoint_write = self._offer
        self.read_delay_microseconds = self.write_delay_microseconds = PACKET_NS // NS_PER_US

    def fetched(self, endpoint: int) -> None:
        """The host has acknowledged the packet of an endpoint."""
        super()._indicate_buffer_ready(endpoint, False)

    def _offer(self, endpoint: int, buffer: bytes | bytearray) -> None:
        if endpoint == 0:
            self.fetched(0)
        self.on_packet(endpoint, bytes(buffer))

    def _finish_read(self, endpoint: int, buffer: bytes | bytearray) -> None:
        super()._finish_read(endpoint, buffer)
        self.on_taken(endpoint, bytes(buffer))

    def _indicate_buffer_ready(self, endpoint: int, out: bool) -> None:
        if out:
            super()._indicate_buffer_ready(endpoint, out)
