"""One interface to every target: a port to talk to, a meter to play with, a power switch.

What a target cannot do is missing from its `abilities`; calling it all the same raises RigError.
"""

# ruff: noqa: ARG002  # the defaults refuse, whatever they are given

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from wattseal.meter.emulator.meter import Meter

from hil.flash import FlashOperation, Moment
from hil.meter.port import Exchange, Violation

METER = "meter"
"""There is an emulated meter, which can misbehave."""
POWER = "power"
"""The power can be cut and restored."""
FLASH = "flash"
"""The flash can be read and written from outside, and its operations are recorded."""
CUT = "cut"
"""The power can be cut in a given flash operation."""
TIME = "time"
"""Time can be let pass at once."""
TIMING = "timing"
"""Times on the meter's line are exact."""
NOISE = "noise"
"""The noise source can be chosen."""
UPDATE = "update"
"""Another image can be put in, by the boot loader's drive and by a programmer."""

UART = "uart"
"""The link is on an emulated UART of the chip, which loses what its FIFO cannot hold."""

ABILITIES = (METER, POWER, FLASH, CUT, TIME, TIMING, NOISE, UPDATE, UART)

WANTED_OF_A_BENCH = {
    METER: "an RS-485 adaptor on the module's meter line, named with --meter-port",
    POWER: "a switch for the module's power",
    FLASH: "a programmer on the debug port that reads and writes the flash",
    CUT: "a switch for its power that acts within a flash operation",
    TIME: "hours: time is let pass at once on emulated targets alone",
    TIMING: "a logic analyser on the meter line and its driver enable",
    NOISE: "a noise source that can be chosen, which no chip has",
    UPDATE: "a boot loader that the rig enters and a drive that it writes to",
    UART: "a way to see when the module erases its flash",
}
"""What a real board would have to have beside it for each ability."""


class RigError(Exception):
    """The target cannot do that, or has not what it needs; the message says what to do."""


class Rig(ABC):
    """A powered module. Use it as a context manager, or close it."""

    target: str
    abilities: frozenset[str] = frozenset()

    @property
    @abstractmethod
    def port(self) -> str:
        """Path of the serial port that a client opens.

        A port on USB goes away with a reset or a power cut: while the module starts, this waits for
        it to come back.
        """

    @property
    def meter(self) -> Meter:
        """The emulated meter."""
        raise self._cannot(METER)

    def exchanges(self) -> list[Exchange]:
        """What passed on the meter's line."""
        raise self._cannot(METER)

    def violations(self) -> list[Violation]:
        """What the module did on the meter's line that a Modbus master must not do."""
        raise self._cannot(METER)

    def power_cut(self) -> None:
        """Take the power away at once."""
        raise self._cannot(POWER)

    def restart(self, flash: bytes | None = None) -> None:
        """Cut the power if it is on, and boot: from the flash as it is, or from other bytes."""
        raise self._cannot(POWER)

    def flash_image(self) -> bytes:
        """The bytes in the flash."""
        raise self._cannot(FLASH)

    def flash_at_power_on(self) -> bytes:
        """The bytes that were in the flash when the module was last switched on."""
        raise self._cannot(FLASH)

    def flash_operations(self) -> Sequence[FlashOperation]:
        """What was done to the flash since the module was last switched on, in order."""
        raise self._cannot(FLASH)

    def cut_power_in(self, index: int, moment: Moment) -> None:
        """Let the power fail at this moment of the flash operation of that index.

        Indices count from the module's last start, as those of `flash_operations`.
        """
        raise self._cannot(CUT)

    def wait_for_power_cut(self, limit_s: float) -> None:
        """Wait for what `cut_power_in` arranged; TimeoutError after so much emulated time."""
        raise self._cannot(CUT)

    @property
    def boot_drive(self) -> Path:
        """The folder where the boot loader's drive appears, see boot_drive.py."""
        raise self._cannot(UPDATE)

    @property
    def in_boot_loader(self) -> bool:
        """Whether the module waits for an image on its drive."""
        raise self._cannot(UPDATE)

    def wait_for_boot_loader(self, limit_s: float) -> None:
        """Wait until the drive is there; TimeoutError after so much of the rig's time."""
        raise self._cannot(UPDATE)

    def wait_for_start(self, limit_s: float) -> None:
        """Wait until the boot loader has taken an image and started it, or until the power failed.

        TimeoutError after so much of the rig's time.
        """
        raise self._cannot(UPDATE)

    def start_boot_loader(self) -> None:
        """Cut the power if it is on, and switch on with the boot loader's button held."""
        raise self._cannot(UPDATE)

    def put_image(self, image: Path) -> None:
        """Cut the power if it is on, and put an image in as a programmer does; all else stays."""
        raise self._cannot(UPDATE)

    def fast_forward(self, seconds: float) -> None:
        """Let time pass as fast as it can, for the module and its meter."""
        raise self._cannot(TIME)

    @abstractmethod
    def now_ns(self) -> int:
        """The time that module and meter live in."""

    @abstractmethod
    def close(self) -> None:
        """Switch everything off; raises what broke the rig, if anything did."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _cannot(self, ability: str) -> RigError:
        return RigError(
            f"target {self.target} cannot do that: it has no ability {ability!r} here; a test that "
            f"needs it says so with @pytest.mark.needs({ability!r})"
        )
