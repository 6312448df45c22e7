"""Updates a module's firmware, from the bundle to the module that runs it.

The module checks the manifest itself, gives up its key with its owner's permission, and starts its
chip's boot loader, which takes whatever is copied to it. So success is shown last: the module is
back and gives the identity that its core measured over the new image.
"""

from __future__ import annotations

import os
import re
import string
import time
import tomllib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from wattseal.common.errors import ToolError
from wattseal.device import update_bundle
from wattseal.device.device import Device
from wattseal.device.models import Hello
from wattseal.device.update_bundle import FlashPlace, Manifest
from wattseal.wire.firmware_manifest import MAX_IMAGE_BYTES


@dataclass(frozen=True)
class BootLoaderDrive:
    """A boot loader that shows itself as a drive; `board_id` stands in its INFO_UF2.TXT.

    `image_limit_bytes`: of the board's flash, what is for the image. `transport`: of its link.
    """

    board_id: str
    place: FlashPlace
    image_limit_bytes: int
    transport: str


@cache
def _drives() -> dict[str, BootLoaderDrive]:
    """By the board's name; `board_facts` holds the boards whose boot loader is a drive."""
    found = {}
    for path in (files("wattseal.device") / "board_facts").iterdir():
        facts = tomllib.loads(path.read_text(encoding="ascii"))
        how = facts["boot_loader"]
        place = FlashPlace(how["base"], how.get("family"), how["whole_pages"])
        limit = facts["flash"]["image_limit_bytes"] or MAX_IMAGE_BYTES
        transport = facts.get("link", {}).get("transport", "")
        found[facts["name"]] = BootLoaderDrive(how["board_id"], place, limit, transport)
    return found


def drive_of(board: str) -> BootLoaderDrive:
    """The boot-loader drive of a board, by its name or by that of a variant: name, `-`, variant.

    ToolError `board_unknown`.
    """
    drive = _drives().get(board.partition("-")[0])
    if drive is None:
        raise ToolError("board_unknown", board=board)
    return drive


def image_limit(board: str) -> int:
    """How many bytes an image for a board may have; of a board not known here, as any manifest."""
    try:
        return drive_of(board).image_limit_bytes
    except ToolError:
        return MAX_IMAGE_BYTES


INFO = "INFO_UF2.TXT"
IMAGE = "wattseal.uf2"

_MAX_INFO_BYTES = 4096
_BOARD_ID = re.compile(r"^Board-ID:[ \t]*(\S+)", re.MULTILINE)
_PIECE_BYTES = 64 * update_bundle.BLOCK_BYTES
_MOUNT_PATTERNS = ("/media/*", "/media/*/*", "/run/media/*/*", "/Volumes/*", "/mnt/*")

Progress = Callable[[int, int], None]
"""Called with the blocks copied so far and their number."""


def board_id(folder: Path) -> str | None:
    """The Board-ID in a boot-loader drive's INFO_UF2.TXT; None if the folder is no such drive."""
    try:
        with (folder / INFO).open("rb") as file:
            text = file.read(_MAX_INFO_BYTES).decode("ascii", "replace")
    except OSError:
        return None
    found = _BOARD_ID.search(text)
    return found[1] if found else None


def mounted_folders() -> Iterable[Path]:
    """Where this computer's system may show the drive."""
    if os.name == "nt":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase[3:]]
    root = Path("/")
    return [path for pattern in _MOUNT_PATTERNS for path in root.glob(pattern[1:])]


def find(drive: BootLoaderDrive, folders: Iterable[Path]) -> list[Path]:
    """Those of the folders that are such a drive."""
    return [folder for folder in folders if board_id(folder) == drive.board_id]


def copy(image: bytes, drive: BootLoaderDrive, folder: Path, progress: Progress) -> None:
    """Copy an image onto the drive. ToolError `drive_lost` if it is gone before the last byte.

    The file takes its name only once it is whole, for a boot loader that looks at names.
    """
    partial = folder / (IMAGE + ".part")
    total = update_bundle.block_count(image)
    written = 0
    try:
        with partial.open("wb", buffering=_PIECE_BYTES) as file:
            for block in update_bundle.blocks(image, drive.place):
                file.write(block)
                written += 1
                if written % 64 == 0:
                    file.flush()
                    os.fsync(file.fileno())
                    progress(written, total)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / IMAGE)
    except OSError as error:
        if written < total or board_id(folder) is not None:
            cause = error.strerror or str(error)
            raise ToolError("drive_lost", drive=str(folder), cause=cause) from None
    progress(total, total)


_Found = TypeVar("_Found")

_GONE = ("port_lost", "outcome_unknown")
"""Errors of a port that goes away before the reply has come."""

Connect = Callable[[], AbstractContextManager[tuple[Device, Hello]]]


@dataclass(frozen=True)
class Patience:
    """How long to wait for what a person or a chip must do, looking every 0.2 s."""

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


def place_of_drive(board: str) -> str:
    """Where the boot loader's drive appears, for the technician."""
    drive = drive_of(board)
    name, variant = drive.board_id, board.partition("-")[2]
    if (variant if variant in ("usb", "uart") else drive.transport) == "usb":
        return f"The drive {name} appears over the USB cable of the link."
    return (
        f"The link is a UART, whose adaptor shows no drive: plug a USB cable into the board's own "
        f"USB socket and into this computer, and the drive {name} appears there. Leave the adaptor "
        "connected; unplug the cable when the module answers over the adaptor again."
    )


def enter_boot_loader(device: Device, offer: dict[str, str], **signature: str) -> None:
    """Have the module give up its key and start its boot loader."""
    try:
        device.enter_boot_loader(offer, **signature)
    except ToolError as error:
        if error.name not in _GONE:  # await_drive finds out whether the boot loader runs
            raise


def await_drive(
    drive: BootLoaderDrive, given: Path | None, patience: Patience,
    folders: Callable[[], Iterable[Path]] = mounted_folders,
) -> Path:  # fmt: skip
    """The boot loader's drive: the given folder, or the one that this computer has mounted.

    ToolError `drive_missing`, `drive_ambiguous`.
    """

    def look() -> list[Path] | None:
        return find(drive, [given] if given else folders()) or None

    found = patience.until(look)
    if found is None:
        raise ToolError("drive_missing", board_id=drive.board_id, timeout_s=patience.timeout_s)
    if len(found) > 1:
        names = ", ".join(str(folder) for folder in found)
        raise ToolError("drive_ambiguous", drives=names)
    return found[0]


def await_module(connect: Connect, port: str, patience: Patience) -> Hello:
    """The hello of the module that is back. ToolError `module_not_back`.

    A port that is missing, still locked by the system or still silent is tried again.
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
