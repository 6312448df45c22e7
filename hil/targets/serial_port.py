"""Target serial:/dev/...: a real board, and an emulated meter if a second adaptor is given."""

import serial
from wattseal.meter.emulator.meter import Meter

from hil.engine import Engine
from hil.line import Character, LineFormat
from hil.meter.byte_feed import ByteFeed
from hil.meter.port import Exchange, MeterPort, Violation
from hil.rig import METER, Rig
from hil.setup import Setup
from hil.timeline import WallTimeline

PARITY_CODES = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
}


class SerialRig(Rig):
    """A board on a serial port. Its power and its flash are out of reach."""

    def __init__(self, setup: Setup, path: str, meter_path: str | None = None) -> None:
        """`meter_path` is an RS-485 adaptor on the board's meter line."""
        self.target = f"serial:{path}"
        self._path = path
        self._timeline = WallTimeline()
        self._meter_line = _MeterLine(setup, self._timeline, meter_path) if meter_path else None
        if self._meter_line is not None:
            self.abilities = frozenset({METER})

    @property
    def port(self) -> str:
        """See Rig."""
        return self._path

    @property
    def meter(self) -> Meter:
        """See Rig."""
        return self._line_or_refuse().meter

    def exchanges(self) -> list[Exchange]:
        """See Rig."""
        line = self._line_or_refuse()
        return line.engine.call(lambda: list(line.port.exchanges))

    def violations(self) -> list[Violation]:
        """See Rig; those of timing say more about the adaptor than about the board."""
        line = self._line_or_refuse()
        return line.engine.call(lambda: list(line.port.violations))

    def now_ns(self) -> int:
        """See Rig."""
        return self._timeline.now_ns()

    def close(self) -> None:
        """See Rig."""
        if self._meter_line is not None:
            self._meter_line.close()

    def _line_or_refuse(self) -> "_MeterLine":
        if self._meter_line is None:
            raise self._cannot(METER)
        return self._meter_line


class _MeterLine:
    """The emulated meter behind an RS-485 adaptor."""

    def __init__(self, setup: Setup, timeline: WallTimeline, path: str) -> None:
        self.meter = setup.meter.build(timeline.now_ns)
        line_format = setup.meter.line_format(self.meter)
        self._adaptor = _open(path, line_format)
        self.port = MeterPort(
            timeline, self.meter, line_format, self._send, self._send, setup.meter.turnaround_ns
        )
        self._feed = ByteFeed(timeline, self.port)
        self.engine = Engine("meter line", timeline.run_due)
        self.engine.watch(self._adaptor.fileno(), self._receive)
        self.engine.start()

    def close(self) -> None:
        """Let go of the adaptor."""
        try:
            self.engine.close()
        finally:
            self._adaptor.close()

    def _send(self, character: Character) -> None:
        self._adaptor.write(bytes((character.value,)))

    def _receive(self) -> None:
        self._feed.feed(self._adaptor.read(self._adaptor.in_waiting))


def _open(path: str, line_format: LineFormat) -> serial.Serial:
    return serial.Serial(
        path,
        int(line_format.baud),
        parity=PARITY_CODES[line_format.parity],
        stopbits=line_format.stop_bits,
        timeout=0,
        exclusive=True,
    )
