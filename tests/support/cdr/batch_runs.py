"""Whole runs of a batch in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wattseal.cdr.batch.engines import Engine
from wattseal.cdr.batch.inputs import Format, format_of, open_source
from wattseal.cdr.batch.judge import Judge
from wattseal.cdr.batch.outputs import open_writer
from wattseal.cdr.batch.run import Run, RunFile, Summary
from wattseal.cdr.history.store import SeenSessions
from wattseal.cdr.rules import Rules

from support.cdr.fake_batches import FakeJudge, cdr_json

RULES = Rules()


def write(folder: Path, names: list[str]) -> Path:
    path = folder / "cdrs.jsonl"
    path.write_bytes(b"".join(cdr_json(name) + b"\n" for name in names))
    return path


def carry_out(
    folder: Path,
    engine: Engine,
    judge: Judge | None = None,
    store: str | Path | None = None,
    out: str = "out.jsonl",
    rules: Rules = RULES,
) -> Summary:
    """As the command does it. The run file is removed if all went well."""
    file = RunFile(folder / f"{out}.run", f"run to {out}", {"side": rules.side})
    try:
        with Run(file, lambda: SeenSessions(store or file.path), rules) as run:
            with open_source(str(folder / "cdrs.jsonl"), Format("jsonl", None)) as source:
                run.judge(engine, judge or FakeJudge(), source.chunks, lambda _rows: None)
            run.compare()
            with open_writer(str(folder / out), format_of(out, None)) as writer:
                summary = run.write(writer)
    except BaseException:
        file.close()
        raise
    file.remove()
    return summary


def results(folder: Path, out: str = "out.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / out).read_text().splitlines()]
