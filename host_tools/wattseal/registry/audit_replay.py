"""Judges the records of a log one after the other, each against the states before it."""

from __future__ import annotations

from collections import Counter

from wattseal.registry.audit_entries import CheckedEntry
from wattseal.registry.audit_report import Findings
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import Record
from wattseal.registry.replay import judge_record


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

    def judge(self, entry: CheckedEntry) -> None:
        """Take the next entry."""
        for finding in entry.findings:
            self.findings.take(finding)
        if entry.read is None:
            return
        record = entry.read.record
        self.counts[record.type] += 1
        self._judge_time(entry.number, record)
        for reason in judge_record(record, self._ledger, entry.read.beforehand):
            self.findings.add(
                "rule_broken", entry.number, sentence=reason.sentence, code=reason.code
            )
        self._ledger.put(entry.read.states)

    def _judge_time(self, number: int, record: Record) -> None:
        if record.unix_ms < self._last_ms:
            self.findings.add("time_went_back", number)
        if record.unix_ms > self._latest_ms:
            self.findings.add("time_in_future", number)
        self._last_ms = max(self._last_ms, record.unix_ms)
