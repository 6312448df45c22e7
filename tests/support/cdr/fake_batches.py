"""A judge that needs no signatures, and files that give little at a time."""

from __future__ import annotations

import hashlib
import io
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.findings import Judgement, SessionFacts, found, judged
from wattseal.cdr.ocpi import Cdr
from wattseal.common.errors import ToolError

BEGAN_MS = 1_795_251_600_000


@contextmanager
def refused(name: str) -> Iterator[pytest.ExceptionInfo[ToolError]]:
    """What is within ends with the ToolError of that name."""
    with pytest.raises(ToolError) as failed:
        yield failed
    assert failed.value.name == name


class FakeJudge:
    """Says what a CDR's id asks for: `M-3` is session 3 of module M, `bad` is refused.

    `dies` kills the process that judges it, unless the folder `died` says that it has happened.
    """

    def __init__(self, died: str = "") -> None:
        self.died = died

    def judge_all(self, cdrs: Sequence[Cdr]) -> list[Judgement]:
        return [self._judge(cdr) for cdr in cdrs]

    def _judge(self, cdr: Cdr) -> Judgement:
        if "dies" in cdr.id and not os.path.exists(self.died):  # noqa: PTH110
            os.mkdir(self.died)  # noqa: PTH102
            os.kill(os.getpid(), signal.SIGKILL)
        findings = (found("evse_differs", expected="A", found="B"),) if "bad" in cdr.id else ()
        module, _, number = cdr.id.rpartition("-")
        return judged(
            Judgement(
                cdr=cdr.name,
                evse_id=cdr.evse_id,
                verdict="billable",
                is_checked=True,
                casts_doubt=False,
                reason=None,
                energy_kwh=str(cdr.energy_kwh),
                begin="2026-11-21T10:00:00Z",
                end="2026-11-21T11:00:00Z",
                key_fingerprint=_sha(module),
                findings=findings,
                facts=_facts(module, int(number)) if number.isdecimal() else None,
            )
        )


class Waits:
    """Says in a file who it is, and waits until it is ended."""

    def __init__(self, told: str) -> None:
        self.told = told

    def judge_all(self, cdrs: Sequence[Cdr]) -> list[Judgement]:
        with open(self.told, "w") as pipe:  # noqa: PTH123
            pipe.write(str(os.getpid()))
        while True:
            signal.pause()


def _facts(module: str, number: int) -> SessionFacts:
    return SessionFacts(
        key_fingerprint=_sha(module),
        meter_serial=module,
        register_code="01-00:98.08.00*FF",
        context="T",
        paginations=(2 * number + 1, 2 * number + 2),
        begin_wh=str(number),
        end_wh=str(number + 1),
        begin_ms=BEGAN_MS + 2 * number,
        end_ms=BEGAN_MS + 2 * number + 1,
        time_is_good=True,
        content=_sha(f"{module} {number}"),
    )


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cdr_json(name: str, **changes: Any) -> bytes:
    """A CDR that can be read, on one line."""
    more = "".join(f', "{key}": {value}' for key, value in changes.items())
    return (
        f'{{"country_code": "DE", "party_id": "ABC", "id": "{name}",'
        ' "start_date_time": "2026-11-21T10:00:00Z", "end_date_time": "2026-11-21T11:00:00Z",'
        ' "cdr_location": {"evse_id": "DE*ABC*E1"}, "total_energy": 11.525'
        f"{more}}}"
    ).encode()


class Slow(io.RawIOBase):
    """A file that gives no more than `most` bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._most if size < 0 else min(size, self._most))


def json_rows(chunks: Iterable[Chunk]) -> list[bytes]:
    """The lines of all chunks, whose numbers and rows have to follow on one another."""
    rows: list[bytes] = []
    for number, chunk in enumerate(chunks):
        lines = chunk.data.removesuffix(b"\n").split(b"\n")
        assert (chunk.number, chunk.first_row, chunk.rows) == (number, len(rows) + 1, len(lines))
        rows += lines
    return rows
