"""What is brought back to a module, what is asked at the terminal, and lists with a registry."""

import itertools
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commissioning.workbench import EVSE_ID, Bench, chip_of, serial_of
from support.device.fake_key_life import OWNER
from wattseal.registry.client import RegistryClient

from hil.registry_process import RegistryProcess, new_registry
from hil.targets.unix import UnixRig

numbers = itertools.count(60)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProcess]:
    """One registry for the tests of this file; each has its own modules."""
    with new_registry(tmp_path_factory.mktemp("answers") / "registry") as opened:
        yield opened


@pytest.fixture
def number() -> int:
    return next(numbers)


@pytest.fixture
def rig(make_rig: Callable[..., UnixRig], number: int) -> UnixRig:
    return make_rig(number)


@pytest.fixture
def bench(bench: Bench, shared: RegistryProcess, number: int) -> Bench:
    """The station file is for this test's module and names the registry."""
    bench.station.change(
        meter={"serial": serial_of(number)},
        gateway_serial=f"WS0001{number}",
        charge_point_id=f"{EVSE_ID}*{number}",
        **shared.settings,
    )
    return bench


def answered(bench: Bench, rig: UnixRig, shared: RegistryProcess) -> Path:
    """The answer to a request that was exported."""
    assert bench.export(rig.port).status == 0
    sent = bench.wattseal("commission", "submit", bench.job, "--json", *shared.options())
    assert sent.status == 0, sent.err
    return Path(sent.json["requests"][0]["answer"])


class TestFinish:
    def test_the_folder_need_not_be_the_one_of_the_export(
        self, rig: UnixRig, bench: Bench, shared: RegistryProcess, tmp_path: Path
    ) -> None:
        came = answered(bench, rig, shared)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / came.name).write_bytes(came.read_bytes())
        done = bench.wattseal(
            *("commission", "finish", elsewhere / came.name, "--port", rig.port, "--json"),
            "--no-test-charge",
        )
        assert done.status == 0, done.err
        assert done.json["state"] == "operational"
        assert [one["step"] for one in done.json["steps"]] == ["module", "clock", "publication"]

    def test_an_answer_from_before_the_settings_changed(
        self,
        rig: UnixRig,
        bench: Bench,
        shared: RegistryProcess,
        owner_key: Path,
        password_file: Path,
    ) -> None:
        came = answered(bench, rig, shared)
        bench.station.change(charge_point_id=f"{EVSE_ID}*OTHER")
        changed = bench.export(rig.port, "--owner-key", owner_key, "--password-file", password_file)
        assert changed.status == 0, changed.err
        outcome = bench.wattseal("commission", "finish", came, "--port", rig.port)
        assert outcome.status == 1
        assert "is not about this module as it is now" in outcome.err

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("DE-M 26 0102", "DE-M 26 0103", "its record is not the one that the log names"),
            ('"checkpoint": "registry', '"checkpoint": "registrar', "registry"),
            ('"proof": [', '"proof": [ "' + "ab" * 32 + '",', "does not hold"),
            ('\\"type\\":\\"registration', '\\"type\\":\\"recreation', "its record cannot be read"),
        ],
    )
    def test_an_answer_that_was_changed_on_the_way(
        self, rig: UnixRig, bench: Bench, shared: RegistryProcess, old: str, new: str, words: str
    ) -> None:
        came = answered(bench, rig, shared)
        text = came.read_text()
        assert old in text
        came.write_text(text.replace(old, new))
        outcome = bench.wattseal("commission", "finish", came, "--port", rig.port)
        assert outcome.status in (1, 2)
        assert words in outcome.err
        status = bench.wattseal("device", "status", "--port", rig.port, "--json")
        assert status.json["status"]["state"] == "unregistered"

    @pytest.mark.parametrize("text", ["", "{}", "[]", "x" * ((1 << 20) + 1)])
    def test_what_is_no_answer(self, bench: Bench, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.answer.json").write_text(text)
        outcome = bench.wattseal("commission", "finish", tmp_path / "a.answer.json")
        assert outcome.status == 2
        assert "is not what `wattseal commission` writes" in outcome.err

    def test_the_answer_to_a_test_charge(
        self, rig: UnixRig, bench: Bench, shared: RegistryProcess
    ) -> None:
        outcome = bench.run(rig.port, *shared.options())
        assert outcome.status == 0, outcome.err
        [other] = bench.job.glob("*.test-charge.answer.json")
        refused = bench.wattseal("commission", "finish", other, "--port", rig.port)
        assert refused.status == 2
        assert "it answers no registration" in refused.err


def test_what_is_done_again_in_the_same_folder_is_sent_again(
    rig: UnixRig, bench: Bench, shared: RegistryProcess
) -> None:
    """The folder still has the answers of the first time."""

    def submit() -> list[int]:
        sent = bench.wattseal("commission", "submit", bench.job, "--json", *shared.options())
        assert sent.status == 0, sent.err
        return [one["entry"] for one in sent.json["requests"]]

    def finish() -> None:
        [came] = (one for one in bench.job.glob("*.answer.json") if "test-charge" not in one.name)
        options = ("--port", rig.port, "--test-charge", "0")
        done = bench.wattseal("commission", "finish", came, *options)
        assert done.status == 0, done.err

    answered(bench, rig, shared)
    finish()
    [charge] = submit()
    bench.station.change(meter={"calibration_mark": "DE-M 26 0999"}, scenario="meter_replacement")
    assert bench.export(rig.port).status == 0
    [registration] = submit()
    assert registration > charge
    finish()
    [other_charge] = submit()
    assert other_charge > registration
    nothing = bench.wattseal("commission", "submit", bench.job, "--json", *shared.options())
    assert nothing.json.get("requests", []) == []


class TestOnline:
    def test_another_registry_than_the_station_file_names(
        self, rig: UnixRig, bench: Bench, shared: RegistryProcess
    ) -> None:
        bench.station.change(registry_name="other.example/keys")
        outcome = bench.run(rig.port, *shared.options())
        assert outcome.status == 1
        assert "is set up for another registry: its registry_name" in outcome.err

    def test_the_wrong_case_is_told_with_the_right_one(
        self, rig: UnixRig, bench: Bench, shared: RegistryProcess
    ) -> None:
        outcome = bench.run(rig.port, *shared.options(), "--scenario", "firmware-update")
        assert outcome.status == 1
        assert "but what is recorded makes it initial" in outcome.err

    def test_what_the_registry_knows_need_not_be_said_again(
        self, rig: UnixRig, bench: Bench, shared: RegistryProcess
    ) -> None:
        assert bench.run(rig.port, *shared.options()).status == 0
        bare = bench.folder / "bare.toml"
        bare.write_text("")
        outcome = bench.wattseal(
            *("commission", "--station", bare, "--port", rig.port, "--job", bench.folder / "again"),
            *(*shared.options(), "--json"),
        )
        assert outcome.status == 0, outcome.err
        assert [one["step"] for one in outcome.json["steps"] if one["changed"]] == [
            *("clock", "signed_clock", "document")
        ]


def test_a_list_with_a_registry(
    make_rig: Callable[..., UnixRig], bench: Bench, shared: RegistryProcess, tmp_path: Path
) -> None:
    mine = [next(numbers) for _ in range(3)]
    rows = ["port,gateway_serial,meter_serial,charge_point_id,calibration_year"]
    for number in mine:
        year = 1999 if number == mine[1] else 2026
        rows.append(
            f"{make_rig(number).port},WS{number},{serial_of(number)},{EVSE_ID}*{number},{year}"
        )
    table = tmp_path / "list.csv"
    table.write_text("\n".join(rows))
    bench.station.change(
        meter={"serial": None, "calibration_year": None},
        gateway_serial=None,
        charge_point_id=None,
    )
    command = (
        *("commission", "batch", table, "--defaults", bench.station.path),
        *("--out", tmp_path / "out", "--test-charge", *shared.options()),
    )
    outcome = bench.wattseal(*command)
    assert outcome.status == 1
    assert "2 of 3 are through." in outcome.out
    report = json.loads((tmp_path / "out" / "report.json").read_text())["rows"]
    assert [row["error"] for row in report] == [None, "registry_refused", None]
    assert "calibration year 1999" in report[1]["message"]
    assert report[1]["step"] == "registration"
    assert len(list((tmp_path / "out").rglob("*.pdf"))) == 2
    table.write_text(table.read_text().replace("1999", "2026"))
    again = bench.wattseal(*command)
    assert again.status == 0, again.err
    entries = [
        row["entry"] for row in json.loads((tmp_path / "out" / "report.json").read_text())["rows"]
    ]
    assert (entries[0], entries[2]) == (report[0]["entry"], report[2]["entry"])
    evse = RegistryClient(shared.url).evse(f"{EVSE_ID}*{mine[1]}")
    assert evse is not None
    assert evse.chip_id == chip_of(mine[1])


def at_a_terminal(rig: UnixRig, folder: Path, answers: list[str]) -> tuple[int, str, str]:
    """Export with a person who types these answers; exit status, output and what was asked."""
    master, terminal = pty.openpty()
    command = (
        *(Path(sys.executable).parent / "wattseal", "commission", "export"),
        *("--port", rig.port, "--job", folder / "job"),
    )
    process = subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
    )
    os.close(terminal)
    os.write(master, "".join(f"{answer}\n" for answer in answers).encode())
    out, err = (text.decode() for text in process.communicate(timeout=60))
    os.close(master)
    return process.returncode, out, err


def test_a_person_is_asked_for_what_is_missing(rig: UnixRig, number: int, tmp_path: Path) -> None:
    answers = [
        *("Wattseal WS-1", f"WS0001{number}", "Wattseal WS-1", "sdm630"),
        *(f"{EVSE_ID}*{number}", "registry.example/keys"),
        *("no key", OWNER.public.hex, OWNER.public.hex),
        *(serial_of(number), "DE-M 26 0102", "soon", "2026"),
    ]
    status, _out, err = at_a_terminal(rig, tmp_path, [*answers, "n"])
    assert status == 1, err
    assert f"meter Eastron SDM630 {serial_of(number)}, charge point" in err
    assert "The seal was left open." in err
    assert "registry_key" in err  # what was wrong with an answer is said
    assert err.count("Year of that mark:") == 2
    # What the module holds by now is not asked again.
    left = ["Wattseal WS-1", "DE-M 26 0102", "2026", "y"]
    status, out, err = at_a_terminal(rig, tmp_path, left)
    assert status == 0, err
    assert "Request for the registry: written" in out
    [kept] = (tmp_path / "job").glob("*.request.json")
    assert json.loads(kept.read_text())["request"]["meter"]["calibration_year"] == 2026


def test_without_a_terminal_nobody_is_asked(rig: UnixRig, wattseal: Callable[..., Any]) -> None:
    outcome = wattseal("commission", "export", "--port", rig.port)
    assert outcome.status == 2
    assert "It is not known yet: gateway_id, gateway_serial" in outcome.err
