"""The commands on a module that works, from an empty module to an exported journal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.device import fake_module as faults
from support.device.fake_key_life import OWNER, REGISTRY
from support.device.fake_module import START_MS, FakeModule
from wattseal.common.times import unix_ms_now
from wattseal.ocmf.public_key import read_public_key
from wattseal.ocmf.report import Verdict
from wattseal.ocmf.verify import verify_file
from wattseal.registry.client import RegistryClient
from wattseal.wire import owner_challenge, signed_time

Run = Callable[..., object]


def test_status_tells_the_state(on_module: Run, module: FakeModule) -> None:
    outcome = on_module("device", "status")
    assert outcome.status == 0
    lines = dict(line.split(maxsplit=1) for line in outcome.out.splitlines())
    assert lines["state"] == "operational"
    assert lines["session"] == "none"
    assert lines["clock"].startswith("2026-11-21 10:00:00 +01:00, synchronised (S)")
    module.clock_ms = None
    assert "not set  (wattseal device time)" in on_module("device", "status").out


def test_status_as_json(on_module: Run) -> None:
    result = on_module("device", "status", "--json").json
    assert result["module"]["board"] == "rp2040"
    assert result["status"]["journal"]["next"] == 1


def test_fault_is_shown_with_cause_and_remedy(on_module: Run, module: FakeModule) -> None:
    cause = {
        "name": "key_lost",
        "sentence": "The module has records but no key.",
        "remedy": "Replace the module.",
        "detail": {},
    }
    status = {**module._status({}), "state": "fault", "cause": cause}
    module.faults["status"] = [faults.replaced(status)]
    outcome = on_module("device", "status")
    assert outcome.out.startswith(
        "FAULT: The module has stopped signing because of a fault. The module has records but no "
        "key.\n"
    )
    assert "next        Replace the module." in outcome.out


def test_key_is_written_in_both_forms(on_module: Run, module: FakeModule, tmp_path: Path) -> None:
    outcome = on_module("device", "key", "--out", tmp_path)
    assert outcome.status == 0
    key = module.signer.public
    assert key.hex in outcome.out.split()
    assert (tmp_path / "public-key.hex").read_text() == key.hex
    assert read_public_key((tmp_path / "public-key.pem").read_bytes()) == key
    assert on_module("device", "key", "--json").json == {
        "key_number": 1,
        "curve": "secp256r1",
        "public_key": key.hex,
        "sha256": key.fingerprint,
        "files": [],
    }


class TestConfigure:
    @pytest.fixture(autouse=True)
    def _unsealed(self, module: FakeModule) -> None:
        module.open_seal()

    def test_without_options_it_only_shows(self, on_module: Run, module: FakeModule) -> None:
        outcome = on_module("device", "configure")
        assert "meter_profile      sdm630" in outcome.out
        assert len(module.events) == 1

    def test_options_change_and_the_change_is_shown(
        self, on_module: Run, module: FakeModule
    ) -> None:
        outcome = on_module("device", "configure", "--gateway-serial", "WS2", "--meter-unit", 3)
        rows = [line.split() for line in outcome.out.splitlines()]
        assert rows == [
            ["SETTING", "BEFORE", "AFTER"],
            ["gateway_serial", "WS000017", "WS2"],
            ["meter_unit", "-", "3"],
        ]
        assert module.settings["meter_profile"] == "sdm630"

    def test_file_and_options_add_up_and_options_win(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        text = 'gateway_id = "A"\nline = { baud = 9600, parity = "even", stop_bits = 1 }\n'
        (tmp_path / "s.toml").write_text(text)
        arguments = ["--file", tmp_path / "s.toml", "--gateway-id", "B", "--meter-parity", "none"]
        result = on_module("device", "configure", *arguments, "--json").json
        assert result["before"]["gateway_id"] == "Wattseal WS-1"
        assert result["after"]["gateway_id"] == module.settings["gateway_id"] == "B"
        assert result["after"]["line"] == {"baud": 9600, "parity": "none", "stop_bits": 1}
        on_module("device", "configure", "--meter-baud", 19200)
        assert module.settings["line"] == {"baud": 19200, "parity": "none", "stop_bits": 1}

    def test_what_is_still_missing_is_told(self, on_module: Run, module: FakeModule) -> None:
        module.settings = {}
        outcome = on_module("device", "configure", "--meter-profile", "sdm630")
        assert "Still to be set: gateway_id, gateway_serial, meter_serial" in outcome.out
        told = on_module("device", "status").out
        assert "     --gateway-id         name of this signing system\n" in told


class TestTime:
    @pytest.mark.parametrize("kept", [True, False])
    def test_a_computers_time_is_informative(
        self, on_module: Run, module: FakeModule, monkeypatch: pytest.MonkeyPatch, kept: bool
    ) -> None:
        monkeypatch.setattr("wattseal.cli.device.is_synchronised", lambda: kept)
        outcome = on_module("device", "time")
        assert module.synchronisation == "I"
        keeper = "a time service keeps" if kept else "no time service is known to keep"
        assert f"informative: {keeper} this computer's clock" in outcome.out

    def test_owner_signs_this_computers_time(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path
    ) -> None:
        before_ms, secret = unix_ms_now(), ("--password-file", password_file)
        result = on_module("device", "time", "--owner-key", owner_key, "--json", *secret).json
        assert result["clock"]["synchronisation"] == module.synchronisation == "S"
        assert before_ms <= module.clock_ms <= unix_ms_now()
        assert result["source"] == "signed by the owner"

    def test_registry_signs_the_time(
        self, on_module: Run, module: FakeModule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RegistryClient, "sign_time", registry_time)
        url = "https://registry.example"
        result = on_module("device", "time", "--registry", url, "--json").json
        assert (module.synchronisation, module.clock_ms) == ("S", START_MS + 5)
        assert (result["source"], result["why"]) == ("signed by the registry", url)

    def test_a_registry_is_not_asked_before_the_seal(
        self, on_module: Run, module: FakeModule
    ) -> None:
        module.open_seal()
        told = on_module("device", "time", "--registry", "http://127.0.0.1:9").out
        assert "a registry's time takes the seal" in told
        assert module.synchronisation == "I"

    def test_session_begins_with_the_registrys_time(
        self, on_module: Run, module: FakeModule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RegistryClient, "sign_time", registry_time)
        monkeypatch.setenv("WATTSEAL_REGISTRY", "https://registry.example")
        module.synchronisation = "I"
        on_module("session", "begin")
        assert module.session is not None
        assert module.session["begin_unix_ms"] == START_MS + 5 + 60_000  # a minute a record
        assert module.synchronisation == "S"

    def test_session_begins_without_the_registry(self, on_module: Run, module: FakeModule) -> None:
        outcome = on_module("session", "begin", "--registry", "http://127.0.0.1:9")
        assert "the clock was not set" in outcome.err
        assert module.session is not None

    def test_owner_sets_the_time_back(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path
    ) -> None:
        secret = ("--password-file", password_file)
        words = ("device", "time", "--set-back", "--owner-key", owner_key, "--json", *secret)
        assert on_module(*words).json["source"] == "owner"
        assert module.synchronisation == "I"

    def test_owner_sets_the_time_back_from_afar(self, on_module: Run, module: FakeModule) -> None:
        asked = on_module("device", "challenge", "set-time", "--json").json
        assert "to 20" in on_module("device", "challenge", "set-time").err
        named = str(asked["members"]["unix_ms"])
        asked = on_module("device", "challenge", "set-time", "--unix-ms", named, "--json").json
        signed = OWNER.sign(owner_challenge.signed_bytes(asked["challenge"])).hex()
        on_module("device", "time", "--signature", signed, "--unix-ms", named)
        assert module.clock_ms == int(named)


def registry_time(_client: RegistryClient, chip_id: str, nonce: str) -> tuple[int, str]:
    text = signed_time.build_time(chip_id, nonce, START_MS + 5)
    return START_MS + 5, REGISTRY.sign(signed_time.signed_bytes(text)).hex()


def test_reading(on_module: Run) -> None:
    assert "2935.600 kWh" in on_module("device", "read").out
    assert on_module("device", "read", "--json").json["energy"] == {
        "value": 2935600, "exponent": 0, "unit": "Wh",
    }  # fmt: skip


class TestSession:
    def test_whole_session_leaves_five_files_that_verify(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        out = tmp_path / "session-17"
        tag = ["--id-tag", "04A2B1C3", "--id-type", "ISO14443", "--session-id", 17]
        assert on_module("session", "begin", *tag, "--out", out).status == 0
        assert sorted(path.name for path in out.iterdir()) == [
            "begin.ocmf", "public-key.hex", "public-key.pem",
        ]  # fmt: skip
        outcome = on_module("session", "end", "--reason", "R", "--out", out)
        assert outcome.status == 0
        assert "Session 17 ended: record T2." in outcome.out
        assert "energy      1.000 kWh" in outcome.out
        assert sorted(path.name for path in out.iterdir()) == [
            "begin.ocmf", "end.ocmf", "public-key.hex", "public-key.pem", "transaction.xml",
        ]  # fmt: skip
        for name, record in zip(("begin.ocmf", "end.ocmf"), module.records, strict=True):
            assert (out / name).read_text() == record["record"]
        report = verify_file("", (out / "transaction.xml").read_bytes(), module.signer.public)
        assert (report.verdict, report.all_findings) == (Verdict.VERIFIED, [])
        assert report.transactions[0].transaction_id == "17"

    def test_session_begun_elsewhere_is_ended_with_all_files(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        on_module("session", "begin")
        assert on_module("session", "end", "--out", tmp_path).status == 0
        assert (tmp_path / "begin.ocmf").read_text() == module.records[0]["record"]
        assert len(list(tmp_path.iterdir())) == 5

    def test_without_out_nothing_is_written(
        self, on_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        on_module("session", "begin")
        on_module("session", "end")
        assert list(tmp_path.iterdir()) == []

    def test_json_holds_the_records_word_for_word(self, on_module: Run, module: FakeModule) -> None:
        begun = on_module("session", "begin", "--json").json
        assert begun["record"] == module.records[0]
        assert begun["verification"]["verdict"] == "verified"
        assert on_module("session", "intermediate", "--json").json["record"]["pagination"] == 2
        ended = on_module("session", "end", "--json").json
        assert (ended["begin_record"], ended["record"]) == (module.records[0], module.records[2])
        assert (ended["session"], ended["recovered"]) == ("ended", False)
        assert ended["verification"]["transactions"][0]["energy"] == "2.000"

    @pytest.mark.parametrize("method", ["begin", "intermediate", "end"])
    def test_lost_reply_is_cured_and_told(
        self, on_module: Run, module: FakeModule, method: str
    ) -> None:
        module.faults[method] = [faults.wrong_crc]
        outcomes = [
            on_module("session", name, timeout=0.3) for name in ("begin", "intermediate", "end")
        ]
        assert [outcome.status for outcome in outcomes] == [0, 0, 0]
        told = "".join(outcome.err for outcome in outcomes)
        assert told.count("the reply was lost; the record was fetched") == 1
        assert [record["pagination"] for record in module.records] == [1, 2, 3]

    def test_record_that_does_not_verify_is_not_called_good(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        on_module("session", "begin")
        module.records[0]["record"] = module.records[0]["record"].replace("SDM630", "SDM631")
        outcome = on_module("session", "end", "--out", tmp_path)
        assert outcome.status == 1
        assert "does not verify: The signature does not fit" in outcome.err
        assert (tmp_path / "transaction.xml").is_file()

    def test_intermediate_is_written_under_its_pagination(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        on_module("session", "begin")
        assert on_module("session", "intermediate", "--out", tmp_path).status == 0
        assert (tmp_path / "T2.ocmf").read_text() == module.records[1]["record"]


class TestJournal:
    @pytest.fixture
    def two_sessions(self, on_module: Run) -> None:
        for _ in range(2):
            on_module("session", "begin")
            on_module("session", "end")
        on_module("session", "begin")

    @pytest.mark.usefixtures("two_sessions")
    def test_records_are_listed(self, on_module: Run) -> None:
        rows = [line.split() for line in on_module("device", "records").out.splitlines()]
        assert [row[:3] for row in rows[1:]] == [
            ["T1", "1", "B"], ["T2", "1", "E"], ["T3", "3", "B"], ["T4", "3", "E"],
            ["T5", "5", "B"],
        ]  # fmt: skip
        listed = on_module("device", "records", "--from", 2, "--to", 3, "--json").json["records"]
        assert [record["pagination"] for record in listed] == [2, 3]

    @pytest.mark.usefixtures("two_sessions")
    def test_export_holds_every_record_and_whole_session(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        outcome = on_module("device", "records", "--out", tmp_path)
        assert "5 records written" in outcome.out
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {f"T{number}.ocmf" for number in range(1, 6)} | {
            "transaction-T1-T2.xml", "transaction-T3-T4.xml", "public-key.hex", "public-key.pem",
        }  # fmt: skip
        for name in ("transaction-T1-T2.xml", "transaction-T3-T4.xml"):
            report = verify_file(name, (tmp_path / name).read_bytes(), module.signer.public)
            assert report.verdict is Verdict.VERIFIED

    def test_empty_journal(self, on_module: Run) -> None:
        assert "no such records" in on_module("device", "records").out
        assert on_module("device", "records", "--json").json == {"records": [], "files": []}

    @pytest.mark.usefixtures("two_sessions")
    def test_release_makes_room(self, on_module: Run, module: FakeModule) -> None:
        on_module("session", "end")
        outcome = on_module("device", "release", "--through", 4, "--yes")
        assert outcome.status == 0
        assert "T5 to T6" in outcome.out
        assert "some released records stay" not in outcome.out
        assert module.released_through == 4
        assert on_module("device", "records", "--to", 2).status == 0

    def test_events_with_their_chain(self, on_module: Run) -> None:
        on_module("device", "configure", "--controller-firmware", "CF-5")
        outcome = on_module("device", "events")
        assert "2 events, their hash chain is whole." in outcome.out
        assert "2026-11-21 09:00:00 +00:00  configure" in outcome.out
        assert len(on_module("device", "events", "--from", 2, "--json").json["events"]) == 1


def test_self_test(on_module: Run) -> None:
    assert on_module("device", "self-test").out == "Self-test passed.\n"
    assert on_module("device", "self-test", "--json").json == {"passed": True, "failed": []}


def test_port_from_the_environment(
    wattseal: Run, port: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATTSEAL_PORT", port.path)
    assert wattseal("device", "status").status == 0
