"""Checks what proves a registry's answers, and makes the answers from the proven records.

Nothing is taken from the registry's own statements: the index names every entry about a thing, the
log has these entries, and the states follow from their records by the registry's own function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from wattseal.common.errors import ToolError
from wattseal.ocmf.evse_id import read_evse_id
from wattseal.registry import api_models as api
from wattseal.registry.identity import index_origin
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import Record, leaf_of, read_record
from wattseal.registry.rules.eligibility import eligibility
from wattseal.registry.states import (
    Ledger,
    evse_name,
    history_lines,
    index_name,
    key_answer,
    meter_name,
    period_at,
    ref_of,
    states_of,
)
from wattseal.tlog.checkpoint import Checkpoint, Ed25519Key, check_note, read_checkpoint
from wattseal.tlog.prefix_tree import IndexProof, root_from_proof
from wattseal.tlog.tree import is_consistent, leaf_hash, root_from_inclusion_proof
from wattseal.wire.signed_note import NoteError

History = list[tuple[int, Record]]


class Proven(NamedTuple):
    """What one answer proves: the log's head, all entries of each thing, and some records."""

    head: Checkpoint
    entries: list[list[int]]
    records: dict[int, Record]


def check_evidence(
    told: api.Evidence, names: list[str], key: Ed25519Key, seen: Checkpoint | None
) -> Proven:
    """What evidence proves about the things of these names. seen: the newest checkpoint before.

    ToolError `registry_forged`, `registry_rolled_back`, `registry_split`.
    """
    try:
        head = _head(told.checkpoint, key, key.name)
        root = _head(told.index, key, index_origin(key.name))
        _check_grown(told, head, seen)
        _check_things(told.things, names, root, head)
        known = {number for thing in told.things for number in thing.entries}
        records = {line.number: _proven_record(line, known, head) for line in told.records}
    except ToolError:
        raise
    except Exception as error:  # an answer may claim anything
        cause = str(error).partition("\n")[0][:200] or type(error).__name__
        raise ToolError("registry_forged", cause=cause) from None
    return Proven(head, [thing.entries for thing in told.things], records)


def _head(note: str, key: Ed25519Key, origin: str) -> Checkpoint:
    try:
        head = read_checkpoint(check_note(note, [key]))
    except NoteError as error:
        raise ValueError(f"the signed note of {origin}: {error}") from None
    if head.origin != origin:
        raise ValueError(f"a signed note is of {head.origin}, not of {origin}")
    return head


def _check_grown(told: api.Evidence, head: Checkpoint, seen: Checkpoint | None) -> None:
    if seen is None or not seen.size:
        return
    if head.size < seen.size:
        raise ToolError("registry_rolled_back", found=head.size, seen=seen.size)
    proof = [bytes.fromhex(each) for each in told.consistency]
    if head.size == seen.size:
        holds = head.root == seen.root
    else:
        holds = is_consistent(seen.size, seen.root, head.size, head.root, proof)
    if not holds:
        raise ToolError("registry_split", seen=seen.size, found=head.size)


def _check_things(
    things: list[api.IndexedThing], names: list[str], root: Checkpoint, head: Checkpoint
) -> None:
    if root.size != head.size:
        raise ValueError("the index is of another size than the checkpoint")
    if [thing.name for thing in things] != names:
        raise ValueError("it tells of other things than was asked for")
    for thing in things:
        _check_thing(thing, root)


def _check_thing(thing: api.IndexedThing, root: Checkpoint) -> None:
    beside = [bytes.fromhex(each) for each in thing.beside]
    leaf = thing.other
    other = (bytes.fromhex(leaf.key), bytes.fromhex(leaf.value)) if leaf else None
    if any(not 0 <= number < root.size for number in thing.entries):
        raise ValueError(f"{thing.name} has entries that the log has not")
    if root_from_proof(thing.name, thing.entries, IndexProof(beside, other)) != root.root:
        what = "the list of its entries is not that of the index" if thing.entries else "denied"
        raise ValueError(f"{thing.name}: {what}, so something is withheld or made up")


def _proven_record(line: api.ProvenRecord, known: set[int], head: Checkpoint) -> Record:
    if line.number not in known:
        raise ValueError(f"record {line.number} is of no thing that was asked for")
    record = read_record(line.record)
    states_of(line.number, record)  # a record that leads to none is found now
    if leaf_of(record, line.record) != line.leaf:
        raise ValueError(f"record {line.number} is not that of its entry")
    proof = [bytes.fromhex(each) for each in line.proof]
    hashed = bytes(leaf_hash(line.leaf.encode()))
    if bytes(root_from_inclusion_proof(line.number, head.size, hashed, proof)) != head.root:
        raise ValueError(f"entry {line.number} is not in the log")
    return record


def proof_report(head: Checkpoint, vkey: str, *, is_on_trust: bool) -> api.ProofReport:
    """What was checked, and what one client alone cannot check."""
    not_checked = [
        "That nobody is shown another log: no witness has signed the checkpoint.",
        "That the log has not grown since this checkpoint.",
    ]
    if is_on_trust:
        not_checked.insert(0, "That the key is the registry's: it was taken at this first use.")
    return api.ProofReport(
        registry=head.origin,
        vkey=vkey,
        size=head.size,
        root=head.root.hex(),
        not_checked=not_checked,
    )


def evse_index_name(evse_id: str) -> str:
    """A charge point's name in the index. EvseIdError."""
    return index_name("evse", evse_name(evse_id))


def named_hits(found: api.SearchResult) -> list[tuple[str, api.State]]:
    """What was found, each with its name in the index. EvseIdError."""
    return [
        *((evse_index_name(one.evse_id), one) for one in found.evses),
        *((index_name("key", one.fingerprint), one) for one in found.keys),
        *((index_name("module", one.chip_id), one) for one in found.modules),
        *((index_name("meter", *meter_name(one.meter)), one) for one in found.meters),
    ]


class Told:
    """Answers from all records about one thing, oldest first. at_unix_ms None: now."""

    def __init__(self, history: History) -> None:
        self.history = history

    def ledger(self, at_unix_ms: int | None = None) -> Ledger:
        """The states of then, of this thing; those of others may be older than they say."""
        ledger = MemoryLedger()
        for number, record in self.history:
            if at_unix_ms is None or record.unix_ms <= at_unix_ms:
                ledger.apply(states_of(number, record))
        return ledger

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """A key with its validity, from its own records or those of its charge point."""
        states = [
            state
            for number, record in self.history
            for state in states_of(number, record)
            if isinstance(state, api.KeyState) and state.fingerprint == fingerprint
        ]
        by_then = sum(at_unix_ms is None or one.since_unix_ms <= at_unix_ms for one in states)
        if not by_then:
            return None
        return key_answer(states[by_then - 1], period_at(states, by_then - 1))

    def key_of_evse(self, evse_id: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """The key that is good for a charge point; the records are the charge point's."""
        evse = self.ledger(at_unix_ms).evse(evse_id)
        if evse is None or evse.fingerprint is None:
            return None
        answer = self.key(evse.fingerprint, at_unix_ms)
        is_good = answer and answer.status == "active" and answer.evse_id == evse.evse_id
        return answer if is_good else None

    def eligibility(self, evse_id: str, now_ms: int) -> api.Eligibility:
        """Whether a charge point may be published and used, by the registry's own rules."""
        return eligibility(read_evse_id(evse_id).text, self.ledger(), now_ms)

    def newest_like(self, state: api.State) -> api.State | None:
        """The newest state of the thing that a state is of."""
        ledger = self.ledger()
        match state:
            case api.EvseState():
                return ledger.evse(state.evse_id)
            case api.KeyState():
                return ledger.key(state.fingerprint)
            case api.ModuleState():
                return ledger.module(state.chip_id)
            case api.MeterState():
                return ledger.meter(ref_of(state.meter))
        return None

    def lines(self, evse_id: str) -> list[api.HistoryLine]:
        """The records of a charge point, each with the key that signs after it."""
        return history_lines(evse_id, self.history)


Ask = Callable[[list[str], int], api.Evidence]
"""(names in the index, first entry whose record is wanted) -> what the registry answers."""


def gather(names: list[str], ask: Ask, check: Callable[[api.Evidence], Proven]) -> list[Told]:
    """All records about these things, asked for until every one is there. ToolError."""
    records: dict[int, Record] = {}
    wanted: int | None = None
    while True:
        proven = check(ask(names, wanted or 0))
        records |= proven.records
        missing = _first_missing(proven.entries, records)
        if missing is None:
            break
        if missing == wanted:
            raise ToolError("registry_forged", cause=f"the record of entry {missing} is withheld")
        wanted = missing
    return [Told([(number, records[number]) for number in each]) for each in proven.entries]


def _first_missing(entries: Iterable[list[int]], records: dict[int, Record]) -> int | None:
    return min((n for each in entries for n in each if n not in records), default=None)
