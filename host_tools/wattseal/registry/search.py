"""Finding things by the beginning of what stands on them: EVSE-ID, serial number, key, chip."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, select

from wattseal.registry import tables
from wattseal.registry.names import plain
from wattseal.registry.records import MeterRef
from wattseal.registry.requests import SearchResult
from wattseal.registry.sql_ledger import SqlLedger

MAX_CHARACTERS = 400
"""A whole public key in hex, and blanks in it."""

MIN_HEX_CHARACTERS = 4
"""Of a chip id or a fingerprint: fewer digits are in too many of them."""

_SPKI_CHARACTERS = 182
_ISO = re.compile(r"([A-Z]{2})\*?([A-Z0-9]{3})(?:\*?E(.*))?")


def search(connection: Connection, text: str, limit: int) -> SearchResult:
    """Everything whose name begins with the text, at most `limit` of each kind, as it is now."""
    ledger = SqlLedger(connection)
    if len(text) > MAX_CHARACTERS or not text.isprintable() or not plain(text):
        return SearchResult(evses=[], keys=[], modules=[], meters=[])
    evse_ids = _beginning(connection, tables.evse_state.c.evse_id, _evse_beginning(text), limit)
    keys = _hex_matches(connection, tables.key_state.c.fingerprint, _fingerprint(text), limit)
    meters = _meters(connection, plain(text), limit)
    found = {
        "evses": [ledger.evse(evse_id) for evse_id in evse_ids],
        "keys": [ledger.key(fingerprint) for fingerprint in keys],
        "modules": [ledger.module(chip_id) for chip_id in _chips(connection, text, limit)],
        "meters": [ledger.meter(meter) for meter in meters],
    }
    return SearchResult.model_validate(found)


def _chips(connection: Connection, text: str, limit: int) -> list[str]:
    table = tables.module_state.c
    chips = _hex_matches(connection, table.chip_id, plain(text).lower(), limit)
    rows = connection.execute(
        select(table.gateway_serial_name, table.chip_id)
        .where(*_begins(table.gateway_serial_name, plain(text)))
        .distinct()
        .order_by(table.gateway_serial_name, table.chip_id)
        .limit(limit)
    )
    return list(dict.fromkeys([*chips, *(row.chip_id for row in rows)]))[:limit]


def _meters(connection: Connection, serial: str, limit: int) -> Iterator[MeterRef]:
    table = tables.meter_state.c
    for row in connection.execute(
        select(table.serial_name, table.manufacturer_name)
        .where(*_begins(table.serial_name, serial))
        .distinct()
        .order_by(table.serial_name, table.manufacturer_name)
        .limit(limit)
    ):
        yield MeterRef(manufacturer=row.manufacturer_name, serial=row.serial_name)


def _hex_matches(
    connection: Connection, column: ColumnElement[str], text: str, limit: int
) -> list[str]:
    if len(text) < MIN_HEX_CHARACTERS or not re.fullmatch("[0-9a-f]+", text):
        return []
    return _beginning(connection, column, text, limit)


def _beginning(
    connection: Connection, column: ColumnElement[str], text: str, limit: int
) -> list[str]:
    """Different values of a column that begin with the text, in their order."""
    statement = select(column).where(*_begins(column, text)).distinct().order_by(column)
    return list(connection.execute(statement.limit(limit)).scalars())


def _begins(column: ColumnElement[str], text: str) -> tuple[ColumnElement[bool], ...]:
    """As a range, so that an index of any database answers it: the names are ASCII."""
    return column >= text, column < text + "\x7f"


def _fingerprint(text: str) -> str:
    """Of a whole public key, or what may be the beginning of a fingerprint."""
    digits = plain(text).lower()
    if len(digits) == _SPKI_CHARACTERS and re.fullmatch("[0-9a-f]+", digits):
        return hashlib.sha256(bytes.fromhex(digits)).hexdigest()
    return digits


def _evse_beginning(text: str) -> str:
    """With its stars, as far as it goes."""
    stars = plain(text).replace("-", "*")
    found = _ISO.fullmatch(stars)
    if not found:
        return stars
    country, operator, own = found.groups()
    return f"{country}*{operator}" if own is None else f"{country}*{operator}*E{own}"
