"""Each rule on requests other than registrations, by the name of its code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.registry.recorder import Recorder, codes
from support.registry.simulated_module import DAY_MS, EVSE_ID, SimulatedModule
from wattseal.common.sentences import read_sentences
from wattseal.registry.api_models import (
    AccessRequest,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
)
from wattseal.registry.api_models import TestChargeRequest as ChargeRequest
from wattseal.registry.failures import Refused
from wattseal.registry.records import Statement
from wattseal.registry.rules.reasons import TABLE

EXCHANGE = HardwareExchangeRequest(
    evse_id=EVSE_ID, station_model="Station 2", station_serial="ST-4711-09"
)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def module(recorder: Recorder) -> SimulatedModule:
    """Commissioned at EVSE_ID; a minute ago."""
    module = SimulatedModule()
    recorder.commission(module)
    recorder.wait()
    module.clock_ms = recorder.now_ms
    return module


def _refused(call: Callable[..., object], *arguments: object) -> list[str]:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return codes(caught.value.reasons)


# --- what requests about a charge point have in common ----------------------------------------

Call = tuple[str, Any]


def _calls(evse_id: str) -> list[Call]:
    """One request of each kind about a charge point."""
    station = {"evse_id": evse_id}
    return [
        ("deactivate", DeactivationRequest(**station, reason="lost")),
        ("exchange", EXCHANGE.model_copy(update=station)),
        ("consent", ConsentRequest(**station, to_operator="DE*QQQ")),
        ("keep", ChargeRequest(**station, begin="x" * 20, end="x" * 20)),
    ]


@pytest.mark.parametrize("kind", range(4))
def test_evse_unknown(recorder: Recorder, module: SimulatedModule, kind: int) -> None:
    name, req = _calls("DE*ABC*E9")[kind]
    assert _refused(getattr(recorder, name), req) == ["evse_unknown"]


@pytest.mark.parametrize("kind", range(4))
def test_evse_id_syntax(recorder: Recorder, kind: int) -> None:
    name, req = _calls("nowhere")[kind]
    assert _refused(getattr(recorder, name), req) == ["evse_id_syntax"]


@pytest.mark.parametrize("kind", range(4))
def test_evse_not_active(recorder: Recorder, module: SimulatedModule, kind: int) -> None:
    recorder.deactivate(module.deactivation(reason="lost"))
    name, req = _calls(EVSE_ID)[kind]
    assert _refused(getattr(recorder, name), req) == ["evse_not_active"]


@pytest.mark.parametrize("kind", range(4))
def test_evse_not_yours(recorder: Recorder, module: SimulatedModule, kind: int) -> None:
    name, req = _calls(EVSE_ID)[kind]
    assert _refused(getattr(recorder, name), req, recorder.xyz) == ["evse_not_yours"]


@pytest.mark.parametrize("kind", range(4))
def test_access_expired(recorder: Recorder, module: SimulatedModule, kind: int) -> None:
    until = recorder.abc.model_copy(update={"until_unix_ms": recorder.now_ms - 1})
    name, req = _calls(EVSE_ID)[kind]
    assert _refused(getattr(recorder, name), req, until) == ["access_expired"]


@pytest.mark.parametrize("kind", range(4))
def test_access_revoked(recorder: Recorder, module: SimulatedModule, kind: int) -> None:
    revoked = recorder.abc.model_copy(update={"revoked": True})
    name, req = _calls(EVSE_ID)[kind]
    assert _refused(getattr(recorder, name), req, revoked) == ["access_revoked"]


def test_access_expired_and_access_revoked_for_registrations(recorder: Recorder) -> None:
    bad = recorder.abc.model_copy(update={"revoked": True, "until_unix_ms": recorder.now_ms - 1})
    found = recorder.judge(recorder.request(SimulatedModule()), bad)
    assert codes(found) == ["access_revoked", "access_expired"]


# --- deactivation -----------------------------------------------------------------------------


def test_farewell_or_note_needed(recorder: Recorder, module: SimulatedModule) -> None:
    for note in ("", "   "):
        req = module.deactivation(note=note)
        assert _refused(recorder.deactivate, req) == ["farewell_or_note_needed"]
    recorder.deactivate(module.deactivation(note="The module burnt down with the station."))


def test_farewell_broken(recorder: Recorder, module: SimulatedModule) -> None:
    other = SimulatedModule("module 2")
    of_another = other.decommission()
    good = module.decommission()
    forged = good.model_copy(update={"signatures": of_another.signatures})
    no_farewell = module.statements[0]
    text = Statement(statement="no statement", signatures=good.signatures)
    for farewell in (of_another, forged, no_farewell, text):
        req = module.deactivation(farewell)
        assert _refused(recorder.deactivate, req) == ["farewell_broken"]
    recorder.deactivate(module.deactivation(good))


def test_farewell_broken_if_it_is_a_rollover(recorder: Recorder, module: SimulatedModule) -> None:
    module.update("0.2.0")
    req = module.deactivation(module.statements[-1])
    assert _refused(recorder.deactivate, req) == ["farewell_broken"]


def test_farewell_broken_if_the_key_was_never_registered(
    recorder: Recorder, module: SimulatedModule
) -> None:
    module.update("0.2.0")
    req = module.deactivation(module.decommission())
    assert _refused(recorder.deactivate, req) == ["farewell_broken"]


# --- hardware exchange and consent ------------------------------------------------------------


def test_serial_syntax(recorder: Recorder, module: SimulatedModule) -> None:
    req = EXCHANGE.model_copy(update={"station_serial": "unknown"})
    assert _refused(recorder.exchange, req) == ["serial_syntax"]


def test_name_missing(recorder: Recorder, module: SimulatedModule) -> None:
    req = EXCHANGE.model_copy(update={"station_model": "  "})
    assert _refused(recorder.exchange, req) == ["name_missing"]


@pytest.mark.parametrize("operator", ["DE", "DE*ABCD", "somebody", "DE*ABC*E1", "*"])
def test_operator_syntax(recorder: Recorder, module: SimulatedModule, operator: str) -> None:
    req = ConsentRequest(evse_id=EVSE_ID, to_operator=operator)
    assert _refused(recorder.consent, req) == ["operator_syntax"]
    access = AccessRequest(role="cpo", operators=["DE*ABC", operator])
    assert _refused(recorder.grant, access, recorder.administrator) == ["operator_syntax"]


def test_consent_to_self(recorder: Recorder, module: SimulatedModule) -> None:
    req = ConsentRequest(evse_id=EVSE_ID, to_operator="deabc")
    assert _refused(recorder.consent, req) == ["consent_to_self"]


# --- test charge ------------------------------------------------------------------------------


def _charge(recorder: Recorder, module: SimulatedModule) -> ChargeRequest:
    req = module.test_charge()
    recorder.now_ms = module.clock_ms
    return req


def test_test_charge_not_verified(recorder: Recorder, module: SimulatedModule) -> None:
    good = _charge(recorder, module)
    other = SimulatedModule("module 2", clock_ms=recorder.now_ms).test_charge()
    swapped = ChargeRequest(evse_id=EVSE_ID, begin=good.end, end=good.begin)
    twice = ChargeRequest(evse_id=EVSE_ID, begin=good.begin, end=good.begin)
    altered = good.model_copy(update={"end": good.end.replace("1001.500", "1001.400")})
    noise = good.model_copy(update={"begin": "\ud800 no record at all \x00"})
    for req in (other, swapped, twice, altered, noise):
        assert _refused(recorder.keep, req) == ["test_charge_not_verified"]
    recorder.keep(good)


def _resigned(module: SimulatedModule, record: str, old: str, new: str) -> str:
    """A record that says something else, signed by the module all the same."""
    payload = record.split("|")[1].replace(old, new)
    signature = module.key.sign(payload.encode()).upper()
    section = f'{{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"{signature}"}}'
    return f"OCMF|{payload}|{section}"


def test_test_charge_not_verified_if_it_is_no_transaction(
    recorder: Recorder, module: SimulatedModule
) -> None:
    req = _charge(recorder, module)
    begin = _resigned(module, req.begin, '"TX":"B",', "")
    end = _resigned(module, req.end, '"TX":"E",', "")
    fiscal = req.model_copy(update={"begin": begin, "end": end})
    assert _refused(recorder.keep, fiscal) == ["test_charge_not_verified"]


@pytest.mark.parametrize(("old", "new"), [("2026-11-21T", "1999-11-21T"), ("+0100", "")])
def test_test_charge_untimely_by_what_the_records_say(
    recorder: Recorder, module: SimulatedModule, old: str, new: str
) -> None:
    req = _charge(recorder, module)
    begin, end = (_resigned(module, record, old, new) for record in (req.begin, req.end))
    early = req.model_copy(update={"begin": begin, "end": end})
    assert _refused(recorder.keep, early) == ["test_charge_untimely"]


@pytest.mark.parametrize(
    ("member", "value"),
    [("gateway_serial", "WS-OTHER"), ("evse_id", "DE*ABC*E2"), ("evse_id", "nonsense")],
)
def test_test_charge_of_another_station(
    recorder: Recorder, module: SimulatedModule, member: str, value: str
) -> None:
    setattr(module, member, value)
    req = _charge(recorder, module).model_copy(update={"evse_id": EVSE_ID})
    assert set(_refused(recorder.keep, req)) == {"test_charge_of_another_station"}


def test_test_charge_of_another_stations_meter(recorder: Recorder, module: SimulatedModule) -> None:
    module.meter = module.meter.model_copy(update={"serial": "1EMH0012345699"})
    req = _charge(recorder, module)
    assert set(_refused(recorder.keep, req)) == {"test_charge_of_another_station"}


@pytest.mark.parametrize("off_ms", [-DAY_MS, DAY_MS])
def test_test_charge_untimely(recorder: Recorder, module: SimulatedModule, off_ms: int) -> None:
    module.wait(off_ms)
    req = module.test_charge()
    assert _refused(recorder.keep, req) == ["test_charge_untimely"]


# --- access keys ------------------------------------------------------------------------------


def test_administrator_needed(recorder: Recorder) -> None:
    req = AccessRequest(role="administrator")
    assert _refused(recorder.grant, req, recorder.abc) == ["administrator_needed"]
    key_id = recorder.xyz.key_id
    assert _refused(recorder.revoke, key_id, recorder.abc) == ["administrator_needed"]


@pytest.mark.parametrize(("role", "operators"), [("cpo", []), ("administrator", ["DE*ABC"])])
def test_access_scope_wrong(recorder: Recorder, role: str, operators: list[str]) -> None:
    req = AccessRequest.model_validate({"role": role, "operators": operators})
    assert _refused(recorder.grant, req, recorder.administrator) == ["access_scope_wrong"]


def test_access_unknown(recorder: Recorder) -> None:
    assert _refused(recorder.revoke, "a" * 12, recorder.administrator) == ["access_unknown"]


def test_access_revoked_twice(recorder: Recorder) -> None:
    recorder.revoke(recorder.abc.key_id, recorder.administrator)
    assert recorder.ledger.access(recorder.abc.key_id).revoked
    again = _refused(recorder.revoke, recorder.abc.key_id, recorder.administrator)
    assert again == ["access_revoked"]


def test_access_for_operators_in_any_spelling(recorder: Recorder) -> None:
    req = AccessRequest(role="cpo", operators=["de-qqq", "+49*823"], days=1)
    state = recorder.grant(req, recorder.administrator)
    assert state.operators == ["DE*QQQ", "+49*823"]
    assert state.until_unix_ms == recorder.now_ms + DAY_MS


# --- the table --------------------------------------------------------------------------------


def test_every_code_has_a_test_of_its_name() -> None:
    folder = Path(__file__).parent
    tests = "".join(path.read_text() for path in folder.glob("test_*.py"))
    assert [code for code in read_sentences(TABLE) if f"def test_{code}" not in tests] == []


def test_sentences_and_remedies_are_sentences() -> None:
    for told in read_sentences(TABLE).values():
        sentence, remedy = told.en, told.remedy
        assert sentence[0].isupper() or sentence[0] == "{"
        assert sentence[-1] in ".}"
        assert remedy[0].isupper()
        assert remedy.endswith(".")
