"""A meter and a line that misbehave: the error is named, and no wrong reading is ever signed."""

from collections.abc import Iterable
from typing import Any

import pytest
from wattseal.wire.errors import WattsealError

from hil.suite.module import Module
from hil.suite.ocmf import verified

pytestmark = pytest.mark.needs("meter")

FOR_EVER = 1000

# What a fault that strikes every request for energy is called. Several names where it depends on
# the moment at which the module looks.
REFUSED = {
    "wrong_crc": {"meter_bad_crc"},
    "flipped_bit": {"meter_bad_crc"},
    "wrong_unit": {"meter_wrong_unit"},
    "wrong_function": {"meter_wrong_function"},
    "wrong_length": {"meter_wrong_length"},
    "exception": {"meter_exception"},
    "silence": {"meter_no_reply"},
    "doubled_reply": {"meter_wrong_length"},
    "cut_reply": {"meter_wrong_length"},
    "trailing_garbage": {"meter_wrong_length"},
    "noise": {"meter_wrong_length", "meter_bad_crc"},
    "sentinel": {"meter_sentinel"},
    "out_of_range": {"meter_out_of_range"},
    "unstable": {"meter_unstable"},
    "decreasing": {"meter_went_backwards"},
    "echo": {"meter_line_echo"},
}

# What an emulated chip is tried with every day: a fault of the bytes is the same for every target,
# but the time and the edges of characters are made by its UART. And one that must never be signed.
ON_A_CHIP = {"wrong_crc", "silence", "noise", "echo", "late_reply", "doubled_reply", "decreasing"}

# Faults that the module gets over by itself if they strike once.
CURED_BY_REPEATING = (
    "wrong_crc",
    "flipped_bit",
    "wrong_unit",
    "wrong_function",
    "wrong_length",
    "silence",
    "doubled_reply",
    "cut_reply",
    "trailing_garbage",
    "noise",
    "echo",
    "late_reply",
    "slow",
)


def sampled(faults: Iterable[str]) -> list[object]:
    """Each fault, as a parameter that an emulated chip is spared unless it is ON_A_CHIP."""
    rare = pytest.mark.thorough("rp2040")
    return [each if each in ON_A_CHIP else pytest.param(each, marks=rare) for each in faults]


def has_right_reading(module: Module) -> bool:
    """Whether the module reads now what the meter has counted."""
    low_wh = module.rig.meter.energy_wh
    energy = module.client.call("read_meter")["energy"]
    read_wh = int(energy["value"] * 10 ** energy["exponent"])
    return low_wh <= read_wh <= module.rig.meter.energy_wh


def arm_for_ever(module: Module, fault: str) -> None:
    """Let the fault strike every reading of the energy."""
    meter = module.rig.meter
    if fault == "decreasing":  # below the newest record, or it is a plausible reading
        meter.arm(fault, FOR_EVER, by_wh=meter.energy_wh // 2)
    else:
        meter.arm(fault, FOR_EVER)


def begun_or_refused(module: Module) -> dict[str, Any] | None:
    """The reply to begin; None if it was refused because of the meter."""
    try:
        return module.begin()
    except WattsealError as refusal:
        if not refusal.name.startswith("meter_"):
            raise
        return None


@pytest.mark.parametrize("fault", sampled(sorted(REFUSED)))
def test_a_lasting_fault_refuses_begin_by_name_and_stores_nothing(
    module: Module, fault: str
) -> None:
    if module.newest_pagination() == 0:  # an earlier reading, which none must be lower than
        module.begin()
        module.end()
    before = module.status()["journal"]
    arm_for_ever(module, fault)
    refusal = module.client.refusal("begin")
    assert refusal.name in REFUSED[fault]
    status = module.status()
    assert (status["state"], status["session"]) == ("operational", None)
    assert status["journal"] == before
    module.rig.meter.disarm()
    assert has_right_reading(module)


@pytest.mark.parametrize("gap_ms", [0, 3])
def test_one_zero_byte_of_turn_around_noise_is_let_pass(module: Module, gap_ms: int) -> None:
    meter = module.rig.meter
    meter.arm("noise", FOR_EVER, quantity=None, data=b"\0", gap_ms=gap_ms)
    assert has_right_reading(module)
    meter.disarm()
    meter.arm("noise", FOR_EVER, quantity=None, data=b"\0\0", gap_ms=gap_ms)
    assert module.client.refusal("read_meter").name in REFUSED["noise"]


def test_an_echo_is_named_and_taken_off_once_it_is_configured(unsealed_module: Module) -> None:
    module = unsealed_module
    module.rig.meter.arm("echo", FOR_EVER)
    assert module.client.refusal("read_meter").name == "meter_line_echo"
    module.configure(meter_echo=True)
    try:
        assert has_right_reading(module)
        module.rig.meter.disarm()
        assert module.client.refusal("read_meter").name == "meter_line_busy"
    finally:
        module.configure(meter_echo=False)
    assert has_right_reading(module)


@pytest.mark.parametrize("fault", sampled(CURED_BY_REPEATING))
@pytest.mark.parametrize("skip", [0, pytest.param(1, marks=pytest.mark.thorough("rp2040"))])
def test_a_passing_fault_is_got_over_and_the_reading_is_right(
    module: Module, fault: str, skip: int
) -> None:
    key = module.client.call("public_key")["public_key"]
    low_wh = module.rig.meter.energy_wh
    module.rig.meter.arm(fault, skip=skip)
    begun = verified(module.begin()["record"], key)
    assert low_wh <= begun.energy_wh <= module.rig.meter.energy_wh
    module.rig.meter.disarm()
    low_wh = module.rig.meter.energy_wh
    ended = verified(module.end()["record"], key)
    assert low_wh <= ended.energy_wh <= module.rig.meter.energy_wh


@pytest.mark.parametrize("fault", ["exception", "sentinel", "out_of_range", "unstable"])
def test_the_meters_own_word_is_believed_at_once(module: Module, fault: str) -> None:
    module.rig.meter.arm(fault, skip=1 if fault == "unstable" else 0)
    assert module.client.refusal("read_meter").name in REFUSED[fault]
    assert has_right_reading(module)


@pytest.mark.parametrize(
    "delay_ms",
    [
        pytest.param(900, marks=pytest.mark.thorough("rp2040")),
        1100,
        pytest.param(1400, marks=pytest.mark.thorough("rp2040")),
        1700,
        pytest.param(2500, marks=pytest.mark.thorough("rp2040")),
    ],
)
def test_a_late_reply_never_answers_a_later_request_wrongly(module: Module, delay_ms: int) -> None:
    """Late by less and by more than the time-out (1000 ms) and the draining after it."""
    key = module.client.call("public_key")["public_key"]
    low_wh = module.rig.meter.energy_wh
    module.rig.meter.arm("late_reply", 2, delay_ms=delay_ms)
    begun = begun_or_refused(module)
    if begun is None:
        module.rig.meter.disarm()
        low_wh = module.rig.meter.energy_wh
        begun = module.begin()
    assert low_wh <= verified(begun["record"], key).energy_wh <= module.rig.meter.energy_wh
    module.end()


@pytest.mark.parametrize(
    "fault", sampled(["silence", "wrong_crc", "sentinel", "decreasing", "unstable"])
)
def test_a_session_stays_open_until_the_meter_can_be_read(module: Module, fault: str) -> None:
    begun = module.begin()
    arm_for_ever(module, fault)
    assert module.client.refusal("end").name in REFUSED[fault]
    assert module.status()["session"]["begin_pagination"] == begun["pagination"]
    module.rig.meter.disarm()
    assert module.end()["pagination"] == begun["pagination"] + 1


def test_a_meter_exchanged_during_a_session_is_noticed(module: Module) -> None:
    begun = module.begin()
    module.rig.meter.arm("other_serial", FOR_EVER, quantity="serial")
    refusal = module.client.refusal("end")
    assert refusal.name == "meter_serial_mismatch"
    assert refusal.detail == {"expected": "19285703", "found": "87654321"}
    module.rig.meter.disarm()
    assert module.end()["pagination"] == begun["pagination"] + 1


def test_no_record_ever_shows_what_the_meter_did_not_count(module: Module) -> None:
    """Everything signed above, whatever was wrong at the time."""
    key = module.client.call("public_key")["public_key"]
    records = [verified(record["record"], key) for record in module.records()]
    readings = [record.energy_wh for record in records]
    assert readings == sorted(readings)
    assert all(wh <= module.rig.meter.energy_wh for wh in readings)
