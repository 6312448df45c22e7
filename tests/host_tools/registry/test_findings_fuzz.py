"""Whatever a request says, the rules answer with reasons and never with an exception."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError
from support.registry.recorder import NAME, Recorder
from support.registry.simulated_module import METER, SimulatedKey, SimulatedModule
from wattseal.common.sentences import read_sentences
from wattseal.registry import rules
from wattseal.registry.api_models import DeactivationRequest, RegistrationRequest
from wattseal.registry.api_models import TestChargeRequest as ChargeRequest
from wattseal.registry.records import Possession, Signature, Statement
from wattseal.registry.rules.reasons import TABLE
from wattseal.wire import statements

_REGISTRY = Recorder()
_MODULE = SimulatedModule()
_REGISTRY.commission(_MODULE)
_REGISTRY.wait()
_MODULE.update("0.2.0")
_MODULE.commission(meter=METER.model_copy(update={"serial": "1EMH0012345699"}))
_MODULE.clock_ms = _REGISTRY.now_ms
_CHALLENGE = _REGISTRY.challenge()
_REQUEST = _MODULE.registration(_CHALLENGE, "firmware_update").model_dump(mode="json")

_VALUES = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-2, 2**64),
    some.text(max_size=60),
    some.text(alphabet="0123456789abcdef", max_size=200),
    some.sampled_from(["DE*ABC*E1", "+49*823*1", "reuse", "take_over", "30" * 91, "00" * 91]),
    some.just([]),
    some.just({}),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be put, at whatever depth."""
    if isinstance(value, dict):
        return [one for key, item in value.items() for one in _places(item, (*path, key))]
    if isinstance(value, list):
        return [path] + [one for at, item in enumerate(value) for one in _places(item, (*path, at))]
    return [path]


def _with(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], other)
    return copy


def _judge(req: RegistrationRequest) -> None:
    found = _REGISTRY.judge(req)
    assert all(one.sentence_en and one.code in read_sentences(TABLE) for one in found)


@settings(max_examples=400)
@given(some.lists(some.tuples(some.sampled_from(_places(_REQUEST)), _VALUES), max_size=3))
def test_requests_with_anything_in_any_place(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    bent = _REQUEST
    for path, value in changes:
        try:
            bent = _with(bent, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    try:
        req = RegistrationRequest.model_validate(bent)
    except ValidationError:
        return
    _judge(req)


_PRINTABLE = some.text(alphabet=[chr(code) for code in range(32, 127)], min_size=1, max_size=200)
_PROOF = json.loads(_REQUEST["possession"]["statement"])


@settings(max_examples=300)
@given(some.sampled_from(sorted(_PROOF)), _VALUES)
def test_proofs_that_say_anything_and_are_signed(name: str, value: Any) -> None:
    text = json.dumps({**_PROOF, name: value}, separators=(",", ":"))
    _judge_signed(text)


def _judge_signed(text: str) -> None:
    if len(text) > 2000:
        return
    signature = _MODULE.key.sign(statements.signed_bytes(text))
    proof = Possession(statement=text, signature=signature)
    _judge(RegistrationRequest.model_validate({**_REQUEST, "possession": proof.model_dump()}))


_HISTORY = [json.loads(one.statement) for one in _MODULE.statements]
_NAMES = sorted(set(_HISTORY[0]) | set(_HISTORY[1]))


@settings(max_examples=300)
@given(some.integers(0, 1), some.sampled_from(_NAMES), _VALUES)
def test_histories_that_say_anything_and_are_signed(at: int, name: str, value: Any) -> None:
    text = json.dumps({**_HISTORY[at], name: value}, separators=(",", ":"))
    keys = [SimulatedKey.named(f"{_MODULE.name}, {number}") for number in (1, 2)]
    signatures = [
        Signature(key_number=number, signature=key.sign(statements.signed_bytes(text)))
        for number, key in enumerate(keys[: at + 1], 1)
    ]
    if len(text) <= 2000:
        history = list(_MODULE.statements)
        history[at] = Statement(statement=text, signatures=signatures)
        _judge(_MODULE.registration(_CHALLENGE, "firmware_update", statements=history))


@settings(max_examples=200)
@given(some.text(min_size=20, max_size=200), some.sampled_from(["begin", "end"]))
def test_test_charges_of_anything(text: str, member: str) -> None:
    begin, end = _MODULE.session()
    records = {"begin": begin, "end": end, member: text}
    req = ChargeRequest(evse_id=_MODULE.evse_id, **records)
    now_ms = _REGISTRY.now_ms
    assert rules.judge(req, _REGISTRY.ledger, _REGISTRY.abc, now_ms)


@settings(max_examples=200)
@given(some.text(min_size=1, max_size=50), _PRINTABLE)
def test_deactivations_of_anything(evse_id: str, text: str) -> None:
    signature = {"key_number": 1, "signature": "3006020101020101"}
    farewell = {"statement": text, "signatures": [signature]}
    for at in (evse_id, _MODULE.evse_id):
        try:
            req = DeactivationRequest.model_validate(
                {"evse_id": at, "reason": "lost", "farewell": farewell}
            )
        except ValidationError:
            continue
        now_ms = _REGISTRY.now_ms
        assert rules.judge(req, _REGISTRY.ledger, _REGISTRY.abc, now_ms)


def test_the_request_that_is_bent_is_good_itself() -> None:
    assert _REGISTRY.judge(RegistrationRequest.model_validate(_REQUEST)) == []
    facts, _ = rules.facts(
        RegistrationRequest.model_validate(_REQUEST), NAME, _REGISTRY.now_ms, _REGISTRY._check
    )
    assert facts is not None
    assert facts.is_whole
