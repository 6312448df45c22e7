"""Judges the records of a log one after the other, each against the states before it."""

from __future__ import annotations

from collections import Counter

from wattseal.registry.audit_report import Findings
from wattseal.registry.leaf import leaf_of
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import Record, read_record
from wattseal.registry.replay import judge_record
from wattseal.registry.requests import RecordLine, State
from wattseal.registry.rows import states_of

MAX_SHOWN_CHARACTERS = 200


class Replay:
    """The registry's life lived again, in memory; holds the newest states and nothing else.

    latest_ms: no record may be of a later time.
    """

    def __init__(self, findings: Findings, latest_ms: int) -> None:
        self.findings = findings
        self._latest_ms = latest_ms
        self._ledger = MemoryLedger()
        self._last_ms = 0
        self.counts: Counter[str] = Counter()

    def judge(self, line: RecordLine, served: list[State]) -> None:
        """Take the next record, with the states that the registry's tables have for it."""
        try:
            record = read_record(line.record)
            leaf, states = leaf_of(record), states_of(line.number, record)
        except (ValueError, LookupError, TypeError) as error:  # a record may claim anything
            cause = str(error).partition("\n")[0][:MAX_SHOWN_CHARACTERS]
            self.findings.add("record_unreadable", line.number, cause=cause)
            return
        self.counts[record.type] += 1
        if leaf != line.leaf:
            self.findings.add("record_differs", line.number)
        self._judge_time(line.number, record)
        for reason in judge_record(record, self._ledger):
            self.findings.add(
                "rule_broken", line.number, sentence=reason.sentence, code=reason.code
            )
        if states != served:
            self.findings.add("state_wrong", line.number, what=_difference(states, served))
        self._ledger.apply(states)

    def _judge_time(self, number: int, record: Record) -> None:
        if record.unix_ms < self._last_ms:
            self.findings.add("time_went_back", number)
        if record.unix_ms > self._latest_ms:
            self.findings.add("time_in_future", number)
        self._last_ms = max(self._last_ms, record.unix_ms)


def _difference(expected: list[State], served: list[State]) -> str:
    """The first thing that differs, in words."""
    if len(expected) != len(served):
        return f"{len(served)} states, not {len(expected)}"
    mine, theirs = next(pair for pair in zip(expected, served, strict=True) if pair[0] != pair[1])
    if type(mine) is not type(theirs):
        return f"a {type(theirs).__name__}, not a {type(mine).__name__}"
    wrong = [
        name for name in type(mine).model_fields if getattr(mine, name) != getattr(theirs, name)
    ]
    return f"{type(mine).__name__}.{wrong[0]}"
