"""Firmware updates as far as the module goes: whose they are, the hand-over, what comes after."""

import contextlib
import hashlib
import json

import pytest
from support.app.bench import (
    NOON,
    OWNER,
    SETTINGS,
    VENDOR,
    Bench,
    manifest,
    offered,
    reading_of,
    signed_by,
    verify,
)
from support.app.core import FIRST_IMAGE
from support.app.key_life import (
    SECOND_IMAGE,
    THIRD_IMAGE,
    check_one_key,
    check_waiting,
    details_of,
    worked_bench,
)
from wire.errors import WattsealError

OFFER = offered(SECOND_IMAGE)


def refused(bench: Bench, method: str, **params: object) -> WattsealError:
    """The error of a request after which the module is as it was, and not in its boot loader."""
    before = bench.core.key_slots(), len(bench.statements())
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    assert (bench.core.key_slots(), len(bench.statements())) == before
    assert bench.port.boot_loader_entries == 0
    return raised.value


def cause_of(bench: Bench, params: dict) -> str:
    """Why a manifest is refused, wherever it is brought."""
    causes = set()
    for method, more in (("check_update", {}), ("enter_boot_loader", {}), ("challenge", ASKED)):
        error = refused(bench, method, **params, **more)
        assert error.name == "update_refused"
        causes.add(error.detail["cause"])
    (cause,) = causes
    return str(cause)


ASKED = {"action": "update"}


# --- whose it is -----------------------------------------------------------------------------


def test_nobody_but_the_owner_takes_a_key_away() -> None:
    bench = worked_bench()
    assert refused(bench, "enter_boot_loader", **OFFER).name == "owner_needed"
    unasked = {**OFFER, "signature": "3006020101020101"}
    assert refused(bench, "enter_boot_loader", **unasked).name == "no_challenge"
    strangers = bench.ask_owner("update", VENDOR, **OFFER)
    assert refused(bench, "enter_boot_loader", **OFFER, signature=strangers).name == "owner_refused"
    for_other = bench.ask_owner("unseal")
    assert refused(bench, "enter_boot_loader", **OFFER, signature=for_other).name == "no_challenge"
    used = bench.ask_owner("update", **OFFER)
    other = offered(THIRD_IMAGE)
    assert refused(bench, "enter_boot_loader", **other, signature=used).detail["cause"] == (
        "the owner's challenge names another image"
    )
    assert refused(bench, "enter_boot_loader", **OFFER, signature=used).name == "no_challenge"
    assert bench.call("status")["state"] == "operational"


def test_the_challenge_names_the_image_for_the_owner() -> None:
    bench = worked_bench()
    named = json.loads(bench.call("challenge", action="update", **OFFER)["challenge"])
    assert (named["action"], named["firmware"]) == ("update", "0.2.0")
    assert named["firmware_identity"] == SECOND_IMAGE.hex()


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"action": "update"}, "manifest"),
        ({"action": "update", "manifest": OFFER["manifest"]}, "vendor_signature"),
        ({"action": "update", "through": 1, **OFFER}, "through"),
        ({"action": "unseal", **OFFER}, "manifest"),
    ],
)
def test_a_challenge_takes_what_belongs_to_its_action(params: dict, field: str) -> None:
    error = refused(worked_bench(), "challenge", **params)
    assert (error.name, error.detail["field"]) == ("invalid_params", field)


def test_the_check_changes_nothing_and_logs_nothing() -> None:
    bench = worked_bench()
    before = bench.core.snapshot()
    for _ in range(20):
        told = bench.call("check_update", **OFFER)
    assert told == {
        "firmware": "0.2.0",
        "firmware_identity": SECOND_IMAGE.hex(),
        "owner_needed": True,
    }
    assert bench.core.snapshot() == before
    assert bench.call("status")["update"] is None


def test_a_module_without_an_owner_hands_over_for_anybody() -> None:
    bench = Bench().boot()
    assert bench.call("check_update", **OFFER)["owner_needed"] is False
    bench.call("enter_boot_loader", **OFFER)
    handover = bench.statements()[-1]
    assert (handover["type"], handover["commissioning"]) == ("handover", 0)
    assert bench.core.key_slots() == (0, ())
    bench.boot()
    check_waiting(bench, SECOND_IMAGE)
    bench.call("cancel_update")
    check_one_key(bench, 2, FIRST_IMAGE)


def test_settings_with_an_owner_key_have_an_owner_sealed_or_not() -> None:
    bench = Bench().boot()
    bench.call("configure", owner_key=SETTINGS["owner_key"])
    assert refused(bench, "enter_boot_loader", **OFFER).name == "owner_needed"
    bench.let_update(SECOND_IMAGE)


def test_settings_that_have_decayed_have_no_owner_and_the_way_back_is_anybodys() -> None:
    """Nothing is left that could be signed for: the module is in fault, and stays so."""
    bench = worked_bench()
    for bit in range(8):
        bench.core.flip_bit(bench.core.AREA_SETTINGS, 256 + 40, bit)
    bench.boot()
    assert bench.module.state == "fault"
    assert bench.call("check_update", **OFFER)["owner_needed"] is False
    bench.call("enter_boot_loader", **OFFER)
    handover = bench.statements()[-1]
    assert (handover["type"], handover["commissioning"]) == ("handover", 0)
    assert bench.core.key_slots() == (0, ())


# --- the hand-over ---------------------------------------------------------------------------


def test_the_key_signs_what_follows_it_and_is_gone_before_the_boot_loader() -> None:
    bench = worked_bench()
    key, (number, chain) = bench.call("public_key"), bench.module.events.head
    assert bench.let_update(SECOND_IMAGE, firmware="0.2.1", rollback_number=4) == {
        "update_way": "uf2_drive"
    }
    assert bench.port.boot_loader_entries > 0
    assert bench.core.key_slots() == (0, ())
    told = bench.statements()[-1]
    assert told == {
        "type": "handover",
        "version": 1,
        "chip_id": bench.core.chip_id().hex(),
        **key,
        "firmware_identity": FIRST_IMAGE.hex(),
        "next_firmware": "0.2.1",
        "next_firmware_identity": SECOND_IMAGE.hex(),
        "next_rollback_number": 4,
        "commissioning": 1,
        "last_pagination": 2,
        "unix_ms": told["unix_ms"],
        "event_number": number,
        "event_chain": chain,
    }
    assert told["unix_ms"] >= NOON
    (event,) = details_of(bench, "key_handed_over")
    assert event["key_number"] == 1
    assert event["firmware_identity"] == SECOND_IMAGE.hex()


def test_the_image_that_was_meant_makes_its_key_and_names_the_hand_over() -> None:
    bench = worked_bench()
    old = bench.call("public_key")
    bench.let_update(SECOND_IMAGE)
    text = bench.call("statements", from_=2)["statements"][0]["statement"]
    bench.flash(SECOND_IMAGE).boot()
    told = check_one_key(bench, 2, SECOND_IMAGE)
    assert (told["type"], told["version"], told["handover"]) == ("rollover", 2, 2)
    assert told["handover_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (told["old_key_number"], told["old_public_key"]) == (1, old["public_key"])
    assert told["old_firmware_identity"] == FIRST_IMAGE.hex()
    (changed,) = details_of(bench, "key_changed")
    assert changed["handover"] == 2
    status = bench.call("status")
    assert (status["state"], status["sealed"], status["update"]) == ("unregistered", True, None)
    bench.set_time(NOON + 3_600_000)
    bench.publish()
    verify(bench.call("begin")["record"], bench.call("public_key")["public_key"])


def test_no_method_does_anything_for_a_key_that_was_given_up() -> None:
    bench = worked_bench()
    bench.let_update(SECOND_IMAGE)
    bench.boot()
    check_waiting(bench, SECOND_IMAGE)
    for method in ("begin", "seal", "public_key", "configure"):
        error = refused(bench, method)
        assert error.name == "update_pending"
        assert error.detail["firmware_identity"] == SECOND_IMAGE.hex()
    for _ in range(3):
        bench.boot()
        check_waiting(bench, SECOND_IMAGE)


def test_the_boot_loader_opens_to_anybody_again_for_that_image_alone() -> None:
    bench = worked_bench()
    bench.let_update(SECOND_IMAGE)
    bench.boot()
    events = bench.event_names()
    other = refused(bench, "enter_boot_loader", **offered(THIRD_IMAGE))
    assert other.detail["cause"] == "the key was given up for another image, 0.2.0"
    assert bench.call("check_update", **OFFER)["owner_needed"] is False
    bench.call("enter_boot_loader", **OFFER)
    assert bench.port.boot_loader_entries > 0
    assert [name for name in bench.event_names() if name != "refused"] == events
    bench.flash(SECOND_IMAGE).boot()
    check_one_key(bench, 2, SECOND_IMAGE)


def test_another_image_waits_too_and_the_owner_lets_it_stay() -> None:
    bench = worked_bench()
    bench.let_update(SECOND_IMAGE)
    bench.flash(THIRD_IMAGE, "0.3.0").boot()
    check_waiting(bench, SECOND_IMAGE)
    assert refused(bench, "cancel_update").name == "owner_needed"
    done = bench.by_owner("cancel_update")
    assert done == {"state": "unregistered", "key_number": 2}
    told = check_one_key(bench, 2, THIRD_IMAGE)
    assert (told["type"], told["handover"]) == ("rollover", 2)
    assert details_of(bench, "update_cancelled") == [
        {"firmware": "0.2.0", "firmware_identity": SECOND_IMAGE.hex()}
    ]
    bench.boot()
    check_one_key(bench, 2, THIRD_IMAGE)
    assert bench.call("status")["sealed"] is True


def test_only_the_owner_calls_an_update_off() -> None:
    bench = worked_bench()
    assert refused(bench, "cancel_update").name == "no_update"
    bench.let_update(SECOND_IMAGE)
    bench.boot()
    strangers = bench.ask_owner("cancel_update", VENDOR)
    assert refused(bench, "cancel_update", signature=strangers).name == "owner_refused"
    check_waiting(bench, SECOND_IMAGE)


def test_an_image_below_the_rollback_number_stops_and_may_still_be_replaced() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE, rollback_number=5).boot()
    bench.let_update(THIRD_IMAGE, rollback_number=5)
    bench.flash(FIRST_IMAGE, "0.1.0").boot()
    assert bench.call("status")["cause"]["name"] == "firmware_rolled_back"
    assert refused(bench, "cancel_update").name == "fault"
    bench.call("enter_boot_loader", **offered(THIRD_IMAGE, rollback_number=5))
    bench.flash(THIRD_IMAGE, rollback_number=5).boot()
    check_one_key(bench, 3, THIRD_IMAGE)


def test_a_module_in_fault_lets_its_owner_update_it() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE, rollback_number=5).boot()
    bench.flash(FIRST_IMAGE, "0.1.0").boot()
    assert bench.call("status")["cause"]["name"] == "firmware_rolled_back"
    assert refused(bench, "enter_boot_loader", **offered(THIRD_IMAGE)).detail["cause"] == (
        "the rollback number is below 5"
    )
    bench.let_update(THIRD_IMAGE, rollback_number=5)
    assert bench.core.key_slots() == (0, ())
    bench.flash(THIRD_IMAGE, rollback_number=5).boot()
    assert check_one_key(bench, 3, THIRD_IMAGE)["handover"] == 3


def test_a_key_that_could_not_be_erased_keeps_the_boot_loader_shut() -> None:
    bench = worked_bench()
    signature = bench.ask_owner("update", **OFFER)
    erase, bench.core.key_erase_all = bench.core.key_erase_all, lambda: failing()  # type: ignore[method-assign]

    def failing() -> None:
        raise bench.core.CoreError(-1, "storage")

    with pytest.raises(WattsealError) as raised:
        bench.call("enter_boot_loader", **OFFER, signature=signature)
    assert raised.value.name == "storage_error"
    assert "a key is still stored" in refused(bench, "enter_boot_loader", **OFFER).detail["cause"]
    bench.core.key_erase_all = erase  # type: ignore[method-assign]
    bench.boot()
    check_waiting(bench, SECOND_IMAGE)


def test_a_decommissioned_module_has_nothing_to_hand_over() -> None:
    bench = worked_bench()
    bench.by_owner("decommission")
    bench.call("enter_boot_loader", **OFFER)
    assert [one["type"] for one in bench.statements()] == ["birth", "farewell"]
    bench.flash(SECOND_IMAGE).boot()
    assert check_one_key(bench, 2, SECOND_IMAGE)["type"] == "birth"


def test_no_update_while_a_session_is_open() -> None:
    bench = worked_bench()
    bench.call("begin")
    signature = bench.ask_owner("update", **OFFER)
    assert refused(bench, "enter_boot_loader", **OFFER, signature=signature).name == "session_open"


def test_a_session_that_a_power_cut_left_open_is_ended_by_the_next_image() -> None:
    bench = worked_bench()
    bench.call("begin")
    bench.meter.is_silent = True
    bench.boot()
    assert bench.call("status")["session"]["recovery"] is True
    bench.let_update(SECOND_IMAGE)
    bench.boot()
    bench.meter.is_silent = False
    bench.idle(60)
    check_waiting(bench, SECOND_IMAGE)  # without a key nothing is signed, and nothing stops
    bench.flash(SECOND_IMAGE).boot()
    record = bench.all_records()[4]
    assert reading_of(record)["TX"] == "P"
    verify(record, bench.call("public_key")["public_key"])


def test_a_full_event_log_is_no_hindrance() -> None:
    bench = worked_bench()
    with contextlib.suppress(WattsealError):
        while True:
            bench.module.log("filler", {"text": "x" * 1500})
    bench.let_update(SECOND_IMAGE)
    bench.flash(SECOND_IMAGE).boot()
    check_one_key(bench, 2, SECOND_IMAGE)


# --- the manifest ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"board": "other"}, "the image is for the board other"),
        ({"rollback_number": 0}, "the rollback number is below 1"),
        ({"type": "farewell"}, "the manifest is unreadable: the type is not firmware"),
        ({"version": 2}, "the manifest is unreadable: the version is not 1"),
        ({"more": 1}, "the manifest is unreadable"),
        ({"sha256": "ab"}, "the manifest is unreadable: sha256"),
        ({"size": 0}, "the manifest is unreadable: size"),
        ({"sha256": FIRST_IMAGE.hex()}, "this image is running already"),
    ],
)
def test_signed_manifest_that_may_not_be_applied_says_why(changes: dict, cause: str) -> None:
    assert cause_of(worked_bench(), offered(SECOND_IMAGE, **changes)).startswith(cause)


GOOD = manifest(SECOND_IMAGE)


@pytest.mark.parametrize("text", [GOOD.replace(",", ", "), GOOD[:-1], "[]"])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    assert cause_of(worked_bench(), signed_by(VENDOR, text)).startswith(
        "the manifest is unreadable"
    )


@pytest.mark.parametrize(
    "params",
    [
        signed_by(OWNER, GOOD),
        signed_by(VENDOR, GOOD, b"wattseal.owner.v1\n"),
        signed_by(VENDOR, GOOD, b""),
        {**OFFER, "manifest": manifest(SECOND_IMAGE, firmware="0.2.1")},
        {"manifest": GOOD, "vendor_signature": "3006020101020101"},
    ],
)
def test_manifest_that_the_vendor_did_not_sign_is_not_read(params: dict) -> None:
    assert cause_of(worked_bench(), params) == "the signature is not the vendor's"


def test_image_without_a_vendor_key_takes_no_update() -> None:
    bench = Bench()
    bench.release.VENDOR_KEY = b""
    bench.set_up()
    assert bench.call("hello")["vendor_key"] is None
    assert cause_of(bench, OFFER) == "no vendor key was built into this firmware"


def test_rollback_number_of_the_running_image_is_the_least() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE, rollback_number=5).boot()
    assert cause_of(bench, offered(THIRD_IMAGE, rollback_number=4)) == (
        "the rollback number is below 5"
    )
    bench.call("check_update", **offered(THIRD_IMAGE, rollback_number=5))
