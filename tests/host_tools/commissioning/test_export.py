"""What is done on site without a network, on the real firmware: up to the request's file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commissioning.workbench import EVSE_ID, Bench, chip_of
from support.device.signer import signer
from wattseal.commissioning.job import RequestFile, read_file
from wattseal.common.errors import ToolError
from wattseal.device.owner import offline_challenge
from wattseal.ocmf.public_key import read_public_key
from wattseal.wire import statements

from hil.targets.unix import UnixRig

REGISTRY = {
    "registry_name": "registry.example/keys",
    "registry_key": signer(seed=51).public.spki.hex(),
}
REQUEST = "WS000017-DE-WSL-E00017.request.json"


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The station file names a registry."""
    bench.station.change(**REGISTRY)
    return bench


def refused(outcome: object, words: str, status: int = 1) -> None:
    assert outcome.status == status, outcome
    assert words in outcome.err


def steps_of(outcome: object) -> dict[str, bool]:
    return {one["step"]: one["changed"] for one in outcome.json["steps"]}


def test_from_the_box_to_a_request(rig: UnixRig, bench: Bench) -> None:
    outcome = bench.export(rig.port)
    assert outcome.status == 0, outcome.err
    assert f"wattseal commission submit {bench.job}" in outcome.out
    kept = read_file(bench.job / REQUEST, RequestFile)
    said = statements.read_statement(kept.request.possession.statement)
    expected = offline_challenge(REGISTRY["registry_name"], chip_of(1))
    assert (said["challenge"], said["evse_id"]) == (expected, EVSE_ID)
    key = read_public_key(said["public_key"])
    signature = bytes.fromhex(kept.request.possession.signature)
    assert key.verify(statements.signed_bytes(kept.request.possession.statement), signature)
    assert kept.request.meter.model_dump() == {
        "manufacturer": "Eastron",
        "model": "SDM630",
        "serial": "19285703",
        "calibration_mark": "DE-M 26 0102",
        "calibration_year": 2026,
    }
    assert kept.registry_key == REGISTRY["registry_key"]


def test_once_more_changes_nothing_but_clock_and_request(rig: UnixRig, bench: Bench) -> None:
    first = steps_of(bench.export(rig.port, "--json"))
    assert [step for step, changed in first.items() if changed] == [
        *("settings", "clock", "seal", "request")
    ]
    second = steps_of(bench.export(rig.port, "--json"))
    assert [step for step, changed in second.items() if changed] == ["clock", "request"]
    assert bench.noted()["seal"]["facts"]["commissioning"] == 1


def test_the_job_file_is_not_believed(rig: UnixRig, bench: Bench) -> None:
    bench.export(rig.port)
    rig.restart(flash=b"\xff" * len(rig.flash_image()))  # another module, from its box
    assert steps_of(bench.export(rig.port, "--json"))["seal"] is True


def test_a_run_that_was_cut_goes_on(rig: UnixRig, bench: Bench) -> None:
    rig.meter.arm("silence", 1000, quantity=None)
    cut = bench.export(rig.port)
    refused(cut, "meter")
    assert list(bench.noted()) == ["module", "settings"]
    rig.meter.disarm()
    assert steps_of(bench.export(rig.port, "--json"))["settings"] is False


def test_power_fails_between_the_steps(rig: UnixRig, bench: Bench) -> None:
    rig.meter.arm("silence", 1000, quantity=None)
    bench.export(rig.port)
    rig.meter.disarm()
    rig.restart()
    outcome = bench.export(rig.port)
    assert outcome.status == 0, outcome.err


class TestWhatDoesNotFit:
    def test_another_meter_than_the_label_says(self, rig: UnixRig, bench: Bench) -> None:
        bench.station.change(meter={"serial": "99999999"})
        outcome = bench.export(rig.port)
        refused(outcome, "19285703")
        assert "seal" not in bench.noted()

    @pytest.mark.parametrize("member", ["manufacturer", "model"])
    def test_another_make(self, rig: UnixRig, bench: Bench, member: str) -> None:
        bench.station.change(meter={member: "Other"})
        refused(bench.export(rig.port), f"The meter's {member} is")

    def test_letters_and_blanks_of_a_label_do_not_matter(self, rig: UnixRig, bench: Bench) -> None:
        bench.station.change(meter={"manufacturer": "EASTRON", "model": "sdm 630"})
        outcome = bench.export(rig.port)
        assert outcome.status == 0, outcome.err

    def test_a_sealed_module_of_another_station(
        self, rig: UnixRig, bench: Bench, owner_key: Path, password_file: Path
    ) -> None:
        bench.export(rig.port)
        bench.station.change(charge_point_id="DE*WSL*E00018", gateway_serial="WS000018")
        refused(bench.export(rig.port), "these settings are others")
        permitted = ("--owner-key", owner_key, "--password-file", password_file)
        outcome = bench.export(rig.port, *permitted)
        assert outcome.status == 0, outcome.err
        assert bench.noted()["seal"]["facts"]["commissioning"] == 2

    def test_another_owner_cannot_open_the_seal(
        self, rig: UnixRig, bench: Bench, owner_key: Path, password_file: Path
    ) -> None:
        other = signer(seed=99).public.spki.hex()
        bench.station.change(owner_key=other)
        bench.export(rig.port)
        bench.station.change(charge_point_id="DE*WSL*E00018")
        outcome = bench.export(rig.port, "--owner-key", owner_key, "--password-file", password_file)
        refused(outcome, "is not the owner key that the module knows")


class TestStationFile:
    @pytest.mark.parametrize(
        "name",
        [
            *("gateway_id", "gateway_serial", "module_model", "meter_profile"),
            *("charge_point_id", "owner_key", "registry_name", "registry_key"),
        ],
    )
    def test_what_is_missing_is_named(self, rig: UnixRig, bench: Bench, name: str) -> None:
        bench.station.change(**{name: None})
        refused(bench.export(rig.port), f"It is not known yet: {name}.", 2)

    @pytest.mark.parametrize("name", ["serial", "calibration_mark", "calibration_year"])
    def test_what_is_missing_of_the_label(self, rig: UnixRig, bench: Bench, name: str) -> None:
        bench.station.change(meter={name: None})
        refused(bench.export(rig.port), f"It is not known yet: meter.{name}.", 2)

    def test_what_the_module_knows_need_not_be_said_again(self, rig: UnixRig, bench: Bench) -> None:
        bench.export(rig.port)
        bench.station.change(gateway_id=None, owner_key=None, meter_profile=None)
        outcome = bench.export(rig.port)
        assert outcome.status == 0, outcome.err

    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ({"meter_unit": 248}, "meter_unit must be an integer from 1 to 247"),
            ({"colour": "red"}, "colour"),
            ({"scenario": "holiday"}, "scenario must be one of initial"),
            ({"module_model": 5}, "module_model must be a text"),
            ({"meter_serial": "1"}, "meter_serial and meter.serial differ"),
            ({"owner_key": "nonsense"}, "owner_key"),
            ({"registry_key": "none.pem"}, "registry_key"),
        ],
    )
    def test_what_no_station_file_says(
        self, bench: Bench, members: dict[str, object], words: str
    ) -> None:
        bench.station.change(**members)
        refused(bench.export("/dev/null"), words, 2)

    @pytest.mark.parametrize("year", [1989, 2201, "2026", 2026.5])
    def test_a_year_that_is_none(self, rig: UnixRig, bench: Bench, year: object) -> None:
        bench.station.change(meter={"calibration_year": year})
        refused(bench.export(rig.port), "calibration_year", 2)

    @pytest.mark.parametrize("label", [{"colour": "red"}, "text", []])
    def test_a_label_that_is_none(self, bench: Bench, label: object) -> None:
        text = bench.station.path.read_text().partition("[meter]")[0]
        bench.station.path.write_text(f"meter = {json.dumps(label).replace(':', ' =')}\n{text}")
        refused(bench.export("/dev/null"), "meter may hold manufacturer", 2)

    def test_keys_may_be_files_beside_it(self, rig: UnixRig, bench: Bench) -> None:
        key = signer(seed=51).public
        (bench.station.path.parent / "registry.pem").write_text(key.pem)
        bench.station.change(registry_key="registry.pem")
        outcome = bench.export(rig.port)
        assert outcome.status == 0, outcome.err
        assert read_file(bench.job / REQUEST, RequestFile).registry_key == key.spki.hex()

    def test_no_file(self, wattseal: Callable[..., object], tmp_path: Path) -> None:
        refused(wattseal("commission", "export", "-s", tmp_path / "none.toml"), "cannot be read", 2)


class TestJobFolder:
    def test_it_must_be_writable_before_anything_happens(self, rig: UnixRig, bench: Bench) -> None:
        bench.job.write_text("a file")
        refused(bench.export(rig.port), "cannot be written")

    def test_a_broken_job_file(self, rig: UnixRig, bench: Bench) -> None:
        bench.export(rig.port)
        (bench.job / "job.json").write_text("{")
        refused(bench.export(rig.port), "is not what `wattseal commission` writes", 2)

    def test_other_files_in_it_are_left_alone(self, rig: UnixRig, bench: Bench) -> None:
        bench.job.mkdir()
        (bench.job / "photo.jpg").write_bytes(b"x")
        bench.export(rig.port)
        assert (bench.job / "photo.jpg").read_bytes() == b"x"

    def test_a_file_that_is_too_large(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b" " * ((1 << 20) + 1))
        with pytest.raises(ToolError) as caught:
            read_file(tmp_path / "x", RequestFile)
        assert caught.value.name == "job_file_malformed"


class TestFindingTheModule:
    def test_the_only_one_is_taken(
        self, rig: UnixRig, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wattseal.cli.commission.port_names", lambda: [rig.port])
        outcome = bench.wattseal(
            *("commission", "export", "-s", bench.station.path, "--job", bench.job)
        )
        assert outcome.status == 0, outcome.err
        assert f"The module is on {rig.port}." in outcome.err

    def test_two(
        self, make_rig: Callable[..., UnixRig], bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ports = [make_rig(1).port, make_rig(2).port]
        monkeypatch.setattr("wattseal.cli.commission.port_names", lambda: ports)
        outcome = bench.wattseal("commission", "export", "-s", bench.station.path)
        refused(outcome, "More than one module answers", 2)
        assert all(port in outcome.err for port in ports)

    def test_none(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wattseal.cli.commission.port_names", lambda: ["/dev/none"])
        outcome = bench.wattseal("commission", "export", "-s", bench.station.path)
        refused(outcome, "No module answers on any port of this computer (/dev/none)")


def test_an_option_before_the_command_is_not_dropped(wattseal: Callable[..., object]) -> None:
    outcome = wattseal("commission", "--port", "/dev/x", "export")
    refused(outcome, "--port stands before export", 2)


def test_without_registry_it_says_what_to_do(wattseal: Callable[..., object]) -> None:
    refused(wattseal("commission"), "`wattseal commission export`", 2)
