"""The module as a Modbus master: what it does on the line, and every meter that it knows."""

import pytest
from wattseal.meter.profile import known_profile, profile_names

from hil.line import LineFormat
from hil.rig import RigError
from hil.setup import MeterSetup, Setup
from hil.suite.module import MakeModule, Module
from hil.targets.rp2040 import Rp2040Rig
from hil.timeline import NS_PER_US

# The driver may hold the line no longer than this after the last bit: some meters answer within
# 4 ms, and the fastest the standard allows within 1.75 ms.
DRIVER_RELEASE_NS = 500 * NS_PER_US

PROFILES_OF_A_SAMPLE = ("iem3155", "sunspec_203")


def emulated(module: Module) -> Rp2040Rig:
    """The rig with its models in reach."""
    if not isinstance(module.rig, Rp2040Rig):
        raise RigError("this test looks into the emulated chip; mark it with needs('timing')")
    return module.rig


@pytest.mark.needs("timing")
def test_the_driver_is_on_for_the_request_and_not_longer(module: Module) -> None:
    rig = emulated(module)
    seen = len(rig.exchanges())
    module.client.call("read_meter")
    exchanges = rig.exchanges()[seen:]
    assert len(exchanges) >= 3
    edges = rig.call(lambda: list(rig.desk.transceiver.driver_enable.edges))
    for exchange in exchanges:
        before = [edge for edge in edges if edge.at_ns <= exchange.start_ns][-1]
        after = next(edge for edge in edges if edge.at_ns > exchange.start_ns)
        assert before.high
        assert not after.high
        assert 0 <= after.at_ns - exchange.end_ns <= DRIVER_RELEASE_NS
    assert rig.call(lambda: list(rig.desk.transceiver.errors)) == []


@pytest.mark.needs("timing")
@pytest.mark.parametrize("fault", [None, "silence", "trailing_garbage", "doubled_reply", "slow"])
def test_every_request_keeps_its_distance_from_what_was_before(
    module: Module, fault: str | None
) -> None:
    rig = emulated(module)
    seen = len(rig.violations())
    if fault is not None:
        module.rig.meter.arm(fault, 2)
    module.begin()
    module.end()
    assert rig.violations()[seen:] == []


@pytest.mark.needs("timing")
def test_a_meter_that_answers_at_once_is_heard(module: Module) -> None:
    rig = emulated(module)
    port = rig.desk.meter_port
    usual_ns = port.turnaround_ns
    rig.call(lambda: setattr(port, "turnaround_ns", 0))  # 3.5 characters of silence remain
    try:
        module.client.call("read_meter")
    finally:
        rig.call(lambda: setattr(port, "turnaround_ns", usual_ns))
    assert rig.call(lambda: list(rig.desk.transceiver.errors)) == []


@pytest.mark.needs("timing")
def test_a_line_set_to_another_speed_is_silent_until_it_is_configured(
    unsealed_module: Module,
) -> None:
    module = unsealed_module
    slow = {"baud": 2400, "parity": "even", "stop_bits": 1}
    module.configure(line=slow)
    try:
        assert module.client.refusal("read_meter").name == "meter_no_reply"
        assert module.client.refusal("seal").name == "meter_no_reply"
    finally:
        module.configure(line={"baud": 9600, "parity": "none", "stop_bits": 1})
    module.client.call("read_meter")


@pytest.mark.needs("timing")
@pytest.mark.parametrize("line", [LineFormat(2400, "even"), LineFormat(115200, "odd", 2)], ids=str)
@pytest.mark.thorough("rp2040")
def test_slow_and_fast_lines_are_read(make_module: MakeModule, line: LineFormat) -> None:
    module = make_module(Setup(MeterSetup(line=line)))
    settings = {"baud": int(line.baud), "parity": line.parity, "stop_bits": line.stop_bits}
    module.configure(line=settings)
    assert module.client.call("read_meter")["energy_kwh"] == "2935.600"
    assert module.rig.violations() == []


def _profiles() -> list[object]:
    slow = pytest.mark.thorough("rp2040")
    return [
        name if name in PROFILES_OF_A_SAMPLE else pytest.param(name, marks=slow)
        for name in profile_names()
    ]


@pytest.mark.needs("meter", "power")
@pytest.mark.parametrize("profile", _profiles())
def test_every_known_meter_is_read(make_module: MakeModule, profile: str) -> None:
    module = make_module(Setup(MeterSetup(profile)))
    facts = known_profile(profile)
    changes: dict[str, object] = {
        "meter_profile": profile,
        "meter_unit": module.rig.meter.unit,
        "meter_serial": module.rig.meter.serial if "serial" in facts else "0815",
    }
    if "line" not in facts:
        changes["line"] = {"baud": 9600, "parity": "none", "stop_bits": 1}
    module.configure(**changes)

    found = module.client.call("read_meter")
    resolution_wh = 10 ** found["energy"]["exponent"]
    assert found["energy"]["value"] == 2_935_600 // resolution_wh
    assert resolution_wh in (1, 10, 100)
    assert (found["meter_vendor"], found["meter_model"]) == (facts["vendor"], facts["model"])
    assert found["meter_serial"] == (module.rig.meter.serial if "serial" in facts else None)
    assert (found["meter_firmware"] is not None) == ("firmware" in facts)


@pytest.mark.needs("meter", "power")
@pytest.mark.parametrize("scale_factor", [-1, 2])
@pytest.mark.thorough("rp2040")
def test_a_scale_factor_in_the_meter_is_followed(
    make_module: MakeModule, scale_factor: int
) -> None:
    module = make_module(Setup(MeterSetup("sunspec_203", scale_factor=scale_factor)))
    module.configure(
        meter_profile="sunspec_203",
        meter_serial=module.rig.meter.serial,
        meter_unit=1,
        line={"baud": 9600, "parity": "none", "stop_bits": 1},
    )
    energy = module.client.call("read_meter")["energy"]
    assert energy["exponent"] == scale_factor
    assert energy["value"] * 10**scale_factor == 2_935_600
