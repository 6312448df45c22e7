"""A whole run: in order, once each, whatever cuts it, whoever judges."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cdr.batch_runs import carry_out, results, write
from support.cdr.fake_batches import FakeJudge, refused
from support.ways import ROOT
from wattseal.cdr.batch import inputs
from wattseal.cdr.batch import run as batch_run
from wattseal.cdr.batch.engines import Engine, ProcessEngine, SerialEngine
from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.batch.judge import Judge, Judged
from wattseal.cdr.rules import Rules
from wattseal.common.errors import ToolError


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(batch_run, "KEEP_ROWS", 10)


class Backwards:
    """Judges everything, and gives the last chunk first."""

    def judge(self, validator: Judge, chunks: Iterator[Chunk]) -> Iterator[Judged]:
        yield from reversed(list(SerialEngine().judge(validator, chunks)))


class Cut:
    """Is killed after some chunks."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.judged: list[int] = []

    def judge(self, validator: Judge, chunks: Iterator[Chunk]) -> Iterator[Judged]:
        for judged in SerialEngine().judge(validator, chunks):
            self.judged.append(judged.number)
            yield judged
            if len(self.judged) == self.after:
                raise KeyboardInterrupt


@pytest.mark.parametrize("engine", [SerialEngine(), Backwards()])
def test_results_come_in_the_order_of_the_rows(tmp_path: Path, engine: Engine) -> None:
    names = [f"M-{n}" for n in range(100)]
    write(tmp_path, names)
    summary = carry_out(tmp_path, engine)
    assert [each["cdr"] for each in results(tmp_path)] == [f"DE*ABC*{name}" for name in names]
    assert [each["row"] for each in results(tmp_path)] == list(range(1, 101))
    assert (summary.cdrs, summary.billable, summary.codes) == (100, 100, {})
    assert {path.name for path in tmp_path.iterdir()} == {"cdrs.jsonl", "out.jsonl"}


def test_what_comparing_finds_is_added(tmp_path: Path) -> None:
    write(tmp_path, ["M-0", "bad-1", "M-2", "M-0", "nonsense"])
    summary = carry_out(tmp_path, SerialEngine(), store=tmp_path / "seen.db")
    told = [(each["verdict"], each["reason"], each["casts_doubt"]) for each in results(tmp_path)]
    assert told == [
        ("billable", None, False),
        ("not_billable", "evse_differs", False),
        ("billable", None, True),  # a gap before it
        ("not_billable", "cdr_repeated", False),
        ("billable", None, False),
    ]
    assert summary.model_dump() == {
        "cdrs": 5,
        "billable": 3,
        "not_billable": 2,
        "unchecked": 0,
        "doubts": 1,
        "codes": {"cdr_repeated": 1, "counter_gap": 1, "evse_differs": 1},
    }
    [first, *_] = results(tmp_path)
    assert "facts" not in first


def test_the_next_day_is_compared_with_the_day_before(tmp_path: Path, database: str) -> None:
    write(tmp_path, ["M-0", "M-1"])
    assert carry_out(tmp_path, SerialEngine(), store=database, out="a.jsonl").codes == {}
    write(tmp_path, ["M-2", "M-0"])
    codes = carry_out(tmp_path, SerialEngine(), store=database, out="b.jsonl").codes
    assert codes == {"cdr_repeated": 1}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'seen.db'}"


@pytest.mark.parametrize("after", [1, 2, 5, 9])
def test_a_run_that_was_cut_goes_on(tmp_path: Path, database: str, after: int) -> None:
    write(tmp_path, [f"M-{n}" for n in range(50) if n != 20] + ["M-3"])
    carry_out(tmp_path, SerialEngine(), out="whole.jsonl")
    cut = Cut(after)
    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path, cut, store=database)
    rest = Cut(0)
    carry_out(tmp_path, rest, store=database)
    assert not set(cut.judged) & set(rest.judged)  # nothing is judged twice
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert len(results(tmp_path)) == 50


def test_another_input_is_another_run(tmp_path: Path) -> None:
    write(tmp_path, [f"M-{n}" for n in range(50)])
    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path, Cut(3))
    write(tmp_path, [f"M-{n}" for n in range(49, -1, -1)])
    with refused("run_of_another") as failed:
        carry_out(tmp_path, SerialEngine())
    assert "another one from row 1 on" in failed.value.message
    assert not (tmp_path / "out.jsonl").exists()


def test_other_rules_are_another_run(tmp_path: Path) -> None:
    write(tmp_path, ["M-0"])
    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path, Cut(1))
    with refused("run_of_another") as failed:
        carry_out(tmp_path, SerialEngine(), rules=Rules(side="msp"))
    assert "that one had side cpo" in failed.value.message


def test_a_run_file_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, ["M-0"])
    (tmp_path / "out.jsonl.run").write_bytes(b"a letter to my aunt" * 1000)
    with refused("run_unusable"):
        carry_out(tmp_path, SerialEngine())


def test_processes_and_one_that_is_killed(tmp_path: Path) -> None:
    names = [f"M-{n}" for n in range(120)]
    names[60] = "dies"
    write(tmp_path, names)
    judge = FakeJudge(died=str(tmp_path / "died"))
    with refused("worker_lost") as failed:
        carry_out(tmp_path, ProcessEngine(2), judge)
    assert (failed.value.exit_status, "out.jsonl.run" in failed.value.message) == (2, False)
    assert "out.jsonl.run" in failed.value.remedy
    assert not (tmp_path / "out.jsonl").exists()
    summary = carry_out(tmp_path, ProcessEngine(2), judge)
    assert (summary.cdrs, summary.codes) == (120, {"counter_gap": 1})
    assert [each["row"] for each in results(tmp_path)] == list(range(1, 121))


RUN_THAT_WAITS = """
import sys
from support.cdr.fake_batches import Waits, cdr_json
from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.batch.engines import ProcessEngine

if __name__ == "__main__":
    chunk = Chunk(0, 1, 1, "json", (), cdr_json("M-0"))
    list(ProcessEngine(1).judge(Waits(sys.argv[1]), [chunk]))
"""


def test_no_worker_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    script, told = tmp_path / "run.py", tmp_path / "told"
    script.write_text(RUN_THAT_WAITS)
    os.mkfifo(told)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen([sys.executable, script, told], env=environment) as process:
        worker = os.pidfd_open(int(told.read_text()))
        process.kill()
    assert select.select([worker], [], [], 30)[0], "the worker is still there"
    os.close(worker)


class NoKeys:
    def judge_all(self, cdrs: object) -> Any:
        raise ToolError("registry_unreachable", url="https://registry.example", cause="no route")


@pytest.mark.parametrize("engine", [SerialEngine, lambda: ProcessEngine(1)])
def test_a_registry_that_is_gone_ends_the_run(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    write(tmp_path, ["M-0"])
    with refused("registry_unreachable") as failed:
        carry_out(tmp_path, engine(), NoKeys())
    assert "no route" in failed.value.message


@pytest.mark.parametrize("ending", ["jsonl.gz", "jsonl.zst", "json", "csv", "csv.zst", "parquet"])
def test_results_in_every_form(tmp_path: Path, ending: str) -> None:
    import csv
    import gzip

    import pyarrow as pa
    from pyarrow import parquet

    write(tmp_path, [*(f"M-{n}" for n in range(30)), "bad-1", "M-0"])
    carry_out(tmp_path, SerialEngine(), out=f"out.{ending}")
    path = tmp_path / f"out.{ending}"
    data = path.read_bytes()
    if ending.endswith("gz"):
        data = gzip.decompress(data)
    if ending.endswith("zst"):
        data = pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()
    if ending == "parquet":
        rows = parquet.read_table(path).to_pylist()
    elif ending.startswith("csv"):
        rows = list(csv.DictReader(data.decode().splitlines()))
    elif ending == "json":
        rows = json.loads(data)
    else:
        rows = [json.loads(line) for line in data.splitlines()]
    assert [str(row["row"]) for row in rows] == [str(n) for n in range(1, 33)]
    assert [row["verdict"] for row in rows[-2:]] == ["not_billable"] * 2
    if "codes" in rows[0]:
        assert [row["codes"] for row in rows[-3:]] == ["", "evse_differs", "cdr_repeated"]
        assert json.loads(rows[-1]["findings"])[0]["code"] == "cdr_repeated"
        assert str(rows[0]["is_checked"]).lower() == "true"


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "parquet", "jsonl.zst"])
def test_no_rows_no_results(tmp_path: Path, ending: str) -> None:
    write(tmp_path, [])
    assert carry_out(tmp_path, SerialEngine(), out=f"out.{ending}").cdrs == 0
    if ending == "json":
        assert json.loads((tmp_path / "out.json").read_text()) == []


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    write(tmp_path, ["M-0"])
    (tmp_path / "out.csv").mkdir()
    with refused("file_unwritable"):
        carry_out(tmp_path, SerialEngine(), out="out.csv")
