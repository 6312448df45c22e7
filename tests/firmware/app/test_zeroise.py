"""The owner's decommission erases every key, in whatever state the module is."""

import contextlib
from collections.abc import Callable

import pytest
from support.app.bench import NOON, SETTINGS, Bench, reading_of, verify
from support.app.core import AREA_KEYS, FIRST_IMAGE, SLOTS, CoreError, FakeCore
from support.app.flash import SECTOR_BYTES, PowerCutError
from support.app.key_life import SECOND_IMAGE, check_one_key, details_of, worked_bench
from wire.errors import WattsealError

ERASED = (0, ())
NOTHING = {"statement": None, "signature": None}


def is_blank(bench: Bench) -> bool:
    return bytes(bench.core.content[AREA_KEYS]) == b"\xff" * SLOTS * SECTOR_BYTES


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


def decay(area: int) -> Callable[[Bench], None]:
    """Something that lets a bit of the first page of an area with entries in it decay."""

    def turn(bench: Bench) -> None:
        for bit in range(8):
            bench.core.flip_bit(area, 256 + 40, bit)

    return turn


def failing_self_test(bench: Bench) -> None:
    bench.core.failing_tests = ("sign",)


def broken_key(bench: Bench) -> None:
    bench.core.flip_bit(AREA_KEYS, 50)


def lost_key(bench: Bench) -> None:
    bench.core.content[AREA_KEYS][:] = b"\xff" * len(bench.core.content[AREA_KEYS])


def older_image(bench: Bench) -> None:
    bench.flash(SECOND_IMAGE, "0.2.0", rollback_number=7).boot()
    bench.flash(FIRST_IMAGE, "0.1.0", rollback_number=6)


def bad_noise(bench: Bench) -> None:
    bench.core.entropy_fails = True


def bad_noise_and_another_image(bench: Bench) -> None:
    bad_noise(bench)
    bench.flash(SECOND_IMAGE)


WITH_FAREWELL = [
    (failing_self_test, "self_test_failed"),
    (older_image, "firmware_rolled_back"),
    (bad_noise, None),
    (bad_noise_and_another_image, "entropy_failed"),
    (decay(FakeCore.AREA_JOURNAL), "storage_broken"),
    (decay(FakeCore.AREA_EVENTS), "storage_broken"),
]
WITHOUT = [
    (broken_key, "key_broken"),
    (lost_key, "key_lost"),
    (decay(FakeCore.AREA_STATEMENTS), "storage_broken"),
]


@pytest.mark.parametrize(("happen", "fault"), WITH_FAREWELL + WITHOUT)
def test_owner_erases_the_keys_in_every_fault(
    happen: Callable[[Bench], None], fault: str | None
) -> None:
    bench = worked_bench()
    happen(bench)
    bench.boot()
    cause = bench.call("status")["cause"]
    assert (cause and cause["name"]) == fault
    reply = bench.by_owner("decommission")
    assert (reply == NOTHING) == ((happen, fault) in WITHOUT)
    assert is_blank(bench)
    if fault != "storage_broken":
        events = bench.event_names()
        assert ("keys_erased" in events) == (reply == NOTHING)
        assert ("decommissioned" in events) == (reply != NOTHING)
        assert bench.statements()
    assert bench.call("status")["sealed"] is False
    bench.boot()
    if reply == NOTHING:
        assert bench.core.key_slots() == ERASED
        assert bench.call("status")["state"] == "fault"


def test_farewell_in_a_fault_names_the_image_of_the_key() -> None:
    bench = worked_bench()
    older_image(bench)
    bench.boot().by_owner("decommission")
    farewell = bench.statements()[-1]
    assert (farewell["type"], farewell["key_number"]) == ("farewell", 2)
    assert farewell["firmware_identity"] == SECOND_IMAGE.hex()


def test_key_that_cannot_sign_is_erased_without_a_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = worked_bench()

    def sign(number: int, text: bytes) -> bytes:
        raise CoreError(-9, "fault")

    monkeypatch.setattr(bench.core, "sign_statement", sign)
    assert refused(bench, "prove", challenge="ab" * 16).name == "signing_fault"
    assert bench.call("status")["state"] == "fault"
    assert bench.by_owner("decommission") == NOTHING
    assert is_blank(bench)
    assert details_of(bench, "keys_erased") == [{"fault": "signing_fault"}]


def test_other_broken_slots_are_erased_too() -> None:
    bench = worked_bench()
    bench.core.content[AREA_KEYS][2 * SECTOR_BYTES : 2 * SECTOR_BYTES + 10] = b"\x00" * 10
    assert bench.by_owner("decommission")["statement"]
    assert is_blank(bench)


def test_farewell_that_has_no_room_is_given_to_the_owner_alone() -> None:
    bench = worked_bench()
    bench.module.statements._log.damage = "full of holes"  # takes nothing, as a full one
    assert bench.by_owner("decommission")["statement"]
    assert is_blank(bench)
    assert details_of(bench, "keys_erased") == [{"fault": None}]
    bench.boot()
    assert bench.call("status")["cause"]["name"] == "key_lost"


def test_failed_page_does_not_lose_the_farewell() -> None:
    bench = worked_bench()
    area = FakeCore.AREA_STATEMENTS
    page = bench.module.statements._log._end_page
    bench.core.stuck_pages = {(area, page * 256)}
    bench.by_owner("decommission")
    assert bench.statements()[-1]["type"] == "farewell"
    bench.boot()
    check_one_key(bench, 2, FIRST_IMAGE)


def test_key_store_that_does_not_erase_is_said_and_the_owner_can_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = worked_bench()
    with monkeypatch.context() as patched:

        def erase(number: int) -> None:
            raise CoreError(-3, "storage")

        patched.setattr(bench.core, "key_erase", erase)
        signature = bench.ask_owner("decommission")
        assert refused(bench, "decommission", signature=signature).name == "storage_error"
        signature = bench.ask_owner("decommission")
        assert refused(bench, "decommission", signature=signature).name == "storage_error"
    bench.by_owner("decommission")
    assert is_blank(bench)
    assert [one["type"] for one in bench.statements()] == ["birth", "farewell"]


def test_settings_that_have_decayed_name_no_owner() -> None:
    """Then only an image that erases helps (docs/threat-model.md)."""
    bench = worked_bench()
    decay(FakeCore.AREA_SETTINGS)(bench)
    bench.boot()
    assert bench.call("status")["cause"]["detail"]["where"] == "settings"
    error = refused(bench, "challenge", action="decommission")
    assert (error.name, error.detail) == ("not_configured", {"missing": ["owner_key"]})


def test_in_a_fault_there_is_no_challenge_for_anything_else() -> None:
    bench = worked_bench()
    failing_self_test(bench)
    bench.boot()
    for action in ("unseal", "close_session", "accept_meter"):
        assert refused(bench, "challenge", action=action).name == "fault"


def test_challenges_without_noise_differ_and_are_for_erasing_alone() -> None:
    bench = worked_bench()
    bad_noise(bench)
    texts = set()
    for _ in range(3):
        bench.boot()
        for _ in range(3):
            bench.idle()
            texts.add(bench.call("challenge", action="decommission")["challenge"])
    assert len(texts) == 9
    assert refused(bench, "challenge", action="unseal").name == "entropy_failed"


@pytest.mark.parametrize("happen", [failing_self_test, broken_key, older_image])
@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_power_cut_leaves_the_keys_gone_or_the_owner_able_to_erase_them(
    happen: Callable[[Bench], None], how: str
) -> None:
    for cut_at in range(14):
        bench = worked_bench(cut_at)
        happen(bench)
        bench.boot()
        signature = bench.ask_owner("decommission")
        bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut_at, how
        with contextlib.suppress(PowerCutError):
            bench.call("decommission", signature=signature)
        bench.core.power_up()
        bench.boot()
        if not is_blank(bench) and bench.call("status")["state"] == "fault":
            bench.by_owner("decommission")
            assert is_blank(bench)


# --- with an open session --------------------------------------------------------------------


@pytest.mark.parametrize("is_cut", [False, True])
def test_open_session_is_closed_before_the_farewell(is_cut: bool) -> None:
    bench = worked_bench()
    bench.call("begin")
    key = bench.call("public_key")["public_key"]
    bench.meter.is_silent = True
    if is_cut:
        bench.boot()
    bench.by_owner("decommission")
    record = bench.all_records()[4]
    verify(record, key)
    reading = reading_of(record)
    assert (reading["TX"], reading["ST"], reading["EF"]) == ("A", "T", "Et" if is_cut else "E")
    assert bench.statements()[-1]["last_pagination"] == 4
    bench.boot()
    bench.meter.is_silent = False
    bench.set_time(NOON + 10**9)
    bench.commission()
    assert bench.call("begin")["pagination"] == 5


def test_session_that_cannot_be_closed_does_not_outlive_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = worked_bench()
    bench.call("begin")

    def sign(number: int, payload: bytes) -> bytes:
        raise CoreError(-9, "fault")

    monkeypatch.setattr(bench.core, "sign_record", sign)
    assert bench.by_owner("decommission")["statement"]
    monkeypatch.undo()
    bench.boot()
    assert bench.call("status")["session"] is None
    assert details_of(bench, "session_abandoned") == [{"begin_pagination": 3}]
    bench.boot()
    assert bench.call("status")["session"] is None
    bench.set_time(NOON + 10**9)
    bench.call("configure", **SETTINGS)
    bench.commission()
    assert bench.call("begin")["pagination"] == 4
