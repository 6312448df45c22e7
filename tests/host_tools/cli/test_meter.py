"""wattseal meter: profiles, and meters emulated on a pseudo-terminal, as a technician types it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wattseal.meter.emulator.meter import Meter
from wattseal.meter.emulator.serve import MetersOnPort, PseudoTerminal
from wattseal.meter.line import LineFormat
from wattseal.meter.profile import FOLDER, profile_names

Run = Callable[..., Any]


class Bench:
    """Meters on a port, answering in a thread of their own until the test ends."""

    def __init__(self, terminal: PseudoTerminal) -> None:
        self.path = terminal.path
        self.meters = {
            "sdm630": Meter("sdm630", time.monotonic_ns, power_w=11_000),
            "em24": Meter("em24", time.monotonic_ns, unit=2),
        }
        pairs = [(meter, LineFormat(9600)) for meter in self.meters.values()]
        self.server = MetersOnPort(terminal, pairs, self._note)
        self.exchanges: list[tuple[bytes, bytes, str | None]] = []

    def _note(self, request: bytes, reply: bytes, fault: str | None) -> None:
        self.exchanges.append((request, reply, fault))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with PseudoTerminal() as terminal:
        made = Bench(terminal)
        thread = threading.Thread(target=made.server.run)
        thread.start()
        yield made
        made.server.stop()
        thread.join()


# --- profiles --------------------------------------------------------------------------------


def test_list_names_every_profile(wattseal: Run) -> None:
    told = wattseal("meter", "list", "--json").json["profiles"]
    assert [one["name"] for one in told] == profile_names()
    assert "Carlo Gavazzi EM24-DIN" in wattseal("meter", "list").out


def test_show_tells_registers_and_sources(wattseal: Run) -> None:
    shown = wattseal("meter", "show", "em24").out
    assert "0x003E" in shown
    assert "dbus-modbus-client (Victron)" in shown
    assert "Not tried on hardware" in shown
    assert wattseal("meter", "show", "em24", "--json").json["energy_import"]["address"] == 0x3E


def test_unknown_profile_is_refused(wattseal: Run) -> None:
    outcome = wattseal("meter", "show", "em99")
    assert outcome.status == 2
    assert "There is no meter profile em99" in outcome.err


def test_check_tells_line_cause_and_remedy(wattseal: Run, tmp_path: Path) -> None:
    good = (FOLDER / "sdm630.toml").read_text("ascii")
    file = tmp_path / "sdm630.toml"
    file.write_text(good)
    assert wattseal("meter", "check", file).status == 0
    file.write_text(good.replace("timeout_ms", "time_out_ms"))
    outcome = wattseal("meter", "check", file)
    assert outcome.status == 2
    assert (
        "sdm630.toml, line 5: time_out_ms: no such field. Did you mean timeout_ms?" in outcome.err
    )
    assert wattseal("meter", "check", tmp_path / "none.toml").status == 2


# --- on a line -------------------------------------------------------------------------------


def test_read_straight(wattseal: Run, bench: Bench) -> None:
    place = ["--line", bench.path, "--profile", "sdm630"]
    told = wattseal("meter", "read", *place, "--json").json
    assert told["energy_kwh"].startswith("2935.6")
    assert (told["power_w"], told["export_kwh"]) == ("11000.0", "0.000")
    assert told["meter_serial"] == "19285703"
    assert "11000.0 W" in wattseal("meter", "read", *place).out


def test_read_needs_a_place_and_a_profile(wattseal: Run, bench: Bench) -> None:
    assert "--line" in wattseal("meter", "read").err
    assert "--profile" in wattseal("meter", "read", "--line", bench.path).err
    wrong = wattseal("meter", "read", "--line", bench.path, "--profile", "sdm630", "--baud", 9601)
    assert wrong.status == 2
    assert "baud must be one of" in wrong.err


def test_line_fault_is_named_with_its_remedy(wattseal: Run, bench: Bench) -> None:
    bench.meters["sdm630"].arm("echo", 100)
    place = ["meter", "read", "--line", bench.path, "--profile", "sdm630"]
    outcome = wattseal(*place)
    assert outcome.status == 1
    assert "gives back what is sent" in outcome.err
    assert "--echo" in outcome.err
    assert wattseal(*place, "--echo").status == 0


def test_meter_at_another_speed_does_not_answer(wattseal: Run, bench: Bench) -> None:
    place = ["meter", "read", "--line", bench.path, "--profile", "sdm630", "--baud", 2400]
    outcome = wattseal(*place, "--json")
    assert outcome.json["error"]["name"] == "meter_no_reply"


def test_watch_tells_a_line_for_each_reading(wattseal: Run, bench: Bench) -> None:
    place = ["--line", bench.path, "--profile", "sdm630", "--every", 0.2, "--count", 3]
    lines = wattseal("meter", "watch", *place).out.splitlines()
    assert len(lines) == 3
    assert all("11000 W" in line for line in lines)
    told = [
        json.loads(line) for line in wattseal("meter", "watch", *place, "--json").out.splitlines()
    ]
    assert [one["power_w"] for one in told] == ["11000"] * 3


def test_meter_that_is_wired_backwards_is_seen(wattseal: Run) -> None:
    with PseudoTerminal() as terminal:
        meter = Meter("sdm630", time.monotonic_ns, power_w=900_000, backwards=True)
        server = MetersOnPort(terminal, [(meter, LineFormat(9600))], lambda *_: None)
        thread = threading.Thread(target=server.run)
        thread.start()
        place = ["--line", terminal.path, "--profile", "sdm630"]
        shown = wattseal("meter", "read", *place).out
        watched = wattseal("meter", "watch", *place, "--every", 0.2, "--count", 3)
        server.stop()
        thread.join()
    assert "-900000.0 W, it flows out: is the meter wired backwards?" in shown
    assert watched.err.count("energy that flows out") == 1


def test_trace_of_a_reading(wattseal: Run, bench: Bench) -> None:
    place = ["--line", bench.path, "--profile", "em24", "--unit", 2, "--read"]
    shown = wattseal("meter", "trace", *place).out
    assert "unit 2, function 4: 2 from 0x003E (energy_import)" in shown
    assert "energy_import 2935.6 kWh" in shown
    told = [
        json.loads(line) for line in wattseal("meter", "trace", *place, "--json").out.splitlines()
    ]
    assert {one["kind"] for one in told} == {"request", "reply"}


def test_scan_through_a_port(wattseal: Run, bench: Bench) -> None:
    place = ["--line", bench.path, "--units", "1-3", "--baud", 9600, "--answer-ms", 300]
    told = wattseal("meter", "scan", *place, "--json").json
    names = {one["unit"]: [each["profile"] for each in one["candidates"]] for one in told["meters"]}
    assert names[2] == ["em24"]
    assert "sdm630" in names[1]
    assert set(names) == {1, 2}
    assert told["unusable"] == ["9600 8E1"]  # a pseudo-terminal has no parity
    assert "it says that it is 70" in wattseal("meter", "scan", *place).out


@pytest.mark.parametrize("units", ["0", "1-248", "one", "1-", ""])
def test_scan_of_no_units_is_refused(wattseal: Run, bench: Bench, units: str) -> None:
    assert wattseal("meter", "scan", "--line", bench.path, "--units", units).status == 2


def test_emulate_says_where_it_is_and_ends(wattseal: Run) -> None:
    outcome = wattseal("meter", "emulate", "sdm630", "em24@2", "--for", 0.1)
    assert "/dev/" in outcome.out
    assert "em24, unit 2 at 9600 8N1" in outcome.out
    told = wattseal("meter", "emulate", "iem3155@7", "--for", 0.1, "--json").out.splitlines()
    assert json.loads(told[0])["meters"] == [{"profile": "iem3155", "unit": 7}]


@pytest.mark.parametrize(
    "wrong", [["sdm630@0"], ["sdm999"], ["sdm630", "--fault", "sulking"], ["sdm630@x"]]
)
def test_what_cannot_be_emulated_is_refused(wattseal: Run, wrong: list[str]) -> None:
    assert wattseal("meter", "emulate", *wrong, "--for", 0.1).status == 2
