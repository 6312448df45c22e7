"""A whole run: judge what is not judged yet, compare with all that was seen, write the results."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel

from wattseal.cdr.batch.engines import Engine, WorkerLostError
from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.batch.judge import Judge, Judged, count, result_line
from wattseal.cdr.batch.outputs import Writer
from wattseal.cdr.findings import read_judgement
from wattseal.cdr.history.rows import NewRows
from wattseal.cdr.rules import Rules
from wattseal.common.errors import ToolError
from wattseal.common.findings import Finding

if TYPE_CHECKING:
    from wattseal.cdr.history.store import SeenSessions


_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch_run (name TEXT NOT NULL, asked TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_chunk (
    number INTEGER PRIMARY KEY, first_row INTEGER NOT NULL, rows INTEGER NOT NULL,
    digest BLOB NOT NULL, text BLOB NOT NULL, counts TEXT NOT NULL
);
"""


class RunFile:
    """name: that of a new run. asked: all that its verdicts depend on beside the input.

    ToolError `run_of_another` if the file is that of a run that was asked something else;
    `run_unusable` if it cannot be read or written.
    """

    def __init__(self, path: Path, name: str, asked: dict[str, str]) -> None:
        self.path = path
        with self._told():
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=60)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
            self.name = self._begin(name, asked)
            rows = self._connection.execute("SELECT number FROM batch_chunk")
            self._done = {number for (number,) in rows}

    def close(self) -> None:
        """Close it; what it holds stays."""
        self._connection.close()

    def remove(self) -> None:
        """Close it, for good."""
        self.close()
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    @property
    def is_new(self) -> bool:
        """Whether nothing is there yet."""
        return not self._done

    def has(self, chunk: Chunk) -> bool:
        """Whether a chunk was judged before. ToolError if that one was of another input."""
        if chunk.number not in self._done:
            return False
        with self._told():
            row = self._connection.execute(
                "SELECT digest FROM batch_chunk WHERE number = ?", (chunk.number,)
            ).fetchone()
        if row[0] != chunk.digest:
            cause = f"its input was another one from row {chunk.first_row} on"
            raise ToolError("run_of_another", path=str(self.path), cause=cause)
        return True

    def put(self, judged: Iterable[Judged]) -> None:
        """Keep some chunks, all of them or none."""
        rows = [
            (each.number, each.first_row, each.rows, each.digest, each.text, _text(each.counts))
            for each in judged
        ]
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR IGNORE INTO batch_chunk VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            self._connection.execute("COMMIT")
        self._done.update(row[0] for row in rows)

    def results(self) -> Iterator[tuple[int, bytes, Counter[str]]]:
        """Of all chunks, in the order of the input: the row behind the last, the results, a line
        each, and what a summary counts of them."""
        with self._told():
            rows = self._connection.execute(
                "SELECT first_row + rows, text, counts FROM batch_chunk ORDER BY number"
            )
            for end, text, counts in rows:
                yield end, text, Counter(json.loads(counts))

    def _begin(self, name: str, asked: dict[str, str]) -> str:
        text = _text(asked)
        row = self._connection.execute("SELECT name, asked FROM batch_run").fetchone()
        if row is None:
            self._connection.execute("INSERT INTO batch_run VALUES (?, ?)", (name, text))
            return name
        if row[1] != text:
            before = json.loads(row[1])
            words = [f"{key} {before.get(key)}" for key in asked if before.get(key) != asked[key]]
            cause = f"that one had {', '.join(words)}"
            raise ToolError("run_of_another", path=str(self.path), cause=cause)
        kept: str = row[0]
        return kept

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ToolError("run_unusable", path=str(self.path), cause=str(error)) from None


def _text(members: dict[str, str] | Counter[str]) -> str:
    return json.dumps(members, sort_keys=True)


class Summary(BaseModel, frozen=True):
    """cdrs: results. unchecked: billable or not, there was nothing signed. doubts: CDRs that cast
    doubt on earlier sessions. codes: finding -> number of CDRs that have it."""

    cdrs: int
    billable: int
    not_billable: int
    unchecked: int
    doubts: int
    codes: dict[str, int]


def summary_of(counts: Counter[str]) -> Summary:
    """From what judge.count has counted."""
    codes = {key.removeprefix("code:"): n for key, n in counts.items() if key.startswith("code:")}
    most_first = sorted(codes.items(), key=lambda each: (-each[1], each[0]))
    billable, refused = counts["verdict:billable"], counts["verdict:not_billable"]
    return Summary(
        cdrs=billable + refused,
        billable=billable,
        not_billable=refused,
        unchecked=counts["unchecked:"],
        doubts=counts["doubt:"],
        codes={code: n for code, n in most_first if n},
    )


KEEP_ROWS = 10_000
"""Rows that are kept at a time, in the run file and in the store; nobody judges while the last are
kept."""

Show = Callable[[int], object]


class Run:
    """file: where it keeps what it has done. open_store: opens what it compares with.

    It is closed by `with`; the file is not, which may be wanted again.
    """

    def __init__(self, file: RunFile, open_store: Callable[[], SeenSessions], rules: Rules) -> None:
        self.file, self.rules = file, rules
        self._open_store = open_store
        self._opened: SeenSessions | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._opened is not None:
            self._opened.close()

    @property
    def _store(self) -> SeenSessions:
        if self._opened is None:
            self._opened = self._open_store()
        return self._opened

    @cached_property
    def _number(self) -> int:
        """The store's number for the run."""
        return self._store.begin(self.file.name)

    def judge(self, engine: Engine, validator: Judge, chunks: Iterable[Chunk], show: Show) -> None:
        """Judge all chunks that were not judged before. show: is told of rows that are done.

        ToolError, among others `worker_lost`: what was judged until then is kept.
        """
        waiting: list[Judged] = []
        rows = 0
        try:
            for judged in engine.judge(validator, self._open(chunks, show)):
                waiting.append(judged)
                rows += judged.rows
                show(judged.rows)
                # At once the first time: while the store is opened, the workers have enough to do.
                if rows >= KEEP_ROWS or self._opened is None:
                    some, waiting, rows = waiting, [], 0
                    self._keep(some)
        except WorkerLostError as error:
            worker, cause = error.args
            path = str(self.file.path)
            raise ToolError("worker_lost", worker=worker, cause=cause, run=path) from error
        finally:
            if waiting:
                self._keep(waiting)

    def _open(self, chunks: Iterable[Chunk], show: Show) -> Iterator[Chunk]:
        for chunk in chunks:
            if self.file.has(chunk):
                show(chunk.rows)
            else:
                yield chunk

    def _keep(self, judged: list[Judged]) -> None:
        """First the store: what it has and the run file has not is only added once more."""
        new = NewRows([], [], [])
        for each in judged:
            new.extend(each.new)
        self._store.add(self._number, new)
        self.file.put(judged)

    def compare(self) -> None:
        """Compare the sessions with each other and with those of earlier runs."""
        self._store.compare(self._number, self.rules)

    def write(self, writer: Writer) -> Summary:
        """Write all results in the order of the input."""
        findings = self._store.findings(self._number)
        counts: Counter[str] = Counter()
        ahead = next(findings, None)
        for end, text, counted in self.file.results():
            counts.update(counted)
            more: dict[int, list[Finding]] = {}
            while ahead is not None and ahead[0] < end:
                more.setdefault(ahead[0], []).append(ahead[1])
                ahead = next(findings, None)
            writer.write(_with_findings(text, more, counts) if more else text)
        return summary_of(counts)


def _with_findings(text: bytes, more: dict[int, list[Finding]], counts: Counter[str]) -> bytes:
    """The lines of a chunk after the comparison has found something about some of them."""
    lines = []
    for line in text.splitlines(keepends=True):
        row = int(line[len(b'{"row":') : line.index(b",")])
        if row in more:
            before = read_judgement(line)
            after = before.with_findings(tuple(more[row]))
            counts.subtract(count(before))
            counts.update(count(after))
            line = result_line(row, after)
        lines.append(line)
    return b"".join(lines)
