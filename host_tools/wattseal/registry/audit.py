"""Audits a registry from outside: the whole log, record by record, with nothing taken on trust.

An auditor needs the registry's URL and its public keys. He downloads the log as tiles, builds the
tree himself, holds every record against the entry that commits to it, applies the registry's own
rules to it again, and compares the states that follow with those that the registry answers from.
What he cannot judge: whether a challenge was fresh, and whether there is such a module.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from wattseal.registry.audit_memory import AuditMemory
from wattseal.registry.audit_pages import pages
from wattseal.registry.audit_replay import Replay
from wattseal.registry.audit_report import AuditReport, EnoughFoundError, Findings
from wattseal.registry.audit_tree import AuditTree
from wattseal.registry.log_source import LogSource, NotServedError
from wattseal.registry.requests import RegistryFacts
from wattseal.tlog.checkpoint import Checkpoint, read_checkpoint
from wattseal.tlog.note import EcdsaKey, NoteError, NoteKey, check_note, read_vkey

CLOCK_TOLERANCE_MS = 300_000

Show = Callable[[int, int], object]


@dataclass(frozen=True)
class Trust:
    """What the auditor knew before: the key that he was told, and what an earlier audit saw."""

    vkey: str | None = None
    memory: AuditMemory | None = None


def audit(source: LogSource, trust: Trust, now_ms: int, show: Show, jobs: int = 1) -> AuditReport:
    """Audit the log as its newest checkpoint has it; `show` is told entries done and all.

    jobs: how many processes check entries, where there are enough of them. ToolError
    `registry_unreachable` if no answer comes, `audit_process_died`; everything else is a finding.
    """
    replay = Replay(Findings(), now_ms + CLOCK_TOLERANCE_MS)
    auditor = _Auditor(source, trust, replay, show, jobs)
    try:
        complete = auditor.look()
    except EnoughFoundError:
        complete = False
    return auditor.report(complete=complete)


class _Auditor:
    def __init__(
        self, source: LogSource, trust: Trust, replay: Replay, show: Show, jobs: int
    ) -> None:
        self._source = source
        self._trust = trust
        self._replay = replay
        self._findings = replay.findings
        self._show = show
        self._jobs = jobs
        self._facts = RegistryFacts.model_construct(name="", registry_key="", vkey="", log="")
        self._note = ""
        self._head = Checkpoint("unknown", 0, bytes(32))
        self._compared: int | None = None

    def look(self) -> bool:
        """Whether the end was reached."""
        try:
            self._facts = self._source.facts()
            self._check_identity()
            self._note = self._source.checkpoint()
            if not self._check_head():
                return False
            self._check_log()
        except NotServedError as error:
            self._findings.add("not_served", cause=error)
            return False
        return True

    def report(self, *, complete: bool) -> AuditReport:
        """What was seen so far."""
        return AuditReport(
            name=self._facts.name,
            vkey=self._facts.vkey,
            registry_key=self._facts.registry_key,
            size=self._head.size,
            root=self._head.root.hex(),
            checkpoint=self._note,
            compared=self._compared,
            records=dict(self._replay.counts),
            complete=complete,
            findings=self._findings.found,
        )

    # --- whose log, and which -----------------------------------------------------------------

    def _check_identity(self) -> None:
        facts, memory = self._facts, self._trust.memory
        if self._trust.vkey not in (None, facts.vkey):
            self._findings.add("key_changed", source="the one that was given")
        if memory and (memory.vkey, memory.registry_key) != (facts.vkey, facts.registry_key):
            self._findings.add("key_changed", source="at the last audit")

    def _check_head(self) -> bool:
        """Whether there is a checkpoint to go on with."""
        try:
            self._head = read_checkpoint(check_note(self._note, keys_of(self._facts)))
        except NoteError as error:
            self._findings.add("checkpoint_broken", cause=error)
            return False
        if self._head.origin != self._facts.name:
            found, expected = self._head.origin, self._facts.name
            self._findings.add("name_differs", found=found, expected=expected)
        return True

    # --- the log ------------------------------------------------------------------------------

    def _check_log(self) -> None:
        size = self._head.size
        earlier = self._trust.memory.seen if self._trust.memory else None
        if earlier and earlier.size > size:
            self._findings.add("log_shrank", found=size, expected=earlier.size)
            earlier = None
        watched = {size, earlier.size} if earlier else {size}
        tree = AuditTree(self._source, self._findings, watched)
        self._show(0, size)
        with closing(pages(self._source, size, self._jobs)) as coming:
            for page in coming:
                for entry in page:
                    tree.append(entry.hash)
                    self._replay.judge(entry)
                self._show(page[-1].number + 1, size)
        tree.finish()
        if tree.roots[size] != self._head.root:
            self._findings.add("root_wrong")
        if earlier:
            self._compared = earlier.size
            if tree.roots[earlier.size] != earlier.root:
                self._findings.add("history_rewritten", size=earlier.size)


def keys_of(facts: RegistryFacts) -> list[NoteKey]:
    """Both keys that a checkpoint of this registry must be signed with. Raises NoteError."""
    try:
        key = load_der_public_key(bytes.fromhex(facts.registry_key))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NoteError("the registry's key for modules cannot be read")
    return [read_vkey(facts.vkey), EcdsaKey(facts.name, key)]
