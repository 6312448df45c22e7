"""The registry on its databases: what it records, confirms, refuses, and answers about the past."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.registry.operated_registry import OperatedRegistry, check_publication, codes
from support.registry.simulated_module import DAY_MS, EVSE_ID, METER, SimulatedModule, digest
from wattseal.device.owner import offline_challenge
from wattseal.registry import service
from wattseal.registry.api_models import (
    AccessRequest,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
)
from wattseal.registry.failures import AccessError, NotFound, Refused
from wattseal.registry.records import AccessRevoked, MeterRef, Scenario
from wattseal.tlog.tiles import Tile

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})
ELSEWHERE = "DE*XYZ*E1"


@pytest.fixture
def operated(tmp_path: Path, database_url: str) -> Iterator[OperatedRegistry]:
    opened = OperatedRegistry(tmp_path / "data", database_url)
    yield opened
    opened.registry.close()


@pytest.fixture
def module() -> SimulatedModule:
    return SimulatedModule()


# What is refused.


def test_a_refused_registration_leaves_nothing(operated, module):
    size, checkpoint = operated.size, operated.registry.checkpoint()
    request = operated.request(module)
    for actor, wanted in (
        (operated.xyz, ["evse_not_yours"]),
        (operated.abc, ["scenario_mismatch"]),
    ):
        bent = (
            request.model_copy(update={"scenario": Scenario.REUSE})
            if actor is operated.abc
            else request
        )
        with pytest.raises(Refused) as refused:
            operated.registry.register(bent, actor)
        assert codes(refused.value) == wanted
        assert [each.code for each in operated.registry.judge(bent, actor)] == wanted
    assert (operated.size, operated.registry.checkpoint()) == (size, checkpoint)
    assert operated.registry.evse(EVSE_ID) is None
    assert operated.registry.module(module.chip_id) is None


def test_all_findings_are_told_at_once(operated, module):
    operated.commission(SimulatedModule("other"))
    request = operated.request(module, possession=module.prove(digest("nobody's challenge")))
    with pytest.raises(Refused) as refused:
        operated.registry.register(request, operated.xyz)
    found = codes(refused.value)
    assert {"challenge_unknown", "evse_not_yours", "evse_has_active_key"} <= set(found)
    assert [each.code for each in operated.registry.judge(request, operated.xyz)] == found


def test_what_cannot_be_read(operated, module):
    proof = module.prove(digest("any")).model_copy(update={"statement": "{}"})
    request = operated.request(module, possession=proof)
    with pytest.raises(Refused) as refused:
        operated.registry.register(request, operated.abc)
    assert codes(refused.value) == ["statement_unreadable"]
    assert [each.code for each in operated.registry.judge(request, operated.abc)] == codes(
        refused.value
    )


def test_a_challenge_is_good_for_an_hour(operated, module):
    request = operated.request(module)
    operated.wait(3_600_001)
    with pytest.raises(Refused) as refused:
        operated.registry.register(request, operated.abc)
    assert "challenge_expired" in codes(refused.value)


def test_an_older_proof_of_the_same_module(operated, module):
    first = operated.request(module)
    operated.wait()
    operated.registry.register(operated.request(module), operated.abc)
    with pytest.raises(Refused) as refused:
        operated.registry.register(first, operated.abc)
    assert "possession_not_newer" in codes(refused.value)


def test_an_access_key_that_was_revoked_since_it_was_shown(operated, module):
    request = operated.request(module)
    operated.registry.revoke(operated.abc.key_id, operated.administrator)
    with pytest.raises(Refused) as refused:
        operated.registry.register(request, operated.abc)
    assert codes(refused.value) == ["access_revoked"]


@pytest.mark.parametrize("text", ["", "nonsense", "wsk_aaaaaaaaaaaa_" + "a" * 52, "wsk_\0"])
def test_an_access_key_that_nobody_made(operated, text):
    with pytest.raises(AccessError) as refused:
        operated.registry.authenticate(text)
    assert refused.value.name == "access_unknown"


def test_an_access_key_with_another_secret(operated):
    forged = f"wsk_{operated.abc.key_id}_" + "a" * 52
    with pytest.raises(AccessError) as refused:
        operated.registry.authenticate(forged)
    assert refused.value.name == "access_unknown"


def test_an_access_key_that_was_revoked_or_has_expired(operated):
    request = AccessRequest(role="cpo", operators=["DE*ABC"], days=1)
    made = [operated.registry.grant(request, operated.administrator) for _ in range(2)]
    operated.registry.revoke(made[0].key_id, operated.administrator)
    with pytest.raises(AccessError) as refused:
        operated.registry.authenticate(made[0].access_key)
    assert refused.value.name == "access_revoked"
    operated.wait(DAY_MS)
    assert operated.registry.authenticate(made[1].access_key).key_id == made[1].key_id
    operated.wait(1)
    with pytest.raises(AccessError) as refused:
        operated.registry.authenticate(made[1].access_key)
    assert refused.value.name == "access_expired"
    assert "2026-11-22 09:00 UTC" in refused.value.sentence


def test_only_an_administrator_makes_access_keys(operated):
    with pytest.raises(Refused) as refused:
        operated.registry.grant(AccessRequest(role="administrator"), operated.abc)
    assert codes(refused.value) == ["administrator_needed"]
    with pytest.raises(Refused) as refused:
        operated.registry.revoke(operated.xyz.key_id, operated.abc)
    assert codes(refused.value) == ["administrator_needed"]
    with pytest.raises(Refused) as refused:
        operated.registry.revoke("nobody\0", operated.administrator)
    assert codes(refused.value) == ["access_unknown"]


@pytest.mark.parametrize(
    "request_",
    [
        DeactivationRequest(evse_id=EVSE_ID, reason="defective"),
        DeactivationRequest(evse_id="no EVSE-ID", reason="defective"),
        HardwareExchangeRequest(evse_id=EVSE_ID, station_model="S 2", station_serial="ST-47-11"),
        ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"),
    ],
)
def test_changes_of_a_charge_point_that_is_not_there(operated, request_):
    size = operated.size
    with pytest.raises(Refused):
        operated.registry.record_about_evse(request_, operated.abc)
    assert operated.size == size


# What is confirmed.


def test_a_registration_is_confirmed_with_its_proof(operated, module):
    size = operated.size
    confirmed = operated.commission(module)
    assert (confirmed.entry, confirmed.unix_ms) == (size, operated.now_ms)
    assert not confirmed.repeated
    assert check_publication(confirmed.publication, operated.registry) == size + 1
    line = operated.registry.record(size)
    assert line.leaf == confirmed.publication.leaf
    assert EVSE_ID in line.record


def test_a_proof_can_be_made_again_and_at_any_later_size(operated):
    confirmed = [
        operated.commission(
            SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=meter)
        )
        for number, meter in enumerate((METER, OTHER_METER), 1000)
    ]
    for each in confirmed:
        assert operated.registry.publication(each.entry) == each.publication
    later = operated.registry.publication(confirmed[0].entry, operated.size)
    assert check_publication(later, operated.registry) == operated.size
    assert (
        later.checkpoint
        == operated.registry.checkpoint()
        == operated.registry.checkpoint(operated.size)
    )


def test_what_lies_beyond_the_log(operated):
    size = operated.size
    registry = operated.registry
    for ask in (
        lambda: registry.publication(size),
        lambda: registry.publication(-1),
        lambda: registry.publication(0, size + 1),
        lambda: registry.publication(1, 1),
        lambda: registry.record(size),
        lambda: registry.record(-1),
        lambda: registry.checkpoint(size + 1),
        lambda: registry.tile(Tile(0, 0, size + 1)),
        lambda: registry.tile(Tile(0, 1, 1)),
        lambda: registry.tile(Tile(1, 0, 1)),
        lambda: registry.tile(Tile(6, 0, 1)),
        lambda: registry.tile(Tile(0, 0, 0)),
        lambda: registry.tile(Tile(None, 0, size + 1)),
    ):
        with pytest.raises(NotFound):
            ask()
    assert registry.records(size, 10) == registry.states(size, 10) == []


def test_the_same_request_again_gives_the_same_answer(operated, module):
    request = operated.request(module)
    first = operated.registry.register(request, operated.abc)
    operated.commission(SimulatedModule("other", evse_id="DE*ABC*E9", meter=OTHER_METER))
    size = operated.size
    operated.wait(2 * 3_600_000)  # the challenge has expired meanwhile
    again = operated.registry.register(request, operated.abc)
    assert again == first.model_copy(update={"repeated": True})
    assert operated.registry.judge(request, operated.abc) == []
    assert operated.size == size


def test_the_same_proof_with_other_facts_is_no_repetition(operated, module):
    request = operated.request(module)
    operated.registry.register(request, operated.abc)
    other = request.model_copy(update={"module_model": "Another one"})
    with pytest.raises(Refused) as refused:
        operated.registry.register(other, operated.abc)
    assert "possession_not_newer" in codes(refused.value)


def test_a_lost_answer_to_a_change_is_told_again(operated, module):
    operated.commission(module)
    exchange = HardwareExchangeRequest(
        evse_id="de-abc-e1234-5", station_model="S 2", station_serial="ST-4711-09"
    )
    first = operated.registry.record_about_evse(exchange, operated.abc)
    again = operated.registry.record_about_evse(exchange, operated.abc)
    assert again == first.model_copy(update={"repeated": True})
    deactivation = module.deactivation(module.decommission())
    gone = operated.registry.record_about_evse(deactivation, operated.abc)
    assert operated.registry.record_about_evse(deactivation, operated.abc).entry == gone.entry
    with pytest.raises(Refused):
        operated.registry.record_about_evse(deactivation, operated.administrator)


def test_a_test_charge_is_kept_once(operated, module):
    operated.commission(module)
    operated.wait(600_000)
    charge = module.test_charge()
    first = operated.registry.record_about_evse(charge, operated.abc)
    station = {"evse_id": EVSE_ID, "station_model": "S 2", "station_serial": "ST-4711-09"}
    operated.registry.record_about_evse(HardwareExchangeRequest(**station), operated.abc)
    size = operated.size
    spelled = charge.model_copy(update={"evse_id": "de-abc-e1234-5"})
    for request, actor in ((charge, operated.abc), (spelled, operated.administrator)):
        again = operated.registry.record_about_evse(request, actor)
        assert again == first.model_copy(update={"repeated": True})
    assert operated.size == size
    another = module.test_charge()
    operated.wait(600_000)
    assert operated.registry.record_about_evse(another, operated.abc).entry == size


def test_a_test_charge_is_looked_for_in_so_many_entries(operated, module, monkeypatch):
    operated.commission(module)
    operated.wait(600_000)
    charge = module.test_charge()
    first = operated.registry.record_about_evse(charge, operated.abc)
    monkeypatch.setattr(service, "MAX_LOOKED_AT", 1)
    assert operated.registry.record_about_evse(charge, operated.abc).entry == first.entry
    station = {"evse_id": EVSE_ID, "station_model": "S 2", "station_serial": "ST-4711-09"}
    operated.registry.record_about_evse(HardwareExchangeRequest(**station), operated.abc)
    assert operated.registry.record_about_evse(charge, operated.abc).entry > first.entry


@pytest.mark.parametrize("evse_id", ["DE*ABC*E404", "no EVSE-ID"])
def test_a_test_charge_elsewhere_is_no_repetition(operated, module, evse_id):
    operated.commission(module)
    operated.wait(600_000)
    charge = module.test_charge()
    operated.registry.record_about_evse(charge, operated.abc)
    with pytest.raises(Refused):
        operated.registry.record_about_evse(
            charge.model_copy(update={"evse_id": evse_id}), operated.abc
        )


def test_without_a_network_on_site(operated, module):
    module.clock_ms = operated.now_ms
    request = module.registration(offline_challenge("registry.example/keys", module.chip_id))
    operated.wait(30 * DAY_MS)
    assert operated.registry.judge(request, operated.abc) == []
    operated.wait(1)
    with pytest.raises(Refused) as refused:
        operated.registry.register(request, operated.abc)
    assert codes(refused.value) == ["possession_too_old"]


def test_the_time_of_records_never_goes_back(operated, module):
    operated.commission(module)
    newest = operated.now_ms
    operated.now_ms -= 120_000
    other = SimulatedModule("other", evse_id="DE*ABC*E9", meter=OTHER_METER)
    confirmed = operated.registry.register(operated.request(other), operated.abc)
    assert confirmed.unix_ms == newest


# What is answered.


def test_which_key_was_valid_when(operated, module):
    registry = operated.registry
    first = operated.commission(module)
    old_key = module.fingerprint
    module.update()
    second = operated.commission(module, "firmware_update")
    operated.wait()
    third = registry.record_about_evse(module.deactivation(module.decommission()), operated.abc)

    def at(unix_ms):
        key = registry.key_valid("DEABCE1234-5".replace("-", "*"), unix_ms)
        return key and key.fingerprint

    assert at(first.unix_ms - 1) is None
    assert at(first.unix_ms) == at(second.unix_ms - 1) == old_key
    assert at(second.unix_ms) == at(third.unix_ms - 1) == module.fingerprint
    assert at(third.unix_ms) is None
    assert registry.key(old_key).status == "superseded"
    assert registry.key(old_key, first.unix_ms).status == "active"
    assert registry.evse(EVSE_ID).status == "deactivated"
    assert registry.evse(EVSE_ID, second.unix_ms).status == "active"
    assert registry.module(module.chip_id, third.unix_ms - 1).evse_id == EVSE_ID
    assert registry.module(module.chip_id).evse_id is None
    lower = MeterRef(manufacturer="emh", serial="1emh 0012 345678")
    assert registry.meter(lower, second.unix_ms).evse_id == EVSE_ID
    assert registry.meter(lower).evse_id is None


def test_a_take_over_with_consent(operated, module):
    operated.commission(module)
    module.commission(evse_id=ELSEWHERE)
    with pytest.raises(Refused) as refused:
        operated.commission(module, "take_over", operated.xyz)
    assert codes(refused.value) == ["consent_missing"]
    operated.registry.record_about_evse(
        ConsentRequest(evse_id=EVSE_ID, to_operator="de-xyz"), operated.abc
    )
    taken = operated.commission(module, "take_over", operated.xyz)
    assert operated.registry.evse(EVSE_ID).status == "taken_over"
    assert operated.registry.key_valid(ELSEWHERE, taken.unix_ms).fingerprint == module.fingerprint
    kinds = [record.type for _number, record in operated.registry.history(EVSE_ID)]
    assert kinds == ["registration", "consent", "registration"]
    numbers = [number for number, _record in operated.registry.history(ELSEWHERE)]
    assert numbers == [taken.entry]


def test_two_modules_of_one_serial_number(operated, module):
    operated.commission(module)
    copy = SimulatedModule("copy", evse_id="DE*ABC*E9", meter=OTHER_METER)
    copy.gateway_serial = module.gateway_serial.lower()
    with pytest.raises(Refused) as refused:
        operated.commission(copy)
    assert codes(refused.value) == ["gateway_serial_taken"]
    operated.wait()
    operated.registry.record_about_evse(module.deactivation(module.decommission()), operated.abc)
    copy.evse_id, copy.meter = EVSE_ID, module.meter
    operated.commission(copy)
    module.restart()
    module.commission(evse_id="DE*ABC*E9", meter=OTHER_METER)
    with pytest.raises(Refused) as refused:
        operated.commission(module, "reuse")
    assert codes(refused.value) == ["gateway_serial_taken"]


def test_a_meter_of_another_model_is_remarked(operated, module):
    operated.commission(module)
    module.commission(meter=OTHER_METER.model_copy(update={"model": "Other"}))
    confirmed = operated.commission(module, "meter_replacement")
    assert [remark.code for remark in confirmed.remarks] == ["meter_model_changed"]


def test_eligibility_follows_the_key(operated, module):
    assert [each.code for each in operated.registry.eligibility(EVSE_ID).reasons] == [
        "never_registered"
    ]
    operated.commission(module)
    assert operated.registry.eligibility("de*abc*e1234*5").publish
    operated.registry.record_about_evse(module.deactivation(module.decommission()), operated.abc)
    answer = operated.registry.eligibility(EVSE_ID)
    assert (answer.publish, answer.authorise) == (False, False)
    with pytest.raises(NotFound):
        operated.registry.eligibility("no EVSE-ID")


def test_what_is_not_there(operated):
    registry = operated.registry
    assert registry.evse("no EVSE-ID") is None
    assert registry.evse(EVSE_ID) is None
    assert registry.key("00" * 32) is None
    assert registry.key("\0") is None
    assert registry.module("\0") is None
    assert registry.meter(MeterRef(manufacturer="EMH", serial="1")) is None
    assert registry.key_valid(EVSE_ID, operated.now_ms) is None
    assert registry.history(EVSE_ID) == registry.history("no EVSE-ID") == []


def test_access_keys_in_their_newest_state(operated):
    before = operated.registry.access_keys()
    assert [each.role for each in before] == ["administrator", "cpo", "cpo"]
    operated.registry.revoke(operated.abc.key_id, operated.administrator)
    assert [each.revoked for each in operated.registry.access_keys()] == [False, True, False]
    record = AccessRevoked.model_validate_json(operated.registry.record(operated.size - 1).record)
    assert (record.key_id, record.actor) == (operated.abc.key_id, operated.administrator.key_id)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("de-abc-e1234", {"evses"}),
        ("DEABC", {"evses"}),
        ("DEABCE1234*5", {"evses"}),
        ("DE", {"evses"}),
        ("1emh0012", {"meters"}),
        ("1EMH 0012 3456 78", {"meters"}),
        ("WS-", {"modules"}),
        ("CHIP", {"modules"}),
        ("KEY", {"keys"}),
        ("FINGERPRINT", {"keys"}),
        ("fin", set()),
        ("E1234", set()),
        ("", set()),
        (" ", set()),
        ("%", set()),
        ("\0", set()),
        ("ß\uffff", set()),
        ("D" * 500, set()),
    ],
)
def test_search(operated, module, text, kinds):
    operated.commission(module)
    facts = {
        "CHIP": module.chip_id[:10].upper(),
        "KEY": " ".join([module.key.hex[:90], module.key.hex[90:]]).upper(),
        "FINGERPRINT": module.fingerprint[:8],
        "fin": module.fingerprint[:3],
    }
    found = operated.registry.search(facts.get(text, text)).model_dump()
    assert {kind for kind, states in found.items() if states} == kinds


def test_search_stops_at_its_limit(operated):
    for number in range(3):
        meter = METER.model_copy(update={"serial": f"1EMH001234{number}678"})
        evse_id = f"DE*ABC*E{number + 1000}"
        operated.commission(SimulatedModule(f"module {number}", evse_id=evse_id, meter=meter))
    found = operated.registry.search("DE*ABC", 2).evses
    assert [each.evse_id for each in found] == ["DE*ABC*E1000", "DE*ABC*E1001"]
    assert len(operated.registry.search("WS", 2).modules) == 2
    assert len(operated.registry.search("1EMH", 2).meters) == 2
