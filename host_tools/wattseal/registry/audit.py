"""Audits a registry from outside: the whole log, record by record, with nothing taken on trust.

An auditor needs the registry's URL and its public keys. He downloads the log as tiles, builds the
tree himself, holds every record against the entry that commits to it, applies the registry's own
rules to it again, and compares the states that follow with those that the registry answers from.
What he cannot judge: whether a challenge was fresh, and whether there is such a module.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory, read_at_most
from wattseal.common.workers import fork_server, in_order, worker_pool
from wattseal.registry.api_models import RegistryFacts
from wattseal.registry.audit_entries import (
    AuditReport,
    CheckedEntry,
    EnoughFoundError,
    Findings,
    Replay,
    check_page,
)
from wattseal.registry.identity import index_origin
from wattseal.registry.log_client import LogSource, NotServedError, ServedPage
from wattseal.registry.records import Model
from wattseal.tlog.checkpoint import (
    Checkpoint,
    EcdsaKey,
    NoteKey,
    check_note,
    read_checkpoint,
    read_vkey,
)
from wattseal.tlog.tiles import WIDTH, Tile
from wattseal.tlog.tree import Frontier
from wattseal.wire.signed_note import NoteError, parse_note

MAX_FILE_BYTES = 65536


class AuditMemory(Model):
    """The file; `checkpoint` is the signed note as it was served."""

    version: Literal[1] = 1
    vkey: str
    registry_key: str
    checkpoint: str

    @property
    def seen(self) -> Checkpoint:
        """Size and root of then. Raises NoteError."""
        return read_checkpoint(parse_note(self.checkpoint.encode())[0].decode())


def recall(path: Path) -> AuditMemory | None:
    """What a file remembers; None if there is none yet. ToolError `file_unreadable`."""
    if not path.exists():
        return None
    try:
        memory = AuditMemory.model_validate_json(read_at_most(path, MAX_FILE_BYTES))
        _ = memory.seen
    except (ValidationError, NoteError):
        cause = "it is not what an audit has written"
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    return memory


def remember(path: Path, report: AuditReport) -> None:
    """Write what a sound audit has seen over what was remembered. ToolError `file_unwritable`."""
    memory = AuditMemory(
        vkey=report.vkey, registry_key=report.registry_key, checkpoint=report.checkpoint
    )
    text = memory.model_dump_json(indent=2) + "\n"
    OutputDirectory(path.parent).write_bytes(path.name, text.encode(), replacing=True)


@contextmanager
def checking(processes: int) -> Iterator[Callable[[ServedPage], list[CheckedEntry]]]:
    """Gives audit_entries.check_page, done by so many processes; by this one if it is one."""
    if processes == 1:
        yield check_page
        return
    with worker_pool(processes, fork_server([check_page.__module__])) as pool:
        yield lambda page: pool.submit(check_page, page).result()


PAGES_FOR_A_PROCESS = 8
"""A log of fewer pages than that for each process is done before they would have started."""


def pages(source: LogSource, size: int, jobs: int) -> Generator[list[CheckedEntry]]:
    """The pages of a log of that size, checked by up to `jobs` processes beside this one.

    Raises what LogSource raises, and ToolError `audit_process_died`. No more pages are in memory
    than processes and one, whatever the size.
    """
    count = -(-size // WIDTH)
    lanes = max(1, min(jobs, count // PAGES_FOR_A_PROCESS))
    with checking(lanes) as check, ThreadPoolExecutor(max_workers=lanes) as fetchers:
        yield from in_order(
            lambda number: fetchers.submit(lambda: check(source.page(number, size))),
            range(count),
            lanes + 1,
            ToolError("audit_process_died"),
        )


class AuditTree:
    """Takes leaf hashes in order and compares each tile of the levels above as soon as it is full.

    `roots` has the root at each size that was to be watched.
    """

    def __init__(self, source: LogSource, findings: Findings, watched: set[int]) -> None:
        self._source = source
        self._findings = findings
        self._watched = watched
        self._frontier = Frontier()
        self._edges: dict[int, list[bytes]] = {}
        self.roots: dict[int, bytes] = {}
        self._watch()

    def append(self, leaf_hash: bytes) -> None:
        """Take the next leaf's hash. Raises NotServedError if a tile is missing."""
        for node in self._frontier.append(leaf_hash):
            edge = self._edges.setdefault(node.level, [])
            edge.append(node.hash)
            if len(edge) == WIDTH:
                self._compare(node.level, node.number // WIDTH, edge)
                edge.clear()
        self._watch()

    def finish(self) -> None:
        """Compare the partial tiles at the right edge."""
        for level, edge in self._edges.items():
            if edge:
                self._compare(level, self._frontier.size // WIDTH ** (level + 1), edge)

    def _watch(self) -> None:
        if self._frontier.size in self._watched:
            self.roots[self._frontier.size] = self._frontier.root()

    def _compare(self, level: int, number: int, own: list[bytes]) -> None:
        served = self._source.hashes(Tile(level, number, len(own)))
        for at, (mine, theirs) in enumerate(zip(own, served, strict=True)):
            if mine != theirs:
                self._findings.add("node_wrong", level=level, number=number * WIDTH + at)


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
        self._note = self._index_note = ""
        self._head = Checkpoint("unknown", 0, bytes(32))
        self._compared: int | None = None

    def look(self) -> bool:
        """Whether the end was reached."""
        try:
            self._facts = self._source.facts()
            self._check_identity()
            heads = self._source.heads()
            self._note, self._index_note = heads.checkpoint, heads.index
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
        self._check_index()
        if earlier:
            self._compared = earlier.size
            if tree.roots[earlier.size] != earlier.root:
                self._findings.add("history_rewritten", size=earlier.size)

    def _check_index(self) -> None:
        try:
            key = read_vkey(self._facts.vkey)
            index = read_checkpoint(check_note(self._index_note, [key]))
        except NoteError as error:
            self._findings.add("index_broken", cause=error)
            return
        if (index.origin, index.size) != (index_origin(self._facts.name), self._head.size):
            self._findings.add("index_broken", cause="it is of another log or size")
        elif self._replay.index_root() not in (None, index.root):
            self._findings.add("index_wrong")


def keys_of(facts: RegistryFacts) -> list[NoteKey]:
    """Both keys that a checkpoint of this registry must be signed with. Raises NoteError."""
    try:
        key = load_der_public_key(bytes.fromhex(facts.registry_key))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NoteError("the registry's key for modules cannot be read")
    return [read_vkey(facts.vkey), EcdsaKey(facts.name, key)]
