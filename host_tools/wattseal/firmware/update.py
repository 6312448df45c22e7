"""A firmware update, from the bundle to the module that runs it.

The module judges the manifest itself, then gives way to its chip's boot loader, which takes
whatever is copied to it. So the proof of success comes last: the module is back and tells the
identity that its core measured over the new image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from wattseal.device import Device
from wattseal.device_models import Hello
from wattseal.errors import ToolError
from wattseal.firmware import boot_drive
from wattseal.firmware.boards import BootLoaderDrive
from wattseal.firmware.manifest import Manifest

_Found = TypeVar("_Found")

_GONE = ("port_lost", "outcome_unknown")
"""How a port that goes away with the reply still under way looks from here."""

Connect = Callable[[], AbstractContextManager[tuple[Device, Hello]]]


@dataclass(frozen=True)
class Patience:
    """How long to wait for what a person or a chip must do, looking again and again."""

    timeout_s: float
    now_s: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def until(self, look: Callable[[], _Found | None]) -> _Found | None:
        """The first thing found; None if there was nothing until the time was over."""
        deadline_s = self.now_s() + self.timeout_s
        while (found := look()) is None and self.now_s() < deadline_s:
            self.pause(0.2)
        return found


def check_fits(manifest: Manifest, hello: Hello) -> None:
    """ToolError `bundle_unfit` if the module is sure to refuse the bundle."""
    if manifest.board != hello.board:
        cause = f"it is for the board {manifest.board}, the module is {hello.board}"
    elif manifest.rollback_number < hello.rollback_number:
        cause = (
            f"its rollback number is {manifest.rollback_number}, the module takes "
            f"{hello.rollback_number} or more"
        )
    elif hello.vendor_key is None:
        cause = "the module's firmware was built without a vendor key and takes no update"
    else:
        return
    raise ToolError("bundle_unfit", cause=cause)


def enter_boot_loader(device: Device, manifest: Manifest, signature: bytes) -> None:
    """Have the module judge the manifest and give way to its boot loader."""
    device.check_update(manifest.text, signature.hex())
    try:
        device.enter_boot_loader()
    except ToolError as error:
        if error.name not in _GONE:  # the boot loader's drive will tell whether it is there
            raise


def await_drive(
    drive: BootLoaderDrive, given: Path | None, patience: Patience,
    folders: Callable[[], Iterable[Path]] = boot_drive.mounted_folders,
) -> Path:  # fmt: skip
    """The boot loader's drive: the given folder, or the one that this computer has mounted.

    ToolError `drive_missing`, `drive_ambiguous`.
    """

    def look() -> list[Path] | None:
        return boot_drive.find(drive, [given] if given else folders()) or None

    found = patience.until(look)
    if found is None:
        raise ToolError("drive_missing", board_id=drive.board_id, timeout_s=patience.timeout_s)
    if len(found) > 1:
        names = ", ".join(str(folder) for folder in found)
        raise ToolError("drive_ambiguous", drives=names)
    return found[0]


def await_module(connect: Connect, port: str, patience: Patience) -> Hello:
    """The hello of the module that is back. ToolError `module_not_back`.

    A port that is missing, locked for a moment by the system or still silent is tried again.
    """
    last = ""

    def look() -> Hello | None:
        nonlocal last
        try:
            with connect() as (_device, hello):
                return hello
        except ToolError as error:
            last = error.message
            return None

    hello = patience.until(look)
    if hello is None:
        raise ToolError("module_not_back", port=port, timeout_s=patience.timeout_s, cause=last)
    return hello


def check_running(manifest: Manifest, hello: Hello) -> None:
    """ToolError `update_not_running` unless the module runs exactly the bundle's image."""
    if hello.firmware_identity != manifest.sha256:
        raise ToolError(
            "update_not_running",
            firmware=hello.firmware,
            found=hello.firmware_identity[:16],
            wanted=manifest.sha256[:16],
        )
