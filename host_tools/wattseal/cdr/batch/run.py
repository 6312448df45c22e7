"""A whole run: judge what is not judged yet, compare with all that was seen, write the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

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
from wattseal.cdr.seen.store import SeenSessions
from wattseal.errors import ToolError

KEEP_ROWS = 20_000
"""Rows that are kept at a time, in the run file and in the store."""

Show = Callable[[int], object]
Findings = Iterator[tuple[int, list[Finding]]]


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run keeps what it has done, and what it compares with."""

    file: RunFile
    store: SeenSessions
    rules: Rules

    def judge(self, engine: Engine, validator: Judge, chunks: Iterable[Chunk], show: Show) -> None:
        """Judge all chunks that were not judged before. show: is told of rows that are done.

        ToolError, among others `worker_lost`: what was judged until then is kept.
        """
        run = self.store.begin(self.file.name)
        waiting: list[Judged] = []
        rows = 0
        try:
            for judged in engine.judge(validator, self._open(chunks, show)):
                waiting.append(judged)
                rows += judged.rows
                show(judged.rows)
                if rows >= KEEP_ROWS:
                    self._keep(run, waiting)
                    waiting, rows = [], 0
        except WorkerLostError as error:
            worker, cause = error.args
            path = str(self.file.path)
            raise ToolError("worker_lost", worker=worker, cause=cause, run=path) from error
        finally:
            self._keep(run, waiting)

    def _open(self, chunks: Iterable[Chunk], show: Show) -> Iterator[Chunk]:
        for chunk in chunks:
            if self.file.has(chunk):
                show(chunk.rows)
            else:
                yield chunk

    def _keep(self, run: int, judged: list[Judged]) -> None:
        """First the store: what it has and the run file has not is only added once more."""
        new = NewRows([], [], [])
        for each in judged:
            new.extend(each.new)
        self.store.add(run, new)
        self.file.put(judged)

    def compare(self) -> None:
        """Compare the sessions with each other and with those of earlier runs."""
        self.store.compare(self.store.begin(self.file.name), self.rules)

    def write(self, writer: Writer) -> Summary:
        """Write all results in the order of the input."""
        found = groupby(self.store.findings(self.store.begin(self.file.name)), itemgetter(0))
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
