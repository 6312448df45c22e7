"""Brings an image into one board: checks that it fits, writes it, and asks the module what it runs.

A module that is in use is not touched: its key and its records would be gone. What a board in its
boot loader has in its flash cannot be seen, so a person says whether it may be erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wattseal.common.errors import ToolError
from wattseal.device import update
from wattseal.device.advice import advise
from wattseal.device.device import Device, key_of
from wattseal.device.firmware_file import FirmwareFile, family_words
from wattseal.device.flash import esptool
from wattseal.device.flash.boards import Board, board_called
from wattseal.device.flash.places import LoaderDrive, Places, denied, mounted
from wattseal.device.link import LinkClient, SerialTransport
from wattseal.device.models import Hello, Status
from wattseal.device.update import Patience, Progress
from wattseal.ocmf.public_key import PublicKey

PROBE_TIMEOUT_S = 2.0
"""How long to wait for each of three answers on a port where no module need be. A module that
erases flash between requests answers after 1.2 s."""


@dataclass(frozen=True)
class Line:
    """How to talk on a port; `timeout_s` None: as long as a module may take."""

    baud: int
    timeout_s: float | None = None


@dataclass(frozen=True)
class Standing:
    """A module that answers, and where. `key` None: it has none, or is in fault."""

    port: str
    hello: Hello
    status: Status
    key: PublicKey | None

    @property
    def in_use(self) -> str | None:
        """Why the module must keep what it has; None if nothing would be lost with it."""
        status = self.status
        if status.state == "fault":
            return "it is in fault, and whether it is in use cannot be told"
        if status.sealed or status.commissioning or status.publication:
            return "it is commissioned"
        if status.journal.next > 1 or status.session:
            return "it has signed records"
        return "an update is under way" if status.update else None


def look_at(port: str, line: Line) -> Standing:
    """The module on a port. ToolError if none answers."""
    with SerialTransport(port, line.baud) as transport:
        device = Device(LinkClient(transport, line.timeout_s))
        hello = device.connect(port)
        status = device.status()
        has_key = status.key_number is not None and status.state != "fault"
        key = key_of(device.key_number().public_key, "public_key") if has_key else None
    return Standing(port, hello, status, key)


def modules_on(ports: Iterable[str], line: Line) -> list[Standing]:
    """The modules that answer at once on some of the ports."""
    found = []
    at_once = Line(line.baud, line.timeout_s or PROBE_TIMEOUT_S)
    for port in ports:
        try:
            found.append(look_at(port, at_once))
        except ToolError:
            continue
    return found


def check_may_be_erased(module: Standing) -> None:
    """ToolError `module_in_use`."""
    if (cause := module.in_use) is not None:
        raise ToolError(
            "module_in_use", port=module.port, chip_id=module.hello.chip_id, cause=cause
        )


def board_of(file: FirmwareFile, given: Board | None) -> Board:
    """The board that a file is for: the given one, or the one that the image names.

    ToolError `firmware_unfit`, `firmware_unusable`, `board_unknown`.
    """
    facts = file.facts
    if given is None:
        if facts is None:
            cause = "it holds no image of Wattseal, or one that does not tell its board"
            raise ToolError("firmware_unusable", path=str(file.path), cause=cause)
        given = board_called(facts.board)
    misfit = _misfit(file, given)
    if misfit is not None:
        raise ToolError("firmware_unfit", path=str(file.path), board=given.name, cause=misfit)
    return given


def _misfit(file: FirmwareFile, board: Board) -> str | None:
    place = board.drive.place if board.drive else None
    if file.kind == "uf2" and place is None:
        return "it is a UF2, and this board takes none: give firmware.bin"
    if file.kind == "uf2" and place and file.family != place.family:
        theirs, ours = family_words(file.family), family_words(place.family)
        return f"it is for another chip (UF2 family {theirs}, this board's is {ours})"
    if file.kind == "uf2" and file.base != board.base:
        return f"it begins at {file.base:#010x}, this board's flash at {board.base:#010x}"
    if file.facts is None:
        return "it holds no image of Wattseal, or one that does not tell its board"
    if not board.is_called(file.facts.board):
        return f"it is for the board {file.facts.board}"
    if len(file.image) > board.image_limit_bytes:
        return f"its {len(file.image)} bytes are more than {board.image_limit_bytes}"
    return None


def pick_drive(drives: Iterable[LoaderDrive], board: Board) -> LoaderDrive | None:
    """The drive of the board; None if there is no drive.

    ToolError `drive_ambiguous`, `drive_other`.
    """
    fitting: list[LoaderDrive] = []
    others: list[LoaderDrive] = []
    for drive in drives:
        fits = board.drive and drive.board_id in (None, board.drive.board_id)
        (fitting if fits else others).append(drive)
    if len(fitting) > 1:
        raise ToolError("drive_ambiguous", drives=", ".join(one.name for one in fitting))
    if others and not fitting:
        named = ", ".join(f"{one.name} ({one.board_id})" for one in others)
        wanted = board.drive.board_id if board.drive else "none"
        raise ToolError("drive_other", drives=named, board=board.name, board_id=wanted)
    return fitting[0] if fitting else None


def write_drive(file: FirmwareFile, board: Board, drive: LoaderDrive, progress: Progress) -> None:
    """Write the image by the boot loader's drive, and erase all that holds data.

    ToolError `drive_not_mounted`, `drive_other`, `flash_cut`, `drive_denied`.
    """
    place = pick_drive([mounted(drive)], board)
    if place is None or place.folder is None or board.drive is None:
        raise ToolError("flash_cut", place=drive.name, cause="it is not there any more")
    try:
        update.copy(file.image, board.drive, place.folder, progress, board.sectors())
    except ToolError as error:
        if error.name != "drive_lost":
            raise
        name = "drive_denied" if "denied" in error.detail["cause"].lower() else "flash_cut"
        raise ToolError(name, place=place.name, cause=error.detail["cause"]) from None


def write_port(
    file: FirmwareFile, board: Board, port: str, progress: Progress, baud: int | None = None
) -> None:
    """Write the image by esptool, which erases the whole flash before.

    ToolError `extra_missing`, `esptool_failed`, `flash_cut`.
    """
    esptool.write(esptool.Job(board.chip, port, board.base, baud), file.image, progress)


def ports_for(board: Board, drive: LoaderDrive | None, places: Places) -> list[str]:
    """Where the module may appear: on its own socket, where that is known; else all that fit."""
    ports = places.usual_ports()
    if places.ports or board.running_usb is None:
        return [port.device for port in ports]
    fitting = [port for port in ports if port.usb_id == str(board.running_usb)]
    if drive is not None and drive.socket:
        fitting = [port for port in fitting if port.usb_socket in (None, drive.socket)]
    return [port.device for port in fitting]


def await_module(
    file: FirmwareFile, ports: Callable[[], Iterable[str]], line: Line, patience: Patience,
    is_meant: Callable[[Standing], bool] = lambda _module: True, boards: Iterable[Board] = (),
) -> Standing:  # fmt: skip
    """The module that has come up with the image, on one of the ports that are there by then.

    boards: whose ports must be allowed to be opened.

    ToolError `flash_not_back`, `flash_not_running`, `flash_in_fault`, `port_denied`.
    """
    last: ToolError | None = None

    def look() -> Standing | None:
        nonlocal last
        for port in ports():
            try:
                found = look_at(port, line)
            except ToolError as error:
                last = error
                continue
            if is_meant(found):
                return found
        return None

    module = patience.until(look)
    if module is None:
        if last is not None and last.name == "port_denied":
            raise denied(last.detail["port"], boards)
        cause = last.message if last else "No port has appeared."
        raise ToolError("flash_not_back", timeout_s=patience.timeout_s, cause=cause)
    check_runs(file, module)
    return module


def check_runs(file: FirmwareFile, module: Standing) -> None:
    """ToolError `flash_not_running`, `flash_in_fault` unless the module runs the file and works."""
    hello = module.hello
    if hello.firmware_identity != file.sha256:
        raise ToolError(
            "flash_not_running",
            port=module.port,
            firmware=hello.firmware,
            found=hello.firmware_identity[:16],
            wanted=file.sha256[:16],
        )
    if module.status.state == "fault":
        advice = advise(module.status)
        raise ToolError("flash_in_fault", meaning=advice.meaning, step=" ".join(advice.steps))
