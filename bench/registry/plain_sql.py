"""The same work by plain SQL: one statement for a look-up, one small insert for a registration.

No rules, no tree, no signature, no HTTP: what the database itself takes, to see what the rest does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import text
from wattseal.common.sql import Database

from bench.registry.population import evse_id

THREADS = 8

_LOOK_UP = text(
    "SELECT key_state.* FROM evse_state JOIN key_state"
    " ON key_state.fingerprint = evse_state.fingerprint"
    " WHERE evse_state.evse_id = :evse_id ORDER BY evse_state.entry DESC LIMIT 1"
)
_TABLE = text("CREATE TABLE plain (number INTEGER PRIMARY KEY, evse_id TEXT, record TEXT)")
_INSERT = text("INSERT INTO plain VALUES (:number, :evse_id, :record)")
_DROP = text("DROP TABLE plain")


def look_ups(database: Database, numbers: list[int]) -> float:
    """Look-ups of the key of a charge point a second."""

    def look_up(number: int) -> None:
        with database.read() as connection:
            found = connection.execute(_LOOK_UP, {"evse_id": evse_id(number)}).all()
        if len(found) != 1:
            raise RuntimeError(f"{evse_id(number)} has {len(found)} keys")

    return _rate(look_up, numbers)


def inserts(database: Database, records: list[str]) -> float:
    """Inserts a second of what a registration's record is long, each in its own transaction."""
    with database.write() as connection:
        connection.execute(_TABLE)

    def insert(number: int) -> None:
        row = {"number": number, "evse_id": evse_id(number), "record": records[number]}
        with database.write() as connection:
            connection.execute(_INSERT, row)

    try:
        return _rate(insert, list(range(len(records))))
    finally:
        with database.write() as connection:
            connection.execute(_DROP)


def _rate(work: Callable[[int], None], numbers: list[int]) -> float:
    """Calls a second, from several threads: each with every THREADS-th number."""
    failed: list[BaseException] = []

    def take(first: int) -> None:
        try:
            for number in numbers[first::THREADS]:
                work(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=take, args=(first,)) for first in range(THREADS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed_s = time.perf_counter() - start
    if failed:
        raise failed[0]
    return len(numbers) / elapsed_s
