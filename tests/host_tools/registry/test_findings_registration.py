"""Each rule on registrations, by the name of its code: what it refuses, and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.registry.recorder import ALL_SCENARIOS, NAME, Recorder, codes
from support.registry.simulated_module import (
    DAY_MS,
    EVSE_ID,
    METER,
    MODEL,
    ORDER,
    SimulatedKey,
    SimulatedModule,
    digest,
)
from wattseal.device.owner import offline_challenge
from wattseal.registry.api_models import ConsentRequest, RegistrationRequest
from wattseal.registry.failures import Refused
from wattseal.registry.records import Possession
from wattseal.registry.rules import facts
from wattseal.wire import statements

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})
MINUTE_MS = 60_000


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def module(recorder: Recorder) -> SimulatedModule:
    """Commissioned at EVSE_ID; a minute ago."""
    module = SimulatedModule()
    recorder.commission(module)
    recorder.wait()
    return module


def _bent(recorder: Recorder, module: SimulatedModule, **members: object) -> RegistrationRequest:
    """A request whose proof says something else, and is signed all the same."""
    module.clock_ms = recorder.now_ms
    proof = module.prove(recorder.challenge(), **members)
    return recorder.request(module, possession=proof)


def _signed(module: SimulatedModule, text: str) -> Possession:
    return Possession(statement=text, signature=module.key.sign(statements.signed_bytes(text)))


# --- the proof of possession ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{}", "no statement", '{"type":"possession"}'])
def test_statement_unreadable(recorder: Recorder, text: str) -> None:
    module = SimulatedModule()
    req = recorder.request(module, possession=_signed(module, text))
    assert codes(recorder.judge(req)) == ["statement_unreadable"]


def test_statement_unreadable_since_it_is_of_another_type(recorder: Recorder) -> None:
    module = SimulatedModule()
    birth = _signed(module, module.statements[0].statement)
    found = recorder.judge(recorder.request(module, possession=birth))
    assert codes(found) == ["statement_unreadable"]


def test_key_not_on_curve(recorder: Recorder) -> None:
    module = SimulatedModule()
    off = module.key.hex[:-2] + f"{int(module.key.hex[-2:], 16) ^ 1:02x}"
    for key in (off, "00" * 91, module.key.hex.replace("030107", "030108")):
        found = codes(recorder.judge(_bent(recorder, module, public_key=key)))
        assert found[0] == "key_not_on_curve"


@pytest.mark.parametrize("secret", [1, 2, 65_536, ORDER - 1, ORDER - 65_536])
def test_key_weak(recorder: Recorder, secret: int) -> None:
    module = SimulatedModule(key=SimulatedKey(secret))
    assert codes(recorder.judge(recorder.request(module))) == ["key_weak"]


def test_possession_signature_wrong(recorder: Recorder) -> None:
    module = SimulatedModule()
    good = module.prove(recorder.challenge())
    forged = SimulatedModule("module 2").key.sign(statements.signed_bytes(good.statement))
    for signature in (forged, "00" * 8, good.signature[:-2] + "00"):
        proof = Possession(statement=good.statement, signature=signature)
        found = recorder.judge(recorder.request(module, possession=proof))
        assert codes(found) == ["possession_signature_wrong"]


def test_possession_signature_wrong_over_what_was_changed_later(recorder: Recorder) -> None:
    module = SimulatedModule()
    good = module.prove(recorder.challenge())
    other = good.statement.replace(METER.serial, OTHER_METER.serial)
    proof = Possession(statement=other, signature=good.signature)
    found = recorder.judge(recorder.request(module, possession=proof, meter=OTHER_METER))
    assert codes(found) == ["possession_signature_wrong"]


def test_challenge_unknown(recorder: Recorder) -> None:
    module = SimulatedModule()
    for challenge in ("ab" * 32, offline_challenge("other.example/keys", module.chip_id)):
        proof = module.prove(challenge, unix_ms=recorder.now_ms)
        found = recorder.judge(recorder.request(module, possession=proof))
        assert codes(found) == ["challenge_unknown"]


def test_challenge_unknown_where_offline_proofs_are_not_taken(recorder: Recorder) -> None:
    module = SimulatedModule()
    req = _offline(recorder, module)
    assert recorder.judge(req) == []
    assert codes(recorder.judge(req, offline_days=0)) == ["challenge_unknown"]


def test_challenge_expired(recorder: Recorder) -> None:
    module = SimulatedModule()
    challenge = recorder.challenge()
    recorder.wait(60 * MINUTE_MS + 1)
    module.clock_ms = recorder.now_ms
    found = recorder.judge(module.registration(challenge))
    assert codes(found) == ["challenge_expired"]


def _offline(
    recorder: Recorder, module: SimulatedModule, age_ms: int | None = 0
) -> RegistrationRequest:
    unix_ms = None if age_ms is None else recorder.now_ms - age_ms
    proof = module.prove(offline_challenge(NAME, module.chip_id), unix_ms=unix_ms)
    return recorder.request(module, possession=proof)


def test_possession_time_missing(recorder: Recorder) -> None:
    module = SimulatedModule()
    found = recorder.judge(_offline(recorder, module, None))
    assert codes(found) == ["possession_time_missing"]
    assert recorder.judge(_bent(recorder, module, unix_ms=None)) == []


def test_possession_in_future(recorder: Recorder) -> None:
    module = SimulatedModule()
    assert recorder.judge(_offline(recorder, module, -5 * MINUTE_MS)) == []
    for req in (
        _offline(recorder, module, -5 * MINUTE_MS - 1),
        _bent(recorder, module, unix_ms=recorder.now_ms + 5 * MINUTE_MS + 1),
    ):
        assert codes(recorder.judge(req)) == ["possession_in_future"]


def test_possession_too_old(recorder: Recorder) -> None:
    module = SimulatedModule()
    assert recorder.judge(_offline(recorder, module, 30 * DAY_MS)) == []
    assert recorder.judge(_bent(recorder, module, unix_ms=recorder.now_ms - 65 * MINUTE_MS)) == []
    for req, words in (
        (_offline(recorder, module, 30 * DAY_MS + 1), "31 days ago; it may be 30 days"),
        (
            _bent(recorder, module, unix_ms=recorder.now_ms - 65 * MINUTE_MS - 1),
            "66 minutes ago; it may be 65 minutes",
        ),
    ):
        found = recorder.judge(req)
        assert codes(found) == ["possession_too_old"]
        assert words in found[0].sentence_en


def test_possession_not_newer(recorder: Recorder, module: SimulatedModule) -> None:
    module.commission(meter=OTHER_METER)
    recorded = recorder.ledger.module(module.chip_id).possession_unix_ms
    for age_ms in (recorder.now_ms - recorded, recorder.now_ms - recorded + 1):
        req = _offline(recorder, module, age_ms)
        found = recorder.judge(req.model_copy(update={"scenario": "meter_replacement"}))
        assert codes(found) == ["possession_not_newer"]
    newer = _offline(recorder, module, recorder.now_ms - recorded - 1)
    assert recorder.judge(newer.model_copy(update={"scenario": "meter_replacement"})) == []


# --- the module and its keys ------------------------------------------------------------------


def test_key_of_another_module(recorder: Recorder, module: SimulatedModule) -> None:
    copy = SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=OTHER_METER, key=module.key)
    found = recorder.judge(recorder.request(copy))
    assert codes(found) == ["key_of_another_module"]
    assert found[0].values["chip_id"] == module.chip_id


def test_key_deactivated(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.deactivate(module.deactivation(reason="compromised"))
    recorder.wait()
    module.commission()
    assert codes(recorder.judge(recorder.request(module, "reuse"))) == ["key_deactivated"]


def test_key_deactivated_when_it_was_superseded(
    recorder: Recorder, module: SimulatedModule
) -> None:
    recorder.commission(SimulatedModule("module 2"), "module_replacement")
    recorder.wait()
    module.commission()
    found = recorder.judge(recorder.request(module, "module_replacement"))
    assert codes(found) == ["key_deactivated"]
    assert found[0].values["status"] == "superseded"


def test_key_number_not_newer(recorder: Recorder, module: SimulatedModule) -> None:
    module.update("0.2.0")
    recorder.commission(module, "firmware_update")
    recorder.wait()
    impostor = SimulatedModule(module.name, key=SimulatedKey.named("another"))
    impostor.statements = module.statements
    for number in (1, 2):
        impostor.key_number = number
        found = recorder.judge(recorder.request(impostor, "firmware_update"))
        assert codes(found) == ["history_broken", "key_number_not_newer"]
    impostor.key_number = 3
    found = recorder.judge(recorder.request(impostor, "firmware_update"))
    assert codes(found) == ["history_broken"]


def test_history_broken(recorder: Recorder) -> None:
    module = SimulatedModule()
    module.flash("0.2.0")
    birth, rollover = module.statements
    forged = rollover.model_copy(update={"signatures": rollover.signatures[::-1]})
    for history in ([birth], [rollover], [birth, forged], [birth, rollover, birth]):
        found = recorder.judge(recorder.request(module, statements=history))
        assert codes(found) == ["history_broken"]


def test_history_broken_where_another_one_is_recorded(
    recorder: Recorder, module: SimulatedModule
) -> None:
    other = SimulatedModule(module.name, key=SimulatedKey.named("another"))
    other.update("0.2.0")
    found = recorder.judge(recorder.request(other, "firmware_update"))
    assert codes(found) == ["history_broken"]
    assert found[0].values["cause"] == "another statement of that number is recorded"


def test_history_broken_if_another_image_made_the_key(recorder: Recorder) -> None:
    req = _bent(recorder, SimulatedModule(), firmware_identity=digest("another image"))
    found = recorder.judge(req)
    assert codes(found) == ["history_broken"]
    assert "firmware_identity" in found[0].sentence_en


def test_history_missing(recorder: Recorder, module: SimulatedModule) -> None:
    module.update("0.2.0")
    recorder.commission(module, "firmware_update")
    recorder.wait()
    fresh = SimulatedModule(module.name)
    found = recorder.judge(recorder.request(fresh, "firmware_update"))
    assert codes(found) == ["key_number_not_newer", "key_deactivated", "history_missing"]


def test_history_too_long(recorder: Recorder) -> None:
    module = SimulatedModule()
    for number in range(23):
        module.flash(f"0.2.{number}")
    assert recorder.judge(recorder.request(module)) == []
    module.flash("0.3.0")
    assert codes(recorder.judge(recorder.request(module))) == ["history_too_long"]


def test_rollover_missing(recorder: Recorder, module: SimulatedModule) -> None:
    module.decommission()
    module.restart()
    module.commission()
    found = recorder.judge(recorder.request(module, "firmware_update"))
    assert codes(found) == ["rollover_missing"]


def test_handover_missing(recorder: Recorder, module: SimulatedModule) -> None:
    """An image put in past the module; what the remedy says leads on."""
    module.flash("0.2.0")
    module.update("0.3.0")
    found = recorder.judge(recorder.request(module, "firmware_update"))
    assert codes(found) == ["handover_missing"]
    assert found[0].values["recorded"] == 1
    recorder.deactivate(module.deactivation(reason="compromised"))
    module.decommission()
    module.restart()
    module.commission()
    recorder.wait()
    recorder.commission(module, "reuse")


def test_handover_missing_is_no_fault_of_a_module_that_was_nowhere(recorder: Recorder) -> None:
    module = SimulatedModule()
    module.flash("0.2.0")
    module.update("0.3.0")
    assert recorder.judge(recorder.request(module)) == []


def test_an_update_that_was_called_off_is_registered_as_one(
    recorder: Recorder, module: SimulatedModule
) -> None:
    module.update("0.2.0", next_firmware="0.3.0")
    recorder.commission(module, "firmware_update")


def test_a_hand_over_is_as_good_as_a_farewell(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.deactivate(module.deactivation(reason="compromised"))
    recorder.wait()
    module.update("0.2.0")
    module.commission()
    assert recorder.judge(recorder.request(module, "reuse")) == []


def test_farewell_missing(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.deactivate(module.deactivation(reason="compromised"))
    recorder.wait()
    module.flash("0.2.0")
    module.commission()
    found = recorder.judge(recorder.request(module, "reuse"))
    assert codes(found) == ["farewell_missing"]


def test_chip_serial_conflict(recorder: Recorder, module: SimulatedModule) -> None:
    module.gateway_serial = "WS-OTHER-1"
    module.commission()
    req = recorder.request(module)
    assert codes(recorder.judge(req)) == ["chip_serial_conflict"]
    assert recorder.judge(req, recorder.administrator) == []


def _with_serial_of(module: SimulatedModule, evse_id: str = "DE*ABC*E2") -> SimulatedModule:
    other = SimulatedModule("module 2", evse_id=evse_id, meter=OTHER_METER)
    other.gateway_serial = module.gateway_serial
    return other


def test_gateway_serial_taken(recorder: Recorder, module: SimulatedModule) -> None:
    entry = len(recorder.records) - 1
    for spelling in (module.gateway_serial, f" {module.gateway_serial.lower()}".strip()):
        other = _with_serial_of(module)
        other.gateway_serial = spelling
        for actor in (recorder.abc, recorder.administrator):
            found = recorder.judge(recorder.request(other), actor)
            assert codes(found) == ["gateway_serial_taken"]
            assert found[0].values == {
                "serial": module.gateway_serial,
                "chip_id": module.chip_id,
                "evse_id": EVSE_ID,
                "entry": entry,
            }


def test_gateway_serial_taken_by_a_correction(recorder: Recorder, module: SimulatedModule) -> None:
    other = SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=OTHER_METER)
    recorder.commission(other)
    other.gateway_serial = module.gateway_serial
    other.commission()
    recorder.wait()
    found = recorder.judge(recorder.request(other), recorder.administrator)
    assert codes(found) == ["gateway_serial_taken"]


def test_gateway_serial_taken_no_more(recorder: Recorder, module: SimulatedModule) -> None:
    """A chip that is at no charge point does not keep its number from another one."""
    recorder.deactivate(module.deactivation(module.decommission()))
    other = _with_serial_of(module)
    recorder.commission(other)
    recorder.wait()
    module.restart()
    module.commission()
    found = recorder.judge(recorder.request(module, "reuse"))
    assert codes(found) == ["gateway_serial_taken"]  # now it is the other way round


def test_gateway_serial_taken_until_it_was_corrected(
    recorder: Recorder, module: SimulatedModule
) -> None:
    other = _with_serial_of(module)
    module.gateway_serial = "WS-CORRECT"
    module.commission()
    recorder.commission(module, "initial", recorder.administrator)
    assert recorder.judge(recorder.request(other)) == []


def test_module_at_other_evse(recorder: Recorder, module: SimulatedModule) -> None:
    module.commission(evse_id="DE*ABC*E2")
    found = recorder.judge(recorder.request(module, "reuse"))
    assert "module_at_other_evse" in codes(found)


def test_already_registered(recorder: Recorder, module: SimulatedModule) -> None:
    found = recorder.judge(recorder.request(module))
    assert codes(found) == ["already_registered"]
    assert found[0].values["entry"] == len(recorder.records) - 1


def test_commissioning_not_newer(recorder: Recorder, module: SimulatedModule) -> None:
    module.meter = OTHER_METER
    req = recorder.request(module, "meter_replacement")
    assert codes(recorder.judge(req)) == ["commissioning_not_newer"]
    module.commissioning = 2
    assert recorder.judge(recorder.request(module, "meter_replacement")) == []


def test_commissioning_not_newer_than_a_later_one(
    recorder: Recorder, module: SimulatedModule
) -> None:
    module.commission(meter=OTHER_METER)
    recorder.commission(module, "meter_replacement")
    recorder.wait()
    module.commissioning = 1
    module.update("0.2.0")
    req = recorder.request(module, "firmware_update")
    assert codes(recorder.judge(req)) == ["commissioning_not_newer"]


def test_settings_changed(recorder: Recorder, module: SimulatedModule) -> None:
    """Whatever else the request is about: no module counts so."""
    recorded = recorder.ledger.evse(EVSE_ID)
    module.settings = "another register"
    label = METER.model_copy(update={"calibration_mark": "DE-M 26 0103"})
    for req in (
        recorder.request(module),
        recorder.request(module, "meter_replacement", meter=label),
    ):
        found = recorder.judge(req, recorder.administrator)
        assert codes(found) == ["settings_changed"]
        assert found[0].values == {
            "commissioning": 1,
            "entry": recorded.entry,
            "found": digest("another register 1"),
            "recorded": recorded.settings_sha256,
        }
    module.commission()
    assert recorder.judge(recorder.request(module)) == []


def test_settings_changed_by_an_update_that_was_called_off(
    recorder: Recorder, module: SimulatedModule
) -> None:
    """The key is another one, the image is not."""
    module.settings = "another register"
    module.update("0.1.0", next_firmware="0.2.0")
    found = recorder.judge(recorder.request(module, "firmware_update"))
    assert codes(found) == ["settings_changed"]


def test_settings_changed_are_no_fault_of_a_new_image(
    recorder: Recorder, module: SimulatedModule
) -> None:
    """It may have another register map for the meter; the remark says so."""
    module.settings = "another register map"
    module.update("0.2.0")
    recorder.commission(module, "firmware_update")
    assert codes(recorder.remarks) == ["register_map_changed"]


def test_settings_changed_are_no_fault_after_a_deactivation(
    recorder: Recorder, module: SimulatedModule
) -> None:
    """What was sealed at a charge point goes with the module; its number is to be a higher one."""
    recorder.deactivate(module.deactivation(module.decommission()))
    assert recorder.ledger.evse(EVSE_ID).settings_sha256 is None
    module.restart()
    module.settings = "another register"
    recorder.wait()
    found = recorder.judge(recorder.request(module, "reuse"))
    assert codes(found) == ["commissioning_not_newer"]
    module.commission()
    assert recorder.judge(recorder.request(module, "reuse")) == []


# --- names and serial numbers -----------------------------------------------------------------


@pytest.mark.parametrize("evse_id", ["DE*ABC*1234", "WTS-17", "DE*ABC*E**1", "D*ABC*E1"])
def test_evse_id_syntax(recorder: Recorder, evse_id: str) -> None:
    found = recorder.judge(recorder.request(SimulatedModule(evse_id=evse_id)))
    assert codes(found) == ["evse_id_syntax"]


@pytest.mark.parametrize(
    "serial",
    [
        *(" ", "00000000", "AAAA", "----", "unknown", "Unbekannt", "test", "7-1"),
        *("12345", "87654321", " 19285703", "19285703 "),
    ],
)
def test_serial_syntax(recorder: Recorder, serial: str) -> None:
    meter = METER.model_copy(update={"serial": serial})
    found = recorder.judge(recorder.request(SimulatedModule(meter=meter)))
    assert codes(found) == ["serial_syntax"]
    module = SimulatedModule()
    module.gateway_serial = serial
    assert codes(recorder.judge(recorder.request(module))) == ["serial_syntax"]


@pytest.mark.parametrize("serial", ["WS-0001", "19285703", "1EMH0012345678", "4711", "12345-7"])
def test_serial_syntax_of_real_ones(recorder: Recorder, serial: str) -> None:
    meter = METER.model_copy(update={"serial": serial})
    assert recorder.judge(recorder.request(SimulatedModule(meter=meter))) == []


def test_name_missing(recorder: Recorder) -> None:
    meter = METER.model_copy(update={"manufacturer": " ", "model": "  "})
    found = recorder.judge(recorder.request(SimulatedModule(meter=meter), module_model="   "))
    assert codes(found) == ["name_missing"] * 3


# --- the meter --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "value"), [("manufacturer", "EMG"), ("model", "ED300"), ("serial", "1EMH00123456")]
)
def test_meter_facts_differ(recorder: Recorder, member: str, value: str) -> None:
    label = METER.model_copy(update={member: value})
    found = recorder.judge(recorder.request(SimulatedModule(), meter=label))
    assert codes(found) == ["meter_facts_differ"]


def test_meter_facts_differ_not_by_case_and_blanks(recorder: Recorder) -> None:
    label = METER.model_copy(update={"manufacturer": "emh", "serial": "1 EMH 0012345678"})
    record = recorder.register(recorder.request(SimulatedModule(), meter=label))
    assert record.meter == METER


def test_meter_at_other_evse(recorder: Recorder, module: SimulatedModule) -> None:
    same = METER.model_copy(update={"manufacturer": "emh"})
    other = SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=same)
    found = recorder.judge(recorder.request(other))
    assert codes(found) == ["meter_at_other_evse"]
    assert found[0].values["evse_id"] == EVSE_ID


def test_meter_changed_in_take_over(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"))
    module.commission(evse_id="DE*XYZ*E1", meter=OTHER_METER)
    found = recorder.judge(recorder.request(module, "take_over"), recorder.xyz)
    assert codes(found) == ["meter_changed_in_take_over"]


@pytest.mark.parametrize("mark", ["", "   "])
def test_calibration_mark_missing(recorder: Recorder, mark: str) -> None:
    label = METER.model_copy(update={"calibration_mark": mark})
    found = recorder.judge(recorder.request(SimulatedModule(), meter=label))
    assert codes(found) == ["calibration_mark_missing"]


@pytest.mark.parametrize(("year", "refused"), [(2027, True), (2017, True), (2018, False)])
def test_calibration_year_implausible(recorder: Recorder, year: int, refused: bool) -> None:
    label = METER.model_copy(update={"calibration_year": year})
    found = recorder.judge(recorder.request(SimulatedModule(), meter=label))
    assert codes(found) == (["calibration_year_implausible"] if refused else [])


# --- the charge point and the scenario --------------------------------------------------------


def test_evse_not_yours(recorder: Recorder) -> None:
    req = recorder.request(SimulatedModule())
    assert codes(recorder.judge(req, recorder.xyz)) == ["evse_not_yours"]
    assert recorder.judge(req, recorder.administrator) == []
    din = recorder.request(SimulatedModule(evse_id="49*823*1234*1"))
    assert recorder.judge(din) == []


@pytest.mark.parametrize("scenario", ["initial", "reuse", "take_over"])
def test_evse_has_active_key(recorder: Recorder, module: SimulatedModule, scenario: str) -> None:
    other = SimulatedModule("module 2", evse_id="DEABCE1234*5", meter=OTHER_METER)
    found = recorder.judge(recorder.request(other, scenario))
    assert codes(found) == ["evse_has_active_key"]


def _new(_recorder: Recorder, _module: SimulatedModule) -> SimulatedModule:
    return SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=OTHER_METER)


def _new_meter(_recorder: Recorder, module: SimulatedModule) -> SimulatedModule:
    module.commission(meter=OTHER_METER)
    return module


def _new_firmware(_recorder: Recorder, module: SimulatedModule) -> SimulatedModule:
    module.update("0.2.0")
    return module


def _new_life(recorder: Recorder, module: SimulatedModule) -> SimulatedModule:
    recorder.deactivate(module.deactivation(module.decommission()))
    module.restart()
    module.commission()
    return module


def _new_operator(recorder: Recorder, module: SimulatedModule) -> SimulatedModule:
    module.commission(evse_id="DE*XYZ*E1")
    return module


@pytest.mark.parametrize(
    ("change", "fitting"),
    [
        (_new, "initial"),
        (_new_meter, "meter_replacement"),
        (_new_firmware, "firmware_update"),
        (_new_life, "reuse"),
        (_new_operator, "take_over"),
    ],
)
@pytest.mark.parametrize("said", ALL_SCENARIOS)
def test_scenario_mismatch(
    recorder: Recorder,
    module: SimulatedModule,
    change: Callable[[Recorder, SimulatedModule], SimulatedModule],
    fitting: str,
    said: str,
) -> None:
    changed = change(recorder, module)
    found = recorder.judge(recorder.request(changed, said), recorder.administrator)
    if said == fitting:
        assert found == []
    else:
        assert codes(found) == ["scenario_mismatch"]
        assert found[0].values == {"requested": said, "fitting": fitting}


def test_scenario_mismatch_names_all_that_fit(recorder: Recorder, module: SimulatedModule) -> None:
    module.update("0.2.0")
    module.commission(meter=OTHER_METER)
    found = recorder.judge(recorder.request(module, "initial"))
    assert found[0].values["fitting"] == "firmware_update or meter_replacement"


def test_consent_missing(recorder: Recorder, module: SimulatedModule) -> None:
    module.commission(evse_id="DE*XYZ*E1")
    req = recorder.request(module, "take_over")
    assert codes(recorder.judge(req, recorder.xyz)) == ["consent_missing"]
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*QQQ"))
    assert codes(recorder.judge(req, recorder.xyz)) == ["consent_missing"]
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"))
    assert recorder.judge(req, recorder.xyz) == []


def test_consent_missing_once_it_was_used(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"))
    module.commission(evse_id="DE*XYZ*E1")
    recorder.commission(module, "take_over", recorder.xyz)
    module.commission(evse_id=EVSE_ID)
    recorder.commission(module, "take_over", recorder.administrator)
    module.commission(evse_id="DE*XYZ*E1")
    recorder.wait()
    req = recorder.request(module, "take_over")
    assert codes(recorder.judge(req, recorder.xyz)) == ["consent_missing"]


def test_consent_expired(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ", days=1))
    module.commission(evse_id="DE*XYZ*E1")
    recorder.wait(DAY_MS)
    assert recorder.judge(recorder.request(module, "take_over"), recorder.xyz) == []
    recorder.wait(1)
    req = recorder.request(module, "take_over")
    assert codes(recorder.judge(req, recorder.xyz)) == ["consent_expired"]
    assert recorder.judge(req, recorder.administrator) == []


# --- all at once ------------------------------------------------------------------------------


def test_everything_wrong_is_told_at_once(recorder: Recorder, module: SimulatedModule) -> None:
    bad = METER.model_copy(update={"calibration_year": 2001, "calibration_mark": ""})
    wrong = SimulatedModule("module 2", evse_id="DE*XYZ*E1", meter=bad)
    wrong.gateway_serial = "00000"
    req = recorder.request(wrong, "reuse")
    assert set(codes(recorder.judge(req))) == {
        "calibration_mark_missing",
        "calibration_year_implausible",
        "evse_not_yours",
        "meter_at_other_evse",
        "scenario_mismatch",
        "serial_syntax",
    }
    with pytest.raises(Refused, match="serial_syntax"):
        recorder.register(req)


def test_the_first_step_looks_nothing_up() -> None:
    module = SimulatedModule()
    taken_apart, found = facts(
        module.registration("ab" * 32), NAME, module.clock_ms, lambda _challenge: "good"
    )
    assert found == []
    assert taken_apart.is_whole
    assert taken_apart.module_model == MODEL
    assert taken_apart.proof.members["challenge"] == "ab" * 32
