"""The bench of CDR validation measures what it says it does, on few CDRs."""

import json
import os
from pathlib import Path

import pytest
from wattseal.cdr.ocpi import read_cdr

import bench.cdr.__main__ as bench
from bench.cdr.bare import Bare
from bench.cdr.population import cdr_line, records, write_cdrs


def test_all_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with status 0 if and only if all CDRs are billable: else it would raise."""
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(bench, "CORES", (1,))
    monkeypatch.setattr(bench, "SLICE_S", 0.5)  # they end soon
    assert bench.main(["--cdrs", "600", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {
        f"cdr: {name}"
        for name in (
            *("bare verification, 1 core, each", "validation, 1 core", "validation, 1 core, each"),
            *("of the bare rate, 1 core", "memory, 1 core", "speed-up, 1 core"),
            "memory, 1 core, 300 CDRs",
        )
    }
    assert all(figure["value"] > 0 for figure in figures.values())
    assert not (tmp_path / "bench").exists()


def test_the_bare_verification_verifies() -> None:
    good = list(records(3, 1))
    cores = sorted(os.sched_getaffinity(0))[:2]
    with Bare(good, cores) as bare:
        bare.go_on(0.2)
        bare.go_on(0.2)
        assert bare.rate > 0
    (key, message, signature), *rest = good
    with (
        Bare([*rest, (key, message + b"x", signature)], cores) as bare,
        pytest.raises(RuntimeError, match="a signature is wrong"),
    ):
        bare.go_on(60)


def test_cdrs_are_the_same_whoever_makes_them(tmp_path: Path) -> None:
    write_cdrs(tmp_path / "cdrs.jsonl", 501)
    lines = (tmp_path / "cdrs.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 501
    assert len({read_cdr(line).name for line in lines}) == 501
    again, line = (json.loads(each) for each in (cdr_line(500, 10), lines[500]))
    for cdr in (again, line):  # `cryptography` signs with random numbers
        for value in cdr["signed_data"]["signed_values"]:
            value["signed_data"] = value["signed_data"].rpartition("|")[0]
    assert again == line
