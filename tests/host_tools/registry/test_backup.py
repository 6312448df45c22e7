"""Backups: what comes back is the registry that was, in either database, or nothing at all."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.registry.every_kind_of_record import more_access_keys, record_every_kind
from support.registry.recorder import NAME, Recorder
from support.registry.simulated_module import SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.registry.api_models import AccessRequest, RegistrationRequest
from wattseal.registry.backup import CHECKPOINT, FACTS, RECORDS, restore_backup, write_backup
from wattseal.registry.records import record_text
from wattseal.registry.service import Registry
from wattseal.registry.setup import ADMINISTRATOR_FILE, open_registry

NOW_MS = SimulatedModule().clock_ms


def nothing(_done: int, _all: int) -> None:
    """Shows no progress."""


@pytest.fixture
def begun(tmp_path: Path, database_url: str) -> Registry:
    """A registry with three entries, made by the service itself."""
    registry = open_registry(
        *(tmp_path / "data", database_url, NAME),
        clock=lambda: NOW_MS or 0,
        server_clock=lambda _connection: None,
    )
    key = (tmp_path / "data" / ADMINISTRATOR_FILE).read_text().strip()
    actor = registry.authenticate(key)
    registry.grant(
        AccessRequest(role="cpo", operators=["DE*ABC"], label='A\u00e4, \\N, "x"'), actor
    )
    request: RegistrationRequest = SimulatedModule().registration(registry.challenge().challenge)
    registry.register(request, actor)
    return registry


@pytest.fixture
def backup(tmp_path: Path, begun: Registry, database_url: str) -> Path:
    file = tmp_path / "keys.backup"
    facts = write_backup(tmp_path / "data", database_url, file, nothing)
    assert (facts.name, facts.size) == (NAME, 3)
    begun.close()
    return file


def everything(registry: Registry) -> object:
    """All that is served about the log."""
    told = (
        *(registry.checkpoint(), registry.records(0, 256), registry.states(0, 256)),
        *(registry.publication(number) for number in range(3)),
    )
    registry.close()
    return told


@pytest.mark.parametrize("other", ["sqlite", "postgresql"])
def test_what_was_restored_is_the_registry_that_was(
    tmp_path: Path, backup: Path, database_url: str, other: str, request: pytest.FixtureRequest
) -> None:
    before = everything(open_registry(tmp_path / "data", database_url))
    server = request.getfixturevalue("postgres_server") if other == "postgresql" else None
    url = server.create_database() if server else None
    facts = restore_backup(backup, tmp_path / "again", url, nothing)
    assert facts.size == 3
    again = open_registry(tmp_path / "again", url)
    key = (tmp_path / "again" / ADMINISTRATOR_FILE).read_text().strip()
    actor = again.authenticate(key)
    assert again.grant(AccessRequest(role="administrator"), actor).entry == 3
    assert again.checkpoint(3) == before[0]  # type: ignore[index]
    again.close()


def test_restoring_gives_every_row_again(tmp_path: Path, backup: Path, database_url: str) -> None:
    before = everything(open_registry(tmp_path / "data", database_url))
    restore_backup(backup, tmp_path / "again", None, nothing)
    assert everything(open_registry(tmp_path / "again")) == before


def test_a_lost_database_is_restored_beside_its_keys(tmp_path: Path, backup: Path) -> None:
    data = tmp_path / "lost"
    restore_backup(backup, data, None, nothing)
    for file in data.glob("registry.db*"):
        file.unlink()
    with pytest.raises(ToolError) as refused:  # the keys alone are no empty registry
        open_registry(data)
    assert refused.value.name == "registry_data_unusable"
    restore_backup(backup, data, None, nothing)
    assert open_registry(data).facts().size == 3


def test_the_file_is_for_its_owner_alone(backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    assert [each.name for each in backup.parent.glob("*.backup*")] == [backup.name]


def test_nothing_is_overwritten(tmp_path: Path, backup: Path, database_url: str) -> None:
    with pytest.raises(ToolError) as refused:
        write_backup(tmp_path / "data", database_url, backup, nothing)
    assert refused.value.name == "file_exists"
    with pytest.raises(ToolError) as refused:
        restore_backup(backup, tmp_path / "data", database_url, nothing)
    assert "holds a registry already" in str(refused.value)


def test_no_registry_no_backup(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as refused:
        write_backup(tmp_path / "nothing", None, tmp_path / "file", nothing)
    assert refused.value.name == "registry_data_unusable"
    assert not (tmp_path / "file").exists()


def test_the_keys_of_another_registry(tmp_path: Path, backup: Path) -> None:
    open_registry(tmp_path / "other", name=NAME).close()
    for file in (tmp_path / "other").glob("registry.*"):
        file.unlink()
    with pytest.raises(ToolError) as refused:
        restore_backup(backup, tmp_path / "other", None, nothing)
    assert "not those of the backup" in str(refused.value)


def bent(backup: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The backup with other members."""
    with zipfile.ZipFile(backup) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    change(members)
    path = backup.with_name("bent.backup")
    with zipfile.ZipFile(path, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


BENDS: dict[str, Callable[[dict[str, bytes]], object]] = {
    "no facts": lambda members: members.pop(FACTS),
    "no records": lambda members: members.pop(RECORDS),
    "other facts": lambda members: members.update({FACTS: b"{}"}),
    "a huge checkpoint": lambda members: members.update({CHECKPOINT: b"x" * 70_000}),
    "no checkpoint": lambda members: members.update({CHECKPOINT: b"\xff"}),
    "a record less": lambda members: members.update({RECORDS: members[RECORDS].split(b"\n", 1)[1]}),
    "a record more": lambda members: members.update({RECORDS: members[RECORDS] + members[RECORDS]}),
    "another label": lambda members: members.update(
        {RECORDS: members[RECORDS].replace(b"first access key", b"other access key")}
    ),
    "no record": lambda members: members.update({RECORDS: b"\n" * 3}),
    "a smaller size": lambda members: members.update(
        {FACTS: members[FACTS].replace(b'"size":3', b'"size":2')}
    ),
}


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bent_backup_leaves_nothing_behind(tmp_path: Path, backup: Path, bend: str) -> None:
    path = bent(backup, BENDS[bend])
    with pytest.raises(ToolError) as refused:
        restore_backup(path, tmp_path / "again", None, nothing)
    assert refused.value.name == "backup_malformed"
    restore_backup(backup, tmp_path / "again", None, nothing)  # the database is still empty


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_that_are_no_backup(tmp_path: Path, backup: Path) -> None:
    content = backup.read_bytes()
    for damaged in (b"", b"not a ZIP file", content[: len(content) // 2], content[:-30]):
        path = tmp_path / "damaged"
        path.write_bytes(damaged)
        with pytest.raises(ToolError) as refused:
            restore_backup(path, tmp_path / "again", None, nothing)
        assert refused.value.name == "backup_malformed"
    with pytest.raises(ToolError) as refused:
        restore_backup(tmp_path / "none", tmp_path / "again", None, nothing)
    assert refused.value.name == "file_unreadable"


def test_a_life_of_every_kind_comes_back(tmp_path: Path, database_url: str) -> None:
    """Through the bulk loader and a backup: every column that a record can fill."""
    from wattseal.common.sql import Database
    from wattseal.registry.backup import load
    from wattseal.registry.identity import load_identity, make_keys, write_name
    from wattseal.registry.store import tables

    recorder = Recorder()
    record_every_kind(recorder)
    records = more_access_keys(recorder, 270)
    data = tmp_path / "data"
    data.mkdir()
    make_keys(data)
    database = Database(database_url)
    tables.SCHEMA.upgrade(database)
    load(database, load_identity(data, NAME), records, lambda _tree: None)
    database.close()
    write_name(data, NAME)
    write_backup(data, database_url, tmp_path / "file", nothing)
    restore_backup(tmp_path / "file", tmp_path / "again", None, nothing)
    before, again = open_registry(data, database_url), open_registry(tmp_path / "again")
    assert [line.record for line in again.records(0, 256)] == [
        record_text(r) for r in records[:256]
    ]
    assert everything(again) == everything(before)
