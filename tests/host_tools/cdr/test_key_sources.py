"""Keys from a registry and from its export say the same, and what goes wrong is told."""

from __future__ import annotations

import json
import pickle
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.cdr.charging import EVSE as STATION
from support.registry.every_kind_of_record import record_every_kind
from support.registry.recorder import Recorder
from support.registry.served_log import ServedLog
from support.registry.simulated_module import EVSE_ID
from wattseal.cdr.keys import ExportKeys, KeyCache, Periods, RegistryKeys, default_cache
from wattseal.common.errors import ToolError
from wattseal.registry.api_models import HistoryLine
from wattseal.registry.client import RegistryClient
from wattseal.registry.export import as_json, collect
from wattseal.registry.records import Record, Registration
from wattseal.registry.states import history_lines, touched_evses


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return record_every_kind(Recorder())


@pytest.fixture(scope="module")
def export(records: list[Record]) -> str:
    """The text of an export of all."""
    log = ServedLog(empty=True)
    for record in records:
        log.append(record)
    return as_json(collect(log.source(), records[-1].unix_ms, lambda *_counts: None))


@pytest.fixture
def path(export: str, tmp_path: Path) -> Path:
    made = tmp_path / "evses.json"
    made.write_text(export)
    return made


class HistoryOf(RegistryClient):
    """Answers with the histories that a registry of these records has."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records
        self.asked: list[str] = []

    def history(self, evse_id: str) -> list[HistoryLine]:
        """As the registry; nothing known is an error there."""
        self.asked.append(evse_id)
        history = [
            (number, record)
            for number, record in enumerate(self._records)
            if evse_id in touched_evses(record)
        ]
        if not history:
            raise ToolError("registry_not_found", what=evse_id)
        return history_lines(evse_id, history)


class TestExport:
    def test_it_is_read_once(self, path: Path, tmp_path: Path) -> None:
        cache = tmp_path / "cache"
        first = ExportKeys(path, cache)
        made = first.index.stat().st_mtime_ns
        second = ExportKeys(path, cache)
        assert second.index == first.index
        assert second.index.stat().st_mtime_ns == made
        assert [one.name for one in cache.iterdir()] == [first.index.name]

    def test_the_folder_is_the_users_alone(self, path: Path, tmp_path: Path) -> None:
        index = ExportKeys(path, tmp_path / "a" / "cache").index
        assert stat.S_IMODE(index.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(index.stat().st_mode) == 0o600

    def test_it_says_what_the_registry_recorded(
        self, path: Path, tmp_path: Path, records: list[Record]
    ) -> None:
        periods = ExportKeys(path, tmp_path).periods(EVSE_ID)
        registered = [
            (number, one)
            for number, one in enumerate(records)
            if isinstance(one, Registration) and one.evse_id == EVSE_ID
        ]
        assert periods is not None
        assert [one.entry for one in periods] == [number for number, _one in registered]
        assert [one.key.spki.hex() for one in periods] == [one.public_key for _n, one in registered]
        assert [one.gateway_serial for one in periods] == [
            one.gateway_serial for _n, one in registered
        ]
        assert [one.meter_serial for one in periods] == [one.meter.serial for _n, one in registered]
        assert [one.from_ms for one in periods] == [one.unix_ms for _n, one in registered]
        assert periods[-1].until_ms is None
        assert all(one.until_ms for one in periods[:-1])

    def test_a_deactivation_is_no_succession(self, path: Path, tmp_path: Path) -> None:
        keys = ExportKeys(path, tmp_path)
        ended = keys.periods("DE*XYZ*E1")
        assert ended is not None
        assert [one.was_deactivated for one in ended] == [True]
        here = keys.periods(EVSE_ID)
        assert here is not None
        assert not any(one.was_deactivated for one in here)

    def test_any_spelling_will_do(self, path: Path, tmp_path: Path) -> None:
        keys = ExportKeys(path, tmp_path)
        assert keys.periods(EVSE_ID.lower().replace("*", "-")) == keys.periods(EVSE_ID)
        assert keys.periods("DE*ABC*E9999") is None
        assert keys.periods("#NA") is None
        assert keys.periods("x" * 10_000) is None

    def test_it_goes_to_other_processes(self, path: Path, tmp_path: Path) -> None:
        keys = ExportKeys(path, tmp_path)
        before = keys.periods(EVSE_ID)
        copy = pickle.loads(pickle.dumps(keys))  # noqa: S301 - our own
        path.unlink()
        assert copy.periods(EVSE_ID) == before

    @pytest.mark.parametrize(
        ("spoil", "cause"),
        [
            (lambda text: text[:-10], "it is not well-formed JSON"),
            (lambda text: text.replace('"evses"', '"eves"'), "it holds no evses"),
            (
                lambda text: text.replace('"valid_from_unix_ms"', '"from"', 1),
                "it is wrong at charge point",
            ),
            (lambda text: text.replace('"DE*XYZ*E1"', '"E1"'), "it is wrong at charge point"),
            (lambda text: text.replace('"DE*XYZ*E1"', f'"{STATION}"'), "it lists a charge point"),
            (lambda _text: "no JSON at all", "it has no {"),
            (lambda text: text + text, "it goes on behind its end"),
        ],
    )
    def test_what_is_no_export_is_refused(
        self, path: Path, tmp_path: Path, spoil: Callable[[str], str], cause: str
    ) -> None:
        path.write_text(spoil(path.read_text()))
        with pytest.raises(ToolError) as refused:
            ExportKeys(path, tmp_path / "cache")
        assert refused.value.name == "export_malformed"
        assert cause in refused.value.message
        assert list((tmp_path / "cache").iterdir()) == []

    def test_what_is_not_utf_8_is_refused(self, path: Path, tmp_path: Path) -> None:
        path.write_bytes(b'{"evses":[\xff]}')
        with pytest.raises(ToolError) as refused:
            ExportKeys(path, tmp_path)
        assert refused.value.name == "export_malformed"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ToolError) as refused:
            ExportKeys(tmp_path / "none.json", tmp_path)
        assert refused.value.name == "file_unreadable"

    def test_a_folder_that_cannot_be_made(self, path: Path) -> None:
        with pytest.raises(ToolError) as refused:
            ExportKeys(path, path / "cache")
        assert refused.value.name == "file_unwritable"

    def test_a_key_that_is_none_is_told_when_it_is_asked_for(
        self, path: Path, tmp_path: Path
    ) -> None:
        told = json.loads(path.read_text())
        for evse in told["evses"]:
            for key in evse["keys"]:
                key["public_key"] = "30" + key["public_key"][2:-2] + "00"
        path.write_text(json.dumps(told))
        keys = ExportKeys(path, tmp_path)
        with pytest.raises(ValueError, match="is none: its point does not lie"):
            keys.periods(EVSE_ID)

    def test_an_export_from_before_there_were_settings(self, path: Path, tmp_path: Path) -> None:
        told = json.loads(path.read_text())
        for key in [key for evse in told["evses"] for key in evse["keys"]]:
            del key["settings"]
        before = ExportKeys(path, tmp_path).periods(EVSE_ID)
        path.write_text(json.dumps(told))
        assert ExportKeys(path, tmp_path).periods(EVSE_ID) == before

    def test_an_index_that_was_damaged_is_told(self, path: Path, tmp_path: Path) -> None:
        keys = ExportKeys(path, tmp_path)
        keys.index.write_bytes(b"SQLite no more" * 100)
        with pytest.raises(ToolError) as refused:
            keys.periods(EVSE_ID)
        assert refused.value.name == "export_malformed"

    def test_the_users_cache_folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert default_cache() == tmp_path / "wattseal"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert default_cache() == Path.home() / ".cache" / "wattseal"

    def test_the_index_is_only_read(self, path: Path, tmp_path: Path) -> None:
        keys = ExportKeys(path, tmp_path)
        keys.periods(EVSE_ID)
        connection = keys._opened
        assert connection is not None
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM evses")


class TestRegistry:
    def keys(self, records: list[Record]) -> tuple[RegistryKeys, HistoryOf]:
        client = HistoryOf(records)
        return RegistryKeys("https://registry.example", connect=lambda: client), client

    @pytest.mark.parametrize("evse_id", [EVSE_ID, "DE*XYZ*E1", "DE*ABC*E9999", "no EVSE-ID"])
    def test_it_says_what_its_export_says(
        self, evse_id: str, path: Path, tmp_path: Path, records: list[Record]
    ) -> None:
        keys, _client = self.keys(records)
        assert keys.periods(evse_id) == ExportKeys(path, tmp_path).periods(evse_id)

    def test_it_is_asked_once(self, records: list[Record]) -> None:
        keys, client = self.keys(records)
        for _ in range(3):
            assert keys.periods(EVSE_ID)
            assert keys.periods(EVSE_ID.lower())
            assert keys.periods("DE*ABC*E9999") is None
            assert keys.periods("no EVSE-ID") is None
        assert client.asked == ["DEABCE1234*5", "DEABCE9999"]

    def test_a_registry_that_does_not_answer_is_an_error(self, records: list[Record]) -> None:
        keys, client = self.keys(records)

        def history(_evse_id: str) -> list[HistoryLine]:
            raise ToolError("registry_unreachable", url="https://registry.example", cause="timeout")

        client.history = history  # type: ignore[method-assign]
        for _ in range(2):
            with pytest.raises(ToolError) as refused:
                keys.periods(EVSE_ID)
            assert refused.value.name == "registry_unreachable"

    def test_an_address_that_is_none_is_told_when_it_is_asked(self) -> None:
        with pytest.raises(ToolError) as refused:
            RegistryKeys("registry.example").periods(EVSE_ID)
        assert refused.value.name == "registry_url_unusable"

    def test_it_goes_to_other_processes(self) -> None:
        keys = RegistryKeys("https://registry.example")
        copy = pickle.loads(pickle.dumps(keys))  # noqa: S301 - our own
        assert copy.periods("no EVSE-ID") is None
        assert copy._settings == keys._settings


class CacheOf(KeyCache):
    """Loads what a test says."""

    def __init__(self, load: Callable[[str], Periods | None], **settings: Any) -> None:
        super().__init__(**settings)
        self._load = load  # type: ignore[method-assign]


class TestCache:
    def test_it_is_bounded(self) -> None:
        asked: list[str] = []

        def load(name: str) -> Periods | None:
            asked.append(name)
            return None

        cache = CacheOf(load, size=2)
        for evse_id in ("DE*ABC*E1", "DE*ABC*E2", "DE*ABC*E1", "DE*ABC*E3", "DE*ABC*E1"):
            cache.periods(evse_id)
        assert asked == ["DEABCE1", "DEABCE2", "DEABCE3"]  # E2 went first, E1 was used again
        cache.periods("DE*ABC*E2")
        assert asked[-1] == "DEABCE2"
        for number in range(100):
            cache.periods(f"no EVSE-ID {number}")
        assert len(cache._kept) <= 2

    def test_what_is_old_is_asked_again(self) -> None:
        now_s, answers = [0.0], [(), None]
        cache = CacheOf(lambda _name: answers.pop(0), max_age_s=10.0, clock=lambda: now_s[0])
        assert cache.periods("DE*ABC*E1") == ()
        now_s[0] = 9.9
        assert cache.periods("DE*ABC*E1") == ()
        now_s[0] = 10.0
        assert cache.periods("DE*ABC*E1") is None

    def test_an_error_is_not_kept(self) -> None:
        def load(_name: str) -> Periods | None:
            if fails:
                raise ToolError("registry_busy", url="https://registry.example", status=503)
            return ()

        fails = True
        cache = CacheOf(load)
        with pytest.raises(ToolError):
            cache.periods("DE*ABC*E1")
        fails = False
        assert cache.periods("DE*ABC*E1") == ()
