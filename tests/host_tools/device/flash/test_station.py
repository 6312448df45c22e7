"""Boards that are plugged into USB sockets while the station runs; ports come and go."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.device.fake_board import FakeBoard, new_module
from support.device.fake_module import FakeModule
from support.device.firmware_files import image_for, write_uf2
from support.device.pty_port import PtyPort
from wattseal.common.errors import ToolError
from wattseal.device.firmware_file import FirmwareFile, read_firmware
from wattseal.device.flash import run
from wattseal.device.flash.boards import Board, UsbId, known_boards
from wattseal.device.flash.places import LoaderDrive, Places
from wattseal.device.flash.run import Line
from wattseal.device.flash.station import Outcome, Station
from wattseal.device.link import PortInfo
from wattseal.device.update import Patience

RUNNING = UsbId(0x1209, 0x0001)
BOARD = replace(
    next(board for board in known_boards() if board.drive and board.drive.place.family),
    running_usb=RUNNING,
)
ESP = replace(BOARD, drive=None, chip="esp32c3")


def port_info(device: str, socket: str | None, usb: UsbId = RUNNING) -> PortInfo:
    return PortInfo(
        device=device, description=None, manufacturer=None, serial_number=None,
        usb_id=str(usb), usb_socket=socket,
    )  # fmt: skip


@dataclass(frozen=True)
class Sockets(Places):
    """A computer with what is plugged into it, by USB socket; `strangers`: other ports."""

    plugged: dict[str, Any] = field(default_factory=dict)
    knows_sockets: bool = True

    def loader_drives(self) -> list[LoaderDrive]:
        return [
            LoaderDrive(
                one.drive.folder, one.board.drive.board_id, None,
                socket if self.knows_sockets else None,
            )
            for socket, one in list(self.plugged.items())
            if isinstance(one, FakeBoard) and one.drive.shown
        ]  # fmt: skip

    def usual_ports(self) -> list[PortInfo]:
        found = []
        for socket, one in list(self.plugged.items()):
            path = str(one.port) if isinstance(one, FakeBoard) else one
            if Path(path).exists():
                usb = UsbId(1, 1) if socket == "stranger" else RUNNING
                found.append(port_info(path, socket if self.knows_sockets else None, usb))
        return found


class Desk:
    """A station, and the outcomes so far; `then` is called after each."""

    def __init__(self, folder: Path, file: FirmwareFile) -> None:
        self.folder, self.file = folder, file
        self.sockets = Sockets((), (), [BOARD])
        self.outcomes: list[Outcome] = []
        self.then: dict[int, Any] = {}
        self.timeout_s: float | None = None
        self.stack = ExitStack()

    def board(self, name: str, **settings: Any) -> FakeBoard:
        (self.folder / name).mkdir()
        board = FakeBoard(self.folder / name, BOARD, f"e6614864d34{name:>05}", **settings)
        return self.stack.enter_context(board)

    def module(self, module: FakeModule) -> str:
        return self.stack.enter_context(PtyPort(module)).path

    def work(self, count: int, board: Board = BOARD, wait_s: float = 20) -> list[Outcome]:
        station = Station(
            self.file,
            board,
            self.sockets,
            Line(115200, self.timeout_s),
            Patience(wait_s),
            self._tell,
        )
        station.run(count)
        return self.outcomes

    def _tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.then.pop(len(self.outcomes), lambda: None)()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, read_firmware(write_uf2(tmp_path / "a.uf2", BOARD)))
    with made.stack:
        yield made


def error_of(outcome: Outcome) -> str | None:
    return outcome.error.name if outcome.error else None


def test_each_board_is_found_again_on_its_socket(desk: Desk) -> None:
    boards = {f"1-{number}": desk.board(f"b{number}") for number in range(3)}
    desk.sockets.plugged.update(boards)
    outcomes = desk.work(3)
    assert [error_of(one) for one in outcomes] == [None] * 3
    for one in outcomes:
        [board] = [board for board in boards.values() if str(board.drive.folder) == one.place]
        assert one.module
        assert (one.module.port, one.module.hello.chip_id) == (str(board.port), board.chip_id)


def test_without_sockets_each_module_belongs_to_one_board(desk: Desk) -> None:
    desk.sockets = replace(desk.sockets, knows_sockets=False)
    desk.sockets.plugged.update({f"1-{n}": desk.board(f"b{n}") for n in range(3)})
    outcomes = desk.work(3)
    assert [error_of(one) for one in outcomes] == [None] * 3
    assert len({one.module.hello.chip_id for one in outcomes if one.module}) == 3


def test_one_after_another_in_the_same_socket(desk: Desk) -> None:
    first, second = desk.board("b1"), desk.board("b2")
    desk.sockets.plugged["1-1"] = first
    desk.then[1] = lambda: desk.sockets.plugged.update({"1-1": second})
    outcomes = desk.work(2)
    assert [error_of(one) for one in outcomes] == [None, None]
    assert [one.module.hello.chip_id for one in outcomes if one.module] == [
        first.chip_id,
        second.chip_id,
    ]


def test_a_module_in_use_is_only_looked_at(desk: Desk) -> None:
    module = FakeModule()
    desk.sockets.plugged["1-1"] = desk.module(module)
    [outcome] = desk.work(1)
    assert (outcome.did, error_of(outcome)) == ("identified", "module_in_use")
    assert "`wattseal firmware update`" in str(outcome.error)
    assert set(module.calls) == {"hello", "status", "public_key"}


def test_a_module_that_runs_the_file_is_good(desk: Desk) -> None:
    desk.sockets.plugged["1-1"] = desk.module(new_module(firmware_identity=desk.file.sha256))
    [outcome] = desk.work(1)
    assert (outcome.did, error_of(outcome)) == ("identified", None)


def test_a_fresh_module_with_other_firmware_needs_its_button(desk: Desk) -> None:
    desk.sockets.plugged["1-1"] = desk.module(new_module())
    [outcome] = desk.work(1)
    assert error_of(outcome) == "flash_needs_loader"
    assert "BOOTSEL" in str(outcome.error)


def test_ports_of_strangers_are_never_opened(desk: Desk) -> None:
    stranger = FakeModule()
    desk.sockets.plugged["stranger"] = desk.module(stranger)
    desk.sockets.plugged["1-1"] = desk.board("b1")
    assert [error_of(one) for one in desk.work(1)] == [None]
    assert stranger.calls == []


def test_a_port_that_says_nothing(desk: Desk) -> None:
    silent = FakeModule()
    silent.feed = lambda _data: []
    desk.timeout_s = 0.05
    desk.sockets.plugged["1-1"] = desk.module(silent)
    [outcome] = desk.work(1, wait_s=0.5)
    assert error_of(outcome) == "no_reply"


def test_an_esp32_that_says_nothing_is_written(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its boot loader is a port on which no module answers."""
    (tmp_path / "a.bin").write_bytes(image_for(BOARD.name))
    desk.file = read_firmware(tmp_path / "a.bin")
    silent = FakeModule()
    silent.feed = lambda _data: []
    desk.timeout_s = 0.05
    name = tmp_path / "ttyUSB0"
    name.symlink_to(desk.module(silent))
    started = desk.module(new_module(firmware_identity=desk.file.sha256))
    written: list[str] = []

    def write(job: run.esptool.Job, image: bytes, _progress: object) -> None:
        assert image == desk.file.image
        written.append(job.port)
        name.unlink()
        name.symlink_to(started)

    monkeypatch.setattr(run.esptool, "write", write)
    desk.sockets.plugged["1-1"] = str(name)
    [outcome] = desk.work(1, ESP, wait_s=1)
    assert (outcome.did, error_of(outcome), written) == ("flashed", None, [str(name)])


def test_an_esp32_in_use_is_only_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_given: object) -> None:
        raise AssertionError("it was written")

    monkeypatch.setattr(run.esptool, "write", write)
    desk.sockets.plugged["1-1"] = desk.module(FakeModule())
    [outcome] = desk.work(1, ESP)
    assert error_of(outcome) == "module_in_use"


def test_a_board_that_never_comes_up(desk: Desk) -> None:
    desk.sockets.plugged["1-1"] = desk.board("b1", starts=False)
    [outcome] = desk.work(1, wait_s=0.5)
    assert isinstance(outcome.error, ToolError)
    assert error_of(outcome) == "flash_not_back"
    assert outcome.module is None
