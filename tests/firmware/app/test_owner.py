"""What only the owner may do: challenges, answers right and wrong, the waiting, the seal."""

import json

import pytest
from app.owner import EXPIRES_S
from support.app.bench import OWNER, SETTINGS, VENDOR, Bench
from support.app.core import SIGNING
from wire.errors import WattsealError

ACTIONS = [("unseal", {}), ("decommission", {}), ("archive_events", {"through": 2})]
"""Those that need neither an open session nor a meter that went backwards."""

FORGED = "3006020101020101"


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


def give_wrong_answer(bench: Bench) -> None:
    bench.call("challenge", action="unseal")
    assert refused(bench, "unseal", signature=FORGED).name == "owner_refused"


# --- challenges ------------------------------------------------------------------------------


def test_challenge_says_what_it_permits_on_which_module() -> None:
    bench = Bench().set_up()
    newest = bench.call("status")["events"]["newest"]
    reply = bench.call("challenge", action="archive_events", through=2)
    facts = json.loads(reply["challenge"])
    assert reply["expires_s"] == EXPIRES_S
    assert len(bytes.fromhex(facts.pop("nonce"))) == 32
    assert facts == {
        "type": "owner",
        "version": 1,
        "action": "archive_events",
        "chip_id": "0001020304050607",
        "event_number": newest,
        "through": 2,
    }


def test_every_challenge_is_another_one() -> None:
    bench = Bench().set_up()
    texts = {bench.call("challenge", action="unseal")["challenge"] for _ in range(20)}
    assert len(texts) == 20


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"action": "archive_events"}, "invalid_params"),
        ({"action": "unseal", "through": 1}, "invalid_params"),
        ({"action": "archive_events", "through": 99}, "no_such_event"),
        ({"action": "format"}, "invalid_params"),
    ],
)
def test_challenge_that_could_permit_nothing_is_refused(params: dict, name: str) -> None:
    assert refused(Bench().set_up(), "challenge", **params).name == name


def test_there_is_no_owner_before_there_is_a_key() -> None:
    bench = Bench().boot()
    for method, params in (
        ("challenge", {"action": "decommission"}),
        ("decommission", {"signature": FORGED}),
        ("archive_events", {"signature": FORGED}),
    ):
        error = refused(bench, method, **params)
        assert (error.name, error.detail) == ("not_configured", {"missing": ["owner_key"]})


def test_noise_source_that_fails_gives_no_challenge() -> None:
    bench = Bench().set_up()
    bench.core.entropy_fails = True
    assert refused(bench, "challenge", action="unseal").name == "entropy_failed"
    assert refused(bench, "unseal", signature=FORGED).name == "no_challenge"


# --- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "params"), ACTIONS)
def test_right_answer_is_good_once(action: str, params: dict) -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner(action, **params)
    bench.call(action, signature=signature)
    assert bench.module.owner.wrong_answers == 0
    bench.boot()
    bench.set_time(bench.module.journal.state.unix_ms or 1_780_000_000_000)
    bench.commission()
    assert refused(bench, action, signature=signature).name == "no_challenge"
    bench.call("challenge", action=action, **params)
    assert refused(bench, action, signature=signature).name == "owner_refused"


@pytest.mark.parametrize(
    ("action", "params", "other"),
    [
        (action, params, other)
        for action, params in ACTIONS
        for other, _ in ACTIONS
        if other != action
    ],
)
def test_answer_permits_only_its_own_action(action: str, params: dict, other: str) -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner(action, **params)
    before = bench.core.snapshot()[bench.core.AREA_SETTINGS]
    assert refused(bench, other, signature=signature).name == "no_challenge"
    assert refused(bench, action, signature=signature).name == "no_challenge"
    assert bench.core.snapshot()[bench.core.AREA_SETTINGS] == before


def test_answer_of_another_key_is_refused() -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("unseal", key=VENDOR)
    assert refused(bench, "unseal", signature=signature).name == "owner_refused"
    assert bench.call("status")["sealed"]


def test_answer_to_an_older_challenge_is_refused() -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("unseal")
    bench.call("challenge", action="unseal")
    assert refused(bench, "unseal", signature=signature).name == "owner_refused"


def test_signature_without_the_owners_prefix_is_refused() -> None:
    bench = Bench().set_up()
    text = bench.call("challenge", action="unseal")["challenge"]
    signature = OWNER.sign(text.encode(), SIGNING).hex()
    assert refused(bench, "unseal", signature=signature).name == "owner_refused"


def test_wrong_answer_uses_the_challenge_up() -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("unseal")
    assert refused(bench, "unseal", signature=FORGED).name == "owner_refused"
    assert refused(bench, "unseal", signature=signature).name == "no_challenge"


@pytest.mark.parametrize("ends", ["late", "restart"])
def test_challenge_ends_after_an_hour_and_with_a_restart(ends: str) -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("unseal")
    if ends == "late":
        bench.idle(EXPIRES_S)
    else:
        bench.boot()
    assert refused(bench, "unseal", signature=signature).name == "no_challenge"


def test_answer_is_taken_until_shortly_before_the_hour_is_over() -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("unseal")
    bench.idle(EXPIRES_S - 2)
    assert bench.call("unseal", signature=signature) == {"sealed": False}


# --- waiting ---------------------------------------------------------------------------------


def test_wrong_answers_are_counted_and_keep_the_owner_from_nothing() -> None:
    bench = Bench().set_up()
    for _ in range(100):
        give_wrong_answer(bench)
    refusals = [event["detail"] for event in bench.all_events() if event["event"] == "refused"]
    assert (refusals[0]["error"], refusals[0]["detail"]["wrong_answers"]) == ("owner_refused", 1)
    assert len(refusals) <= 2
    assert bench.by_owner("unseal") == {"sealed": False}


def test_wrong_answers_for_weeks_leave_room_for_other_events() -> None:
    bench = Bench().set_up()
    for _ in range(150):
        give_wrong_answer(bench)
        bench.idle(3601)
    assert bench.module.events.room_for_rationed()[0] > 0


# --- the seal --------------------------------------------------------------------------------


def test_seal_wants_every_setting() -> None:
    for left_out in SETTINGS:
        partner = {"charge_point_type": "charge_point_id", "charge_point_id": "charge_point_type"}
        bench = Bench().boot()
        without = (left_out, partner.get(left_out))
        bench.call(
            "configure", **{name: SETTINGS[name] for name in SETTINGS if name not in without}
        )
        error = refused(bench, "seal")
        assert error.name == "not_configured"
        assert left_out in error.detail["missing"]
        assert bench.call("status")["sealed"] is False


def test_seal_wants_an_evse_id() -> None:
    bench = Bench().boot()
    bench.call("configure", **{**SETTINGS, "charge_point_type": "CBIDC"})
    assert refused(bench, "seal").detail == {"missing": ["charge_point_type"]}


def test_seal_wants_the_meter_that_was_typed() -> None:
    bench = Bench().boot()
    bench.meter.is_silent = True
    bench.call("configure", **SETTINGS)
    assert refused(bench, "seal").name == "meter_no_reply"
    bench.meter.is_silent = False
    bench.meter.serial = 99
    assert refused(bench, "seal").name == "meter_serial_mismatch"
    assert bench.call("status")["commissioning"] == 0
    bench.meter.serial = 12345678
    reply = bench.call("seal")
    assert reply == {"sealed": True, "commissioning": 1, "meter_serial_read": True}


def test_sealed_settings_do_not_change_but_for_the_controllers_firmware() -> None:
    bench = Bench().set_up()
    before = bench.call("configure")["settings"]
    for name in before:
        other = {"meter_profile": "mute", "registry_key": SETTINGS["owner_key"]}.get(name, "other")
        if name == "charge_point_type":
            other = "CBIDC"
        if name == "owner_key":
            other = SETTINGS["registry_key"]
        error = refused(bench, "configure", **{name: other, "controller_firmware": "2"})
        assert (error.name, error.detail) == ("sealed", {"settings": [name]})
    assert bench.call("configure")["settings"] == before
    bench.call("configure", **before)
    bench.call("configure", controller_firmware="2")
    assert bench.call("status")["state"] == "operational"
    assert refused(bench, "seal").name == "not_operational"


def test_seal_is_closed_only_once() -> None:
    bench = Bench().boot()
    bench.call("configure", **SETTINGS)
    bench.call("seal")
    assert refused(bench, "seal").name == "sealed"


def test_seal_opened_and_closed_with_nothing_changed_keeps_the_proof() -> None:
    bench = Bench().set_up()
    bench.by_owner("unseal")
    assert bench.call("status")["state"] == "unregistered"
    bench.call("configure", controller_firmware="another version")
    assert bench.call("seal")["commissioning"] == 1
    assert bench.call("status")["state"] == "operational"


@pytest.mark.parametrize(
    "changed",
    [
        {"gateway_id": "another name"},
        {"gateway_serial": "WS-0002"},
        {"charge_point_id": "DE*ABC*E0002"},
        {"registry_name": "other.example/keys"},
        {"registry_key": SETTINGS["owner_key"]},
    ],
)
def test_seal_over_another_registration_wants_a_new_proof(changed: dict) -> None:
    bench = Bench().set_up()
    bench.by_owner("unseal")
    bench.call("configure", **changed)
    assert bench.call("seal")["commissioning"] == 2
    status = bench.call("status")
    assert (status["state"], status["publication"]) == ("unregistered", None)
    bench.by_owner("unseal")
    bench.call("configure", **SETTINGS)  # and back again: the old proof is no longer good
    assert bench.call("seal")["commissioning"] == 3
    assert bench.call("status")["state"] == "unregistered"


def test_there_is_nothing_to_unseal_on_an_open_module() -> None:
    bench = Bench().boot()
    bench.call("configure", **SETTINGS)
    assert refused(bench, "challenge", action="unseal").name == "not_sealed"
    assert refused(bench, "unseal", signature=FORGED).name == "not_sealed"


@pytest.mark.parametrize("action", ["unseal", "accept_meter"])
def test_seal_and_meter_stay_until_the_session_is_closed(action: str) -> None:
    """What the records of an open session depend on; and the error says how to close it."""
    bench = Bench().set_up()
    signature = bench.ask_owner(action)
    bench.call("begin")
    for method, params in (("challenge", {"action": action}), (action, {"signature": signature})):
        error = refused(bench, method, **params)
        assert error.name == "session_open"
        assert "close_session" in error.remedy


def test_events_are_archived_during_a_session_too() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    assert bench.by_owner("archive_events", through=2)["full"] is False
    bench.call("end")
