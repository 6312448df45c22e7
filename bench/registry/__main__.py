"""Look-ups and registrations a second, memory, and an audit, with many keys in the registry.

Usage: python -m bench.registry [--keys N] [--database sqlite|postgresql|both] [--json]

The client runs on the same machine, so on one of few processors it takes its share of them. The
rows beside are plain SQL on the same database. Files go to build/bench/ and are removed again.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from wattseal.common.sql import Database
from wattseal.registry.api_models import AccessRequest
from wattseal.registry.backup import load
from wattseal.registry.identity import load_identity, make_keys, write_name
from wattseal.registry.make_record import build_access
from wattseal.registry.records import Record, record_text
from wattseal.registry.service import make_key
from wattseal.registry.store import tables

from bench import process_family
from bench.figures import Figure, show
from bench.registry import plain_sql
from bench.registry.client import Ask, rate
from bench.registry.population import NAME, Station, evse_id, registrations
from bench.registry.served import WATTSEAL, Served, serving
from hil.postgres_server import private_server

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/bench"
KEYS = 1_000_000
LOOK_UPS = 5_000
REGISTRATIONS = 500
WORKERS = (1, 2)
SEED = 1

_said = Console(stderr=True)


class Bench:
    """One registry of so many keys in one database, and all that is measured on it."""

    def __init__(self, data: Path, url: str, keys: int) -> None:
        self.data, self.url, self.keys = data, url, keys
        self.next_station = keys
        self.access_key = make_key()
        self.figures: dict[str, Figure] = {}

    def fill(self) -> None:
        """Load the keys, as a backup is restored."""
        now_ms = time.time_ns() // 1_000_000
        first_ms = now_ms - self.keys - 60_000
        make_keys(self.data)
        database = Database(self.url)
        tables.SCHEMA.upgrade(database)
        start, before_s = time.perf_counter(), _processor_s()
        load(database, load_identity(self.data, NAME), self._records(first_ms), lambda _tree: None)
        self.figures["bulk load"] = Figure(self.keys / (time.perf_counter() - start), "keys/s")
        each_ms = 1000 * (_processor_s() - before_s) / self.keys
        self.figures["bulk load, processor"] = Figure(each_ms, "ms each")
        database.close()
        write_name(self.data, NAME)

    def _records(self, first_ms: int) -> Iterator[Record]:
        request = AccessRequest(role="administrator", label="bench", days=None)
        key = self.access_key
        yield build_access(request, "registry", first_ms, key.key_id, key.secret_sha256)
        yield from registrations(self.keys, first_ms, key.key_id)

    def measure(self) -> None:
        """Everything, with one worker and with two."""
        self._plain()
        for workers in WORKERS:
            with serving(self.data, self.url, workers) as served:
                words = f"{workers} worker{'s' if workers > 1 else ''}"
                self._look_ups(served, words)
                self._registrations(served, words)
                self.figures[f"memory, {words}"] = Figure(served.memory_mb(), "MB")
                if workers == WORKERS[-1]:
                    self._audit(served)

    def _plain(self) -> None:
        database = Database(self.url)
        self.plain_look_ups = plain_sql.look_ups(database, self._numbers())
        records = [record_text(each) for each in registrations(REGISTRATIONS, 0, "registry")]
        self.plain_inserts = plain_sql.inserts(database, records)
        database.close()

    def _numbers(self) -> list[int]:
        dice = random.Random(SEED)  # noqa: S311 - which stations are asked for
        return [dice.randrange(self.keys) for _ in range(LOOK_UPS)]

    def _look_ups(self, served: Served, words: str) -> None:
        paths = [f"/v1/evse/{quote(evse_id(number))}/key" for number in self._numbers()]
        asks = [Ask("GET", path, 200) for path in paths]
        self._rate(served, f"look-ups, {words}", asks, {}, self.plain_look_ups)

    def _registrations(self, served: Served, words: str) -> None:
        first, now_ms = self.next_station, time.time_ns() // 1_000_000
        self.next_station += REGISTRATIONS
        stations = (Station(number, now_ms) for number in range(first, self.next_station))
        bodies = [station.request().model_dump_json().encode() for station in stations]
        headers = {
            "Authorization": f"Bearer {self.access_key.text}",
            "Content-Type": "application/json",
        }
        asks = [Ask("POST", "/v1/registrations", 201, body) for body in bodies]
        self._rate(served, f"registrations, {words}", asks, headers, self.plain_inserts)

    def _rate(
        self, served: Served, name: str, asks: list[Ask], headers: dict[str, str], beside: float
    ) -> None:
        """How many a second, and what each takes of a processor."""
        before_s = served.processor_s()
        self.figures[name] = Figure(rate(served.url, asks, headers), "1/s", beside)
        each_ms = 1000 * (served.processor_s() - before_s) / len(asks)
        self.figures[f"{name}, processor"] = Figure(each_ms, "ms each")

    def _audit(self, served: Served) -> None:
        """The whole log, by a process of its own and those that it starts."""
        start, before_s = time.perf_counter(), served.processor_s()
        used = process_family.used_by([WATTSEAL, "registry", "audit", served.url, "--json"])
        elapsed_s, entries = time.perf_counter() - start, self.next_station
        audit_ms = 1000 * used["processor_s"] / entries
        serving_ms = 1000 * (served.processor_s() - before_s) / entries
        self.figures[f"audit of {entries:,} keys"] = Figure(elapsed_s, "s")
        self.figures["audit, entries"] = Figure(entries / elapsed_s, "1/s")
        self.figures["audit, processor"] = Figure(audit_ms, "ms each")
        self.figures["audit, processor of the server"] = Figure(serving_ms, "ms each")
        self.figures["audit, memory"] = Figure(used["memory_mb"], "MB")


def _processor_s() -> float:
    """Time that this process and those that it started and has seen end have had of processors."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, on the disk and as safe as in operation."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'registry.db'}"
        return
    with private_server(durable=True) as server:
        yield server.create_database()


def run(kind: str, keys: int) -> dict[str, Figure]:
    """All figures of one database."""
    folder = FOLDER / kind
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with database_of(kind, folder) as url:
            bench = Bench(folder, url, keys)
            for words, step in (("loading", bench.fill), ("measuring", bench.measure)):
                with _said.status(f"{kind}: {words}") if _said.is_terminal else nullcontext():
                    step()
            return {f"{kind}: {name}": figure for name, figure in bench.figures.items()}
    finally:
        shutil.rmtree(folder)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="./dev bench registry", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--keys", type=int, default=KEYS, help="how many keys to load")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true", help="one object: name -> value, unit, ...")
    options = parser.parse_args(arguments)
    kinds = ("sqlite", "postgresql") if options.database == "both" else (options.database,)
    figures: dict[str, Figure] = {}
    for kind in kinds:
        figures |= run(kind, options.keys)
    show(figures, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
