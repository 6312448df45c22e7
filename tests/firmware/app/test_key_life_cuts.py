"""The power fails at every flash operation of what changes the key or the seal.

The next start ends in a state that was meant: exactly one whole key, announced by the newest
statement, each event told once, records untouched; and the module can be commissioned from there.
"""

import contextlib
from collections.abc import Callable

import pytest
from support.app.bench import NOON, Bench
from support.app.core import FIRST_IMAGE
from support.app.flash import PowerCutError
from support.app.key_life import (
    SECOND_IMAGE,
    THIRD_IMAGE,
    check_one_key,
    check_waiting,
    details_of,
    fault_of,
    worked_bench,
)


def roll_over(bench: Bench) -> None:
    bench.flash(SECOND_IMAGE).boot()


def check_rolled_over(bench: Bench) -> None:
    bench.boot()
    assert check_one_key(bench, 2, SECOND_IMAGE)["type"] == "rollover"
    assert [one["type"] for one in bench.statements()] == ["birth", "rollover"]
    assert len(details_of(bench, "key_changed")) == 1
    assert bench.call("status")["state"] == "unregistered"


def let_update(bench: Bench) -> None:
    bench.let_update(SECOND_IMAGE)


def check_handed_over(bench: Bench) -> None:
    """Nothing has happened, or the key is gone for good; then one or the other image goes on."""
    bench.boot()
    types = [one["type"] for one in bench.statements()]
    if types == ["birth"]:
        assert bench.call("status")["state"] == "operational"
        check_one_key(bench, 1, FIRST_IMAGE)
        return
    if bench.core.image == SECOND_IMAGE:  # since an earlier look at the same module
        assert types == ["birth", "handover", "rollover"]
        assert check_one_key(bench, 2, SECOND_IMAGE)["handover"] == 2
        return
    assert types == ["birth", "handover"]
    check_waiting(bench, SECOND_IMAGE)
    assert bench.event_names().count("key_handed_over") == 1
    bench.flash(SECOND_IMAGE).boot()
    assert check_one_key(bench, 2, SECOND_IMAGE)["handover"] == 2


def start_next_image(bench: Bench) -> None:
    bench.let_update(SECOND_IMAGE)
    bench.flash(SECOND_IMAGE).boot()


def check_next_image_started(bench: Bench) -> None:
    bench.boot()
    types = [one["type"] for one in bench.statements()]
    if bench.core.image == SECOND_IMAGE:
        assert types == ["birth", "handover", "rollover"]
        assert check_one_key(bench, 2, SECOND_IMAGE)["handover"] == 2
        assert len(details_of(bench, "key_changed")) == 1
    else:
        check_handed_over(bench)


def call_off(bench: Bench) -> None:
    bench.let_update(SECOND_IMAGE)
    bench.boot()
    bench.by_owner("cancel_update")


def check_called_off(bench: Bench) -> None:
    """The old image has its old key, waits for the next image, or has a new key of its own."""
    bench.boot()
    types = [one["type"] for one in bench.statements()]
    if types == ["birth", "handover"]:
        check_waiting(bench, SECOND_IMAGE)
        bench.by_owner("cancel_update")
    number = len(bench.statements()) // 2 + 1
    check_one_key(bench, number, FIRST_IMAGE)
    assert len(details_of(bench, "key_changed")) == number - 1


def decommission(bench: Bench) -> None:
    bench.by_owner("decommission")


def check_decommissioned(bench: Bench) -> None:
    bench.boot()
    types = [one["type"] for one in bench.statements()]
    if types == ["birth"]:  # cut before the farewell was stored: nothing has happened
        assert bench.call("status")["state"] == "operational"
        check_one_key(bench, 1, FIRST_IMAGE)
        return
    assert types == ["birth", "farewell", "birth"]
    check_one_key(bench, 2, FIRST_IMAGE)
    assert bench.event_names().count("decommissioned") == 1
    assert bench.event_names().count("key_made") == 2
    assert bench.call("configure")["settings"] == {}


def unseal(bench: Bench) -> None:
    bench.by_owner("unseal")


def check_unsealed(bench: Bench) -> None:
    bench.boot()
    status = bench.call("status")
    assert status["state"] == ("operational" if status["sealed"] else "unregistered")
    assert status["sealed"] or bench.event_names().count("unsealed") == 1


def seal_again(bench: Bench) -> None:
    bench.meter.serial = 99
    bench.by_owner("unseal")
    bench.call("configure", meter_serial="99")
    bench.call("seal")


def check_sealed_again(bench: Bench) -> None:
    """Sealed for the old meter, open, or sealed for the new one, which no proof fits yet."""
    bench.boot()
    status = bench.call("status")
    is_new = bench.call("configure")["settings"]["meter_serial"] == "99"
    is_sealed_anew = status["sealed"] and is_new
    assert status["sealed"] or bench.event_names().count("unsealed") == 1
    assert status["commissioning"] == (2 if is_sealed_anew else 1)
    is_as_before = status["sealed"] and not is_new
    assert status["state"] == ("operational" if is_as_before else "unregistered")
    if is_sealed_anew:
        assert status["publication"] is None
        assert bench.event_names().count("sealed") == 2


ACTS: list[tuple[Callable[[Bench], None], Callable[[Bench], None]]] = [
    (roll_over, check_rolled_over),
    (let_update, check_handed_over),
    (start_next_image, check_next_image_started),
    (call_off, check_called_off),
    (decommission, check_decommissioned),
    (unseal, check_unsealed),
    (seal_again, check_sealed_again),
]


def operations_of(act: Callable[[Bench], None]) -> int:
    bench = worked_bench()
    before = bench.core.operations
    act(bench)
    return bench.core.operations - before


CUTS = [(act, check, cut) for act, check in ACTS for cut in range(operations_of(act))]


@pytest.mark.parametrize("how", ["before", "torn", "marginal", "after"])
@pytest.mark.parametrize(("act", "check", "cut"), CUTS)
def test_cut_anywhere_ends_in_a_state_that_was_meant(act, check, cut: int, how: str) -> None:
    bench = worked_bench(seed=cut)
    records = bench.all_records()
    bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut, how
    with pytest.raises(PowerCutError):
        act(bench)
    bench.core.power_up()
    for _ in range(3 if how == "marginal" else 1):
        check(bench)
        assert bench.all_records() == records
        bench.core.power_up()
    bench.boot()
    bench.set_time(NOON + 3_600_000)
    bench.meter.serial = int(bench.call("configure")["settings"].get("meter_serial", "12345678"))
    bench.commission()
    assert bench.call("begin")["pagination"] == 3


@pytest.mark.parametrize("how", ["before", "torn", "marginal", "after"])
@pytest.mark.parametrize("start", range(operations_of(roll_over)))
def test_rollover_cut_again_and_again(start: int, how: str) -> None:
    """Each start gets one operation less far or further; at last one is let through."""
    bench = worked_bench(seed=start)
    bench.flash(SECOND_IMAGE)
    for cut in (start, 2, 1, 4, 3, 0, 5):
        bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut, how
        with contextlib.suppress(PowerCutError):
            bench.boot()
        bench.core.power_up()
    check_rolled_over(bench)


def test_rollover_cut_and_then_a_third_image() -> None:
    """Whatever the second image's cut start has left, the third ends in one key of its own."""
    for cut in range(operations_of(roll_over)):
        bench = worked_bench(seed=cut)
        bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut, "torn"
        with pytest.raises(PowerCutError):
            roll_over(bench)
        bench.core.power_up()
        bench.flash(THIRD_IMAGE, "0.3.0").boot()
        newest = bench.statements()[-1]
        check_one_key(bench, newest["key_number"], THIRD_IMAGE)
        assert newest["old_key_number"] == newest["key_number"] - 1
        assert len(details_of(bench, "key_changed")) == newest["key_number"] - 1


def test_hand_over_cut_and_then_a_third_image() -> None:
    """The third image takes over from a key that is still in use, and waits after a hand-over."""
    for cut in range(operations_of(start_next_image)):
        bench = worked_bench(seed=cut)
        bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut, "torn"
        with pytest.raises(PowerCutError):
            start_next_image(bench)
        bench.core.power_up()
        bench.flash(THIRD_IMAGE, "0.3.0").boot()
        newest = bench.statements()[-1]
        if newest["type"] == "handover":
            check_waiting(bench, SECOND_IMAGE)
        else:
            check_one_key(bench, newest["key_number"], THIRD_IMAGE)
            assert newest["handover"] is None


def test_farewell_that_was_cut_is_finished_even_by_an_image_that_may_not_run() -> None:
    for cut in range(operations_of(decommission)):
        bench = worked_bench(seed=cut)
        bench.flash(SECOND_IMAGE, rollback_number=2).boot()
        bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut, "torn"
        with contextlib.suppress(PowerCutError):
            decommission(bench)
        bench.core.power_up()
        bench.flash(FIRST_IMAGE, rollback_number=1)
        assert fault_of(bench).name == "firmware_rolled_back"
        is_over = bench.statements()[-1]["type"] == "farewell"
        assert bench.core.key_slots() == (0, () if is_over else ((2, SECOND_IMAGE),))
        assert bench.module.setup.sealed is not is_over
