"""A private PostgreSQL server for tests and measurements: made in a new folder, gone afterwards.

Debian's package brings the programs. The server listens on a socket in its own folder only, so it
meets no other server, and whoever may enter that folder may connect.

Several processes can share one server (`shared_server`): each holds a lock on a file while it uses
the server, and a guard process stops the server when nobody holds that lock any more, however its
users ended.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import pg8000.native  # type: ignore[import-untyped]

START_TIMEOUT_S = 60
_PORT = 5432
_USER = "wattseal"
_PROGRAMS = "usr/lib/postgresql/*/bin"
_READY = "wattseal-postgres-ready"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_names = itertools.count(1)
_guards: list[subprocess.Popen[str]] = []


class PostgresMissingError(Exception):
    """This machine has no PostgreSQL programs."""


class Server:
    """A running server; `folder` holds its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create_database(self) -> str:
        """Make an empty database; its URL for SQLAlchemy."""
        name = f"test_{os.getpid()}_{next(_names)}"
        self._run(f"CREATE DATABASE {name}")
        return f"postgresql+pg8000://{_USER}@/{name}?unix_sock={self._socket}"

    def drop_database(self, url: str) -> None:
        """Remove a database that create_database made, whoever is still connected to it."""
        name = url.split("@/")[1].split("?")[0]
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        connection = pg8000.native.Connection(_USER, database="postgres", unix_sock=self._socket)
        try:
            connection.run(statement)
        finally:
            connection.close()

    @property
    def _socket(self) -> str:
        return str(self.folder / f".s.PGSQL.{_PORT}")


@contextmanager
def private_server(*, durable: bool) -> Iterator[Server]:
    """A server for this process alone. `durable` False: quicker, and lost with the machine."""
    folder = Path(tempfile.mkdtemp(prefix="wattseal-postgres-", dir="/tmp"))
    try:
        process = _start(folder, durable=durable)
        try:
            yield Server(folder)
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: does not wait for its clients
            process.wait(START_TIMEOUT_S)
    finally:
        shutil.rmtree(folder)


@contextmanager
def shared_server(meeting_place: Path) -> Iterator[Server]:
    """A server for all processes that name this folder; the first one starts it. Not durable."""
    with (meeting_place / "postgres.users").open("w") as users:
        ready = meeting_place / "postgres.folder"
        with (meeting_place / "postgres.starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not ready.exists():
                _start_guard(meeting_place)
        yield Server(Path(ready.read_text()))


def _start_guard(meeting_place: Path) -> None:
    command = [sys.executable, "-m", "hil.postgres_server", str(meeting_place)]
    with (meeting_place / "postgres.guard.log").open("w+") as log:
        guard = subprocess.Popen(
            command,
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # an interrupt of the tests is not its end
        )
        _guards.append(guard)
        assert guard.stdout is not None  # noqa: S101 - a pipe was asked for
        if guard.stdout.readline().strip() != _READY:
            guard.wait()
            log.seek(0)
            raise RuntimeError(f"PostgreSQL did not start: {log.read()[-1000:]}")


def _guard(meeting_place: Path) -> None:
    """Run the server as long as somebody holds the lock of its users."""
    ready = meeting_place / "postgres.folder"
    with private_server(durable=False) as server:
        ready.write_text(str(server.folder))
        print(_READY, flush=True)
        with (meeting_place / "postgres.users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            ready.unlink()


def _start(folder: Path, *, durable: bool) -> subprocess.Popen[str]:
    """Make the data of a server in `folder` and start it."""
    account = _account()
    if "user" in account:
        os.chown(folder, account["user"], account["group"])
    data = folder / "data"
    subprocess.run(
        [*_program("initdb"), "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **account,
    )
    settings = [f"unix_socket_directories={folder}", "listen_addresses=", "max_connections=200"]
    given = [word for each in (*settings, *(() if durable else _FAST)) for word in ("-c", each)]
    process = subprocess.Popen(
        [*_program("postgres"), "-D", data, "-p", str(_PORT), *given],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        **account,
    )
    _await_ready(process)
    return process


def _await_ready(process: subprocess.Popen[str]) -> None:
    """Read the server's log up to the line that says that it takes connections, then let it run."""
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    said = []
    while line := process.stderr.readline():
        said.append(line)
        if "ready to accept connections" in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()  # or it would fill up
            return
    process.wait()
    raise RuntimeError(f"PostgreSQL did not start: {''.join(said)[-1000:]}")


def _program(name: str) -> list[str]:
    found = sorted(Path("/").glob(f"{_PROGRAMS}/{name}"))
    if not found:
        raise PostgresMissingError(f"there is no {name}; install the package postgresql")
    return [str(found[-1])]


class _Account(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _account() -> _Account:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    _guard(Path(sys.argv[1]))
