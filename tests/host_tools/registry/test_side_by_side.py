"""Several processes and threads on one database: no entry is lost, and none is there twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from support.registry import register_many
from support.registry.operated_registry import OperatedRegistry, check_publication
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from wattseal.common import sql
from wattseal.common.sql import Database, DatabaseUnusable
from wattseal.registry.api_models import HardwareExchangeRequest
from wattseal.registry.records import read_record
from wattseal.registry.setup import open_registry
from wattseal.registry.states import states_of
from wattseal.registry.store import log
from wattseal.tlog.tiles import Tile

from hil.transparency_log import leaf_hash, root

PROCESSES = 4
EACH = 6


def test_processes_that_open_and_write_a_new_registry_together(tmp_path: Path, database_url: str):
    data = tmp_path / "data"
    started = [
        subprocess.Popen(
            [sys.executable, "-m", register_many.__name__, data, database_url, name, str(EACH)],
            cwd=Path(register_many.__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ABCD"
    ]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * PROCESSES
    told = [ended for process in started for ended in _ended(process)]
    registry = open_registry(data, database_url)
    entries = [int(number) for number, _evse_id in told]
    assert sorted(entries) == list(range(1, PROCESSES * EACH + 1))
    assert registry.facts().size == PROCESSES * EACH + 1
    for number, evse_id in told:
        assert registry.evse(evse_id).entry == int(number)
    _check_log(registry)


def _ended(process: subprocess.Popen) -> list[list[str]]:
    output, _ = process.communicate("go\n")
    assert process.returncode == 0
    return [line.split() for line in output.splitlines()]


def _check_log(registry) -> None:
    """That tree, checkpoint, times and states are those of the records."""
    lines = registry.records(0, 256)
    hashes = [bytes(leaf_hash(line.leaf.encode())) for line in lines]
    assert registry.tile(Tile(0, 0, len(lines))) == b"".join(hashes)
    at_the_end = registry.publication(0, len(lines))
    assert check_publication(at_the_end, registry) == len(lines)
    assert at_the_end.checkpoint == registry.checkpoint()
    assert registry.checkpoint().split("\n")[2] == b64encode(root(hashes)).decode()
    records = [read_record(line.record) for line in lines]
    times = [record.unix_ms for record in records]
    assert times == sorted(times)
    expected = [states_of(number, record) for number, record in enumerate(records)]
    assert registry.states(0, 256) == expected


def test_the_same_request_from_many_threads_is_recorded_once(tmp_path: Path, database_url: str):
    operated = OperatedRegistry(tmp_path / "data", database_url)
    request = operated.request(SimulatedModule())
    together = threading.Barrier(8)

    def register(_number: int):
        together.wait()
        return operated.registry.register(request, operated.abc)

    size = operated.size
    with ThreadPoolExecutor(8) as pool:
        confirmed = list(pool.map(register, range(8)))
    assert {each.entry for each in confirmed} == {size}
    assert sum(not each.repeated for each in confirmed) == 1
    assert len({each.publication.checkpoint for each in confirmed}) == 1
    assert operated.size == size + 1


def test_one_meter_claimed_by_two_at_once(tmp_path: Path, database_url: str):
    operated = OperatedRegistry(tmp_path / "data", database_url)
    requests = [
        operated.request(
            SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=METER)
        )
        for number in range(1000, 1004)
    ]
    together = threading.Barrier(4)

    def judge(request) -> str:
        together.wait()
        try:
            operated.registry.register(request, operated.abc)
        except Exception as error:
            return str(error)
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        verdicts = sorted(pool.map(judge, requests))
    assert verdicts == ["meter_at_other_evse"] * 3 + ["taken"]


def test_readers_see_one_moment_while_others_write(tmp_path: Path, database_url: str):
    operated = OperatedRegistry(tmp_path / "data", database_url)
    read = operated.registry._database.read
    with read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM log_entry").scalar()
        operated.commission(SimulatedModule())
        assert connection.exec_driver_sql("SELECT count(*) FROM log_entry").scalar() == before
    with read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM log_entry").scalar() == before + 1


def test_an_entry_that_is_not_committed_is_not_there(
    tmp_path: Path, database_url: str, monkeypatch
):
    operated = OperatedRegistry(tmp_path / "data", database_url)
    size, checkpoint = operated.size, operated.registry.checkpoint()
    request = operated.request(SimulatedModule())
    written = log.append

    def cut(*arguments) -> None:
        written(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(log, "append", cut)
    with pytest.raises(KeyboardInterrupt):
        operated.registry.register(request, operated.abc)
    monkeypatch.undo()
    assert (operated.size, operated.registry.checkpoint()) == (size, checkpoint)
    assert operated.registry.register(request, operated.abc).entry == size
    _check_log(operated.registry)


def test_a_database_server_that_came_back(tmp_path: Path, postgres_url: str):
    operated = OperatedRegistry(tmp_path / "data", postgres_url)
    operated.commission(SimulatedModule())
    asked = [
        lambda: operated.registry.evse(EVSE_ID),
        lambda: operated.registry.history(EVSE_ID),
        lambda: operated.registry.record_about_evse(_exchange(), operated.abc),
    ]
    for ask in asked:
        ask()
    with create_engine(operated.registry._database.url).connect() as other:
        cut = other.exec_driver_sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).scalar()
    assert cut >= len(asked)
    for ask in asked[:2]:
        with pytest.raises(DatabaseUnusable):
            ask()
        assert ask()
    assert asked[2]().repeated


def test_a_writer_that_hangs(tmp_path: Path, database_url: str, monkeypatch):
    hanging = Database(database_url)
    monkeypatch.setattr(sql, "WAIT_S", 1)
    operated = OperatedRegistry(tmp_path / "data", database_url)
    request = operated.request(SimulatedModule())
    with hanging.write() as connection:
        log.lock_head(connection)
        with pytest.raises(DatabaseUnusable, match="its database is busy"):
            operated.registry.register(request, operated.abc)
        assert operated.registry.judge(request, operated.abc) == []
    assert not operated.registry.register(request, operated.abc).repeated


def test_a_writer_that_hangs_for_long(tmp_path: Path, postgres_url: str, monkeypatch):
    operated = OperatedRegistry(tmp_path / "data", postgres_url)
    monkeypatch.setattr(sql, "IDLE_S", 1)
    with (
        pytest.raises(DatabaseUnusable, match="cannot be reached"),
        _locked(Database(postgres_url)),
    ):
        assert not operated.commission(SimulatedModule()).repeated


@contextmanager
def _locked(hanging: Database) -> Iterator[None]:
    with hanging.write() as connection:
        log.lock_head(connection)
        yield


def test_a_full_disk(tmp_path: Path, sqlite_url: str):
    operated = OperatedRegistry(tmp_path / "data", sqlite_url)
    size = operated.size
    writer = operated.registry._database  # which has one connection to write with
    with writer.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    taken = []
    with pytest.raises(DatabaseUnusable, match="the disk of its database is full"):
        taken.extend(operated.commission(_module(number)) for number in range(1000, 1020))
    assert len(taken) < 20
    assert operated.size == size + len(taken)
    _check_log(operated.registry)
    with writer.write() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1000}")
    assert operated.commission(_module(7)).entry == size + len(taken)
    _check_log(operated.registry)


def _module(number: int) -> SimulatedModule:
    meter = METER.model_copy(update={"serial": f"1EMH00{number:06}77"})
    return SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=meter)


def _exchange() -> HardwareExchangeRequest:
    return HardwareExchangeRequest(
        evse_id=EVSE_ID, station_model="S 2", station_serial="ST-4711-09"
    )
