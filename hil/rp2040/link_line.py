"""The line between the host's port and the module: USB, or a UART at its speed."""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass

from hil.line import Character, LineFormat, Transmitter
from hil.rp2040.chip import Chip
from hil.rp2040.uart import Pl011
from hil.rp2040.usb_controller import PACKET_NS
from hil.rp2040.usb_host import UsbHost
from hil.timeline import Timeline

LINE_FEED = b"\n"
KEPT_MARKS = 1000


@dataclass(frozen=True)
class Mark:
    """A line of text that passed: `sent` by the host or by the module, its first and last bit."""

    by_host: bool
    start_ns: int
    end_ns: int
    text: bytes


@dataclass
class _Passing:
    """A line of text that has begun."""

    start_ns: int
    text: bytearray


class LinkLine(ABC):
    """Carries bytes both ways; keeps when each line of text passed."""

    def __init__(self) -> None:
        self.marks: deque[Mark] = deque(maxlen=KEPT_MARKS)
        self.marked = 0
        """How many there were, also those that are not kept any more."""
        self._received = bytearray()
        self._passing: dict[bool, _Passing | None] = {True: None, False: None}
        self._awaits_reply = False

    @property
    @abstractmethod
    def pending(self) -> int:
        """Bytes of the host that have not arrived yet."""

    @property
    @abstractmethod
    def is_there(self) -> bool:
        """Whether the host has a port to the module."""

    @property
    def awaits_reply(self) -> bool:
        """Whether the module has said no line since the host's last one."""
        return self._awaits_reply

    @property
    def last_request_ns(self) -> int:
        """When the host's last line had arrived; 0 if none has."""
        return next((mark.end_ns for mark in reversed(self.marks) if mark.by_host), 0)

    @abstractmethod
    def attach(self, chip: Chip) -> None:
        """Connect the line to a chip that has just been powered."""

    def detach(self) -> None:
        """The chip has lost its power: what is under way gets lost."""
        self._awaits_reply = False
        self._passing = {True: None, False: None}

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes to the module."""

    def take(self) -> bytes:
        """What the module has sent since the last call."""
        data = bytes(self._received)
        self._received.clear()
        return data

    def _note_host(self, data: bytes, start_ns: int, end_ns: int) -> None:
        if self._note(data, start_ns, end_ns, by_host=True):
            self._awaits_reply = True

    def _note_module(self, data: bytes, start_ns: int, end_ns: int) -> None:
        self._received += data
        if self._note(data, start_ns, end_ns, by_host=False):
            self._awaits_reply = False

    def _note(self, data: bytes, start_ns: int, end_ns: int, *, by_host: bool) -> bool:
        """Keep the bytes for their lines' marks; whether they ended one."""
        pieces = data.split(LINE_FEED)
        for number, piece in enumerate(pieces):
            is_ended = number < len(pieces) - 1
            passing = self._passing[by_host]
            if passing is None and (piece or is_ended):
                passing = self._passing[by_host] = _Passing(start_ns, bytearray())
            if passing is not None:
                passing.text += piece
            if passing is not None and is_ended:
                self.marked += 1
                text = bytes(passing.text) + LINE_FEED
                self.marks.append(Mark(by_host, passing.start_ns, end_ns, text))
                self._passing[by_host] = None
        return len(pieces) > 1


class UartLink(LinkLine):
    """A UART, behind an adaptor whose port is there whatever the module does."""

    def __init__(self, timeline: Timeline, number: int, baud: int) -> None:
        super().__init__()
        self._number = number
        self._uart: Pl011 | None = None
        self._sender = Transmitter(timeline, LineFormat(baud), self._to_module)
        self._format = LineFormat(baud)

    @property
    def pending(self) -> int:
        """See LinkLine."""
        return self._sender.pending

    @property
    def is_there(self) -> bool:
        """See LinkLine."""
        return True

    def attach(self, chip: Chip) -> None:
        """See LinkLine."""
        self._uart = chip.uart[self._number]
        self._uart.on_sent = self._from_module

    def detach(self) -> None:
        """See LinkLine."""
        self._sender.stop()
        self._uart = None
        super().detach()

    def send(self, data: bytes) -> None:
        """See LinkLine."""
        if self._uart is not None:
            self._sender.send(data)

    def _to_module(self, character: Character) -> None:
        if self._uart is not None:
            self._uart.receive(character)
            self._note_host(bytes((character.value,)), character.start_ns, character.end_ns)

    def _from_module(self, character: Character) -> None:
        value = character.value
        if not self._format.understands(character.format):
            value = ~value & 0xFF
        self._note_module(bytes((value,)), character.start_ns, character.end_ns)


class UsbLink(LinkLine):
    """The chip's own USB: the host has a port from the enumeration to the module's next reset."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline
        self._host: UsbHost | None = None

    @property
    def host(self) -> UsbHost | None:
        """The host's end, while the chip is on."""
        return self._host

    @property
    def pending(self) -> int:
        """See LinkLine."""
        return self._host.pending if self._host is not None else 0

    @property
    def is_there(self) -> bool:
        """See LinkLine."""
        return self._host is not None and self._host.is_open

    def attach(self, chip: Chip) -> None:
        """See LinkLine."""
        gone = super().detach
        self._host = UsbHost(chip.usb, self._timeline, self._from_module, self._to_module, gone)

    def detach(self) -> None:
        """See LinkLine."""
        self._host = None
        super().detach()

    def send(self, data: bytes) -> None:
        """See LinkLine; before the module has been enumerated, the bytes wait."""
        if self._host is not None:
            self._host.send(data)

    def _to_module(self, data: bytes) -> None:
        now_ns = self._timeline.now_ns()
        self._note_host(data, now_ns - PACKET_NS, now_ns)

    def _from_module(self, data: bytes) -> None:
        now_ns = self._timeline.now_ns()
        self._note_module(data, now_ns - PACKET_NS, now_ns)
