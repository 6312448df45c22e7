"""Through how many files a CDR goes, from its line to its verdict."""

from itertools import count
from pathlib import Path

import pytest
from support.ways import ROOT, documented, files_run
from wattseal.cli.program import run

from bench.cdr.population import cdr_line, write_export


def test_a_cdr_goes_through_as_many_files_as_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keys, cdrs, numbers = tmp_path / "registry.json", tmp_path / "cdrs.jsonl", count()
    write_export(keys, 2)
    cdrs.write_bytes(cdr_line(0, 2))

    def validate() -> None:
        out = tmp_path / f"out-{next(numbers)}.jsonl"
        words = ["cdr", "validate", cdrs, "-o", out, "--keys", keys, "--engine", "serial"]
        assert run([str(word) for word in words]) == 0

    files = files_run(validate, ROOT / "host_tools/wattseal")
    print(len(files), *files, sep="\n")  # shown by `pytest -s`
    assert len(files) <= documented("CDR")
