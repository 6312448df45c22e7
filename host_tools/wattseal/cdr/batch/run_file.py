"""What a run has done so far, in an SQLite file: a run that is cut goes on from there.

A chunk is there whole or not at all. Its digest tells whether the input is still the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from wattseal.cdr.batch.chunk import Chunk
from wattseal.cdr.batch.judging import Judged
from wattseal.errors import ToolError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch_run (name TEXT NOT NULL, asked TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_chunk (
    number INTEGER PRIMARY KEY, first_row INTEGER NOT NULL, rows INTEGER NOT NULL,
    digest BLOB NOT NULL, text BLOB NOT NULL, counts TEXT NOT NULL
);
"""


class Kept(NamedTuple):
    """Results of a chunk, a line each, and what a summary counts of them."""

    first_row: int
    rows: int
    text: bytes
    counts: Counter[str]


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

    def results(self) -> Iterator[Kept]:
        """All chunks, in the order of the input."""
        with self._told():
            rows = self._connection.execute(
                "SELECT first_row, rows, text, counts FROM batch_chunk ORDER BY number"
            )
            for first_row, count, text, counts in rows:
                yield Kept(first_row, count, text, Counter(json.loads(counts)))

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
