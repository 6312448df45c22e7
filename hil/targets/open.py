"""From the name of a target to a rig."""

from pathlib import Path

from hil.rig import Rig, RigError
from hil.setup import Setup

SERIAL_PREFIX = "serial:"
TARGET_NAMES = ("unix", "rp2040", SERIAL_PREFIX + "/dev/...")


def open_rig(
    target: str,
    setup: Setup | None = None,
    *,
    image: Path | None = None,
    meter_port: str | None = None,
    hurry: bool = False,
) -> Rig:
    """A rig of that target, switched on.

    `image` replaces the program or image that ./dev builds. `meter_port` is the adaptor on which
    a serial target's meter is emulated. `hurry` lets emulated time run freely while a request
    waits for its reply. RigError if the target has another name or was not built.
    """
    setup = setup or Setup()
    # The emulator is slow to import; whoever uses another target need not wait for it.
    if target == "rp2040":
        from hil.targets import rp2040

        return rp2040.Rp2040Rig(setup, image or rp2040.IMAGE, hurry=hurry)
    if target == "unix":
        from hil.targets import unix

        return unix.UnixRig(setup, image or unix.PROGRAM)
    if target.startswith(SERIAL_PREFIX):
        from hil.targets.serial_port import SerialRig

        return SerialRig(setup, target.removeprefix(SERIAL_PREFIX), meter_port)
    raise RigError(f"no target {target!r}; there are {', '.join(TARGET_NAMES)}")
