"""wattseal device watch and report: what they show and leave out, and modules that go away."""

import base64
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from support.device import fake_module as faults
from support.device.fake_key_life import OWNER, VENDOR
from support.device.fake_module import FakeModule
from support.device.pty_port import PtyPort
from wattseal.cli import device_watch
from wattseal.device import watch
from wattseal.wire.errors import WattsealError

Run = Callable[..., object]


class TestWatch:
    @pytest.fixture(autouse=True)
    def _no_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Time passes only while the module is looked at."""
        monkeypatch.setattr(watch.time, "sleep", self._pause)
        monkeypatch.setattr(watch.Watch.__init__, "__defaults__", (True, lambda: 0.0, self._pause))
        self.paused: list[float] = []
        self.between: Callable[[], None] = lambda: None

    def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.between()

    def test_a_line_for_each_look(self, on_module: Run, module: FakeModule) -> None:
        self.between = lambda: module._begin({})
        outcome = on_module("device", "watch", "--count", 2, "--interval", 3)
        first, second = outcome.out.splitlines()
        assert "operational  no session  key 1  meter 2935.600 kWh  next record T1" in first
        assert "session 1  key 1  meter 2936.600 kWh  next record T2" in second
        assert (outcome.status, self.paused) == (0, [3.0])

    def test_objects_on_lines(self, on_module: Run, module: FakeModule) -> None:
        outcome = on_module("device", "watch", "--count", 3, "--json")
        told = [json.loads(line) for line in outcome.out.splitlines()]
        assert [one["status"]["state"] for one in told] == ["operational"] * 3
        assert told[0]["key_sha256"] == module.signer.public.fingerprint
        assert told[0]["meter"]["energy_kwh"] == "2935.600"
        assert (told[0]["error"], told[0]["meter_error"]) == (None, None)

    def test_a_meter_that_is_silent(self, on_module: Run, module: FakeModule) -> None:
        module.refuse["read_meter"] = WattsealError("meter_no_reply")
        outcome = on_module("device", "watch", "--count", 1)
        assert "meter The meter" in outcome.out
        told = json.loads(on_module("device", "watch", "--count", 1, "--json").out)
        assert told["meter_error"]["name"] == "meter_no_reply"
        assert told["status"]["state"] == "operational"

    def test_a_meter_that_is_left_alone(self, on_module: Run, module: FakeModule) -> None:
        outcome = on_module("device", "watch", "--count", 1, "--no-meter")
        assert "meter not read" in outcome.out
        assert "read_meter" not in module.calls

    def test_a_fault_is_told(self, on_module: Run, module: FakeModule) -> None:
        cause = {"name": "x", "sentence": "The noise is bad.", "remedy": "Try.", "detail": {}}
        fault = {**module._status({}), "state": "fault", "cause": cause}
        module._status = lambda _params: fault
        assert "fault  " in (out := on_module("device", "watch", "--count", 1).out)
        assert "The noise is bad." in out

    def test_a_module_that_goes_away_and_comes_back(
        self, wattseal: Run, port: PtyPort, tmp_path: Path
    ) -> None:
        name = tmp_path / "ttyACM0"
        name.symlink_to(port.path)

        def change() -> None:
            name.unlink() if name.is_symlink() else name.symlink_to(port.path)

        self.between = change
        outcome = wattseal("device", "watch", "--port", name, "--count", 3, "--interval", 1)
        lines = [line[21:].split("  ")[0] for line in outcome.out.splitlines()]
        assert lines == ["operational", "away", "operational"]
        assert "There is no port" in outcome.out
        assert outcome.status == 0

    def test_the_port_breaks_while_the_meter_is_read(
        self, on_module: Run, module: FakeModule
    ) -> None:
        module.faults["read_meter"] = [faults.unplug]
        assert "  away  The connection to" in on_module("device", "watch", "--count", 1).out

    def test_ctrl_c_is_how_it_ends(self, on_module: Run) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        self.between = interrupt
        outcome = on_module("device", "watch")
        assert (outcome.status, outcome.err) == (0, "")
        assert len(outcome.out.splitlines()) == 1

    def test_the_picture_on_a_terminal(
        self, on_module: Run, port: PtyPort, module: FakeModule, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch, wattseal: Run,
    ) -> None:  # fmt: skip
        """What was last known stays below the news that the module is away."""
        name = tmp_path / "ttyACM0"
        name.symlink_to(port.path)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        self.between = name.unlink
        outcome = wattseal("device", "watch", "--port", name, "--count", 2)
        assert "OPERATIONAL" in outcome.out
        assert "away" in outcome.out
        assert module.signer.public.fingerprint in outcome.out
        assert "2935.600 kWh" in outcome.out

    def test_the_picture_of_a_module_that_was_never_there(
        self, wattseal: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        outcome = wattseal("device", "watch", "--port", tmp_path / "none", "--count", 1)
        assert "There is no port" in outcome.out
        assert outcome.status == 0


SECRETS = {"WATTSEAL_ACCESS_KEY": "access-key-of-mine", "WATTSEAL_OWNER_PASSWORD": "my password"}


def _forms(secret: bytes) -> set[str]:
    """How a secret could be written."""
    return {
        secret.hex(),
        secret.hex().upper(),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        str(int.from_bytes(secret)),
        secret.decode("latin-1"),
    }


class TestReport:
    def _report(self, on_module: Run, out: Path, *more: object) -> dict:
        outcome = on_module("device", "report", "--out", out, *more)
        assert outcome.status == 0, outcome.err
        return json.loads(out.read_text())

    def test_all_that_a_supporter_needs(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        told = self._report(on_module, tmp_path / "report.json")
        assert told["module"]["chip_id"] == "e6614864d3417c2f"
        assert told["status"]["journal"]["next"] == 1
        assert told["settings"]["settings"]["meter_serial"] == "12345678"
        assert told["key"]["sha256"] == module.signer.public.fingerprint
        assert told["statements"]["history"] == "whole"
        assert len(told["statements"]["stored"]) == 1
        assert (told["events"]["chain"], len(told["events"]["stored"])) == ("whole", 1)
        assert told["meter"]["energy_kwh"] == "2935.600"
        assert told["self_test"]["passed"] is True
        assert told["host"]["wattseal"]
        assert told["host"]["packages"]["pyserial"]
        assert "sessions may begin" in told["advice"]["meaning"] or told["advice"]["meaning"]

    def test_no_secret_is_in_it(
        self, on_module: Run, module: FakeModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither keys nor what this computer's environment holds, in any spelling."""
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        on_module("session", "begin", "--id-tag", "1F2D3A4F5506C7")
        on_module("session", "end")
        self._report(on_module, tmp_path / "report.json")
        assert on_module("device", "report", "--out", tmp_path / "report.zip").status == 0
        with zipfile.ZipFile(tmp_path / "report.zip") as archive:
            texts = [archive.read(name).decode() for name in archive.namelist()]
        texts.append((tmp_path / "report.json").read_text())
        secrets = set(SECRETS.values()) | {"1F2D3A4F5506C7"}
        for signer in (module.signer, OWNER, VENDOR):
            numbers = signer.private.private_numbers()
            secrets |= _forms(numbers.private_value.to_bytes(32))
            secrets |= _forms(
                signer.private.private_bytes(
                    serialization.Encoding.DER,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        for text in texts:
            assert module.signer.public.fingerprint in text
            assert [secret for secret in secrets if secret in text] == []

    def test_as_a_zip_with_a_text(self, on_module: Run, tmp_path: Path) -> None:
        assert on_module("device", "report", "--out", tmp_path / "r.zip").status == 0
        with zipfile.ZipFile(tmp_path / "r.zip") as archive:
            assert archive.namelist() == ["report.json", "report.txt"]
            text = archive.read("report.txt").decode()
            json.loads(archive.read("report.json"))
        assert "  chip_id: e6614864d3417c2f\n" in text
        assert "\nSTATEMENTS\n" in text

    def test_what_cannot_be_read_is_told_in_its_place(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        module.refuse["read_meter"] = WattsealError("meter_no_reply")
        module.faults["statements"] = [faults.replaced({"nonsense": 1})]
        out = tmp_path / "report.json"
        outcome = on_module("device", "report", "--out", out)
        assert "not read    meter, statements" in outcome.out
        told = json.loads(out.read_text())
        assert told["meter"]["error"]["name"] == "meter_no_reply"
        assert told["statements"]["error"]["name"] == "reply_unusable"
        assert told["events"]["chain"] == "whole"

    def test_a_broken_history_is_told(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        module._log("configure")
        module.events[-1]["chain"] = "00" * 32
        told = self._report(on_module, tmp_path / "report.json")
        assert "hash chain breaks at event 2" in told["events"]["chain"]

    def test_only_the_newest_events(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        for _ in range(9):
            module._log("configure")
        told = self._report(on_module, tmp_path / "report.json", "--events", 4)
        assert [one["number"] for one in told["events"]["stored"]] == [7, 8, 9, 10]

    def test_files_that_are_there_or_cannot_be(self, on_module: Run, tmp_path: Path) -> None:
        (tmp_path / "report.zip").write_text("mine")
        outcome = on_module("device", "report", "--out", tmp_path / "report.zip")
        assert (outcome.status, outcome.out) == (1, "")
        assert (tmp_path / "report.zip").read_text() == "mine"
        outcome = on_module("device", "report", "--out", tmp_path / "report.pdf")
        assert outcome.status == 2
        assert "report.zip or report.json" in outcome.err

    def test_no_module(self, wattseal: Run, tmp_path: Path) -> None:
        out = tmp_path / "report.zip"
        outcome = wattseal("device", "report", "--port", tmp_path / "none", "--out", out)
        assert (outcome.status, outcome.out) == (1, "")
        assert not out.exists()


def test_the_words_of_a_sample_without_a_reason() -> None:
    assert device_watch._line(watch.Sample(0)).rstrip().endswith("away")
