"""A scan of a line with meters of different kinds and speeds, silent units and noise."""

from collections.abc import Sequence

import pytest
from wattseal.meter.emulator.meter import Meter
from wattseal.meter.line import LineFormat
from wattseal.meter.profile import load_profiles
from wattseal.meter.scan import LIKELY, SURE, Found, Plan, Scanner, plan_of

from hil import line as rig
from hil.meter.bus import Bus, OnBus, VirtualTimeline
from hil.timeline import NS_PER_MS, NS_PER_S

PROFILES = list(load_profiles().values())
SIX = {
    "sdm630": (1, rig.LineFormat(9600)),
    "em24": (2, rig.LineFormat(9600)),
    "abb_b23": (3, rig.LineFormat(19200, "even")),
    "iem3155": (4, rig.LineFormat(19200, "even")),
    "sdm120": (5, rig.LineFormat(2400)),
    "pac2200": (6, rig.LineFormat(38400, "even")),
}
SILENT_UNITS = (7, 8)
EVER = 1_000_000


def ignore(_done: int, _total: int, _words: str) -> None:
    """The progress of a scan, which nobody watches here."""


def line_with(
    kinds: dict[str, tuple[int, rig.LineFormat]],
    seed: int | None = None,
    turnaround_ms: int = 20,
    silent: Sequence[int] = (),
) -> tuple[Bus, dict[str, Meter]]:
    timeline = VirtualTimeline()
    bus = Bus(timeline, seed)
    meters = {
        name: Meter(name, timeline.now_ns, unit=unit, power_w=11_000)
        for name, (unit, _) in kinds.items()
    }
    bus.attach(
        [OnBus(meters[name], form, turnaround_ms * NS_PER_MS) for name, (_, form) in kinds.items()]
    )
    for unit in silent:
        meter = Meter("sdm630", timeline.now_ns, unit=unit)
        meter.arm("silence", EVER, quantity=None)
        bus.attach([OnBus(meter, rig.LineFormat(9600))])
    return bus, meters


def scan(bus: Bus, plan: Plan | None = None) -> tuple[list[Found], Scanner]:
    scanner = Scanner(bus, PROFILES, plan or plan_of(PROFILES), ignore)
    return list(scanner.run()), scanner


def names(found: Found) -> list[str]:
    return [one.profile for one in found.candidates if one.certainty == found.certainty]


@pytest.mark.parametrize("seed", [1, 2])
def test_six_kinds_with_two_silent_units_and_noise_are_named_within_a_minute(seed: int) -> None:
    bus, meters = line_with(SIX, seed, silent=SILENT_UNITS)
    for meter in meters.values():
        meter.arm("wrong_crc", 2, quantity=None)
    found, scanner = scan(bus)
    seconds = bus.timeline.now_ns() / NS_PER_S
    print(f"{seconds:.1f} s, {scanner.counts}, {bus.noise_bursts} bursts of noise")
    assert {one.unit: str(one.format) for one in found} == {
        unit: str(LineFormat(int(form.baud), form.parity)) for unit, form in SIX.values()
    }
    for name, (unit, _) in SIX.items():
        [one] = [one for one in found if one.unit == unit]
        assert name in names(one)
        best = next(each for each in one.candidates if each.profile == name)
        assert best.energy_kwh is not None
        assert best.energy_kwh.startswith("2935.")
    assert seconds < 60
    assert bus.noise_bursts > 10


def test_what_identifies_itself_is_sure_and_what_shares_a_map_is_named_together() -> None:
    found, _ = scan(line_with(SIX)[0])
    by_unit = {one.unit: one for one in found}
    assert (names(by_unit[2]), by_unit[2].certainty) == (["em24"], SURE)
    assert (names(by_unit[3]), by_unit[3].certainty) == (["abb_b23"], SURE)
    assert (names(by_unit[1]), by_unit[1].certainty) == (["sdm630", "sdm72"], LIKELY)
    assert "it says that it is 70" in by_unit[2].candidates[0].because


def test_another_kind_with_the_same_registers_is_ruled_out_by_what_it_says() -> None:
    bus, meters = line_with({"em24": (1, rig.LineFormat(9600))})
    meters["em24"].profile["identity"]["values"] = ["1648"]
    [found], _ = scan(bus)
    assert "em24" not in [one.profile for one in found.candidates]


def test_sunspec_is_found_by_its_models() -> None:
    [found], _ = scan(line_with({"sunspec_203": (1, rig.LineFormat(9600))})[0])
    assert (names(found), found.certainty) == (["sunspec_203"], SURE)


def test_meter_that_answers_late_is_found_by_its_late_answer() -> None:
    bus, _ = line_with({"sdm630": (3, rig.LineFormat(9600))}, turnaround_ms=300)
    found, _ = scan(bus)
    assert [one.unit for one in found] == [3]
    assert "sdm630" in names(found[0])


def test_unit_that_answers_but_fits_nothing_is_told() -> None:
    bus, meters = line_with({"sdm630": (9, rig.LineFormat(9600))})
    meters["sdm630"].arm("exception", EVER, quantity=None)
    [found], _ = scan(bus)
    assert (found.unit, found.candidates, found.certainty) == (9, (), None)


def test_energy_that_cannot_be_is_no_fit() -> None:
    bus, meters = line_with({"sdm630": (9, rig.LineFormat(9600))})
    meters["sdm630"].arm("sentinel", EVER)
    [found], _ = scan(bus)
    assert found.candidates == ()


def test_echo_is_found_out_and_told() -> None:
    bus, _ = line_with({"sdm630": (1, rig.LineFormat(9600))})
    bus.echoes = True
    found, scanner = scan(bus)
    assert scanner.counts.echo
    assert [one.unit for one in found] == [1]


def test_nobody_is_there() -> None:
    bus, _ = line_with({}, silent=SILENT_UNITS)
    found, scanner = scan(bus)
    assert found == []
    assert scanner.counts.noisy == 0


def test_noise_alone_is_nobody() -> None:
    bus, _ = line_with({}, seed=7)
    assert scan(bus)[0] == []


def test_plan_begins_with_the_lines_of_the_profiles() -> None:
    plan = plan_of(PROFILES)
    assert {LineFormat(9600), LineFormat(2400), LineFormat(19200, "even")} <= set(plan.formats[:4])
    assert {1, 2, 10, 33, 42} <= set(plan.units)
    assert plan_of(PROFILES, units=(5,)).units == (5,)
