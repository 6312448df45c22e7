"""The unix program's end of the meter's line: the program asks, the rig answers in its own time.

The program cannot watch the line by the wall clock: on a busy machine a reply would arrive in
pieces, or after the program has given up. So it says what it would wait for, and the rig, which
has the characters and the time-outs in one order, says what came.

Both of the program's requests begin with a letter and four bytes, big endian:
W, a length, and so many bytes: send them, and answer when the last bit has left.
L, microseconds: answer when something has arrived, or when they are over.
An answer is the microseconds by which the rig's clock has got ahead of the wall's since the program
was started (8 bytes, signed), a length (1 byte), and what has arrived (so many bytes).
"""

import struct
from collections.abc import Callable

from hil.line import Character, LineFormat, Transmitter
from hil.timeline import NS_PER_US, Timer, WallTimeline

WRITE = b"W"
LISTEN = b"L"
_REQUEST = struct.Struct(">cI")
_ANSWER = struct.Struct(">qB")

MAX_ANSWER_BYTES = 255
MAX_WRITE_BYTES = 256
"""A Modbus RTU frame has no more."""


class UnixLine:
    """Serves one program; `hear` is for what the meter sends."""

    def __init__(
        self,
        timeline: WallTimeline,
        line_format: LineFormat,
        to_meter: Callable[[Character], None],
        answer: Callable[[bytes], None],
    ) -> None:
        """`to_meter` gets each character of the program when its last bit has left."""
        self._timeline = timeline
        self._to_meter = to_meter
        self._answer = answer
        self._transmitter = Transmitter(timeline, line_format, self._on_sent)
        self._asked = bytearray()
        self._heard = bytearray()
        self._sending = False
        self._listening: Timer | None = None
        self._ahead_at_start_ns = timeline.ahead_ns

    @property
    def program_waits(self) -> bool:
        """Whether the program stands still until something happens on the line."""
        return self._sending or self._listening is not None

    def stop(self) -> None:
        """Forget what is under way: the program is gone, and another one may be started."""
        self._transmitter.stop()
        self._asked.clear()
        self._heard.clear()
        self._sending = False
        self._end_listening()
        self._ahead_at_start_ns = self._timeline.ahead_ns

    def take(self, data: bytes) -> None:
        """Bytes of the program's requests, which may come in pieces.

        ValueError for what is none, and for one that does not wait for the answer to the last.
        """
        self._asked += data
        if len(self._asked) < _REQUEST.size:
            return
        letter, number = _REQUEST.unpack_from(self._asked)
        is_write = letter == WRITE and 0 < number <= MAX_WRITE_BYTES
        left = _REQUEST.size + (number if is_write else 0) - len(self._asked)
        if self.program_waits or left < 0 or not (is_write or letter == LISTEN):
            raise ValueError(f"the program asks its line for {letter!r} {number}")
        if left:
            return
        to_send = bytes(self._asked[_REQUEST.size :])
        self._asked.clear()
        if is_write:
            self._sending = True
            self._transmitter.send(to_send)
        else:
            self._listen(number)

    def hear(self, character: Character) -> None:
        """A character of the meter has wholly arrived."""
        self._heard.append(character.value)
        if self._listening is not None:
            self._tell()

    def _listen(self, limit_us: int) -> None:
        if self._heard:
            self._tell()
            return
        end_ns = self._timeline.now_ns() + limit_us * NS_PER_US
        self._listening = self._timeline.call_at(end_ns, self._tell)

    def _end_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def _tell(self) -> None:
        self._end_listening()
        told = bytes(self._heard[:MAX_ANSWER_BYTES])
        del self._heard[:MAX_ANSWER_BYTES]
        self._send_answer(told)

    def _on_sent(self, character: Character) -> None:
        self._to_meter(character)
        if not self._transmitter.pending:
            self._sending = False
            self._send_answer(b"")

    def _send_answer(self, told: bytes) -> None:
        ahead_us = (self._timeline.ahead_ns - self._ahead_at_start_ns) // NS_PER_US
        self._answer(_ANSWER.pack(ahead_us, len(told)) + told)
