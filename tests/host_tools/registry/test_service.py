"""The registry on its databases: what it records, confirms, refuses, and answers about the past."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registry.office import Office, check_publication, codes
from registry.simulated_module import DAY_MS, EVSE_ID, METER, SimulatedModule, digest
from wattseal.offline_challenge import offline_challenge
from wattseal.registry import repeats
from wattseal.registry.failures import AccessError, NotFound, Refused
from wattseal.registry.records import AccessRevoked, MeterRef, Scenario
from wattseal.registry.requests import (
    AccessRequest,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
)

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})
ELSEWHERE = "DE*XYZ*E1"


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    opened = Office(tmp_path / "data", database_url)
    yield opened
    opened.registry.close()


@pytest.fixture
def module() -> SimulatedModule:
    return SimulatedModule()


# What is refused.


def test_a_refused_registration_leaves_nothing(office, module):
    size, checkpoint = office.size, office.registry.checkpoint()
    request = office.request(module)
    for actor, wanted in ((office.xyz, ["evse_not_yours"]), (office.abc, ["scenario_mismatch"])):
        bent = (
            request.model_copy(update={"scenario": Scenario.REUSE})
            if actor is office.abc
            else request
        )
        with pytest.raises(Refused) as refused:
            office.registry.register(bent, actor)
        assert codes(refused.value) == wanted
        assert [each.code for each in office.registry.judge(bent, actor)] == wanted
    assert (office.size, office.registry.checkpoint()) == (size, checkpoint)
    assert office.registry.evse(EVSE_ID) is None
    assert office.registry.module(module.chip_id) is None


def test_all_findings_are_told_at_once(office, module):
    office.commission(SimulatedModule("other"))
    request = office.request(module, possession=module.prove(digest("nobody's challenge")))
    with pytest.raises(Refused) as refused:
        office.registry.register(request, office.xyz)
    found = codes(refused.value)
    assert {"challenge_unknown", "evse_not_yours", "evse_has_active_key"} <= set(found)
    assert [each.code for each in office.registry.judge(request, office.xyz)] == found


def test_what_cannot_be_read(office, module):
    proof = module.prove(digest("any")).model_copy(update={"statement": "{}"})
    request = office.request(module, possession=proof)
    with pytest.raises(Refused) as refused:
        office.registry.register(request, office.abc)
    assert codes(refused.value) == ["statement_unreadable"]
    assert [each.code for each in office.registry.judge(request, office.abc)] == codes(
        refused.value
    )


def test_a_challenge_is_good_for_an_hour(office, module):
    request = office.request(module)
    office.wait(3_600_001)
    with pytest.raises(Refused) as refused:
        office.registry.register(request, office.abc)
    assert "challenge_expired" in codes(refused.value)


def test_an_older_proof_of_the_same_module(office, module):
    first = office.request(module)
    office.wait()
    office.registry.register(office.request(module), office.abc)
    with pytest.raises(Refused) as refused:
        office.registry.register(first, office.abc)
    assert "possession_not_newer" in codes(refused.value)


def test_an_access_key_that_was_revoked_since_it_was_shown(office, module):
    request = office.request(module)
    office.registry.revoke(office.abc.key_id, office.administrator)
    with pytest.raises(Refused) as refused:
        office.registry.register(request, office.abc)
    assert codes(refused.value) == ["access_revoked"]


@pytest.mark.parametrize("text", ["", "nonsense", "wsk_aaaaaaaaaaaa_" + "a" * 52, "wsk_\0"])
def test_an_access_key_that_nobody_made(office, text):
    with pytest.raises(AccessError) as refused:
        office.registry.authenticate(text)
    assert refused.value.name == "access_unknown"


def test_an_access_key_with_another_secret(office):
    forged = f"wsk_{office.abc.key_id}_" + "a" * 52
    with pytest.raises(AccessError) as refused:
        office.registry.authenticate(forged)
    assert refused.value.name == "access_unknown"


def test_an_access_key_that_was_revoked_or_has_expired(office):
    request = AccessRequest(role="cpo", operators=["DE*ABC"], days=1)
    made = [office.registry.grant(request, office.administrator) for _ in range(2)]
    office.registry.revoke(made[0].key_id, office.administrator)
    with pytest.raises(AccessError) as refused:
        office.registry.authenticate(made[0].access_key)
    assert refused.value.name == "access_revoked"
    office.wait(DAY_MS)
    assert office.registry.authenticate(made[1].access_key).key_id == made[1].key_id
    office.wait(1)
    with pytest.raises(AccessError) as refused:
        office.registry.authenticate(made[1].access_key)
    assert refused.value.name == "access_expired"
    assert "2026-11-22 09:00 UTC" in refused.value.sentence


def test_only_an_administrator_makes_access_keys(office):
    with pytest.raises(Refused) as refused:
        office.registry.grant(AccessRequest(role="administrator"), office.abc)
    assert codes(refused.value) == ["administrator_needed"]
    with pytest.raises(Refused) as refused:
        office.registry.revoke(office.xyz.key_id, office.abc)
    assert codes(refused.value) == ["administrator_needed"]
    with pytest.raises(Refused) as refused:
        office.registry.revoke("nobody\0", office.administrator)
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
def test_changes_of_a_charge_point_that_is_not_there(office, request_):
    change = {
        DeactivationRequest: office.registry.deactivate,
        HardwareExchangeRequest: office.registry.exchange_hardware,
        ConsentRequest: office.registry.consent,
    }[type(request_)]
    size = office.size
    with pytest.raises(Refused):
        change(request_, office.abc)
    assert office.size == size


# What is confirmed.


def test_a_registration_is_confirmed_with_its_proof(office, module):
    size = office.size
    confirmed = office.commission(module)
    assert (confirmed.entry, confirmed.unix_ms) == (size, office.now_ms)
    assert not confirmed.repeated
    assert check_publication(confirmed.publication, office.registry) == size + 1
    leaf, record = office.registry.record(size)
    assert leaf == confirmed.publication.leaf
    assert EVSE_ID in record


def test_a_proof_can_be_made_again_and_at_any_later_size(office):
    confirmed = [
        office.commission(
            SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=meter)
        )
        for number, meter in enumerate((METER, OTHER_METER), 1000)
    ]
    for each in confirmed:
        assert office.registry.publication(each.entry) == each.publication
    later = office.registry.publication(confirmed[0].entry, office.size)
    assert check_publication(later, office.registry) == office.size
    assert (
        later.checkpoint == office.registry.checkpoint() == office.registry.checkpoint(office.size)
    )


def test_what_lies_beyond_the_log(office):
    size = office.size
    registry = office.registry
    for ask in (
        lambda: registry.publication(size),
        lambda: registry.publication(-1),
        lambda: registry.publication(0, size + 1),
        lambda: registry.publication(1, 1),
        lambda: registry.record(size),
        lambda: registry.record(-1),
        lambda: registry.checkpoint(size + 1),
        lambda: registry.tile(0, 0, size + 1),
        lambda: registry.tile(0, 1, 1),
        lambda: registry.tile(1, 0, 1),
        lambda: registry.tile(6, 0, 1),
        lambda: registry.tile(0, 0, 0),
        lambda: registry.entry_bundle(0, size + 1),
    ):
        with pytest.raises(NotFound):
            ask()
    assert registry.records(size, 10) == registry.states(size, 10) == []


def test_the_same_request_again_gives_the_same_answer(office, module):
    request = office.request(module)
    first = office.registry.register(request, office.abc)
    office.commission(SimulatedModule("other", evse_id="DE*ABC*E9", meter=OTHER_METER))
    size = office.size
    office.wait(2 * 3_600_000)  # the challenge has expired meanwhile
    again = office.registry.register(request, office.abc)
    assert again == first.model_copy(update={"repeated": True})
    assert office.registry.judge(request, office.abc) == []
    assert office.size == size


def test_the_same_proof_with_other_facts_is_no_repetition(office, module):
    request = office.request(module)
    office.registry.register(request, office.abc)
    other = request.model_copy(update={"module_model": "Another one"})
    with pytest.raises(Refused) as refused:
        office.registry.register(other, office.abc)
    assert "possession_not_newer" in codes(refused.value)


def test_a_lost_answer_to_a_change_is_told_again(office, module):
    office.commission(module)
    exchange = HardwareExchangeRequest(
        evse_id="de-abc-e1234-5", station_model="S 2", station_serial="ST-4711-09"
    )
    first = office.registry.exchange_hardware(exchange, office.abc)
    again = office.registry.exchange_hardware(exchange, office.abc)
    assert again == first.model_copy(update={"repeated": True})
    deactivation = module.deactivation(module.decommission())
    gone = office.registry.deactivate(deactivation, office.abc)
    assert office.registry.deactivate(deactivation, office.abc).entry == gone.entry
    with pytest.raises(Refused):
        office.registry.deactivate(deactivation, office.administrator)


def test_a_test_charge_is_kept_once(office, module):
    office.commission(module)
    office.wait(600_000)
    charge = module.test_charge()
    first = office.registry.keep_test_charge(charge, office.abc)
    station = {"evse_id": EVSE_ID, "station_model": "S 2", "station_serial": "ST-4711-09"}
    office.registry.exchange_hardware(HardwareExchangeRequest(**station), office.abc)
    size = office.size
    spelled = charge.model_copy(update={"evse_id": "de-abc-e1234-5"})
    for request, actor in ((charge, office.abc), (spelled, office.administrator)):
        again = office.registry.keep_test_charge(request, actor)
        assert again == first.model_copy(update={"repeated": True})
    assert office.size == size
    another = module.test_charge()
    office.wait(600_000)
    assert office.registry.keep_test_charge(another, office.abc).entry == size


def test_a_test_charge_is_looked_for_in_so_many_entries(office, module, monkeypatch):
    office.commission(module)
    office.wait(600_000)
    charge = module.test_charge()
    first = office.registry.keep_test_charge(charge, office.abc)
    monkeypatch.setattr(repeats, "MAX_LOOKED_AT", 1)
    assert office.registry.keep_test_charge(charge, office.abc).entry == first.entry
    station = {"evse_id": EVSE_ID, "station_model": "S 2", "station_serial": "ST-4711-09"}
    office.registry.exchange_hardware(HardwareExchangeRequest(**station), office.abc)
    assert office.registry.keep_test_charge(charge, office.abc).entry > first.entry


@pytest.mark.parametrize("evse_id", ["DE*ABC*E404", "no EVSE-ID"])
def test_a_test_charge_elsewhere_is_no_repetition(office, module, evse_id):
    office.commission(module)
    office.wait(600_000)
    charge = module.test_charge()
    office.registry.keep_test_charge(charge, office.abc)
    with pytest.raises(Refused):
        office.registry.keep_test_charge(charge.model_copy(update={"evse_id": evse_id}), office.abc)


def test_without_a_network_on_site(office, module):
    module.clock_ms = office.now_ms
    request = module.registration(offline_challenge("registry.example/keys", module.chip_id))
    office.wait(30 * DAY_MS)
    assert office.registry.judge(request, office.abc) == []
    office.wait(1)
    with pytest.raises(Refused) as refused:
        office.registry.register(request, office.abc)
    assert codes(refused.value) == ["possession_too_old"]


def test_the_time_of_records_never_goes_back(office, module):
    office.commission(module)
    newest = office.now_ms
    office.now_ms -= 120_000
    other = SimulatedModule("other", evse_id="DE*ABC*E9", meter=OTHER_METER)
    confirmed = office.registry.register(office.request(other), office.abc)
    assert confirmed.unix_ms == newest


# What is answered.


def test_which_key_was_valid_when(office, module):
    registry = office.registry
    first = office.commission(module)
    old_key = module.fingerprint
    module.update()
    second = office.commission(module, "firmware_update")
    office.wait()
    third = registry.deactivate(module.deactivation(module.decommission()), office.abc)

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


def test_a_take_over_with_consent(office, module):
    office.commission(module)
    module.commission(evse_id=ELSEWHERE)
    with pytest.raises(Refused) as refused:
        office.commission(module, "take_over", office.xyz)
    assert codes(refused.value) == ["consent_missing"]
    office.registry.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="de-xyz"), office.abc)
    taken = office.commission(module, "take_over", office.xyz)
    assert office.registry.evse(EVSE_ID).status == "taken_over"
    assert office.registry.key_valid(ELSEWHERE, taken.unix_ms).fingerprint == module.fingerprint
    kinds = [record.type for _number, record in office.registry.history(EVSE_ID)]
    assert kinds == ["registration", "consent", "registration"]
    numbers = [number for number, _record in office.registry.history(ELSEWHERE)]
    assert numbers == [taken.entry]


def test_two_modules_of_one_serial_number(office, module):
    office.commission(module)
    copy = SimulatedModule("copy", evse_id="DE*ABC*E9", meter=OTHER_METER)
    copy.gateway_serial = module.gateway_serial.lower()
    with pytest.raises(Refused) as refused:
        office.commission(copy)
    assert codes(refused.value) == ["gateway_serial_taken"]
    office.wait()
    office.registry.deactivate(module.deactivation(module.decommission()), office.abc)
    copy.evse_id, copy.meter = EVSE_ID, module.meter
    office.commission(copy)
    module.restart()
    module.commission(evse_id="DE*ABC*E9", meter=OTHER_METER)
    with pytest.raises(Refused) as refused:
        office.commission(module, "reuse")
    assert codes(refused.value) == ["gateway_serial_taken"]


def test_a_meter_of_another_model_is_remarked(office, module):
    office.commission(module)
    module.commission(meter=OTHER_METER.model_copy(update={"model": "Other"}))
    confirmed = office.commission(module, "meter_replacement")
    assert [remark.code for remark in confirmed.remarks] == ["meter_model_changed"]


def test_eligibility_follows_the_key(office, module):
    assert [each.code for each in office.registry.eligibility(EVSE_ID).reasons] == [
        "never_registered"
    ]
    office.commission(module)
    assert office.registry.eligibility("de*abc*e1234*5").publish
    office.registry.deactivate(module.deactivation(module.decommission()), office.abc)
    answer = office.registry.eligibility(EVSE_ID)
    assert (answer.publish, answer.authorise) == (False, False)
    with pytest.raises(NotFound):
        office.registry.eligibility("no EVSE-ID")


def test_what_is_not_there(office):
    registry = office.registry
    assert registry.evse("no EVSE-ID") is None
    assert registry.evse(EVSE_ID) is None
    assert registry.key("00" * 32) is None
    assert registry.key("\0") is None
    assert registry.module("\0") is None
    assert registry.meter(MeterRef(manufacturer="EMH", serial="1")) is None
    assert registry.key_valid(EVSE_ID, office.now_ms) is None
    assert registry.history(EVSE_ID) == registry.history("no EVSE-ID") == []


def test_access_keys_in_their_newest_state(office):
    before = office.registry.access_keys()
    assert [each.role for each in before] == ["administrator", "cpo", "cpo"]
    office.registry.revoke(office.abc.key_id, office.administrator)
    assert [each.revoked for each in office.registry.access_keys()] == [False, True, False]
    record = AccessRevoked.model_validate_json(office.registry.record(office.size - 1)[1])
    assert (record.key_id, record.actor) == (office.abc.key_id, office.administrator.key_id)


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
def test_search(office, module, text, kinds):
    office.commission(module)
    facts = {
        "CHIP": module.chip_id[:10].upper(),
        "KEY": " ".join([module.key.hex[:90], module.key.hex[90:]]).upper(),
        "FINGERPRINT": module.fingerprint[:8],
        "fin": module.fingerprint[:3],
    }
    found = office.registry.search(facts.get(text, text)).model_dump()
    assert {kind for kind, states in found.items() if states} == kinds


def test_search_stops_at_its_limit(office):
    for number in range(3):
        meter = METER.model_copy(update={"serial": f"1EMH001234{number}678"})
        evse_id = f"DE*ABC*E{number + 1000}"
        office.commission(SimulatedModule(f"module {number}", evse_id=evse_id, meter=meter))
    found = office.registry.search("DE*ABC", 2).evses
    assert [each.evse_id for each in found] == ["DE*ABC*E1000", "DE*ABC*E1001"]
    assert len(office.registry.search("WS", 2).modules) == 2
    assert len(office.registry.search("1EMH", 2).meters) == 2
