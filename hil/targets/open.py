"""From the name of a target to a rig."""

from pathlib import Path

from hil.images import existing
from hil.rig import METER, UPDATE, Rig, RigError
from hil.setup import Setup
from hil.targets import rp2040, unix
from hil.targets.rp2040 import Rp2040Rig
from hil.targets.serial_port import SerialRig
from hil.targets.unix import UnixRig

SERIAL_PREFIX = "serial:"
UART_TARGET = "rp2040-uart"
TARGET_NAMES = ("unix", "rp2040", UART_TARGET, SERIAL_PREFIX + "/dev/...")


def kind_of(target: str) -> str:
    """unix, rp2040 (with either link) or serial; RigError for anything else."""
    if target.startswith(SERIAL_PREFIX):
        return "serial"
    if target in TARGET_NAMES:
        return "rp2040" if target == UART_TARGET else target
    raise RigError(f"no target {target!r}; there are {', '.join(TARGET_NAMES)}")


def abilities_of(target: str, meter_port: str | None) -> frozenset[str]:
    """What a rig of that target will be able to do, without opening it."""
    kind = kind_of(target)
    if kind == "serial":
        return frozenset({METER}) if meter_port else frozenset()
    return Rp2040Rig.abilities if kind == "rp2040" else UnixRig.abilities


def image_of(target: str) -> Path:
    """The image that ./dev builds for a target; RigError if it was not built."""
    built = {"rp2040": rp2040.IMAGE, UART_TARGET: rp2040.UART_IMAGE, "unix": unix.PROGRAM}
    return _image(built, target)


def next_image_of(target: str) -> Path:
    """The image of another version that ./dev builds for tests; RigError if it was not built."""
    built = {
        "rp2040": rp2040.NEXT_IMAGE,
        UART_TARGET: rp2040.UART_NEXT_IMAGE,
        "unix": unix.NEXT_PROGRAM,
    }
    return _image(built, target)


def _image(images: dict[str, Path], target: str) -> Path:
    if kind_of(target) == "serial":
        raise RigError(f"target {target} has no ability {UPDATE!r} here")
    return existing(images[target])


def open_rig(
    target: str,
    setup: Setup | None = None,
    *,
    image: Path | None = None,
    meter_port: str | None = None,
    hurry: bool = False,
) -> Rig:
    """A rig of that target, switched on.

    `image` replaces the program or image that ./dev builds, and the one in the setup's flash.
    `meter_port` is the adaptor on which a serial target's meter is emulated. `hurry` lets the
    rig's time run freely while a request waits for its reply. RigError if the target has another
    name or was not built.
    """
    setup = setup or Setup()
    kind = kind_of(target)
    if kind == "rp2040":
        return Rp2040Rig(setup, image, hurry=hurry, uart_link=target == UART_TARGET)
    if kind == "unix":
        return UnixRig(setup, image or unix.PROGRAM, hurry=hurry)
    return SerialRig(setup, target.removeprefix(SERIAL_PREFIX), meter_port)
