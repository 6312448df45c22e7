"""The private PostgreSQL server of the tests."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

from hil import postgres_server
from hil.postgres_server import PostgresMissingError, private_server, shared_server

USE = """
import sys
from pathlib import Path
from hil.postgres_server import shared_server
with shared_server(Path(sys.argv[1])) as server:
    print(server.folder, flush=True)
    sys.stdin.read()
"""


def users(meeting_place: Path, count: int) -> list[subprocess.Popen]:
    command = [sys.executable, "-c", USE, str(meeting_place)]
    root = Path(postgres_server.__file__).parent.parent
    return [
        subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]


def test_a_database_of_its_own(tmp_path):
    with private_server(durable=True) as server:
        urls = [server.create_database() for _ in range(2)]
        engines = [sqlalchemy.create_engine(url) for url in urls]
        with engines[0].begin() as connection:
            connection.exec_driver_sql("CREATE TABLE here (number integer)")
        with engines[1].connect() as connection:
            assert not sqlalchemy.inspect(connection).has_table("here")
            assert connection.exec_driver_sql("SHOW fsync").scalar() == "on"
        for url in urls:
            server.drop_database(url)
        always_there = sqlalchemy.make_url(urls[0]).set(database="postgres")
        with sqlalchemy.create_engine(always_there).connect() as connection:
            left = connection.exec_driver_sql("SELECT datname FROM pg_database").scalars().all()
        assert not [name for name in left if name.startswith("test_")]
        folder = server.folder
    assert not folder.exists()


def test_shared_until_the_last_user_is_gone_even_if_killed(tmp_path):
    first, second, third = users(tmp_path, 3)
    folders = {user.stdout.readline().strip() for user in (first, second, third)}
    assert len(folders) == 1
    folder = Path(folders.pop())
    first.communicate("")
    second.kill()
    second.wait()
    assert folder.exists()
    third.communicate("")
    with shared_server(tmp_path) as server:  # waits for the guard, if that is at work now
        server.drop_database(server.create_database())


def test_no_programs(monkeypatch):
    monkeypatch.setattr(postgres_server, "_PROGRAMS", "nowhere/*/bin")
    with pytest.raises(PostgresMissingError, match="install the package postgresql"):
        private_server(durable=False).__enter__()
