"""Backups: the registry's keys, its newest checkpoint and all its records, in one ZIP file.

A record says everything that follows from it, so nothing else is kept, and a backup of SQLite can
be restored into PostgreSQL. Restoring computes the tree again and compares its root with the
checkpoint, so a backup that was damaged or bent is refused.
"""

from __future__ import annotations

import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import ValidationError
from sqlalchemy import Table, select

from wattseal.common.errors import ToolError
from wattseal.common.sql import Database, DatabaseUnusable, insert
from wattseal.registry.failures import StateBroken
from wattseal.registry.identity import (
    Identity,
    load_identity,
    place_private,
    read_name,
    unusable,
    write_name,
)
from wattseal.registry.records import MAX_RECORD_CHARACTERS, Model, Record, read_record
from wattseal.registry.setup import ADMINISTRATOR_FILE, begin, open_database
from wattseal.registry.store import index, log, tables
from wattseal.tlog.checkpoint import read_checkpoint
from wattseal.tlog.prefix_tree import Leaves
from wattseal.tlog.tree import Frontier
from wattseal.wire.signed_note import NoteError, parse_note

BATCH = 1000
"""Records whose rows are in memory at a time."""

SQLITE_CACHE_KIB = 512 * 1024
"""Random places of its indexes: else they are written again and again before the end."""


def load(
    database: Database,
    identity: Identity,
    records: Iterable[Record],
    check: Callable[[Frontier], None],
) -> Frontier:
    """Fill a database that has the schema and no registry; the tree that it then holds.

    check: looks at the tree before anything is kept, and raises if it is not the one that was
    meant. DatabaseUnusable if the database holds a registry.
    """
    with database.write() as connection:
        if connection.execute(select(tables.registry_identity.c.id)).first() is not None:
            raise DatabaseUnusable("its database holds a registry already")
        if database.is_sqlite:
            connection.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
        tree, leaves = Frontier(), Leaves()
        coming = iter(records)
        while batch := list(islice(coming, BATCH)):
            for number, record in enumerate(batch, tree.size):
                index.gather_record(leaves, number, record)
            for table, rows in _rows_of(batch, tree).items():
                insert(connection, table, rows)
        check(tree)
        index.fill(connection, leaves)
        begin(connection, identity, tree)
        if not database.is_sqlite:
            # Or PostgreSQL takes full tables for small ones until it happens to look.
            connection.exec_driver_sql("ANALYZE")
    return tree


def _rows_of(records: list[Record], tree: Frontier) -> dict[Table, list[tuple[Any, ...]]]:
    rows: dict[Table, list[tuple[Any, ...]]] = {}
    for record in records:
        for table, columns in log.rows_of(record, tree):
            cells = tuple(columns[column.name] for column in table.columns)
            rows.setdefault(table, []).append(cells)
    return rows


PAGE = 1000
FACTS, CHECKPOINT, RECORDS = "backup.json", "checkpoint", "records.jsonl"
KEYS = ("ecdsa.pem", "ed25519.pem")
MAX_MEMBER_BYTES = 65536
MAX_LINE_BYTES = 4 * MAX_RECORD_CHARACTERS

Show = Callable[[int, int], object]


class BackupFacts(Model):
    """What a backup says of itself."""

    version: Literal[1] = 1
    name: str
    vkey: str
    size: int


def write_backup(data: Path, database_url: str | None, file: Path, show: Show) -> BackupFacts:
    """Write a backup of a registry, which may be at work meanwhile, into a new file.

    ToolError `file_exists`, `file_unwritable`, `registry_data_unusable`.
    """
    name = read_name(data)
    if name is None:
        raise unusable(data, "no registry was ever begun there", "Check --data.")
    identity = load_identity(data, name)
    database = open_database(data, database_url)
    try:
        with _new_file(file) as opened, zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as made:
            for key in (*KEYS, ADMINISTRATOR_FILE):
                if (data / key).exists():
                    made.writestr(key, (data / key).read_bytes())
            return _write_log(database, identity, made, show)
    except DatabaseUnusable as error:
        raise unusable(data, error.cause, "Audit the registry.") from error
    except StateBroken as error:
        raise unusable(data, str(error.detail["cause"]), "Audit the registry.") from error
    finally:
        database.close()


def _write_log(
    database: Database, identity: Identity, made: zipfile.ZipFile, show: Show
) -> BackupFacts:
    """One moment of the log: readers see none of what is written after they began."""
    with database.read() as connection:
        tables.SCHEMA.check(connection)
        head = log.read_head(connection)
        facts = BackupFacts(name=identity.name, vkey=identity.vkey, size=head.size)
        made.writestr(FACTS, facts.model_dump_json())
        made.writestr(CHECKPOINT, identity.sign(head.size, head.root()))
        with made.open(RECORDS, "w", force_zip64=True) as records:
            for first in range(0, head.size, PAGE):
                lines = log.read_entries(connection, first, min(PAGE, head.size - first))
                records.write("".join(line.record + "\n" for line in lines).encode())
                show(first + len(lines), head.size)
    return facts


def restore_backup(file: Path, data: Path, database_url: str | None, show: Show) -> BackupFacts:
    """Make a registry of a backup: in a new folder, or where its database was lost.

    ToolError `backup_malformed`, `registry_data_unusable`, `file_unreadable`.
    """
    try:
        with zipfile.ZipFile(file) as backup:
            return _restore(file, backup, data, database_url, show)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise _malformed(file, f"it is no whole ZIP file ({error})") from None
    except OSError as error:
        raise ToolError.of_file("file_unreadable", file, error) from None


def _restore(
    file: Path, backup: zipfile.ZipFile, data: Path, database_url: str | None, show: Show
) -> BackupFacts:
    try:
        facts = BackupFacts.model_validate_json(_member(file, backup, FACTS))
    except ValidationError:
        raise _malformed(file, f"{FACTS} cannot be read") from None
    checkpoint = _member(file, backup, CHECKPOINT).decode("utf-8", "replace")
    database = open_database(data, database_url)
    try:
        for key in (*KEYS, ADMINISTRATOR_FILE):
            if key in backup.namelist():
                place_private(data / key, _member(file, backup, key))
        identity = load_identity(data, facts.name)
        if identity.vkey != facts.vkey:
            remedy = "Restore into a new folder, or into that of the same registry."
            raise unusable(data, "its keys are not those of the backup", remedy)
        tables.SCHEMA.upgrade(database)
        with backup.open(RECORDS) as records:
            load(
                database,
                identity,
                _records(file, records, facts.size, show),
                lambda tree: _check(file, tree, identity, checkpoint),
            )
        write_name(data, facts.name)
    except DatabaseUnusable as error:
        raise unusable(data, error.cause, "Give an empty database.") from error
    finally:
        database.close()
    return facts


def _member(file: Path, backup: zipfile.ZipFile, name: str) -> bytes:
    with backup.open(name) as member:
        content = member.read(MAX_MEMBER_BYTES + 1)
    if len(content) > MAX_MEMBER_BYTES:
        raise _malformed(file, f"{name} is larger than {MAX_MEMBER_BYTES} bytes")
    return content


def _records(file: Path, lines: IO[bytes], size: int, show: Show) -> Iterator[Record]:
    for number in range(size):
        line = lines.readline(MAX_LINE_BYTES)
        try:
            yield read_record(line.decode().removesuffix("\n"))
        except ValueError:
            raise _malformed(file, f"record {number} cannot be read") from None
        if number % PAGE == 0:
            show(number, size)
    if lines.read(1):
        raise _malformed(file, "it has more records than it says")
    show(size, size)


def _check(file: Path, tree: Frontier, identity: Identity, checkpoint: str) -> None:
    """Signing is repeatable: the checkpoint of the same tree by the same keys is the same text."""
    if identity.sign(tree.size, tree.root()) != checkpoint:
        with suppress(NoteError):
            seen = read_checkpoint(parse_note(checkpoint.encode())[0].decode())
            if (seen.size, seen.root) == (tree.size, tree.root()):
                raise _malformed(file, "its checkpoint is not signed by its keys")
        raise _malformed(file, "its records are not those of its checkpoint")


def _malformed(file: Path, cause: str) -> ToolError:
    return ToolError("backup_malformed", path=str(file), cause=cause)


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file for its owner alone, which appears under its name once it is whole."""
    if path.exists():
        raise ToolError("file_exists", path=str(path))
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.link(partial, path)
    except FileExistsError:
        raise ToolError("file_exists", path=str(path)) from None
    except OSError as error:
        raise ToolError.of_file("file_unwritable", path, error) from None
    finally:
        with suppress(OSError):
            partial.unlink()
