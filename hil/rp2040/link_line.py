"""The line between the host's port and the link UART, at the speed of the UART."""

from collections import deque
from dataclasses import dataclass

from hil.line import Character, LineFormat, Transmitter
from hil.rp2040.uart import Pl011
from hil.timeline import Timeline

LINE_FEED = 0x0A
KEPT_MARKS = 1000


@dataclass(frozen=True)
class Mark:
    """A line of text that passed: `sent` by the host or by the module, its first and last bit."""

    by_host: bool
    start_ns: int
    end_ns: int
    text: bytes


class LinkLine:
    """Carries bytes both ways; keeps when each line of text passed."""

    def __init__(self, timeline: Timeline, baud: int) -> None:
        self.marks: deque[Mark] = deque(maxlen=KEPT_MARKS)
        self.marked = 0
        """How many there were, also those that are not kept any more."""
        self._timeline = timeline
        self._uart: Pl011 | None = None
        self._sender = Transmitter(timeline, LineFormat(baud), self._to_module)
        self._format = LineFormat(baud)
        self._received = bytearray()
        self._passing: dict[bool, list[Character]] = {True: [], False: []}
        self._awaits_reply = False

    @property
    def pending(self) -> int:
        """Bytes of the host that have not arrived yet."""
        return self._sender.pending

    @property
    def awaits_reply(self) -> bool:
        """Whether the module has said no line since the host's last one."""
        return self._awaits_reply

    @property
    def last_request_ns(self) -> int:
        """When the host's last line had arrived; 0 if none has."""
        return next((mark.end_ns for mark in reversed(self.marks) if mark.by_host), 0)

    def attach(self, uart: Pl011) -> None:
        """Wire the line to the UART of a chip that has just been powered."""
        self._uart = uart
        uart.on_sent = self._from_module

    def detach(self) -> None:
        """The chip has lost its power: what is under way gets lost."""
        self._sender.stop()
        self._uart = None
        self._awaits_reply = False
        self._passing = {True: [], False: []}

    def send(self, data: bytes) -> None:
        """Send bytes to the module."""
        if self._uart is not None:
            self._sender.send(data)

    def take(self) -> bytes:
        """What the module has sent since the last call."""
        data = bytes(self._received)
        self._received.clear()
        return data

    def _to_module(self, character: Character) -> None:
        if self._uart is not None:
            self._uart.receive(character)
            if self._note(character, by_host=True):
                self._awaits_reply = True

    def _from_module(self, character: Character) -> None:
        value = character.value
        if not self._format.understands(character.format):
            value = ~value & 0xFF
        self._received.append(value)
        if self._note(character, by_host=False):
            self._awaits_reply = False

    def _note(self, character: Character, *, by_host: bool) -> bool:
        """Keep the character for its line's mark; whether it ended the line."""
        passing = self._passing[by_host]
        passing.append(character)
        if character.value != LINE_FEED:
            return False
        text = bytes(each.value for each in passing)
        self.marked += 1
        self.marks.append(Mark(by_host, passing[0].start_ns, character.end_ns, text))
        passing.clear()
        return True
