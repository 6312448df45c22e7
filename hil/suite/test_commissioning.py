"""From settings to a seal and back: what each state allows, and who may open the seal."""

from typing import Any

import pytest
from wattseal.wire.owner_challenge import read_challenge

from hil.owner import Owner
from hil.setup import Setup
from hil.suite.judge import judge
from hil.suite.module import OWNER, SETTINGS, MakeModule, Module

THIEF = Owner("somebody else")
WRONG = "3006020101020101"

NEEDED = [
    *("gateway_id", "gateway_serial", "meter_profile", "meter_serial", "charge_point_type"),
    *("charge_point_id", "registry_name", "registry_key", "owner_key"),
]


@pytest.mark.needs("power")
def test_a_fresh_module_tells_what_is_missing_and_is_not_sealed_before(
    make_module: MakeModule,
) -> None:
    module = make_module(Setup())
    status = module.status()
    assert (status["state"], status["sealed"], status["commissioning"]) == (
        "unregistered",
        False,
        0,
    )
    assert sorted(set(NEEDED) - set(status["missing"])) == []
    call = module.client.call
    assert module.client.refusal("seal").name == "not_configured"
    # A registry knows charge points by their EVSE-ID.
    other = call("configure", **{**SETTINGS, "charge_point_type": "CBIDC"})
    assert other["missing"] == ["charge_point_type"]
    assert module.client.refusal("seal").name == "not_configured"
    assert module.client.refusal("prove", challenge="00" * 16).name == "not_sealed"
    module.set_time()
    refusal = module.client.refusal("begin")
    assert refusal.name == "not_operational"
    assert refusal.detail["state"] == "unregistered"
    assert module.status()["sealed"] is False


@pytest.mark.thorough("rp2040")
def test_the_way_to_operational_and_back(unsealed_module: Module) -> None:
    module = unsealed_module
    module.set_time()
    # A registration for the same settings, from a test before, is to hold no more.
    module.configure(gateway_serial="RIG-0")
    module.client.call("seal")
    module.unseal()
    module.configure()
    assert module.status()["state"] == "unregistered"
    assert module.client.refusal("begin").name == "not_operational"

    first, settings = module.next_event(), module.settings()
    assert settings == {**settings, **SETTINGS}
    assert module.client.call("seal")["meter_serial_read"] is True
    status = module.status()
    assert (status["state"], status["sealed"]) == ("unregistered", True)
    assert status["publication"] is None
    assert module.client.refusal("begin").name == "not_operational"
    assert module.client.refusal("seal").name == "sealed"

    accepted = module.publish()
    assert accepted["state"] == "operational"
    status = module.status()
    assert status["state"] == "operational"
    assert status["publication"] == {name: accepted[name] for name in status["publication"]}
    module.begin()
    module.end()

    module.unseal()
    status = module.status()
    assert (status["state"], status["sealed"]) == ("unregistered", False)
    assert module.settings() == settings
    assert module.client.refusal("begin").name == "not_operational"
    # A change before, which was not logged because it is rationed, may be logged by now.
    names = [name for name in module.event_names(first) if name != "configured"]
    assert names == ["sealed", "published", "unsealed"]

    # With nothing changed in between, the same registration holds under the new seal.
    number = status["commissioning"]
    assert module.client.call("seal")["commissioning"] == number
    assert module.status()["state"] == "operational"
    judge(module)


@pytest.mark.needs("meter")
def test_a_seal_needs_the_meter_that_is_named(unsealed_module: Module) -> None:
    module = unsealed_module
    module.rig.meter.arm("silence", 1000, quantity=None)
    assert module.client.refusal("seal").name == "meter_no_reply"
    module.rig.meter.disarm()
    assert module.status()["sealed"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"gateway_serial": "RIG-2"},
        {"meter_serial": "12345"},
        {"charge_point_id": "DE*WSL*E00002"},
        {"registry_name": "other.example"},
        {"owner_key": THIEF.settings["owner_key"]},
        {"line": {"baud": 1200, "parity": "none", "stop_bits": 1}},
        {"format_version": "1.4"},
        {"controller_firmware": "9.9", "gateway_id": "other"},
    ],
)
def test_the_seal_locks_the_settings(module: Module, change: dict[str, Any]) -> None:
    before = module.settings()
    assert module.client.refusal("configure", **change).name == "sealed"
    assert module.settings() == before
    assert module.status()["state"] == "operational"


def test_what_is_not_metrological_may_change_under_the_seal(module: Module) -> None:
    other = "4.5.7" if module.settings().get("controller_firmware") == "4.5.6" else "4.5.6"
    module.client.call("configure", controller_firmware=other)
    assert module.settings()["controller_firmware"] == other
    assert module.status()["state"] == "operational"


@pytest.mark.needs("power")  # how often this is logged is rationed: a start begins anew
def test_a_change_under_the_seal_is_logged(module: Module) -> None:
    module.restart()
    module.client.call("configure", controller_firmware="4.5.8")
    assert module.newest_event()["event"] == "configured"
    module.client.call("configure", controller_firmware="4.5.6")
    module.set_time()


# --- the owner -------------------------------------------------------------------------------


@pytest.mark.needs("power")
@pytest.mark.thorough("rp2040")
def test_a_challenge_is_answered_once_and_by_the_owner_only(own_module: Module) -> None:
    module, client = own_module, own_module.client
    assert client.refusal("unseal", signature=WRONG).name == "no_challenge"

    challenge = client.call("challenge", action="unseal")["challenge"]
    said = read_challenge(challenge)
    assert (said["action"], said["chip_id"]) == ("unseal", module.hello["chip_id"])
    first = module.next_event()
    refusal = client.refusal("unseal", signature=THIEF.sign(challenge))
    assert refusal.name == "owner_refused"
    # The right answer comes too late: a wrong one has used the challenge up.
    assert client.refusal("unseal", signature=OWNER.sign(challenge)).name == "no_challenge"
    assert module.status()["sealed"] is True
    assert module.refusals(first)[0] == "owner_refused"

    answer = module.answer("unseal")
    client.call("unseal", signature=answer)
    client.call("seal")
    assert client.refusal("unseal", signature=answer).name == "no_challenge"
    client.call("challenge", action="unseal")
    assert client.refusal("unseal", signature=answer).name == "owner_refused"  # replayed
    assert module.status()["sealed"] is True
    judge(module)


@pytest.mark.thorough("rp2040")
def test_a_challenge_permits_its_own_action_only(module: Module) -> None:
    signature = module.answer("unseal")
    assert module.client.refusal("decommission", signature=signature).name == "no_challenge"
    assert module.status()["state"] == "operational"
    signature = module.answer("archive_events", through=module.next_event() - 1)
    assert module.client.refusal("unseal", signature=signature).name == "no_challenge"
    assert module.status()["sealed"] is True


@pytest.mark.thorough("rp2040")
def test_a_new_challenge_replaces_the_open_one(module: Module) -> None:
    old = module.answer("unseal")
    module.client.call("challenge", action="unseal")
    assert module.client.refusal("unseal", signature=old).name == "owner_refused"
    assert module.status()["sealed"] is True
    module.unseal()  # which ends the counting of wrong answers


@pytest.mark.needs("power")
@pytest.mark.thorough("rp2040")
def test_a_challenge_does_not_outlive_a_start(own_module: Module) -> None:
    signature = own_module.answer("unseal")
    own_module.restart()
    assert own_module.client.refusal("unseal", signature=signature).name == "no_challenge"


@pytest.mark.needs("time")
@pytest.mark.thorough("rp2040")
def test_a_challenge_expires(own_module: Module) -> None:
    told = own_module.client.call("challenge", action="unseal")
    own_module.rig.fast_forward(told["expires_s"] + 1)
    refusal = own_module.client.refusal("unseal", signature=OWNER.sign(told["challenge"]))
    assert refusal.name == "no_challenge"


@pytest.mark.needs("power")
def test_guessing_is_logged_and_keeps_the_owner_from_nothing(own_module: Module) -> None:
    module, client = own_module, own_module.client
    first = module.next_event()
    for _ in range(20):
        client.call("challenge", action="unseal")
        assert client.refusal("unseal", signature=WRONG).name == "owner_refused"
    module.unseal()
    assert module.status()["sealed"] is False
    assert "owner_refused" in module.refusals(first)
    assert module.refusals(first).count("owner_refused") <= 2
    judge(module)


# --- the archive of events -------------------------------------------------------------------

ENOUGH_FOR_TWO_SECTORS = 40


@pytest.mark.needs("flash")
@pytest.mark.thorough("rp2040")
def test_events_go_only_when_the_owner_has_archived_them(
    make_module: MakeModule, configured_flash: bytes
) -> None:
    module = make_module(Setup(flash=configured_flash))
    for number in range(ENOUGH_FOR_TWO_SECTORS):
        module.client.call("configure", gateway_serial=f"RIG-{number}")
    archive = module.events()
    through = archive[-1]["number"]
    wrong = module.answer("archive_events", THIEF, through=through)
    assert module.client.refusal("archive_events", signature=wrong).name == "owner_refused"
    assert module.status()["events"]["oldest"] == 1

    right = module.answer("archive_events", through=through)
    log = module.client.call("archive_events", signature=right)
    assert 1 < log["oldest"] <= through < log["newest"]
    event = module.told_events(log["newest"])[0]
    assert event["event"] == "events_archived"
    assert event["detail"] == {"through": through, "chain": archive[-1]["chain"]}
    assert module.client.refusal("events", **{"from": 1, "to": 1}).name == "no_such_event"
    judge(module, archive)
    module.restart()
    judge(module, archive)
