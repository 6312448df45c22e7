"""No false alarm: good sessions of every kind are billable, with nothing found."""

from __future__ import annotations

import pickle

import pytest
from support.cdr.charging import Charge, charge
from support.cdr.good_charges import NOTED, PLAIN
from wattseal.cdr.findings import Judgement
from wattseal.cdr.ocpi import read_cdr
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator


def judge(made: Charge) -> Judgement:
    return Validator(made.keys, Rules()).judge(read_cdr(made.json()))


@pytest.mark.parametrize("name", PLAIN)
def test_a_good_session_is_billable_and_nothing_is_found(name: str) -> None:
    made = PLAIN[name]()
    judgement = judge(made)
    assert [finding.sentence_en for finding in judgement.findings] == []
    assert (judgement.verdict, judgement.reason) == ("billable", None)
    assert judgement.is_checked
    assert not judgement.casts_doubt
    assert judgement.facts is not None
    assert judgement.facts.key_fingerprint == made.signers[-1].public.fingerprint


@pytest.mark.parametrize("name", NOTED)
def test_a_good_session_may_be_noted(name: str) -> None:
    make, code = NOTED[name]
    judgement = judge(make())
    assert [finding.code for finding in judgement.findings] == [code]
    assert judgement.verdict == "billable"
    assert judgement.facts is not None


def test_the_verdict_tells_the_signed_energy_and_times() -> None:
    judgement = judge(PLAIN["two records"]())
    assert judgement.energy_kwh == "11.525"
    assert judgement.begin == "2026-11-21T10:00:00.000+01:00"
    assert judgement.end == "2026-11-21T11:30:00.000+01:00"


def test_the_facts_are_those_that_were_signed() -> None:
    facts = judge(PLAIN["intermediate values"]()).facts
    assert facts is not None
    assert (facts.context, facts.paginations) == ("T", (17, 18, 19, 20, 21))
    assert (facts.begin_wh, facts.end_wh) == ("2935600", "2947125")
    assert facts.end_ms - facts.begin_ms == 5_400_000
    assert facts.time_is_good


def test_a_clock_that_was_not_set_is_told() -> None:
    facts = judge(NOTED["power failure"][0]()).facts
    assert facts is not None
    assert not facts.time_is_good


def test_the_same_records_have_the_same_content_however_they_are_sent() -> None:
    ways = ("two records", "base64", "hex", "EVSE-ID with hyphens")
    judgements = [judge(PLAIN[name]()) for name in ways]
    assert len({one.facts.content for one in judgements if one.facts}) == 1
    assert judge(PLAIN["in any order"]()).facts == judge(charge(between=2)).facts


def test_a_validator_and_its_verdicts_go_to_other_processes() -> None:
    made = PLAIN["two records"]()
    cdr = read_cdr(made.json())
    validator = Validator(made.keys, Rules())
    copy = pickle.loads(pickle.dumps(validator))  # noqa: S301 - our own
    verdict = pickle.loads(pickle.dumps(copy.judge(cdr)))  # noqa: S301 - our own
    assert verdict == validator.judge(cdr)
