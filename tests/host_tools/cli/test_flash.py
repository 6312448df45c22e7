"""wattseal flash: one board, several, the wrong ones, and what goes away half-way."""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device.esp32 import BOARD_TOML, Esp32
from support.device.fake_board import FakeBoard, bare_boards, new_module
from support.device.fake_key_life import BOARD
from support.device.fake_module import FakeModule
from support.device.firmware_files import image_for, uf2_for, write_uf2
from support.device.pty_port import PtyPort
from wattseal.cli import flash
from wattseal.device import update
from wattseal.device.flash import esptool, places
from wattseal.device.flash.boards import board_called
from wattseal.device.flash.places import Places
from wattseal.device.link import PortInfo

Run = Callable[..., object]
RP2040 = board_called(BOARD)
OTHER_FAMILY = 0xE48BFF59


def _refused(outcome: object, words: str, status: int = 1) -> None:
    """One line at the end that says why."""
    assert (outcome.status, outcome.out) == (status, "")
    line = outcome.err.splitlines()[-1]
    assert line.startswith("wattseal: ")
    assert words in line


@pytest.fixture(autouse=True)
def _no_real_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "mounted_folders", list)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_uf2(tmp_path / "firmware.uf2", RP2040)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[FakeBoard]:
    """A board in its boot loader, its flash full of rubbish."""
    with FakeBoard(tmp_path, RP2040) as board:
        yield board


@pytest.fixture
def at(bare: FakeBoard) -> tuple[object, ...]:
    """The options that name the board."""
    return ("--drive", bare.drive.folder, "--port", bare.port, "--wait", 20, "--yes")


class TestOneBoard:
    def test_a_bare_board_becomes_a_module(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple
    ) -> None:
        outcome = wattseal("flash", file, *at)
        assert outcome.status == 0, outcome.err
        assert "Flashed: the module runs firmware 0.1.0." in outcome.out
        assert f"found a board in its boot loader at {bare.drive.folder}" in outcome.err
        assert "as measured by the module" in outcome.out
        assert "wattseal device configure" in outcome.out
        image = image_for(BOARD)
        assert bare.image(len(image)) == image

    def test_drive_and_port_named_by_the_environment(
        self, wattseal: Run, bare: FakeBoard, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WATTSEAL_DRIVE", str(bare.drive.folder))
        monkeypatch.setenv("WATTSEAL_PORT", str(bare.port))
        outcome = wattseal("flash", file, "--wait", 20, "--yes")
        assert outcome.status == 0, outcome.err
        assert f"found a board in its boot loader at {bare.drive.folder}" in outcome.err

    def test_all_that_holds_data_is_erased_and_nothing_else(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple
    ) -> None:
        assert wattseal("flash", file, *at).status == 0
        first = min(offset for offset, _size in RP2040.data)
        end = max(offset + size for offset, size in RP2040.data)
        assert set(bare.flash[first:end]) == {0xFF}
        assert bytes(bare.flash[end:]).startswith(b"rubbish ")
        assert bytes(bare.flash[first - 8 : first]) == b"rubbish "

    def test_as_json_and_with_a_label(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple, tmp_path: Path
    ) -> None:
        labels = ("--labels", tmp_path / "labels", "--serial", "WS000017")
        told = wattseal("flash", file, *at, *labels, "--json").json
        assert (told["flashed"], told["board"], told["state"]) == (True, BOARD, "unregistered")
        assert told["key_sha256"] == bare.module.signer.public.fingerprint
        assert told["label"] == str(tmp_path / "labels" / "label-WS000017.pdf")
        assert Path(told["label"]).read_bytes().startswith(b"%PDF")

    @pytest.mark.parametrize("kind", ["bin", "wsfw"])
    def test_other_kinds_of_files(
        self, wattseal: Run, bare: FakeBoard, at: tuple, tmp_path: Path, kind: str
    ) -> None:
        binary = tmp_path / "firmware.bin"
        binary.write_bytes(image_for(BOARD))
        bundle = tmp_path / "firmware.wsfw"
        packed = ("--board", BOARD, "--firmware", "0.1.0", "--rollback-number", 1, "--out", bundle)
        wattseal("firmware", "pack", binary, *packed)
        assert wattseal("flash", tmp_path / f"firmware.{kind}", *at).status == 0
        assert bare.files_taken == 1

    def test_what_was_built_here_is_taken(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.chdir(tmp_path)
        _refused(wattseal("flash", *at), "it must be said which board this is", 2)
        _refused(wattseal("flash", "--board", BOARD, *at), f"There is no build/{BOARD}/", 2)
        (tmp_path / "build" / BOARD).mkdir(parents=True)
        file.rename(tmp_path / "build" / BOARD / "firmware.uf2")
        outcome = wattseal("flash", "--board", BOARD, *at)
        assert outcome.status == 0, outcome.err
        assert f"taking build/{BOARD}/firmware.uf2" in outcome.err
        assert bare.files_taken == 1

    def test_a_makers_own_board(
        self, wattseal: Run, bare: FakeBoard, at: tuple, tmp_path: Path
    ) -> None:
        """Its board.toml is not among those that the tools carry."""
        facts = Path("boards") / BOARD / "board.toml"
        text = (
            (Path(__file__).parents[3] / facts)
            .read_text()
            .replace(f'name = "{BOARD}"', 'name = "acme"')
        )
        (tmp_path / "board.toml").write_text(text)
        bare.board = flash.board_given(str(tmp_path))
        file = write_uf2(tmp_path / "acme.uf2", bare.board)
        _refused(wattseal("flash", file, *at), "does not know how the board acme")
        outcome = wattseal("flash", file, "--board", tmp_path, *at)
        assert outcome.status == 0, outcome.err

    def test_nobody_to_ask(self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple) -> None:
        _refused(wattseal("flash", file, *at[:-1]), "Give --yes if you mean it", 2)
        assert bare.files_taken == 0


class TestWrongFiles:
    def _flash(self, wattseal: Run, file: Path, at: tuple, *more: object) -> object:
        return wattseal("flash", file, "--board", BOARD, *at, *more)

    def test_another_chips_family(
        self, wattseal: Run, bare: FakeBoard, at: tuple, tmp_path: Path
    ) -> None:
        path = tmp_path / "rp2350.uf2"
        path.write_bytes(uf2_for(RP2040, image_for(BOARD), family=OTHER_FAMILY))
        for board in (("--board", BOARD), ()):
            outcome = wattseal("flash", path, *board, *at)
            _refused(outcome, "another chip (UF2 family 0xe48bff59, this board's is 0xe48bff56)", 2)
            assert "Nothing was written" in outcome.err
        assert bare.files_taken == 0

    def test_another_board_with_the_same_chip(
        self, wattseal: Run, bare: FakeBoard, at: tuple, tmp_path: Path
    ) -> None:
        path = tmp_path / "other.uf2"
        path.write_bytes(uf2_for(RP2040, image_for("other_board")))
        _refused(self._flash(wattseal, path, at), "it is for the board other_board", 2)
        _refused(wattseal("flash", path, *at), "does not know how the board other_board")
        assert bare.files_taken == 0

    def test_no_wattseal_image(
        self, wattseal: Run, bare: FakeBoard, at: tuple, tmp_path: Path
    ) -> None:
        path = tmp_path / "micropython.uf2"
        path.write_bytes(uf2_for(RP2040, b"MicroPython" * 999))
        _refused(self._flash(wattseal, path, at), "no image of Wattseal", 2)
        _refused(wattseal("flash", path, *at), "no image of Wattseal", 2)
        assert bare.files_taken == 0

    def test_cut_short(self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple) -> None:
        file.write_bytes(file.read_bytes()[:-512])
        _refused(self._flash(wattseal, file, at), "blocks are missing", 2)
        file.write_bytes(file.read_bytes()[:-1])
        _refused(self._flash(wattseal, file, at), "cut short", 2)
        assert bare.files_taken == 0

    def test_too_large(self, wattseal: Run, bare: FakeBoard, at: tuple, tmp_path: Path) -> None:
        path = tmp_path / "large.bin"
        path.write_bytes(image_for(BOARD, RP2040.image_limit_bytes + 1))
        _refused(self._flash(wattseal, path, at), "are more than", 2)

    def test_at_another_address(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple, tmp_path: Path
    ) -> None:
        text = (Path(__file__).parents[3] / "boards" / BOARD / "board.toml").read_text()
        (tmp_path / "board.toml").write_text(text.replace("base = 0x10000000", "base = 0x0"))
        outcome = wattseal("flash", file, "--board", tmp_path / "board.toml", *at)
        _refused(outcome, "begins at 0x10000000", 2)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "it has no"),
            ("name = ", "Invalid value"),
            ("\u00e4", "ascii"),
            ("boot_loader = 5\nflash = 5", "cannot be used as facts"),
        ],
    )
    def test_bad_facts_of_a_board(
        self, wattseal: Run, file: Path, tmp_path: Path, text: str, words: str
    ) -> None:
        (tmp_path / "board.toml").write_text(text)
        _refused(wattseal("flash", file, "--board", tmp_path / "board.toml", "--yes"), words, 2)

    def test_no_such_board(self, wattseal: Run, file: Path) -> None:
        _refused(wattseal("flash", file, "--board", "nonsense"), "how the board nonsense")


class TestWhatGoesWrong:
    def test_another_board_in_its_boot_loader(
        self, wattseal: Run, file: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "INFO_UF2.TXT").write_text("UF2\nBoard-ID: RP2350\n")
        outcome = wattseal("flash", file, "--drive", tmp_path, "--yes", "--port", tmp_path / "x")
        _refused(outcome, f"Another board is in its boot loader: {tmp_path} (RP2350)")

    def test_two_boards(self, wattseal: Run, file: Path, tmp_path: Path) -> None:
        with bare_boards(tmp_path, RP2040, 2) as boards:
            drives = [word for one in boards for word in ("--drive", one.drive.folder)]
            _refused(wattseal("flash", file, *drives, "--yes"), "More than one boot-loader drive")
            assert [one.files_taken for one in boards] == [0, 0]

    def test_nothing_is_there(self, wattseal: Run, file: Path, tmp_path: Path) -> None:
        place = ("--drive", tmp_path / "none", "--port", tmp_path / "no port")
        outcome = wattseal("flash", file, *place, "--wait", 1, "--yes")
        _refused(outcome, "No board in its boot loader was found within 1 s (nothing else either)")
        assert "BOOTSEL" in outcome.err

    def test_a_board_that_is_plugged_in_while_the_tool_waits(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple
    ) -> None:
        bare.drive.hide()
        waited: list[str] = []
        honest = flash.complain

        def plug_in(text: str) -> None:
            waited.append(text)
            if "Hold its BOOTSEL" in text:
                bare.drive.show()
            honest(text)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(flash, "complain", plug_in)
            assert wattseal("flash", file, *at).status == 0
        assert any("Hold its BOOTSEL button" in text for text in waited)

    def test_the_drive_goes_away_half_way(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest, calls = os.fsync, []

        def pulled(descriptor: int) -> None:
            calls.append(descriptor)
            if len(calls) == 2:
                (bare.drive.folder / "INFO_UF2.TXT").unlink()
                raise OSError(5, "Input/output error")
            honest(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", pulled)
            outcome = wattseal("flash", file, *at)
        _refused(outcome, "went away before the image was whole: Input/output error")
        assert "give the same command again" in outcome.err
        assert (bare.files_taken, bare.module) == (0, None)
        bare.drive.show()
        assert wattseal("flash", file, *at).status == 0

    def test_a_drive_that_may_not_be_written(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(_descriptor: int) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "fsync", denied)
        outcome = wattseal("flash", file, *at)
        _refused(outcome, "You may not write on the boot loader's drive")
        assert "sudo mount" in outcome.err

    def test_nothing_comes_up(self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple) -> None:
        bare.starts = False
        outcome = wattseal("flash", file, *at, "--wait", 1)
        _refused(outcome, "The image was written, but no module answered within 1 s. There is no")

    def test_the_port_goes_away_when_the_module_is_asked(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple
    ) -> None:
        """Its name is gone as well, as that of a USB device that was unplugged."""
        honest = bare._start

        def start(image: bytes) -> None:
            honest(image)

            def unplugged(_method: str, _lines: list[bytes]) -> None:
                bare.port.unlink()

            bare.module.faults["status"] = [unplugged]

        bare._start = start
        outcome = wattseal("flash", file, *at, "--wait", 2)
        _refused(outcome, "no module answered within 2 s")

    def test_something_else_comes_up(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple
    ) -> None:
        honest = bare._start
        bare._start = lambda _image: honest(b"something else")
        _refused(wattseal("flash", file, *at), "not the file's")

    def test_a_module_in_fault_comes_up(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple
    ) -> None:
        honest = bare._start

        def start(image: bytes) -> None:
            honest(image)
            module = bare.module
            cause = {"name": "x", "sentence": "The noise is bad.", "remedy": "Try.", "detail": {}}
            fault = {**module._status({}), "state": "fault", "cause": cause}
            module._status = lambda _params: fault

        bare._start = start
        outcome = wattseal("flash", file, *at)
        _refused(outcome, "The noise is bad. Try.")

    def test_a_port_that_may_not_be_opened(
        self, wattseal: Run, bare: FakeBoard, file: Path, at: tuple, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        """The rule that opens it is in the message, where the board's USB ids are known."""
        import serial

        def refuse(port: str, **_options: object) -> None:
            raise serial.SerialException(13, f"[Errno 13] Permission denied: '{port}'")

        text = (Path(__file__).parents[3] / "boards" / BOARD / "board.toml").read_text()
        usb = "\n[usb]\nvid = 0x1209\npid = 0x0001\n"
        (tmp_path / "board.toml").write_text(text.replace("[usb]", "[usb_before]") + usb)
        monkeypatch.setattr(serial, "serial_for_url", refuse)
        monkeypatch.setattr(places, "UDEV", tmp_path)
        outcome = wattseal("flash", file, *at, "--wait", 1, "--board", tmp_path / "board.toml")
        _refused(outcome, 'ATTRS{idVendor}=="1209", ATTRS{idProduct}=="0001"')
        assert "udevadm control --reload-rules" in outcome.err


class TestModulesInUse:
    def _on(self, wattseal: Run, port: PtyPort, file: Path, tmp_path: Path) -> object:
        place = ("--port", port.path, "--drive", tmp_path / "none", "--wait", 1, "--yes")
        return wattseal("flash", file, *place)

    def test_a_commissioned_module_is_refused(
        self, wattseal: Run, port: PtyPort, module: FakeModule, file: Path, tmp_path: Path
    ) -> None:
        outcome = self._on(wattseal, port, file, tmp_path)
        _refused(outcome, "is not flashed: it is commissioned")
        assert "`wattseal firmware update`" in outcome.err
        assert "enter_boot_loader" not in module.calls

    @pytest.mark.parametrize("state", ["records", "update", "sealed", "fault"])
    def test_other_reasons_to_keep_it(
        self, wattseal: Run, port: PtyPort, module: FakeModule, file: Path, tmp_path: Path,
        state: str,
    ) -> None:  # fmt: skip
        fresh = new_module()._status({})
        changes = {
            "records": ({"journal": {**fresh["journal"], "next": 3}}, "it has signed records"),
            "update": (
                {"update": {"firmware": "2", "firmware_identity": "00" * 32}},
                "an update is under way",
            ),
            "sealed": ({"sealed": True}, "it is commissioned"),
            "fault": ({"state": "fault"}, "cannot be told"),
        }
        change, words = changes[state]
        module._status = lambda _params: {**fresh, **change}
        _refused(self._on(wattseal, port, file, tmp_path), words)

    @pytest.mark.parametrize("other", [FakeModule, new_module])
    def test_another_module_on_the_port_of_a_bare_board(
        self, wattseal: Run, bare: FakeBoard, file: Path, other: Callable[[], FakeModule]
    ) -> None:
        with PtyPort(other()) as port:
            place = ("--drive", bare.drive.folder, "--port", port.path, "--yes")
            _refused(wattseal("flash", file, *place), "Another module answers on", 2)
        assert bare.files_taken == 0

    def test_another_module_elsewhere_is_not_taken_for_the_board(
        self, wattseal: Run, bare: FakeBoard, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It stays as it is, and the board is found beside it."""
        other = FakeModule(hello_changes={"chip_id": "00" * 8})
        with PtyPort(other) as port:

            def listed() -> list[PortInfo]:
                names = [port.path, *([str(bare.port)] if bare.port.exists() else [])]
                usb_id = str(RP2040.running_usb)
                return [PORT.model_copy(update={"device": n, "usb_id": usb_id}) for n in names]

            monkeypatch.setattr(flash, "Places", lambda *given: Places(*given, list_ports=listed))
            told = wattseal("flash", file, "--drive", bare.drive.folder, "--yes", "--json")
        assert told.status == 0, told.err
        assert told.json["port"] == str(bare.port)
        assert set(other.calls) == {"hello", "status", "public_key"}

    def test_a_module_that_runs_the_file(
        self, wattseal: Run, port: PtyPort, module: FakeModule, tmp_path: Path
    ) -> None:
        path = tmp_path / "same.bin"
        image = image_for(BOARD)
        path.write_bytes(image)
        module.start_with(image, "0.1.0")
        outcome = self._on(wattseal, port, path, tmp_path)
        assert outcome.status == 0, outcome.err
        assert "already; nothing was written" in outcome.out

    def test_a_fresh_module_with_other_firmware_waits_for_its_button(
        self, wattseal: Run, file: Path, tmp_path: Path
    ) -> None:
        with PtyPort(new_module()) as port:
            outcome = self._on(wattseal, port, file, tmp_path)
        _refused(outcome, f"was found within 1 s (a module on {port.path})")
        assert f"found a module on {port.path}: {BOARD}" in outcome.err


class TestEsp32:
    """Against a boot loader that speaks as the chip's does."""

    @pytest.fixture
    def esp(self, tmp_path: Path) -> tuple[object, ...]:
        (tmp_path / "board.toml").write_text(BOARD_TOML)
        (tmp_path / "firmware.bin").write_bytes(image_for("acme_c3"))
        return ("flash", tmp_path / "firmware.bin", "--board", tmp_path, "--yes")

    @pytest.mark.parametrize("board", ["acme_c3", "esp32c3"])
    def test_a_bare_board_becomes_a_module(
        self,
        wattseal: Run,
        esp: tuple,
        board: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A board of a maker's own by its folder, one of ours by what the file says."""
        image = image_for(board)
        if board != "acme_c3":
            esp = tuple(word for word in esp if word not in ("--board", tmp_path))
            (tmp_path / "firmware.bin").write_bytes(image)
        identity = hashlib.sha256(image).hexdigest()
        honest = esptool.write
        with (
            Esp32(tmp_path) as chip,
            PtyPort(new_module(board=board, firmware_identity=identity)) as started,
        ):

            def write(job: esptool.Job, *given: Any) -> None:
                honest(job, *given)
                chip.becomes(started.path)

            monkeypatch.setattr(esptool, "write", write)
            outcome = wattseal(*esp, "--port", chip.port)
        assert outcome.status == 0, outcome.err
        assert "no module answers" in outcome.err
        assert "Flashed: the module runs firmware 0.1.0." in outcome.out

    def test_another_chip(self, wattseal: Run, esp: tuple, tmp_path: Path) -> None:
        with Esp32(tmp_path, "esp32s3") as chip:
            _refused(wattseal(*esp, "--port", chip.port), "ESP32-S3, not ESP32-C3")

    def test_a_module_in_use(self, wattseal: Run, esp: tuple, port: PtyPort) -> None:
        _refused(wattseal(*esp, "--port", port.path), "it is commissioned")

    def test_without_a_port(
        self, wattseal: Run, esp: tuple, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _refused(wattseal(*esp, "--port", "/dev/none"), "There is no port /dev/none")
        ports = [PORT.model_copy(update={"device": f"/dev/ttyACM{number}"}) for number in range(2)]
        for listed, words in ((ports, "more than one (/dev/ttyACM0, "), ([], "no port of such")):
            monkeypatch.setattr(
                flash,
                "Places",
                lambda *given, listed=listed: Places(*given, list_ports=lambda: listed),
            )
            _refused(wattseal(*esp), words)

    def test_a_uf2(self, wattseal: Run, esp: tuple, file: Path) -> None:
        _refused(wattseal("flash", file, *esp[2:]), "this board takes none: give firmware.bin", 2)


PORT = PortInfo(
    device="", description=None, manufacturer=None, serial_number=None, usb_id="303a:1001"
)


class TestStation:
    def _station(self, wattseal: Run, file: Path, boards: list[FakeBoard], *more: object) -> object:
        places = [
            word for one in boards
            for word in ("--drive", one.drive.folder, "--port", one.port)
        ]  # fmt: skip
        count = ("--count", len(boards), "--wait", 20)
        return wattseal("flash", file, "--station", *places, *count, "--yes", *more)

    def test_six_boards_at_once(self, wattseal: Run, file: Path, tmp_path: Path) -> None:
        log, labels = tmp_path / "log" / "flashed.csv", tmp_path / "labels"
        written = ("--log", log, "--labels", labels, "--serial", "WS000098")
        with bare_boards(tmp_path, RP2040, 6) as boards:
            outcome = self._station(wattseal, file, boards, *written)
            keys = {one.chip_id: one.module.signer.public.fingerprint for one in boards}
        assert outcome.status == 0, outcome.err
        lines = outcome.out.splitlines()
        assert [line[10:12] for line in lines[:-1]] == ["OK"] * 6
        assert lines[-1] == "6 boards: 6 good, 0 failed."
        with log.open(newline="") as logged:
            rows = list(csv.DictReader(logged))
        assert tuple(rows[0]) == flash.COLUMNS
        assert {row["chip_id"]: row["key_sha256"] for row in rows} == keys
        serials = [row["serial"] for row in rows]
        assert sorted(serials) == [f"WS{number:06}" for number in range(98, 104)]
        assert {row["result"] for row in rows} == {"flashed"}
        assert sorted(path.name for path in labels.iterdir()) == [
            f"label-{serial}.pdf" for serial in sorted(serials)
        ]

    def test_one_of_three_fails(self, wattseal: Run, file: Path, tmp_path: Path) -> None:
        with bare_boards(tmp_path, RP2040, 3) as boards:
            boards[1].starts = False
            outcome = self._station(wattseal, file, boards, "--wait", 3, "--json")
        assert outcome.status == 1
        told = [json.loads(line) for line in outcome.out.splitlines()]
        results = {one["place"]: one["result"] for one in told}
        assert [results[str(one.drive.folder)] for one in boards] == [
            "flashed",
            "failed",
            "flashed",
        ]
        [failed] = [one for one in told if one["result"] == "failed"]
        assert (failed["error"], failed["serial"]) == ("flash_not_back", None)

    def test_another_kind_of_board_among_them(
        self, wattseal: Run, file: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.mkdir()
        (other / "INFO_UF2.TXT").write_text("UF2\nBoard-ID: RP2350\n")
        with bare_boards(tmp_path, RP2040, 1) as [good]:
            places = ("--drive", good.drive.folder, "--port", good.port, "--drive", other)
            outcome = wattseal(
                "flash", file, "--station", *places, "--port", other / "x", "--count", 2, "--yes"
            )
        assert outcome.status == 1
        assert f"FAILED  {other}" in outcome.out
        assert "2 boards: 1 good, 1 failed." in outcome.out
        assert not (other / "wattseal.uf2").exists()

    def test_the_log_goes_on(self, wattseal: Run, file: Path, tmp_path: Path) -> None:
        log = tmp_path / "flashed.csv"
        for folder in ("first", "second"):
            (tmp_path / folder).mkdir()
            with bare_boards(tmp_path / folder, RP2040, 1) as boards:
                assert self._station(wattseal, file, boards, "--log", log).status == 0
        lines = log.read_text().splitlines()
        assert len(lines) == 3
        assert lines[0].startswith("time,result,place,serial,")

    def test_ended_by_hand(
        self, wattseal: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was begun is finished, and told."""
        honest = flash.Station.run

        def interrupted(station: object, count: int | None) -> None:
            begun = station._start

            def start(pool: object) -> None:
                begun(pool)
                raise KeyboardInterrupt

            station._start = start
            honest(station, count)

        monkeypatch.setattr(flash.Station, "run", interrupted)
        with bare_boards(tmp_path, RP2040, 2) as boards:
            outcome = self._station(wattseal, file, boards)
        assert outcome.status == 0
        assert "2 boards: 2 good, 0 failed." in outcome.out
        assert "wattseal: ended." in outcome.err

    @pytest.mark.parametrize(
        ("words", "cause"),
        [
            (("--station", "--serial", "WS"), "does not end in digits"),
            (("--count", 2), "--count and --log belong to --station"),
            (("--log", "x.csv"), "--count and --log belong to --station"),
        ],
    )
    def test_options_that_do_not_go_together(
        self,
        wattseal: Run,
        file: Path,
        words: tuple,
        cause: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = sorted(tmp_path.iterdir())
        monkeypatch.chdir(tmp_path)
        _refused(wattseal("flash", file, *words, "--yes"), cause, 2)
        assert sorted(tmp_path.iterdir()) == before
