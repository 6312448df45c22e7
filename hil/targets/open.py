"""From the name of a target to a rig."""

from pathlib import Path

from boards.targets import rigged_chips
from hil.board import chip_of, image_path, load_board, rig_board
from hil.images import existing
from hil.rig import METER, UPDATE, Rig, RigError
from hil.setup import Setup
from hil.targets.rp2040 import Rp2040Rig
from hil.targets.serial_port import SerialRig
from hil.targets.unix import UnixRig

SERIAL_PREFIX = "serial:"
TARGET_NAMES = (*map(rig_board, rigged_chips()), SERIAL_PREFIX + "/dev/...")
"""Any other board with one of these chips is a target too, by its name."""


def kind_of(target: str) -> str:
    """The board's chip, or serial; RigError for anything else."""
    if target.startswith(SERIAL_PREFIX):
        return "serial"
    chip = chip_of(target)
    if chip is not None:
        return chip
    raise RigError(f"no target {target!r}; there are {', '.join(TARGET_NAMES)}")


def abilities_of(target: str, meter_port: str | None) -> frozenset[str]:
    """What a rig of that target will be able to do, without opening it."""
    kind = kind_of(target)
    if kind == "serial":
        return frozenset({METER}) if meter_port else frozenset()
    return Rp2040Rig.abilities if kind == "rp2040" else UnixRig.abilities


def image_of(target: str) -> Path:
    """The image that ./dev builds for a target; RigError if it was not built."""
    return _image(target, target)


def next_image_of(target: str) -> Path:
    """The image of another version that ./dev builds for tests; RigError if it was not built."""
    return _image(target, f"{target}-next")


def _image(target: str, built: str) -> Path:
    if kind_of(target) == "serial":
        raise RigError(f"target {target} has no ability {UPDATE!r} here")
    return existing(image_path(built))


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
        own = image if image or setup.flash is not None else image_path(target)
        return Rp2040Rig(setup, own, board=load_board(target), hurry=hurry)
    if kind == "unix":
        return UnixRig(setup, image or image_path(target), hurry=hurry)
    return SerialRig(setup, target.removeprefix(SERIAL_PREFIX), meter_port)
