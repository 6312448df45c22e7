"""What a rig is to be made of; the same for every target."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from wattseal.meter.emulator.meter import DEFAULT_ENERGY_WH, Meter

from hil.flash import MarginalCells
from hil.line import LineFormat
from hil.meter.port import DEFAULT_TURNAROUND_NS
from hil.rp2040.rosc import (
    Noise,
    Oscillation,
    RingOscillator,
    biased_bits,
    constant_bits,
    random_bits,
    repeated_bits,
)

DEFAULT_CHIP_ID = bytes.fromhex("e66058388372a432")
DEFAULT_LINE = LineFormat(9600)

NOISES: dict[str, Callable[[], Noise]] = {
    "random": random_bits,
    "stuck": lambda: constant_bits(0),
    "biased": lambda: biased_bits(ones_per_256=240),
    "repeating": lambda: repeated_bits("01101"),
    "oscillator": lambda: RingOscillator(Oscillation(), random.getrandbits(64)),
}
"""Noise sources by name: a real one, and ways in which one fails."""


@dataclass(frozen=True)
class MeterSetup:
    """The meter on the line; None stands for what its profile says, or a plausible value."""

    profile: str = "sdm630"
    unit: int | None = None
    energy_wh: int = DEFAULT_ENERGY_WH
    power_w: int = 0
    serial: str | None = None
    firmware: str | None = None
    scale_factor: int = 0
    line: LineFormat | None = None
    turnaround_ns: int = DEFAULT_TURNAROUND_NS

    def build(self, now_ns: Callable[[], int]) -> Meter:
        """The meter, counting by this clock."""
        return Meter(
            self.profile,
            now_ns,
            unit=self.unit,
            energy_wh=self.energy_wh,
            power_w=self.power_w,
            serial=self.serial,
            firmware=self.firmware,
            scale_factor=self.scale_factor,
        )

    def line_format(self, meter: Meter) -> LineFormat:
        """The line of that meter."""
        line = meter.profile.get("line")
        if self.line is not None or line is None:
            return self.line or DEFAULT_LINE
        return LineFormat(line["baud"], line["parity"], line["stop_bits"])


@dataclass(frozen=True)
class Setup:
    """A module and its meter. `flash` is the state to boot from; None is a factory-fresh module.

    `marginal` are bits of it that read either way; they go on living in the rig.
    """

    meter: MeterSetup = field(default_factory=MeterSetup)
    chip_id: bytes = DEFAULT_CHIP_ID
    noise: str = "random"
    flash: bytes | None = None
    marginal: MarginalCells = field(default_factory=MarginalCells, compare=False)

    def __post_init__(self) -> None:
        if self.noise not in NOISES:
            raise ValueError(f"no noise {self.noise!r}; there are {', '.join(NOISES)}")
