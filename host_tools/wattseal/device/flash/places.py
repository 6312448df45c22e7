"""Finds boot-loader drives, mounted or not, and ports, with the USB socket that each is on.

The socket (`1-1.4`: bus and hub ports) tells which port belongs to the board that a drive belonged
to. Only Linux tells it; the other systems mount a drive by themselves.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wattseal.common.errors import ToolError
from wattseal.device import update
from wattseal.device.flash.boards import Board, UsbId, known_boards
from wattseal.device.link import PortInfo, list_ports

MOUNT_TIMEOUT_S = 30.0
UDEV = Path("/etc/udev")
RULES_FILE = "/etc/udev/rules.d/70-wattseal.rules"

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class LoaderDrive:
    """A boot loader's drive. `folder` and `board_id` are None while it is not mounted.

    `device` and `socket` are None where the system does not tell them.
    """

    folder: Path | None
    board_id: str | None
    device: str | None = None
    socket: str | None = None

    @property
    def name(self) -> str:
        """What a person finds it by."""
        return str(self.folder or self.device)

    @property
    def slot(self) -> str:
        """What stays the same while it is being mounted."""
        return self.socket or self.name


@dataclass(frozen=True)
class _Disk:
    device: str
    socket: str
    usb_id: UsbId


@dataclass(frozen=True)
class Places:
    """Where to look. `drives`, `ports`: only there, if any are given; else all over the computer.

    `root` is the root of the file system, which tests replace.
    """

    drives: Sequence[Path] = ()
    ports: Sequence[str] = ()
    boards: Sequence[Board] = field(default_factory=known_boards)
    root: Path = Path("/")
    list_ports: Callable[[], list[PortInfo]] = list_ports

    def loader_drives(self) -> list[LoaderDrive]:
        """The boot-loader drives that are there now, of known boards and of others."""
        disks = list(self._disks())
        mounts = self._mounts() if disks else {}
        by_folder = {mounts[disk.device]: disk for disk in disks if disk.device in mounts}
        folders = self.drives or sorted({*update.mounted_folders(), *by_folder})
        found = []
        for folder in folders:
            if (board_id := update.board_id(folder)) is not None:
                disk = by_folder.get(folder)
                known = (disk.device, disk.socket) if disk else (None, None)
                found.append(LoaderDrive(folder, board_id, *known))
        if not self.drives:
            loaders = {board.loader_usb for board in self.boards if board.drive} - {None}
            found += [
                LoaderDrive(None, None, disk.device, disk.socket)
                for disk in disks
                if disk.device not in mounts and disk.usb_id in loaders
            ]
        return found

    def usual_ports(self) -> list[PortInfo]:
        """The given ports as far as they are there, or all ports of this computer."""
        listed = {port.device: port for port in self.list_ports()}
        if not self.ports:
            return list(listed.values())
        return [listed.get(name) or port_only(name) for name in self.ports]

    def board_of(self, port: PortInfo) -> Board | None:
        """The known board whose USB ids a port has, running or in its boot loader."""
        for board in self.boards:
            ids = {str(one) for one in (board.running_usb, board.loader_usb) if one is not None}
            if port.usb_id in ids:
                return board
        return None

    def _mounts(self) -> dict[str, Path]:
        """Where devices are mounted."""
        try:
            lines = (self.root / "proc/self/mounts").read_text("utf-8", "replace").splitlines()
        except OSError:
            return {}
        words = [line.split() for line in lines]
        return {
            parts[0]: Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), parts[1]))
            for parts in words
            if len(parts) > 1 and parts[0].startswith("/dev/")
        }

    def _disks(self) -> Iterator[_Disk]:
        """Disks on USB: the first partition of those that have one."""
        for link in sorted((self.root / "sys/class/block").glob("*")):
            folder = Path(os.path.realpath(link))
            inner = sorted(folder.glob(f"{folder.name}*/partition"))
            if (folder / "partition").exists():
                continue
            usb = next((up for up in folder.parents if (up / "idVendor").exists()), None)
            usb_id = _read_usb_id(usb) if usb else None
            if usb and usb_id:
                name = inner[0].parent.name if inner else folder.name
                yield _Disk(f"/dev/{name}", usb.name, usb_id)


def port_only(name: str) -> PortInfo:
    """A port of which nothing is known but its name."""
    return PortInfo(
        device=name, description=None, manufacturer=None, serial_number=None, usb_id=None
    )


def _read_usb_id(folder: Path) -> UsbId | None:
    try:
        vid, pid = ((folder / name).read_text("ascii") for name in ("idVendor", "idProduct"))
        return UsbId(int(vid, 16), int(pid, 16))
    except (OSError, ValueError):
        return None


Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=MOUNT_TIMEOUT_S
    )


def mounted(drive: LoaderDrive, run: Run = _run) -> LoaderDrive:
    """The drive with its folder: mounted by udisksctl if the system has not done so itself.

    ToolError `drive_not_mounted`.
    """
    if drive.folder is not None:
        return drive
    words = ("udisksctl", "mount", "--no-user-interaction", "--block-device", str(drive.device))
    try:
        done = run(words)
    except FileNotFoundError:
        raise _not_mounted(drive, "there is no udisksctl on this computer") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_mounted(drive, str(error)) from None
    told = re.search(r" at (/.+?)\.?\s*$", done.stdout)
    if done.returncode or not told:
        cause = " ".join((done.stderr or done.stdout).split())
        raise _not_mounted(drive, cause or f"udisksctl ended with {done.returncode}")
    folder = Path(told[1])
    return LoaderDrive(folder, update.board_id(folder), drive.device, drive.socket)


def _not_mounted(drive: LoaderDrive, cause: str) -> ToolError:
    return ToolError("drive_not_mounted", device=drive.device, cause=cause.rstrip(".")[:200])


def udev_rules(boards: Iterable[Board]) -> str:
    """Lines that let whoever sits at this computer open the ports of these boards."""
    ids = {one for board in boards for one in (board.running_usb, board.loader_usb) if one}
    return "; ".join(
        f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{usb.vid:04x}", '
        f'ATTRS{{idProduct}}=="{usb.pid:04x}", MODE="0660", TAG+="uaccess"'
        for usb in sorted(ids)
    )


def denied(port: str, boards: Iterable[Board]) -> ToolError:
    """What to say of a port that may not be opened: with the udev rule, where there is udev."""
    rules = udev_rules(boards)
    if not rules or not UDEV.is_dir():
        return ToolError("port_denied", port=port)
    return ToolError("port_denied_udev", port=port, rules=rules, file=RULES_FILE)
