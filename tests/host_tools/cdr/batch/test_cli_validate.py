"""`wattseal cdr validate` and `reconcile`, as people and programs meet them."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.cdr.population import cdr_line, evse_id, write_export

Run = Callable[..., Any]
MODULES = 2


def lines(*numbers: int) -> list[bytes]:
    return [cdr_line(number, MODULES) for number in numbers]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "registry.json"
    write_export(path, 100)
    return path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def validate(wattseal: Run, keys: Path, *more: object, out: str = "out.jsonl") -> Any:
    given = ["cdr", "validate", "cdrs.jsonl", "-o", out, "--keys", keys, "--engine", "serial"]
    return wattseal(*given, *more)


def write(*rows: bytes) -> None:
    Path("cdrs.jsonl").write_bytes(b"".join(rows))


def results(out: str = "out.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out).read_text().splitlines()]


def test_good_cdrs(wattseal: Run, keys: Path) -> None:
    write(*lines(0, 1, 2, 3))
    told = validate(wattseal, keys)
    assert (told.status, told.err) == (0, "")
    assert "4 CDRs, 4 billable, 0 not billable" in told.out
    assert [each["evse_id"] for each in results()] == [evse_id(n % 2) for n in range(4)]
    assert not Path("out.jsonl.run").exists()


def test_bad_cdrs_and_their_codes(wattseal: Run, keys: Path) -> None:
    [first, second] = lines(0, 2)
    write(first, second.replace(b'"total_energy":11.525', b'"total_energy":11.6'), b"{}\n", first)
    told = validate(wattseal, keys, "--json")
    assert told.status == 1
    assert told.json == {
        "cdrs": 4,
        "billable": 1,
        "not_billable": 3,
        "unchecked": 1,
        "doubts": 0,
        "codes": {"cdr_malformed": 1, "cdr_repeated": 1, "energy_differs": 1},
        "input": "cdrs.jsonl",
        "output": "out.jsonl",
    }
    assert [each["reason"] for each in results()] == [
        *(None, "energy_differs", "cdr_malformed", "cdr_repeated"),
    ]


def test_doubts_are_reconciled(wattseal: Run, keys: Path) -> None:
    write(*lines(0, 4))
    told = validate(wattseal, keys, "--store", "seen.db")
    assert told.status == 0
    assert "1 cast doubt on earlier sessions: `wattseal cdr reconcile --store seen.db`" in told.out
    listed = wattseal("cdr", "reconcile", "--store", "seen.db")
    assert listed.status == 1
    for words in ("counter_gap", "CDR-000000-000002", "earlier", "CDR-000000-000000", "T5 to T6"):
        assert words in listed.out
    [doubt] = wattseal("cdr", "reconcile", "--store", "seen.db", "--json").json["doubts"]
    assert (doubt["finding"]["expected"], doubt["earlier"]["last_pagination"]) == ("T3", "T2")
    write(*lines(2))
    assert validate(wattseal, keys, "--store", "seen.db", out="late.jsonl").status == 0
    listed = wattseal("cdr", "reconcile", "--store", "seen.db")
    assert (listed.status, listed.out) == (0, "No session is in doubt.\n")


def test_rules_and_side(wattseal: Run, keys: Path) -> None:
    write(*lines(0, 4))
    Path("rules.toml").write_text('side = "msp"\n')
    told = validate(wattseal, keys, "--rules", "rules.toml", "--json")
    assert (told.json["doubts"], told.json["codes"]) == (0, {})
    told = validate(wattseal, keys, "--rules", "rules.toml", "--side", "cpo", "--json", out="b.csv")
    assert told.json["codes"] == {"counter_gap": 1}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("side = 3", "side"),
        ('side = "driver"', "side"),
        ("energy_decimals = 10", "energy_decimals"),
        ("time_tolerance_s = -1", "time_tolerance_s"),
        ("key_tolerance_s = 1.5", "key_tolerance_s"),
        ("colour = 1", "colour"),
        ("side = ", "Invalid value"),
    ],
)
def test_rules_that_are_none(wattseal: Run, keys: Path, text: str, cause: str) -> None:
    write(*lines(0))
    Path("rules.toml").write_text(text)
    told = validate(wattseal, keys, "--rules", "rules.toml")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert cause in told.err


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (["--engine", "dask"], "belong together"),
        (["--scheduler", "tcp://x"], "belong together"),
        (["--output-format", "xml"], "does not tell its format"),
        (["--output", "-", "--json"], "standard output"),
        (["--keys", "none.json"], "none.json"),
        (["--store", "mysql://x/y"], "store of seen sessions"),
        (["--format", "json"], "cannot be read as JSON array"),
        (["--jobs", "0"], "jobs"),
    ],
)
def test_commands_that_cannot_be_carried_out(
    wattseal: Run, keys: Path, more: list[str], cause: str
) -> None:
    write(*lines(0))
    told = validate(wattseal, keys, *more)
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert cause in told.err
    assert not Path("out.jsonl").exists()


def test_results_are_not_written_over(wattseal: Run, keys: Path) -> None:
    write(*lines(0))
    Path("out.jsonl").write_text("precious")
    told = validate(wattseal, keys)
    assert (told.status, Path("out.jsonl").read_text()) == (2, "precious")
    assert "out.jsonl holds other data already" in told.err


def test_a_store_that_is_not_there(wattseal: Run) -> None:
    told = wattseal("cdr", "reconcile", "--store", "none.db")
    assert (told.status, Path("none.db").exists()) == (2, False)


def command(keys: Path, *more: object) -> list[str]:
    script = Path(sys.executable).parent / "wattseal"
    given = [script, "cdr", "validate", *more, "--keys", keys]
    return [str(word) for word in given]


def test_a_pipe(keys: Path) -> None:
    told = subprocess.run(
        command(keys, "-", "-o", "-", "--output-format", "csv", "--jobs", 1),
        input=b"".join(lines(0, 1)),
        capture_output=True,
        check=False,
    )
    assert told.returncode == 0
    assert told.stderr == b"2 CDRs, 2 billable, 0 not billable\n"
    assert len(told.stdout.splitlines()) == 3


def test_killed_in_the_middle(keys: Path) -> None:
    """Its input is a pipe that is held open, so it cannot be through; then it is killed."""
    everything = lines(*range(60))
    everything.append(everything[7])
    cut = subprocess.Popen(
        [sys.executable, "-c", _SMALL_CHUNKS, *command(keys, "-", *_MIDDLE)[1:]],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert cut.stdin is not None
    assert cut.stderr is not None
    cut.stdin.write(b"".join(everything[:40]))
    cut.stdin.flush()
    while cut.stderr.readline() not in (b"kept: 10\n", b""):
        pass
    cut.send_signal(signal.SIGKILL)
    cut.wait()
    with sqlite3.connect("out.jsonl.run") as connection:
        [(kept,)] = connection.execute("SELECT sum(rows) FROM batch_chunk")
    assert 10 <= kept < 40
    assert not Path("out.jsonl").exists()
    told = subprocess.run(
        [sys.executable, "-c", _SMALL_CHUNKS, *command(keys, "-", *_MIDDLE, "--json")[1:]],
        input=b"".join(everything),
        capture_output=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.decode().splitlines()[-1] == f"kept: {61 - kept}"  # and none of the others
    assert json.loads(told.stdout)["codes"] == {"cdr_repeated": 1}
    assert [each["row"] for each in results()] == list(range(1, 62))
    write(*everything)
    whole = subprocess.run(
        command(keys, "cdrs.jsonl", "-o", "whole.jsonl", "--engine", "serial"), check=False
    )
    assert whole.returncode == 1
    assert Path("whole.jsonl").read_bytes() == Path("out.jsonl").read_bytes()


_MIDDLE = ("-o", "out.jsonl", "--store", "seen.db", "--engine", "serial")
_SMALL_CHUNKS = """
import sys
from wattseal.cdr.batch import inputs, run
inputs.CHUNK_BYTES = 6000
run.KEEP_ROWS = 5
put, rows = run.RunFile.put, []
def telling(self, judged):
    put(self, judged)
    rows.extend(each.rows for each in judged)
    for n in range(5, sum(rows) + 1, 5):
        print("kept:", min(n, 10), file=sys.stderr, flush=True)
run.RunFile.put = telling
from wattseal.cli.program import run as command
status = command(sys.argv[1:])
print("kept:", sum(rows), file=sys.stderr)
sys.exit(status)
"""
