"""What an audit checks of entries without knowing those before them: most of its work.

So it is done page by page in whatever process has time; what the entries before them decide is
left to audit_replay.py. It finds the same, whoever does it.
"""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.registry.audit_report import Finding, make_finding
from wattseal.registry.leaf import leaf_of
from wattseal.registry.log_source import (
    ServedPage,
    read_entries,
    read_hashes,
    read_records,
    read_states,
    write_states,
)
from wattseal.registry.memory_ledger import packed
from wattseal.registry.packed_states import PackedState
from wattseal.registry.records import Record, read_record
from wattseal.registry.replay import TakenApart, take_apart
from wattseal.registry.requests import RecordLine, State
from wattseal.registry.rows import states_of
from wattseal.tlog.tiles import Tile
from wattseal.tlog.tree import leaf_hash

MAX_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class ReadRecord:
    """A record, what `take_apart` has made of it, and the states that it leads to."""

    record: Record
    beforehand: TakenApart | None
    states: list[PackedState]


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


def check_page(page: ServedPage) -> list[CheckedEntry]:
    """Everything about the entries of a page by themselves. Raises NotServedError."""
    entries = read_entries(page.entries, Tile(None, page.number, page.width))
    hashes = read_hashes(page.hashes, Tile(0, page.number, page.width))
    lines = read_records(page.records, page.first, page.width)
    own = [_own(line) for line in lines]
    served = _served_states(page, own)
    return [_checked(*row) for row in zip(entries, hashes, lines, own, served, strict=True)]


def _own(line: RecordLine) -> _Own | Finding:
    try:
        record = read_record(line.record)
        states = states_of(line.number, record)
        return _Own(record, leaf_of(record, line.record), states, packed(states))
    except (ValueError, LookupError, TypeError) as error:  # a record may claim anything
        cause = str(error).partition("\n")[0][:MAX_SHOWN_CHARACTERS]
        return make_finding("record_unreadable", line.number, cause=cause)


def _served_states(page: ServedPage, own: list[_Own | Finding]) -> list[list[State]]:
    """They are read only where their text is not that of the states that must be there."""
    expected = [one.states if isinstance(one, _Own) else [] for one in own]
    if write_states(expected) == page.states:
        return expected
    return read_states(page.states, page.first, page.width)


def _checked(
    entry: bytes, hashed: bytes, line: RecordLine, own: _Own | Finding, served: list[State]
) -> CheckedEntry:
    findings = []
    if entry != line.leaf.encode():
        findings.append(make_finding("entry_differs", line.number))
    own_hash = bytes(leaf_hash(entry))
    if own_hash != hashed:
        findings.append(make_finding("leaf_hash_wrong", line.number))
    if isinstance(own, Finding):
        return CheckedEntry(line.number, own_hash, [*findings, own], None)
    if own.leaf != line.leaf:
        findings.append(make_finding("record_differs", line.number))
    if own.states is not served and own.states != served:
        what = _difference(own.states, served)
        findings.append(make_finding("state_wrong", line.number, what=what))
    read = ReadRecord(own.record, take_apart(own.record), own.packed)
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
