"""Clocks that differ: no record gets a time that is not true, and somebody is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.registry.operated_registry import OperatedRegistry
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.common.sql import Database
from wattseal.registry.api_models import HardwareExchangeRequest, TimeRequest
from wattseal.registry.failures import ClockWrong
from wattseal.registry.published_log import check_clock, server_unix_ms
from wattseal.registry.setup import open_registry

ALLOWED_MS = 300_000
NOW_MS = 1_800_000_000_000
OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})


@pytest.fixture
def operated(tmp_path: Path, database_url: str) -> Iterator[OperatedRegistry]:
    opened = OperatedRegistry(tmp_path / "data", database_url)
    opened.commission(SimulatedModule())
    yield opened
    opened.registry.close()


QUESTION = TimeRequest(chip_id="e66138935f4c8b2a", nonce="3c" * 32)


def another() -> SimulatedModule:
    return SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=OTHER_METER)


def test_clock_behind(operated):
    """The newest record was made with a clock that was ahead, or this clock is behind."""
    size = operated.size
    request = operated.request(another())
    station = {"evse_id": EVSE_ID, "station_model": "S 2", "station_serial": "ST-4711-09"}
    exchange = HardwareExchangeRequest(**station)
    operated.now_ms -= ALLOWED_MS + 1000
    for ask in (
        operated.registry.ready,
        lambda: operated.registry.register(request, operated.abc),
        lambda: operated.registry.judge(request, operated.abc),
        lambda: operated.registry.record_about_evse(exchange, operated.abc),
        lambda: operated.registry.sign_time(QUESTION),
    ):
        with pytest.raises(ClockWrong) as wrong:
            ask()
        assert (wrong.value.name, wrong.value.detail) == ("clock_behind", {"seconds": 301})
        assert "301 s from now" in str(wrong.value)
    assert operated.size == size
    assert operated.registry.evse(EVSE_ID).status == "active"  # questions are answered


def test_clock_behind_by_some_minutes_is_borne(operated):
    newest = operated.now_ms
    operated.now_ms -= ALLOWED_MS
    operated.registry.ready()
    assert operated.registry.register(operated.request(another()), operated.abc).unix_ms == newest


@pytest.mark.parametrize("ahead_ms", [ALLOWED_MS + 1000, -ALLOWED_MS - 1000])
def test_clock_differs(operated, ahead_ms):
    """Who is ahead would write a time that no other can; who is behind has a stale idea of now."""
    size = operated.size
    operated.wait(10 * ALLOWED_MS)
    request = operated.request(another())
    operated.server_ms = operated.now_ms - ahead_ms
    for ask in (
        operated.registry.ready,
        lambda: operated.registry.register(request, operated.abc),
        lambda: operated.registry.sign_time(QUESTION),
    ):
        with pytest.raises(ClockWrong) as wrong:
            ask()
        assert (wrong.value.name, wrong.value.detail) == ("clock_differs", {"seconds": 301})
    assert operated.size == size
    operated.server_ms = operated.now_ms
    operated.registry.ready()
    operated.registry.register(request, operated.abc)


def test_what_was_recorded_is_told_again_whatever_the_clock_shows(operated):
    operated.wait()
    request = operated.request(another())
    first = operated.registry.register(request, operated.abc)
    operated.server_ms = 0
    again = operated.registry.register(request, operated.abc)
    assert (again.entry, again.repeated) == (first.entry, True)


def test_the_server_s_clock_is_this_computer_s(postgres_url, sqlite_url):
    """Both run here; what is compared is milliseconds since 1970, whatever the time zone."""
    with Database(postgres_url).read() as connection:
        shown = server_unix_ms(connection)
        connection.exec_driver_sql("SET TIME ZONE 'Asia/Tokyo'")
        elsewhere = server_unix_ms(connection)
    assert abs(shown - time.time() * 1000) < 60_000
    assert abs(elsewhere - shown) < 60_000
    with Database(sqlite_url).read() as connection:
        assert server_unix_ms(connection) is None


def test_no_registry_begins_with_a_wrong_clock(tmp_path, postgres_url):
    """Its first record would hold up the time of all others."""
    where = (tmp_path / "data", postgres_url, "registry.example/keys")
    with pytest.raises(ToolError, match="differ by") as refused:
        open_registry(*where, clock=lambda: NOW_MS * 2)
    assert refused.value.name == "registry_data_unusable"
    registry = open_registry(*where)
    registry.ready()
    registry.close()


@pytest.mark.parametrize(
    ("newest_ms", "server_ms"),
    [
        (0, None),
        (NOW_MS + ALLOWED_MS, None),
        (NOW_MS, NOW_MS + ALLOWED_MS),
        (NOW_MS, NOW_MS - ALLOWED_MS),
    ],
)
def test_small_differences_are_those_of_any_clocks(newest_ms, server_ms):
    check_clock(NOW_MS, newest_ms, server_ms)
