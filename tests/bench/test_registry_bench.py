"""The registry's bench measures what it says it does, on a registry of few keys."""

import json
from pathlib import Path

import pytest
from wattseal.registry.records import read_record, record_text

import bench.registry.__main__ as bench
from bench.registry.client import Ask, rate
from bench.registry.population import CHUNK, Station, evse_id, registrations
from hil.registry_process import new_registry


def test_all_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit at the end finds nothing in what was loaded and registered: it would raise."""
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(bench, "LOOK_UPS", 20)
    monkeypatch.setattr(bench, "REGISTRATIONS", 10)
    monkeypatch.setattr(bench, "WORKERS", (1,))
    assert bench.main(["--keys", "30", "--database", "sqlite", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {
        f"sqlite: {name}"
        for name in (
            *(
                "bulk load",
                "bulk load, processor",
                "look-ups, 1 worker",
                "look-ups, 1 worker, processor",
            ),
            *("registrations, 1 worker", "registrations, 1 worker, processor"),
            *("memory, 1 worker", "audit of 40 keys", "audit, entries", "audit, memory"),
            *("audit, processor", "audit, processor of the server"),
        )
    }
    assert all(figure["value"] > 0 for figure in figures.values())
    assert figures["sqlite: look-ups, 1 worker"]["beside"] > 0
    assert not any((tmp_path / "bench").iterdir())  # nothing is left on the disk


def test_records_are_the_same_whoever_makes_them() -> None:
    made = list(registrations(CHUNK + 3, 1_795_000_000_000, "k7qy2m4nxa5d"))
    assert [record.evse_id for record in made] == [evse_id(n) for n in range(CHUNK + 3)]
    assert all(read_record(record_text(record)) == record for record in made)
    [again] = [Station(7, 1_795_000_000_007).registration("k7qy2m4nxa5d")]
    assert again.public_key == made[7].public_key


def test_a_bad_answer_is_no_figure(tmp_path: Path) -> None:
    with new_registry(tmp_path / "data") as registry:
        with pytest.raises(RuntimeError, match="404"):
            rate(registry.url, [Ask("GET", "/v1/entries/99", 200)], {})
        assert rate(registry.url, [Ask("GET", "/health", 200)] * 9, {}) > 0
