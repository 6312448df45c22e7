"""A host on the chip's USB: enumerates the module and keeps its serial port (CDC ACM) open.

What an operating system does when a board is plugged in: USB 2.0, section 9.1.2, and the requests
of CDC's PSTN subclass 1.2, section 6.3.
"""

import struct
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial

from hil.rp2040.usb_controller import UsbController
from hil.timeline import NS_PER_US, Timeline

PACKET_BYTES = 64

# Between two control transfers; a host needs longer.
CONTROL_GAP_NS = 100 * NS_PER_US

TO_DEVICE, FROM_DEVICE, TO_INTERFACE = 0x00, 0x80, 0x21
SET_ADDRESS, GET_DESCRIPTOR, SET_CONFIGURATION = 5, 6, 9
SET_LINE_CODING, SET_CONTROL_LINE_STATE = 0x20, 0x22
DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT = 1, 2, 3, 4, 5
CDC_CONTROL, CDC_DATA, BULK = 0x02, 0x0A, 2
ENGLISH = 0x0409
DTR, RTS = 1, 2


@dataclass(frozen=True)
class UsbIdentity:
    """What a module says of itself when it is plugged in."""

    vendor_id: int
    product_id: int
    manufacturer: str
    product: str
    serial_number: str


@dataclass(frozen=True)
class _Request:
    """A control transfer: its SETUP packet, and the data that the host sends after it."""

    kind: int
    number: int
    value: int
    index: int = 0
    length: int = 0
    data: bytes = b""

    @property
    def setup(self) -> bytes:
        length = len(self.data) or self.length
        return struct.pack("<BBHHH", self.kind, self.number, self.value, self.index, length)


_Steps = Generator[_Request, bytes, None]
"""Control transfers one after the other; each is answered with what the device sent."""


class UsbHost:
    """One host and the one device on its bus.

    `fetches`: whether the host polls for what the module has to say. `on_data` is told of each
    packet from the module, `on_taken` of each that the module has taken, `on_gone` when the module
    has left the bus.
    """

    def __init__(
        self,
        controller: UsbController,
        timeline: Timeline,
        on_data: Callable[[bytes], None],
        on_taken: Callable[[bytes], None] = lambda _: None,
        on_gone: Callable[[], None] = lambda: None,
    ) -> None:
        self.identity: UsbIdentity | None = None
        self.is_open = False
        """Whether the serial port is there, and DTR is set."""
        self.sets_dtr = True
        """Whether programs set DTR when they open the port, as all but a few do."""
        self._usb = controller
        self._timeline = timeline
        self._on_data = on_data
        self._on_taken = on_taken
        self._on_gone = on_gone
        self._fetches = True
        self._queue = bytearray()
        self._offered: bytes | None = None
        self._forget()
        controller.on_usb_enabled = controller.reset_device  # plugged in: the bus is reset
        controller.on_reset_received = self._enumerate
        controller.on_reset = self._leave
        controller.on_packet = self._packet
        controller.on_endpoint_read = self._armed_for
        controller.on_taken = self._taken

    @property
    def pending(self) -> int:
        """Bytes for the module that it has not taken yet."""
        return len(self._queue) + len(self._under_way)

    @property
    def fetches(self) -> bool:
        """Whether packets from the module are fetched."""
        return self._fetches

    @fetches.setter
    def fetches(self, fetches: bool) -> None:
        self._fetches = fetches
        if fetches and self._offered is not None:
            data, self._offered = self._offered, None
            self._fetch(data)

    def send(self, data: bytes) -> None:
        """Give bytes to the module as it takes them; before it is there they wait."""
        self._queue += data
        self._serve()

    def set_lines(self, *, dtr: bool) -> None:
        """Open the port (DTR) or close it, as a program does."""
        self._start(self._control_lines(dtr))

    # What is known of the device on the bus.

    def _forget(self) -> None:
        """The device has left the bus."""
        self.identity, self.is_open = None, False
        self._in_endpoint = self._out_endpoint = -1
        self._control_interface = 0
        self._offered = None
        self._armed: int | None = None
        self._under_way = b""
        self._waiting: deque[_Steps] = deque()
        self._steps: _Steps | None = None
        self._request: _Request | None = None
        self._answer = bytearray()
        self._session = object()

    def _leave(self) -> None:
        self._queue.clear()
        self._forget()
        self._on_gone()

    def _enumerate(self) -> None:
        self._forget()
        self._start(self._introduction())

    def _introduction(self) -> _Steps:
        yield _Request(TO_DEVICE, SET_ADDRESS, 1)
        device = yield _descriptor(DEVICE, 0, 18)
        head = yield _descriptor(CONFIGURATION, 0, 9)
        (size,) = struct.unpack_from("<H", head, 2)
        self._read_configuration((yield _descriptor(CONFIGURATION, 0, size)))
        texts = []
        for index in device[14:17]:
            text = yield _descriptor(STRING, index, 255)
            texts.append(text[2:].decode("utf-16-le"))
        vendor_id, product_id = struct.unpack_from("<HH", device, 8)
        self.identity = UsbIdentity(vendor_id, product_id, *texts)
        yield _Request(TO_DEVICE, SET_CONFIGURATION, 1)
        coding = struct.pack("<IBBB", 115_200, 0, 0, 8)
        yield _Request(TO_INTERFACE, SET_LINE_CODING, 0, self._control_interface, data=coding)
        if self.sets_dtr:
            yield from self._control_lines(dtr=True)
        self.is_open = True
        self._serve()

    def _control_lines(self, dtr: bool) -> _Steps:
        lines = DTR | RTS if dtr else 0
        yield _Request(TO_INTERFACE, SET_CONTROL_LINE_STATE, lines, self._control_interface)
        self.is_open = dtr
        if not dtr:
            self._queue.clear()
        self._serve()

    def _read_configuration(self, descriptors: bytes) -> None:
        kind = at = 0
        while at < len(descriptors):
            if descriptors[at + 1] == INTERFACE:
                kind = descriptors[at + 5]
                if kind == CDC_CONTROL:
                    self._control_interface = descriptors[at + 2]
            elif descriptors[at + 1] == ENDPOINT and kind == CDC_DATA:
                address = descriptors[at + 2]
                if address & 0x80:
                    self._in_endpoint = address & 0x0F
                else:
                    self._out_endpoint = address & 0x0F
            at += descriptors[at]

    # Control transfers.

    def _start(self, steps: _Steps) -> None:
        self._waiting.append(steps)
        if self._steps is None:
            self._next(None)

    def _next(self, answer: bytes | None) -> None:
        """Go on with the next control transfer, if there is one."""
        while self._steps is not None or self._waiting:
            if self._steps is None:
                self._steps, answer = self._waiting.popleft(), None
            try:
                request = next(self._steps) if answer is None else self._steps.send(answer)
            except StopIteration:
                self._steps = None
                continue
            at_ns = self._timeline.now_ns() + CONTROL_GAP_NS
            self._timeline.call_at(at_ns, partial(self._set_up, self._session, request))
            return

    def _set_up(self, session: object, request: _Request) -> None:
        if session is self._session:
            self._request = request
            self._answer.clear()
            self._usb.send_setup_packet(request.setup)

    def _finish_control(self) -> None:
        self._request = None
        self._next(bytes(self._answer))

    def _control_packet(self, data: bytes) -> None:
        """Endpoint 0 has sent: a piece of the answer, or the status of a request without one."""
        if self._request is None:
            return
        self._answer += data
        if not self._request.kind & FROM_DEVICE:
            self._finish_control()

    # Packets.

    def _packet(self, endpoint: int, data: bytes) -> None:
        if endpoint == 0:
            self._control_packet(data)
        elif self._fetches:
            self._fetch(data)
        else:
            self._offered = data

    def _fetch(self, data: bytes) -> None:
        self._usb.fetched(self._in_endpoint)
        if data:
            self._on_data(data)

    def _armed_for(self, endpoint: int, size: int) -> None:
        """The module can take a packet; a host leaves it alone until it has one."""
        if endpoint == self._out_endpoint:
            self._armed = size
            self._serve()
        elif endpoint == 0 and self._request is not None:
            self._usb.endpoint_read_done(0, self._request.data[:size])
            if self._request.kind & FROM_DEVICE:  # the status of what it has answered
                self._finish_control()

    def _taken(self, endpoint: int, data: bytes) -> None:
        if endpoint == self._out_endpoint:
            self._under_way = b""
            self._on_taken(data)

    def _serve(self) -> None:
        if self._armed is not None and self._queue and self.is_open:
            size, self._armed = min(self._armed, PACKET_BYTES), None
            self._under_way = bytes(self._queue[:size])
            del self._queue[:size]
            self._usb.endpoint_read_done(self._out_endpoint, self._under_way)


def _descriptor(kind: int, index: int, length: int) -> _Request:
    language = ENGLISH if kind == STRING else 0
    return _Request(FROM_DEVICE, GET_DESCRIPTOR, kind << 8 | index, language, length)
