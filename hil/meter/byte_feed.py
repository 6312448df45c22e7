"""Bytes that arrive in pieces, from an adaptor, as characters on the meter's line."""

from hil.line import Character
from hil.meter.port import MeterPort
from hil.timeline import Timeline


class ByteFeed:
    """Hands bytes to the meter as if they followed each other at the speed of its line."""

    def __init__(self, timeline: Timeline, port: MeterPort) -> None:
        self._timeline = timeline
        self._port = port
        self._free_ns = 0
        """When the last character has ended."""

    def feed(self, data: bytes) -> None:
        """Take what has arrived by now."""
        line_format = self._port.format
        for value in data:
            start_ns = max(self._timeline.now_ns(), self._free_ns)
            self._free_ns = start_ns + line_format.character_ns
            self._port.hear(Character(value, start_ns, self._free_ns, line_format))
