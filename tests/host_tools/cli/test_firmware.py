"""Bundles on the command line, and updates of a module whose boot loader is a folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.device import fake_module as faults
from support.device.fake_boot_loader import FakeBootLoader
from support.device.fake_key_life import BOARD, IMAGE, VENDOR
from support.device.fake_module import FakeModule
from support.device.firmware_files import image_for, uf2_for
from support.device.pty_port import PtyPort
from support.device.signer import signer
from wattseal.cli.options import Module
from wattseal.common.errors import ToolError
from wattseal.device import update
from wattseal.device.flash.boards import board_called
from wattseal.device.update import drive_of
from wattseal.device.update_bundle import Bundle, describe, read_bundle

Run = Callable[..., object]
PICO = "rp2040"
NEXT = b"the next image, which differs " * 700


def _refused(outcome: object, words: str, status: int = 1) -> None:
    """One line of refusal; lines that only say how far it got may stand before it."""
    assert (outcome.status, outcome.out) == (status, "")
    line = outcome.err.splitlines()[-1]
    assert line.startswith("wattseal: ")
    assert words in line


def _bundle(
    path: Path, image: bytes = NEXT, board: str = BOARD, number: int = 1, seed: int = 52
) -> Path:
    manifest = describe(image, board, "0.2.0", number)
    signature = signer(seed=seed).sign(manifest.signed_bytes)
    path.write_bytes(Bundle(manifest, image, signature).to_bytes())
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return _bundle(tmp_path / "next.wsfw")


@pytest.fixture
def drive(module: FakeModule, tmp_path: Path) -> FakeBootLoader:
    module.boot_loader = FakeBootLoader(tmp_path / "RPI-RP2")
    return module.boot_loader


class TestBundle:
    def test_from_image_to_signed_bundle(
        self, wattseal: Run, tmp_path: Path, password_file: Path
    ) -> None:
        made = wattseal("firmware", "key", tmp_path / "v.pem", "--password-file", password_file)
        assert made.status == 0
        public = tmp_path / "public-key.pem"
        (tmp_path / "firmware.bin").write_bytes(NEXT)
        out = tmp_path / "out" / "x.wsfw"
        packed = wattseal(
            "firmware", "pack", tmp_path / "firmware.bin", "--board", BOARD, "--firmware", "0.2.0",
            "--rollback-number", 1, "--out", out,
        )  # fmt: skip
        assert "not signed yet" in packed.out
        _refused(wattseal("firmware", "verify", out, "--key", public), "is not signed yet")
        signed = wattseal(
            "firmware", "sign", out, "--key", tmp_path / "v.pem", "--password-file", password_file
        )
        assert signed.status == 0
        told = wattseal("firmware", "verify", out, "--key", public, "--json").json
        assert told["manifest"]["sha256"] == describe(NEXT, BOARD, "0.2.0", 1).sha256
        other = signer(seed=9).public.hex
        _refused(
            wattseal("firmware", "verify", out, "--key", other), "not signed by the vendor key"
        )

    def test_a_key_without_password_signs_too(self, wattseal: Run, bundle: Path) -> None:
        key = bundle.parent / "vendor.pem"
        key.write_bytes(signer(seed=9).pem())
        key.chmod(0o644)
        _refused(wattseal("firmware", "sign", bundle, "--key", key), "other users")
        key.chmod(0o600)
        assert wattseal("firmware", "sign", bundle, "--key", key).status == 0
        read_bundle(bundle).check_signature(bundle, signer(seed=9).public)

    def test_nothing_is_overwritten(self, wattseal: Run, bundle: Path, tmp_path: Path) -> None:
        (tmp_path / "firmware.bin").write_bytes(NEXT)
        before = bundle.read_bytes()
        outcome = wattseal(
            "firmware", "pack", tmp_path / "firmware.bin", "--board", BOARD, "--firmware", "0.2.0",
            "--rollback-number", 1, "--out", bundle,
        )  # fmt: skip
        _refused(outcome, "holds other data already")
        (tmp_path / "public-key.pem").write_text("other")
        _refused(wattseal("firmware", "key", tmp_path / "v.pem"), "public-key.pem holds other data")
        assert not (tmp_path / "v.pem").exists()
        assert bundle.read_bytes() == before

    @pytest.mark.parametrize(
        ("board", "version", "number"), [("", "1", 1), (BOARD, "\u00e4", 1), (BOARD, "1", 99999)]
    )
    def test_what_no_manifest_can_say(
        self, wattseal: Run, tmp_path: Path, board: str, version: str, number: int
    ) -> None:
        (tmp_path / "firmware.bin").write_bytes(NEXT)
        outcome = wattseal(
            "firmware", "pack", tmp_path / "firmware.bin", "--board", board, "--firmware", version,
            "--rollback-number", number, "--out", tmp_path / "x.wsfw",
        )  # fmt: skip
        _refused(outcome, "No bundle can say that", 2)
        assert not (tmp_path / "x.wsfw").exists()

    @pytest.mark.parametrize(("board", "excess"), [(f"{PICO}-uart", 1), (PICO, 1), (PICO, 0)])
    def test_an_image_that_its_board_has_no_room_for(
        self, wattseal: Run, tmp_path: Path, board: str, excess: int
    ) -> None:
        limit = drive_of(PICO).image_limit_bytes
        (tmp_path / "firmware.bin").write_bytes(bytes(limit + excess))
        outcome = wattseal(
            "firmware", "pack", tmp_path / "firmware.bin", "--board", board, "--firmware", "1",
            "--rollback-number", 1, "--out", tmp_path / "x.wsfw",
        )  # fmt: skip
        assert (tmp_path / "x.wsfw").exists() is not bool(excess)
        if excess:
            _refused(outcome, f"the image has over {limit} bytes", 2)

    @pytest.mark.parametrize("command", ["sign", "verify"])
    def test_a_cut_bundle(self, wattseal: Run, bundle: Path, command: str) -> None:
        bundle.write_bytes(bundle.read_bytes()[:-40])
        outcome = wattseal("firmware", command, bundle, "--key", VENDOR.public.hex)
        _refused(outcome, "may have been cut short")


class TestInfo:
    FACTS = ("board", "firmware", "rollback_number", "vendor_key")

    def test_of_each_kind_of_file(self, wattseal: Run, tmp_path: Path) -> None:
        board = board_called(PICO)
        image = image_for(PICO)
        (tmp_path / "a.bin").write_bytes(image)
        (tmp_path / "a.uf2").write_bytes(uf2_for(board, image))
        (tmp_path / "a.cdx.json").write_text("{}")
        bundle = _bundle(tmp_path / "b.wsfw", image, PICO)
        for path, kind, family in (
            (tmp_path / "a.bin", "bin", None),
            (tmp_path / "a.uf2", "uf2", "0xe48bff56"),
            (bundle, "bundle", None),
        ):
            told = wattseal("firmware", "info", path, "--json").json
            assert (told["kind"], told["family"], told["size"]) == (kind, family, len(image))
            assert told["sha256"] == describe(image, PICO, "1", 1).sha256
            assert (told["board"], told["rollback_number"]) == (PICO, 1)
            assert told["vendor_key"] == "5c" * 32
            assert bool(told["signature"]) is (kind == "bundle")
            assert bool(told["sbom"]) is (path.stem == "a")
        said = wattseal("firmware", "info", tmp_path / "a.uf2").out
        assert "a.uf2: UF2, family 0xe48bff56" in said
        assert f"vendor key  SHA-256 {'5c' * 32}" in said
        assert "a.cdx.json" in said

    def test_of_what_is_no_wattseal_image(self, wattseal: Run, tmp_path: Path) -> None:
        (tmp_path / "a.bin").write_bytes(b"MicroPython")
        outcome = wattseal("firmware", "info", tmp_path / "a.bin")
        assert outcome.status == 0
        assert "not told: no Wattseal image" in outcome.out
        told = wattseal("firmware", "info", tmp_path / "a.bin", "--json").json
        assert [told[name] for name in self.FACTS] == [None] * 4

    def test_of_what_is_not_whole(self, wattseal: Run, bundle: Path, tmp_path: Path) -> None:
        bundle.write_bytes(bundle.read_bytes()[:-40])
        _refused(wattseal("firmware", "info", bundle), "may have been cut short")
        (tmp_path / "a.uf2").write_bytes(b"UF2\n")
        _refused(wattseal("firmware", "info", tmp_path / "a.uf2"), "cut short", 2)
        _refused(wattseal("firmware", "info", tmp_path / "none"), "No such file", 2)


class TestUpdate:
    @pytest.fixture(autouse=True)
    def _owner(self, owner_key: Path, password_file: Path) -> None:
        self.by_owner = ("--owner-key", owner_key, "--password-file", password_file)

    def _update(self, on_module: Run, *given: object, timeout: float = 10) -> object:
        words = (*given, "--wait", 1, *self.by_owner)
        return on_module("firmware", "update", *words, timeout=timeout)

    def test_only_the_owner_has_a_key_given_up(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        self.by_owner = ()
        _refused(self._update(on_module, bundle, "--drive", drive.folder), "Only the owner may")
        self.by_owner = ("--signature", "30" * 8)
        _refused(self._update(on_module, bundle, "--drive", drive.folder), "No challenge")
        assert (module.key_number, module.has_key, drive.folder.exists()) == (1, True, False)

    def test_the_owner_signs_elsewhere(
        self, on_module: Run, wattseal: Run, drive: FakeBootLoader, bundle: Path,
        owner_key: Path, password_file: Path,
    ) -> None:  # fmt: skip
        asked = on_module("device", "challenge", "update", "--bundle", bundle)
        assert "an update to firmware 0.2.0" in asked.err
        signed = wattseal(
            *("owner", "sign", owner_key, "--challenge", asked.out),
            *("--password-file", password_file),
        )
        self.by_owner = ("--signature", signed.out.strip())
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        assert outcome.status == 0, outcome.err

    def test_a_module_back_in_its_old_firmware_is_updated_without_the_owner(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        drive.takes = IMAGE
        _refused(self._update(on_module, bundle, "--drive", drive.folder), "not the bundle's")
        drive.takes, self.by_owner = None, ()
        status = on_module("device", "status").out
        assert "given its key up for firmware 0.2.0" in status
        assert "cancel-update" in status
        _refused(on_module("session", "begin"), "Repeat the update")
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        assert outcome.status == 0, outcome.err
        assert (module.key_number, len(module.statements)) == (2, 3)

    def test_the_owner_calls_it_off(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        _refused(on_module("device", "cancel-update"), "No update is under way")
        drive.takes = IMAGE
        self._update(on_module, bundle, "--drive", drive.folder)
        _refused(on_module("device", "cancel-update"), "Only the owner may")
        outcome = on_module("device", "cancel-update", *self.by_owner)
        assert "the module has made key 2" in outcome.out
        history = on_module("device", "statements").out
        assert "handover" in history

    @pytest.mark.parametrize(
        ("link", "where"),
        [
            ("usb", "The drive RPI-RP2 appears over the USB cable of the link."),
            ("uart", "plug a USB cable into the board's own USB socket"),
            ("tcp", "The drive RPI-RP2 appears on the module's own USB socket"),
        ],
    )
    def test_it_is_said_where_the_drive_appears(
        self,
        on_module: Run,
        module: FakeModule,
        drive: FakeBootLoader,
        bundle: Path,
        link: str,
        where: str,
    ) -> None:
        module.hello_changes = {"link": link}
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        assert where in outcome.err

    def test_the_module_runs_the_image_with_a_new_key(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        outcome = self._update(
            on_module, bundle, "--drive", drive.folder, "--key", VENDOR.public.hex
        )
        assert outcome.status == 0, outcome.err
        assert "Updated: the module runs firmware 0.2.0." in outcome.out
        assert "key         number 2" in outcome.out
        assert "wattseal device prove" in outcome.out
        assert "starts its boot loader" in outcome.err
        assert module.identity == describe(NEXT, BOARD, "0.2.0", 1).sha256

    def test_a_long_time_out_is_not_for_questions_while_the_module_starts(
        self, on_module: Run, drive: FakeBootLoader, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is asked then is lost, and has to be asked again soon."""
        connected, patiences = Module.connected, []

        def watched(module: Module) -> object:
            patiences.append(module.timeout_s)
            return connected(module)

        monkeypatch.setattr(Module, "connected", watched)
        outcome = self._update(on_module, bundle, "--drive", drive.folder, timeout=30)
        assert outcome.status == 0, outcome.err
        assert (patiences[0], *set(patiences[1:-1]), patiences[-1]) == (30, None, 30)

    def test_as_json(self, on_module: Run, drive: FakeBootLoader, bundle: Path) -> None:
        told = self._update(on_module, bundle, "--drive", drive.folder, "--json").json
        assert (told["updated"], told["before"], told["state"]) == (True, "0.1.0", "unregistered")

    def test_the_same_image_again_changes_nothing(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        outcome = self._update(on_module, _bundle(tmp_path / "same.wsfw", image=IMAGE))
        assert "nothing was changed" in outcome.out
        assert "check_update" not in module.calls
        assert module.key_number == 1

    def test_cut_while_copying_and_resumed(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        def pulled(_descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", pulled)
            cut = self._update(on_module, bundle, "--drive", drive.folder)
        _refused(cut, "could not be copied")
        assert "--resume" in cut.err
        again = (bundle, "--drive", drive.folder, "--resume")
        _refused(self._update(on_module, *again), "Give the vendor's public key", 2)
        outcome = self._update(on_module, *again, "--key", VENDOR.public.hex)
        assert outcome.status == 0, outcome.err
        assert module.firmware == "0.2.0"

    def test_the_answer_lost_on_the_way_into_the_boot_loader(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        module.faults["enter_boot_loader"] = [faults.silence]
        outcome = self._update(on_module, bundle, "--drive", drive.folder, timeout=0.5)
        assert outcome.status == 0, outcome.err

    def test_the_port_vanishes_in_the_middle_of_the_update(
        self, wattseal: Run, port: PtyPort, module: FakeModule, drive: FakeBootLoader,
        bundle: Path, tmp_path: Path,
    ) -> None:  # fmt: skip
        name = tmp_path / "ttyACM0"  # as udev makes it, so that it can go away for good
        name.symlink_to(port.path)

        def pull(method: str, lines: list[bytes]) -> None:
            name.unlink()
            faults.unplug(method, lines)

        module.faults["enter_boot_loader"] = [pull]
        outcome = wattseal(
            *("firmware", "update", bundle, "--drive", drive.folder, "--port", name, "--wait", 1),
            *self.by_owner,
        )
        _refused(outcome, "did not answer on")
        assert "There is no port" in outcome.err
        assert (drive.folder / "wattseal.uf2").exists()

    @pytest.mark.parametrize("method", ["hello", "check_update"])
    def test_the_port_vanishes_before(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path, method: str
    ) -> None:
        module.faults[method] = [faults.unplug]
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        _refused(outcome, "The connection to ")
        assert not drive.folder.exists()

    def test_no_drive_appears(
        self, on_module: Run, module: FakeModule, bundle: Path, tmp_path: Path
    ) -> None:
        outcome = self._update(on_module, bundle, "--drive", tmp_path / "none")
        _refused(outcome, "drive (RPI-RP2) did not appear within 1 s")

    def test_another_drive_than_the_boards(
        self, on_module: Run, module: FakeModule, bundle: Path, tmp_path: Path
    ) -> None:
        module.boot_loader = FakeBootLoader(tmp_path / "OTHER", "SAMD21")
        outcome = self._update(on_module, bundle, "--drive", tmp_path / "OTHER")
        _refused(outcome, "did not appear")
        assert not (tmp_path / "OTHER" / "wattseal.uf2").exists()

    def test_something_else_runs_afterwards(
        self, on_module: Run, drive: FakeBootLoader, bundle: Path
    ) -> None:
        drive.takes = b"not what was copied"
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        _refused(outcome, "not the bundle's")

    def test_a_rollover_that_names_another_hand_over(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        honest = module.start_with

        def forging(image: bytes, firmware: str) -> None:
            honest(image, firmware)
            newest = module.statements[-1]
            newest["statement"] = newest["statement"].replace('"handover":2', '"handover":1')

        module.start_with = forging
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        _refused(outcome, "the hand-over that it names is not the statement before")

    def test_a_module_that_is_in_fault_afterwards(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, bundle: Path
    ) -> None:
        cause = {
            "name": "statements_full",
            "sentence": "There is no room to state another key change.",
            "remedy": "Replace the module.",
            "detail": {},
        }
        fault = {**module._status({}), "state": "fault", "cause": cause}
        module.faults["status"] = [faults.replaced(fault)]
        outcome = self._update(on_module, bundle, "--drive", drive.folder)
        _refused(outcome, "runs firmware 0.2.0, but cannot sign with it")
        assert "Replace the module." in outcome.err

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"board": "unix"}, "it is for the board unix"),
            ({"board": "rp2040-uart"}, "it is for the board rp2040-uart"),
            ({"number": 0}, "rollback number is 0, the module takes 1 or more"),
            ({"seed": 9}, "the signature is not the vendor's"),
        ],
    )
    def test_bundles_that_are_refused_leave_the_firmware_running(
        self, on_module: Run, module: FakeModule, drive: FakeBootLoader, tmp_path: Path,
        changes: dict, words: str,
    ) -> None:  # fmt: skip
        bundle = _bundle(tmp_path / "x.wsfw", **changes)
        _refused(self._update(on_module, bundle, "--drive", drive.folder), words)
        assert "enter_boot_loader" not in module.calls
        assert module.firmware == "0.1.0"

    def test_firmware_that_takes_no_updates(
        self, on_module: Run, module: FakeModule, bundle: Path
    ) -> None:
        module.vendor_key = None
        _refused(self._update(on_module, bundle), "built without a vendor key")

    def test_forged_or_unsigned_bundles_reach_no_port(
        self, on_module: Run, module: FakeModule, bundle: Path, tmp_path: Path
    ) -> None:
        other = signer(seed=9).public.hex
        _refused(self._update(on_module, bundle, "--key", other), "not signed by the vendor key")
        manifest = describe(NEXT, BOARD, "0.2.0", 1)
        (tmp_path / "u.wsfw").write_bytes(Bundle(manifest, NEXT).to_bytes())
        _refused(self._update(on_module, tmp_path / "u.wsfw"), "is not signed yet")
        bundle.write_bytes(bundle.read_bytes()[:5000])
        _refused(self._update(on_module, bundle), "may have been cut short")
        assert module.calls == []

    def test_not_while_a_session_is_open(
        self, on_module: Run, module: FakeModule, bundle: Path
    ) -> None:
        on_module("session", "begin")
        _refused(self._update(on_module, bundle), "`wattseal session end`")

    def test_no_port(self, wattseal: Run, bundle: Path, tmp_path: Path) -> None:
        outcome = wattseal("firmware", "update", bundle, "--port", tmp_path / "port")
        _refused(outcome, "There is no port")


class TestWaiting:
    """On virtual time."""

    def _patience(self, timeout_s: float) -> update.Patience:
        self.now_s = 100.0
        return update.Patience(timeout_s, lambda: self.now_s, self._pause)

    def _pause(self, seconds: float) -> None:
        self.now_s += seconds

    def test_what_comes_late_is_found(self) -> None:
        patience = self._patience(10)
        assert patience.until(lambda: "there" if self.now_s > 105 else None) == "there"
        assert 105 < self.now_s < 106

    def test_what_never_comes_is_given_up(self) -> None:
        assert self._patience(10).until(lambda: None) is None
        assert 110 <= self.now_s < 111

    def test_a_drive_that_is_mounted_late_is_found_by_itself(self, tmp_path: Path) -> None:
        loader = FakeBootLoader(tmp_path / "RPI-RP2")

        def folders() -> list[Path]:
            if self.now_s > 103:
                loader.appear()
            return [tmp_path / "elsewhere", tmp_path / "RPI-RP2"]

        found = update.await_drive(drive_of(BOARD), None, self._patience(10), folders)
        assert found == tmp_path / "RPI-RP2"

    def test_two_drives_are_not_chosen_between(self, tmp_path: Path) -> None:
        folders = [tmp_path / "a", tmp_path / "b"]
        for folder in folders:
            FakeBootLoader(folder).appear()
        with pytest.raises(ToolError) as caught:
            update.await_drive(drive_of(BOARD), None, self._patience(10), lambda: folders)
        assert caught.value.name == "drive_ambiguous"
        assert str(folders[1]) in str(caught.value)

    def test_a_port_that_comes_back_late(self, port: PtyPort, module: FakeModule) -> None:
        def connect() -> object:
            name = port.path if self.now_s > 104 else port.path + "-not-yet"
            return Module(name, 115200, 10).connected()

        hello = update.await_module(connect, port.path, self._patience(10))
        assert hello.chip_id == "e6614864d3417c2f"
