"""One fault, one finding: every mutation leads to its code and to no other."""

from __future__ import annotations

import pytest
from support.cdr.mutations import Mutation, all_mutations, effect_of
from wattseal.cdr.findings import EXPLAINED_BY, TABLE, VERIFICATION, Judgement
from wattseal.cdr.ocpi import CdrError, read_cdr
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator, unreadable
from wattseal.common.sentences import read_sentences

MUTATIONS = all_mutations()

OF_THE_STORE = {
    "cdr_repeated",
    "cdr_changed",
    "record_replayed",
    "pagination_reused",
    "sessions_interleaved",
    "counter_gap",
    "energy_went_back",
    "time_went_back",
    "operator_not_billed",  # of the partner that has sent it: exchange/test_receiver.py
}
"""What one CDR alone can never show."""

OF_A_FAULT = {"check_failed"}
"""What no CDR can bring about: test_failing_checks.py."""


def judge(mutation: Mutation) -> Judgement:
    made = mutation.make()
    try:
        return Validator(made.keys, Rules()).judge(read_cdr(made.json()))
    except CdrError as error:
        return unreadable("the CDR", error)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_one_fault_is_one_finding(mutation: Mutation) -> None:
    judgement = judge(mutation)
    told = [(finding.code, finding.sentence_en) for finding in judgement.findings]
    assert [code for code, _sentence in told] == [mutation.code], told
    effect = effect_of(mutation.code)
    assert judgement.findings[0].severity is effect
    assert judgement.verdict == ("not_billable" if effect.is_error else "billable")
    assert judgement.reason == (mutation.code if effect.is_error else None)
    assert judgement.casts_doubt == effect.is_doubt


def test_there_are_two_hundred_faults_each_of_its_own_name() -> None:
    assert len(MUTATIONS) >= 200
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("code", EXPLAINED_BY)
def test_no_error_is_left_out_beside_a_note(code: str) -> None:
    for cause in EXPLAINED_BY[code]:
        assert effect_of(cause).is_error or not effect_of(code).is_error


@pytest.mark.parametrize("code", EXPLAINED_BY)
def test_no_finding_leaves_itself_out(code: str) -> None:
    causes = set(EXPLAINED_BY[code])
    while more := {each for cause in causes for each in EXPLAINED_BY.get(cause, ())} - causes:
        causes |= more
    assert code not in causes


def test_every_code_is_hit() -> None:
    verification = read_sentences(VERIFICATION).items()
    known = {*read_sentences(TABLE), *(code for code, told in verification if told.in_cdr)}
    assert {mutation.code for mutation in MUTATIONS} == known - OF_THE_STORE - OF_A_FAULT
