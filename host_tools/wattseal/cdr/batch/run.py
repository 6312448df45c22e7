"""A whole run: judge what is not judged yet, compare with all that was seen, write the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Self

from wattseal.cdr.batch.chunk import Chunk
from wattseal.cdr.batch.engines import Engine, WorkerLostError
from wattseal.cdr.batch.judging import Judge, Judged, count, result_line
from wattseal.cdr.batch.run_file import Kept, RunFile
from wattseal.cdr.batch.summary import Summary, summary_of
from wattseal.cdr.batch.writing import Writer
from wattseal.cdr.findings import Finding
from wattseal.cdr.judgement import read_judgement
from wattseal.cdr.rules import Rules
from wattseal.cdr.seen.rows import NewRows
from wattseal.errors import ToolError

if TYPE_CHECKING:
    from wattseal.cdr.seen.store import SeenSessions

KEEP_ROWS = 10_000
"""Rows that are kept at a time, in the run file and in the store; nobody judges while the last are
kept."""

Show = Callable[[int], object]
Findings = Iterator[tuple[int, list[Finding]]]


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
        found = groupby(self._store.findings(self._number), itemgetter(0))
        findings: Findings = ((row, [each for _row, each in some]) for row, some in found)
        counts: Counter[str] = Counter()
        ahead = next(findings, None)
        for kept in self.file.results():
            counts.update(kept.counts)
            lines: dict[int, list[Finding]] = {}
            while ahead is not None and ahead[0] < kept.first_row + kept.rows:
                lines[ahead[0]] = ahead[1]
                ahead = next(findings, None)
            writer.write(_with_findings(kept, lines, counts) if lines else kept.text)
        return summary_of(counts)


def _with_findings(kept: Kept, more: dict[int, list[Finding]], counts: Counter[str]) -> bytes:
    """The lines of a chunk after the comparison has found something about some of them."""
    lines = []
    for line in kept.text.splitlines(keepends=True):
        row = int(line[len(b'{"row":') : line.index(b",")])
        if row in more:
            before = read_judgement(line)
            after = before.with_findings(tuple(more[row]))
            counts.subtract(count(before))
            counts.update(count(after))
            line = result_line(row, after)
        lines.append(line)
    return b"".join(lines)
