"""Opening a registry's folder: new, again, cut in the middle, and everything that does not fit."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from support.registry.dropped_triggers import drop_triggers
from support.registry.operated_registry import NAME, OperatedRegistry
from support.registry.simulated_module import START_MS
from wattseal.common.errors import ToolError
from wattseal.registry import setup
from wattseal.registry.records import AccessGranted
from wattseal.registry.setup import ADMINISTRATOR_FILE, open_database, open_registry

KEYS = ("ecdsa.pem", "ed25519.pem")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def refused(data: Path, url: str | None = None, name: str | None = None) -> str:
    with pytest.raises(ToolError) as error:
        open_registry(data, url, name)
    assert error.value.name in ("registry_data_unusable", "secret_unreadable", "secret_exposed")
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        (None, "it is new and has no name"),
        ("", "its name must be"),
        ("two words", "its name must be"),
        ("a+b", "its name must be"),
        ("schlüssel", "its name must be"),
        ("n" * 101, "its name must be"),
        ("line\nfeed", "its name must be"),
    ],
)
def test_a_new_registry_needs_a_name_that_a_log_may_have(data, name, cause):
    assert cause in refused(data, name=name)
    assert not (data / "ecdsa.pem").exists()


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("nonsense", "URL cannot be read"),
        ("nobody://host/name", "neither SQLite nor PostgreSQL"),
        ("mysql://host/name", "neither SQLite nor PostgreSQL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("postgresql://nobody:secret@127.0.0.1:1/name", "cannot be reached"),
        ("sqlite:////nowhere/at/all/registry.db", "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used(data, url, cause):
    sentence = refused(data, url, NAME)
    assert cause in sentence
    assert "secret" not in sentence


def test_a_postgresql_database_that_is_not_there(data, postgres_url):
    url = postgres_url.replace("/test_", "/nowhere_")
    assert "its database cannot be reached" in refused(data, url, NAME)


def test_a_file_that_is_no_database(data):
    data.mkdir()
    (data / "registry.db").write_text("This is no database, and long enough to show it." * 100)
    assert "its database cannot be reached" in refused(data, None, NAME)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    assert "Not a directory" in refused(tmp_path / "file" / "data", name=NAME)


def test_a_new_registry(data, database_url):
    registry = open_registry(data, database_url, NAME)
    registry.ready()
    facts = registry.facts()
    assert (facts.name, facts.size) == (NAME, 1)
    for name in (*KEYS, "registry.json", ADMINISTRATOR_FILE):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    key = (data / ADMINISTRATOR_FILE).read_text().strip()
    assert registry.authenticate(key).role == "administrator"
    first = AccessGranted.model_validate_json(registry.record(0).record)
    assert first.actor == "registry"
    assert key.split("_")[2] not in registry.record(0).record
    assert sorted(path.name for path in data.iterdir() if path.name.startswith(".")) == []


def test_again(data, database_url):
    first = open_registry(data, database_url, NAME, lambda: START_MS, server_clock=lambda _: None)
    again = open_registry(data, database_url, None, lambda: START_MS)
    assert again.facts() == first.facts()
    assert again.checkpoint() == first.checkpoint()
    operated = OperatedRegistry(data, database_url)
    challenge = again.challenge().challenge
    assert operated.registry._challenges.judge(challenge, operated.now_ms) == "good"


def test_another_name(data):
    open_registry(data, None, NAME)
    assert f"its name is {NAME}, not other/keys" in refused(data, None, "other/keys")


def test_a_database_that_was_lost(data, tmp_path):
    open_registry(data, None, NAME).close()
    for file in data.glob("registry.db*"):
        file.unlink()
    for name in (None, NAME):
        assert f"the database of {NAME} is empty" in refused(data, None, name)


@pytest.mark.parametrize("lost", KEYS)
def test_keys_that_were_lost_are_not_made_anew(data, lost):
    open_registry(data, None, NAME).close()
    (data / lost).unlink()
    assert lost in refused(data, None, NAME)
    assert not (data / lost).exists()


def test_the_keys_of_another_registry(data, tmp_path, database_url):
    open_registry(data, database_url, NAME).close()
    open_registry(tmp_path / "other", None, NAME).close()
    for name in KEYS:
        kept = (data / name).read_bytes()
        shutil.copy(tmp_path / "other" / name, data / name)
        assert "are not those of registry.example/keys" in refused(data, database_url)
        (data / name).write_bytes(kept)
    open_registry(data, database_url).close()


def test_a_second_computer_with_the_same_keys(data, tmp_path, postgres_url):
    first = open_registry(data, postgres_url, NAME)
    second = tmp_path / "second"
    second.mkdir()
    for name in KEYS:
        shutil.copy(data / name, second / name)
    assert open_registry(second, postgres_url).checkpoint() == first.checkpoint()
    assert json.loads((second / "registry.json").read_text()) == {"name": NAME}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("registry.json", "{"),
        ("registry.json", "[]"),
        ("registry.json", '{"name":1}'),
        ("ecdsa.pem", "no key"),
        ("ed25519.pem", "no key"),
    ],
)
def test_a_file_that_was_damaged(data, name, content):
    open_registry(data, None, NAME).close()
    (data / name).write_text(content)
    assert name in refused(data)


def test_the_two_keys_exchanged(data):
    open_registry(data, None, NAME).close()
    kept = {name: (data / name).read_bytes() for name in KEYS}
    (data / "ecdsa.pem").write_bytes(kept["ed25519.pem"])
    assert "ecdsa.pem is not on the curve" in refused(data)
    (data / "ecdsa.pem").write_bytes(kept["ecdsa.pem"])
    (data / "ed25519.pem").write_bytes(kept["ecdsa.pem"])
    assert "ed25519.pem is not one of Ed25519" in refused(data)


def test_a_key_that_others_can_read(data):
    open_registry(data, None, NAME).close()
    (data / "ecdsa.pem").chmod(0o644)
    assert "ecdsa.pem" in refused(data)


@pytest.mark.parametrize("step", ["make_keys", "_administrator_key", "begin", "write_name"])
def test_a_beginning_that_was_cut_goes_on(data, database_url, monkeypatch, step):
    real = getattr(setup, step)

    def cut(*arguments):
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, step, cut)
    with pytest.raises(KeyboardInterrupt):
        open_registry(data, database_url, NAME)
    monkeypatch.undo()
    kept = {path.name: path.read_bytes() for path in data.glob("*.pem")}
    registry = open_registry(data, database_url, NAME)
    assert registry.facts().size == 1
    registry.authenticate((data / ADMINISTRATOR_FILE).read_text().strip())
    assert {name: (data / name).read_bytes() for name in kept} == kept


def test_an_administrators_key_that_is_none(data):
    data.mkdir()
    (data / ADMINISTRATOR_FILE).write_text("nonsense")
    (data / ADMINISTRATOR_FILE).chmod(0o600)
    assert "administrator.key holds no access key" in refused(data, None, NAME)


def test_a_newer_schema(data, database_url):
    open_registry(data, database_url, NAME).close()
    database = open_database(data, database_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "the newer schema 9999" in refused(data, database_url)


def test_an_identity_that_was_changed_below_it(data, database_url):
    registry = open_registry(data, database_url, NAME)
    with registry._database.write() as connection:
        drop_triggers(connection)
        connection.execute(text("UPDATE registry_identity SET name = 'other/keys'"))
    for ask in (registry.ready, registry.facts):
        with pytest.raises(Exception, match="belongs to another registry"):
            ask()
