"""Boot-loader drives on a made-up Linux, mounted or not, and the ports beside them."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from wattseal.common.errors import ToolError
from wattseal.device import update
from wattseal.device.flash import places, run
from wattseal.device.flash.boards import Board, UsbId, known_boards
from wattseal.device.flash.places import LoaderDrive, Places, mounted, udev_rules
from wattseal.device.link import PortInfo

LOADER, RUNNING = UsbId(0x2E8A, 0x0003), UsbId(0x1209, 0x0001)


def with_ids(board: Board) -> Board:
    facts = {**board.__dict__, "running_usb": RUNNING, "loader_usb": LOADER}
    return Board(**facts)


BOARD = with_ids(
    next(board for board in known_boards() if board.drive and board.drive.place.family)
)
DRIVE_ID = BOARD.drive.board_id


@pytest.fixture(autouse=True)
def _no_real_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "mounted_folders", list)


class Linux:
    """A root with disks on USB."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/class/block").mkdir(parents=True)
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/self/mounts").write_text("sysfs /sys sysfs rw 0 0\n\n")

    def plug_in(
        self, name: str, socket: str, usb: UsbId = LOADER, *, partition: bool = True
    ) -> None:
        """A disk in a USB socket."""
        device = self.root / "sys/devices/pci0/usb1" / socket
        device.mkdir(parents=True)
        (device / "idVendor").write_text(f"{usb.vid:04x}\n")
        (device / "idProduct").write_text(f"{usb.pid:04x}\n")
        disk = device / f"{socket}:1.0/host6/block" / name
        disk.mkdir(parents=True)
        names = [disk]
        if partition:
            part = disk / f"{name}1"
            part.mkdir()
            (part / "partition").write_text("1\n")
            names.append(part)
        for one in names:
            (self.root / "sys/class/block" / one.name).symlink_to(one)

    def mount(self, device: str, folder: Path, board_id: str = DRIVE_ID) -> None:
        """As the desktop does."""
        folder.mkdir()
        (folder / "INFO_UF2.TXT").write_text(f"UF2 Bootloader v3.0\nBoard-ID: {board_id}\n")
        mounts = self.root / "proc/self/mounts"
        escaped = str(folder).replace(" ", "\\040")
        mounts.write_text(mounts.read_text() + f"{device} {escaped} vfat rw 0 0\n")

    def places(self, *drives: Path) -> Places:
        return Places(drives, (), [BOARD], self.root, list)


@pytest.fixture
def linux(tmp_path: Path) -> Linux:
    return Linux(tmp_path / "root")


def test_nothing_is_plugged_in(linux: Linux, tmp_path: Path) -> None:
    assert linux.places().loader_drives() == []
    assert Places((), (), [BOARD], tmp_path / "not linux", list).loader_drives() == []


def test_a_drive_that_nobody_mounted(linux: Linux) -> None:
    linux.plug_in("sda", "1-1.4")
    linux.plug_in("sdb", "1-1.5", UsbId(0x0781, 0x5567))  # a memory stick
    linux.plug_in("sdc", "1-2", partition=False)
    assert linux.places().loader_drives() == [
        LoaderDrive(None, None, "/dev/sda1", "1-1.4"),
        LoaderDrive(None, None, "/dev/sdc", "1-2"),
    ]


def test_a_mounted_drive_has_its_socket(linux: Linux, tmp_path: Path) -> None:
    linux.plug_in("sda", "1-1.4")
    folder = tmp_path / "RPI RP2"
    linux.mount("/dev/sda1", folder)
    assert linux.places().loader_drives() == [LoaderDrive(folder, DRIVE_ID, "/dev/sda1", "1-1.4")]


def test_a_mounted_stick_without_boot_loader_is_none(linux: Linux, tmp_path: Path) -> None:
    linux.plug_in("sda", "1-1.4")
    linux.mount("/dev/sda1", tmp_path / "stick")
    (tmp_path / "stick/INFO_UF2.TXT").unlink()
    assert linux.places().loader_drives() == []


def test_only_the_drives_that_were_named(linux: Linux, tmp_path: Path) -> None:
    linux.plug_in("sda", "1-1.4")
    linux.mount("/dev/sda1", tmp_path / "a")
    linux.plug_in("sdb", "1-1.5")
    assert [one.folder for one in linux.places(tmp_path / "a").loader_drives()] == [tmp_path / "a"]
    assert linux.places(tmp_path / "none").loader_drives() == []


class Udisks:
    """udisksctl, as it answers."""

    def __init__(self, status: int = 0, out: str = "", err: str = "") -> None:
        self.answer = (status, out, err)
        self.asked: list[Sequence[str]] = []

    def __call__(self, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        self.asked.append(words)
        return subprocess.CompletedProcess(list(words), *self.answer)


BARE = LoaderDrive(None, None, "/dev/sda1", "1-1.4")


@pytest.mark.parametrize("end", ["\n", ".\n"])
def test_it_is_mounted_by_udisksctl(linux: Linux, tmp_path: Path, end: str) -> None:
    linux.mount("/dev/sdz", tmp_path / "RPI RP2")
    udisks = Udisks(out=f"Mounted /dev/sda1 at {tmp_path / 'RPI RP2'}{end}")
    found = mounted(BARE, udisks)
    assert found == LoaderDrive(tmp_path / "RPI RP2", DRIVE_ID, "/dev/sda1", "1-1.4")
    assert found.slot == BARE.slot
    assert udisks.asked[0][-1] == "/dev/sda1"
    assert mounted(found, udisks) == found
    assert len(udisks.asked) == 1


def _without(_words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    raise FileNotFoundError(2, "No such file or directory")


def _hangs(words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    raise subprocess.TimeoutExpired(list(words), 30)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (Udisks(1, err="Error mounting /dev/sda1: Not authorized.\n"), "Not authorized"),
        (Udisks(1), "udisksctl ended with 1"),
        (Udisks(0, out="Mounted"), "Mounted"),
        (_without, "there is no udisksctl"),
        (_hangs, "timed out"),
    ],
)
def test_what_to_do_if_it_cannot_be_mounted(program: places.Run, words: str) -> None:
    with pytest.raises(ToolError, match=words) as caught:
        mounted(BARE, program)
    assert caught.value.name == "drive_not_mounted"
    assert "sudo mount -o uid=$(id -u) /dev/sda1 /mnt" in caught.value.remedy
    assert "--drive /mnt" in caught.value.remedy


def port(name: str, usb: UsbId | None, socket: str | None = None) -> PortInfo:
    return PortInfo(
        device=name, description=None, manufacturer=None, serial_number=None,
        usb_id=str(usb) if usb else None, usb_socket=socket,
    )  # fmt: skip


PORTS = [
    port("/dev/ttyACM0", RUNNING, "1-1.4"),
    port("/dev/ttyACM1", RUNNING, "1-1.5"),
    port("/dev/ttyUSB0", UsbId(0x0403, 0x6001), "1-3"),
    port("/dev/ttyS0", None),
]


def test_the_port_of_the_same_socket() -> None:
    where = Places((), (), [BOARD], Path("/"), lambda: PORTS)
    assert run.ports_for(BOARD, BARE, where) == ["/dev/ttyACM0"]
    assert run.ports_for(BOARD, LoaderDrive(Path("/x"), "y"), where) == [
        "/dev/ttyACM0",
        "/dev/ttyACM1",
    ]
    assert [where.board_of(one) for one in PORTS] == [BOARD, BOARD, None, None]


def test_all_ports_where_the_link_is_a_uart() -> None:
    uart = Board(**{**BOARD.__dict__, "running_usb": None})
    where = Places((), (), [uart], Path("/"), lambda: PORTS)
    assert run.ports_for(uart, BARE, where) == [one.device for one in PORTS]


def test_only_the_ports_that_were_named() -> None:
    """Listed or not: a port may appear later, or be a URL."""
    where = Places((), ("/dev/ttyUSB0", "socket://x:1"), [BOARD], Path("/"), lambda: PORTS)
    assert run.ports_for(BOARD, BARE, where) == ["/dev/ttyUSB0", "socket://x:1"]
    assert where.usual_ports()[0].usb_socket == "1-3"


def test_the_udev_rules_name_each_board_once() -> None:
    rules = udev_rules([BOARD, BOARD]).split("; ")
    assert len(rules) == 2
    assert rules[0] == (
        'SUBSYSTEM=="tty", ATTRS{idVendor}=="1209", ATTRS{idProduct}=="0001", '
        'MODE="0660", TAG+="uaccess"'
    )


def test_without_ids_or_udev_the_usual_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare = Board(**{**BOARD.__dict__, "running_usb": None, "loader_usb": None})
    monkeypatch.setattr(places, "UDEV", tmp_path)
    assert places.denied("/dev/x", [bare]).name == "port_denied"
    assert places.denied("/dev/x", [BOARD]).name == "port_denied_udev"
    monkeypatch.setattr(places, "UDEV", tmp_path / "none")
    assert places.denied("/dev/x", [BOARD]).name == "port_denied"
