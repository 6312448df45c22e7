"""What an audit checks of entries without knowing those before them: most of its work.

So it is done page by page in whatever process has time; what the entries before them decide is
left to Replay, below. It finds the same, whoever does it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer

from wattseal.common.findings import Finding, make_finding
from wattseal.registry import log_client
from wattseal.registry.api_models import RecordLine, State
from wattseal.registry.memory_ledger import MemoryLedger, PackedState, packed
from wattseal.registry.records import Model, Record, leaf_of, read_record
from wattseal.registry.replay import TakenApart, judge_record, take_apart
from wattseal.registry.states import index_names, states_of
from wattseal.tlog.prefix_tree import Leaves, gather, key_of, root_of
from wattseal.tlog.tiles import Tile
from wattseal.tlog.tree import leaf_hash

MAX_FINDINGS = 100
"""An audit that has found so many stops: more would say nothing new."""

TABLE = "audit"


def found(code: str, entry: int | None = None, /, **values: object) -> Finding:
    """Something that is not as it must be; `entry` None where it is about the whole log."""
    return make_finding(TABLE, code, {name: str(one) for name, one in values.items()}, entry=entry)


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """The members of a finding in an audit's report."""
    return {"code": finding.code, "entry": finding.entry, "sentence": finding.sentence_en}


class AuditReport(Model):
    """What was audited, and what was found.

    `complete` False: the audit stopped before the end, for what the last finding says. `compared`:
    size of the earlier checkpoint that the log was shown to have grown from; None without one.
    """

    name: str
    vkey: str
    registry_key: str
    size: int
    root: str
    checkpoint: str
    compared: int | None
    records: dict[str, int]
    complete: bool
    findings: list[Annotated[Finding, PlainSerializer(finding_as_json)]]

    @property
    def is_sound(self) -> bool:
        """Whether everything was looked at and nothing was found."""
        return self.complete and not self.findings


class Findings:
    """Collects findings; raises EnoughFoundError with the last one that it takes."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, code: str, entry: int | None = None, /, **values: object) -> None:
        """Note a finding by its code; `values` fill the blanks of its sentence."""
        self.take(found(code, entry, **values))

    def take(self, finding: Finding) -> None:
        """Note a finding that was made elsewhere."""
        self.found.append(finding)
        if len(self.found) >= MAX_FINDINGS:
            raise EnoughFoundError


class EnoughFoundError(Exception):
    """The audit need not go on."""


MAX_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class ReadRecord:
    """A record, what `take_apart` has made of it, the states that it leads to, and what it touches.

    indexed: the keys in the index of what it touches.
    """

    record: Record
    beforehand: TakenApart | None
    states: list[PackedState]
    indexed: list[bytes]


@dataclass(frozen=True)
class CheckedEntry:
    """An entry with the hash of its own text; `read` None where its record cannot be read."""

    number: int
    hash: bytes
    findings: list[Finding]
    read: ReadRecord | None


@dataclass(frozen=True)
class _Own:
    """What must be served about an entry, by its record."""

    record: Record
    leaf: str
    states: list[State]
    packed: list[PackedState]


def check_page(page: log_client.ServedPage) -> list[CheckedEntry]:
    """Everything about the entries of a page by themselves. Raises NotServedError."""
    entries = log_client.read_entries(page.entries, Tile(None, page.number, page.width))
    hashes = log_client.read_hashes(page.hashes, Tile(0, page.number, page.width))
    lines = log_client.read_records(page.records, page.first, page.width)
    own = [_own(line) for line in lines]
    served = _served_states(page, own)
    return [_checked(*row) for row in zip(entries, hashes, lines, own, served, strict=True)]


def _own(line: RecordLine) -> _Own | Finding:
    try:
        record = read_record(line.record)
        states = states_of(line.number, record)
        return _Own(record, leaf_of(record, line.record), states, packed(states))
    except Exception as error:  # a record may claim anything
        return _failed(line.number, error)


def _failed(number: int, error: Exception) -> Finding:
    cause = str(error).partition("\n")[0][:MAX_SHOWN_CHARACTERS]
    return found("record_unreadable", number, cause=cause or type(error).__name__)


def _served_states(page: log_client.ServedPage, own: list[_Own | Finding]) -> list[list[State]]:
    """They are read only where their text is not that of the states that must be there."""
    expected = [one.states if isinstance(one, _Own) else [] for one in own]
    if log_client.write_states(expected) == page.states:
        return expected
    return log_client.read_states(page.states, page.first, page.width)


def _checked(
    entry: bytes, hashed: bytes, line: RecordLine, own: _Own | Finding, served: list[State]
) -> CheckedEntry:
    findings = []
    if entry != line.leaf.encode():
        findings.append(found("entry_differs", line.number))
    own_hash = bytes(leaf_hash(entry))
    if own_hash != hashed:
        findings.append(found("leaf_hash_wrong", line.number))
    if isinstance(own, Finding):
        return CheckedEntry(line.number, own_hash, [*findings, own], None)
    if own.leaf != line.leaf:
        findings.append(found("record_differs", line.number))
    if own.states is not served and own.states != served:
        what = _difference(own.states, served)
        findings.append(found("state_wrong", line.number, what=what))
    try:
        indexed = list(map(key_of, index_names(line.number, own.record)))
        read = ReadRecord(own.record, take_apart(own.record), own.packed, indexed)
    except Exception as error:
        return CheckedEntry(line.number, own_hash, [*findings, _failed(line.number, error)], None)
    return CheckedEntry(line.number, own_hash, findings, read)


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
        self._leaves: Leaves | None = {}

    def judge(self, entry: CheckedEntry) -> None:
        """Take the next entry."""
        for finding in entry.findings:
            self.findings.take(finding)
        if entry.read is None:
            self._leaves = None
            return
        record = entry.read.record
        self.counts[record.type] += 1
        self._judge_time(entry.number, record)
        for reason in judge_record(record, self._ledger, entry.read.beforehand):
            self.findings.add(
                "rule_broken", entry.number, sentence=reason.sentence_en, code=reason.code
            )
        self._ledger.put(entry.read.states)
        if self._leaves is not None:
            gather(self._leaves, entry.read.indexed, entry.number)

    def index_root(self) -> bytes | None:
        """The root that the index must have after all entries so far; None if one is unreadable."""
        return None if self._leaves is None else root_of(self._leaves)

    def _judge_time(self, number: int, record: Record) -> None:
        if record.unix_ms < self._last_ms:
            self.findings.add("time_went_back", number)
        if record.unix_ms > self._latest_ms:
            self.findings.add("time_in_future", number)
        self._last_ms = max(self._last_ms, record.unix_ms)
