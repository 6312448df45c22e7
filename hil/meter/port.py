"""The meter's end of the line: finds frames by silence, answers in time, watches the master.

Modbus over serial line V1.02, section 2.5.1: a frame ends with a silence of 3.5 characters, and
the next one must not begin earlier.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from wattseal.meter.emulator.faults import Reply, checked
from wattseal.meter.emulator.meter import Meter

from hil.line import Character, LineFormat, Transmitter
from hil.timeline import NS_PER_MS, Timeline, Timer

DEFAULT_TURNAROUND_NS = 4 * NS_PER_MS
KEPT_EXCHANGES = 10_000

TOO_EARLY = "request less than 3.5 characters after what was last on the line"
GAP_IN_FRAME = "more than 1.5 characters of silence within a request"
COLLISION = "the master sent while the meter was sending"
DAMAGED = "a request with a wrong CRC, cut short, or in another character format"


@dataclass
class Exchange:
    """One request, and what the meter made of it."""

    request: bytes
    start_ns: int
    end_ns: int
    silence_before_ns: int | None
    """Silence before the request; None if nothing was on the line before."""
    fault: str | None = None
    reply: bytearray = field(default_factory=bytearray)
    """What the meter sent until the next request."""
    reply_end_ns: int | None = None


@dataclass(frozen=True)
class Violation:
    """Something that a Modbus master must not do."""

    kind: str
    at_ns: int


class MeterPort:
    """Hears characters, sends characters. The master's mistakes end up in `violations`."""

    def __init__(
        self,
        timeline: Timeline,
        meter: Meter,
        line_format: LineFormat,
        send: Callable[[Character], None],
        echo: Callable[[Character], None],
        turnaround_ns: int = DEFAULT_TURNAROUND_NS,
    ) -> None:
        """`send` gets each character of a reply when its last bit has left, `echo` each of the
        master's own while the adaptor echoes.

        The reply begins `turnaround_ns` after the last bit of the request, or when the silence
        that ends it is over.
        """
        self.format = line_format
        self.turnaround_ns = turnaround_ns
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)
        self.violations: list[Violation] = []
        self._timeline = timeline
        self._meter = meter
        self._send = send
        self._echo = echo
        self._echoing = False
        self._transmitter = Transmitter(timeline, line_format, self._on_sent)
        self._timers: list[Timer] = []
        self._end_of_frame: Timer | None = None
        self._frame = bytearray()
        self._frame_start_ns = 0
        self._frame_spoilt = False
        self._last_activity_ns: int | None = None
        self._held = b""

    @property
    def busy(self) -> bool:
        """Whether a request or a reply is under way, or a reply is still to come."""
        return bool(self._frame or self._timers or self._transmitter.pending)

    def hear(self, character: Character) -> None:
        """A character of the master has wholly arrived."""
        self._check_collision(character)
        if not self.format.understands(character.format):
            self._frame_spoilt = True
        self._check_gap(character)
        if not self._frame:
            self._echoing = self._meter.take_echo()
        if self._echoing:
            self._echo(character)
        self._frame.append(character.value)
        self._last_activity_ns = character.end_ns
        if self._end_of_frame is not None:
            self._end_of_frame.cancel()
        self._end_of_frame = self._timeline.call_at(
            character.end_ns + self.format.silence_ns, self._take_frame
        )

    def fall_silent(self) -> None:
        """Drop the request and the reply that are under way, as a meter without supply does."""
        self._transmitter.stop()
        for timer in (*self._timers, self._end_of_frame):
            if timer is not None:
                timer.cancel()
        self._timers.clear()
        self._end_of_frame = None
        self._frame.clear()
        self._frame_spoilt = False
        self._held = b""

    def _check_collision(self, character: Character) -> None:
        last_ns = self._last_activity_ns
        if self._transmitter.pending or (last_ns is not None and character.start_ns < last_ns):
            self._violate(COLLISION, character.start_ns)
            self._frame_spoilt = True

    def _check_gap(self, character: Character) -> None:
        if self._frame:
            assert self._last_activity_ns is not None  # noqa: S101  # the frame's last character
            gap_ns = character.start_ns - self._last_activity_ns
            if gap_ns > 1.5 * self.format.character_ns:
                self._violate(GAP_IN_FRAME, character.start_ns)
            return
        self._frame_start_ns = character.start_ns
        last_ns = self._last_activity_ns
        if last_ns is not None and character.start_ns - last_ns < self.format.silence_ns:
            self._violate(TOO_EARLY, character.start_ns)

    def _take_frame(self) -> None:
        """The line has been silent long enough: the frame is whole, or will never be."""
        self._end_of_frame = None
        frame, spoilt = bytes(self._frame), self._frame_spoilt
        self._frame.clear()
        self._frame_spoilt = False
        end_ns = self._last_activity_ns or 0
        previous_end_ns = self._previous_end_ns()
        spoilt = spoilt or frame != checked(frame[:-2])
        if spoilt:
            self._violate(DAMAGED, self._frame_start_ns)
        reply, fault = (None, None) if spoilt else self._meter.answer(frame)
        silence_ns = None if previous_end_ns is None else self._frame_start_ns - previous_end_ns
        exchange = Exchange(frame, self._frame_start_ns, end_ns, silence_ns, fault)
        self.exchanges.append(exchange)
        if reply is not None:
            self._schedule(reply, end_ns)

    def _previous_end_ns(self) -> int | None:
        """When the line fell silent before the frame just heard."""
        if not self.exchanges:
            return None
        last = self.exchanges[-1]
        return max(last.end_ns, last.reply_end_ns or 0)

    def _schedule(self, reply: Reply, end_ns: int) -> None:
        when_ns = max(end_ns + self.turnaround_ns, self._timeline.now_ns())
        if self._held:
            held, self._held = self._held, b""
            self._send_at(when_ns, held)
            when_ns += len(held) * self.format.character_ns + self.turnaround_ns
        self._held = reply.held
        for segment in reply.segments:
            when_ns += segment.delay_ns
            self._send_at(when_ns, segment.data)
            when_ns += len(segment.data) * self.format.character_ns

    def _send_at(self, when_ns: int, data: bytes) -> None:
        def send() -> None:
            self._timers.remove(timer)
            self._transmitter.send(data)

        timer = self._timeline.call_at(when_ns, send)
        self._timers.append(timer)

    def _on_sent(self, character: Character) -> None:
        self._last_activity_ns = character.end_ns
        if self.exchanges:
            self.exchanges[-1].reply.append(character.value)
            self.exchanges[-1].reply_end_ns = character.end_ns
        self._send(character)

    def _violate(self, kind: str, at_ns: int) -> None:
        self.violations.append(Violation(kind, at_ns))
