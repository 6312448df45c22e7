"""What a worker does: from a chunk of rows to their results and to what the store is told."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from wattseal.cdr.batch.inputs import MAX_ROW_BYTES, TOO_LARGE, Chunk, cdr_of, unpacked
from wattseal.cdr.findings import Judgement
from wattseal.cdr.history.rows import NewRows, Session, new_rows, session_of
from wattseal.cdr.ocpi import Cdr, CdrError, name_of, read_cdr
from wattseal.cdr.validate import failed, unreadable
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object

_BLANKS = b" \t\r\n"
_TOO_LARGE = CdrError(None, f"is larger than {MAX_ROW_BYTES >> 10} KiB")

Row = dict[str, Any] | str | bytes


class Judge(Protocol):
    """A Validator. It is copied into worker processes."""

    def judge_all(self, cdrs: Sequence[Cdr]) -> list[Judgement]:
        """The verdicts on some CDRs, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A chunk that was judged.

    text: a line of JSON for each CDR (result_line). new: for the store. counts: of verdicts and
    codes (count).
    """

    number: int
    first_row: int
    rows: int
    digest: bytes
    text: bytes
    new: NewRows
    counts: Counter[str]


def judge_chunk(validator: Judge, chunk: Chunk) -> Judged:
    """Judge every row. ToolError if the source of keys cannot be asked."""
    listed = enumerate(_rows(chunk), chunk.first_row)
    text, new, counts = _judge_rows(validator, [(n, row) for n, row in listed if row != b""])
    return Judged(chunk.number, chunk.first_row, chunk.rows, chunk.digest, text, new, counts)


_Row = tuple[int, Row | Exception]
_Results = tuple[bytes, NewRows, Counter[str]]


def _judge_rows(validator: Judge, rows: Sequence[_Row]) -> _Results:
    """What came of numbered rows. If anything fails, each is judged alone."""
    try:
        return _judge_together(validator, rows)
    except ToolError:
        raise
    except Exception as error:
        if len(rows) == 1:
            judgement = failed(f"row {rows[0][0]}", "", error)
            return result_line(rows[0][0], judgement), new_rows(()), Counter(count(judgement))
    text, new, counts = [], new_rows(()), Counter[str]()
    for row in rows:
        line, more, counted = _judge_rows(validator, [row])
        text.append(line)
        new.extend(more)
        counts.update(counted)
    return b"".join(text), new, counts


def _judge_together(validator: Judge, rows: Sequence[_Row]) -> _Results:
    lines: list[bytes] = []
    sessions: list[Session] = []
    counted: list[str] = []
    read = [(number, _read(number, row)) for number, row in rows]
    cdrs = [one for _number, one in read if isinstance(one, Cdr)]
    verdicts = iter(validator.judge_all(cdrs))
    for number, one in read:
        if isinstance(one, Cdr):
            judgement = next(verdicts)
            sessions.append(session_of(number, one, judgement))
        else:
            judgement = one
        lines.append(result_line(number, judgement))
        counted += count(judgement)
    return b"".join(lines), new_rows(sessions), Counter(counted)


def result_line(row: int, judgement: Judgement) -> bytes:
    """A result as it is written: the row's number, and the judgement without its facts."""
    return b'{"row":%d,%b\n' % (row, judgement.to_json()[1:])


def count(judgement: Judgement) -> list[str]:
    """What a summary counts of a judgement: `verdict:...`, `doubt:`, `unchecked:`, `code:...`."""
    counted = [f"verdict:{judgement.verdict}"]
    if judgement.casts_doubt:
        counted.append("doubt:")
    if not judgement.is_checked:
        counted.append("unchecked:")
    if judgement.findings:
        counted += {f"code:{finding.code}" for finding in judgement.findings}
    return counted


def _rows(chunk: Chunk) -> Iterator[Row | Exception]:
    if chunk.form == "json":
        lines = chunk.data.split(b"\n")
        if lines[-1] == b"":
            lines.pop()  # nothing stands behind the last newline
        for line in lines:
            yield _TOO_LARGE if line == TOO_LARGE else line.strip(_BLANKS)
        return
    # Both are made by this program for its own workers.
    read = pickle.loads if chunk.form == "cells" else unpacked
    for cells in read(chunk.data):
        try:
            yield _TOO_LARGE if cells is None else cdr_of(chunk.names, cells)
        except Exception as error:
            yield error


def _read(number: int, row: Row | Exception) -> Cdr | Judgement:
    """The CDR, or the verdict on a row that is none."""
    if isinstance(row, CdrError):
        return unreadable(_name(row, number), row)
    if isinstance(row, Exception):
        raise row
    try:
        return read_cdr(row)
    except CdrError as error:
        return unreadable(_name(row, number), error)


def _name(row: Row | CdrError, number: int) -> str:
    """What to call a row that is no CDR: by its name as far as it has one, else by its number."""
    if isinstance(row, (str, bytes)) and len(row) <= MAX_ROW_BYTES:
        with suppress(JsonError):
            row = load_object(row)
    if isinstance(row, dict) and "id" in row:
        return name_of(row)
    return f"row {number}"
