"""The registry's tables. Rows are only ever added; the one row that changes is the log's head.

Triggers refuse everything else (migrations/versions/0002_rows_stay.py).

Everything but the identity follows from the records in `log_entry`. The columns of a state table
are the members of its model in requests.py, a meter in columns of its own, and the names that
things are looked up by. `ordinal` is the state's place among those that its entry made.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

Name = String(400).with_variant(String(400, collation="C"), "postgresql")
"""Compared by its bytes, whatever the database's language, so that beginnings can be looked up."""

Number = BigInteger().with_variant(Integer(), "sqlite")

registry_identity = Table(
    "registry_identity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Name, nullable=False),
    Column("ecdsa_key", Text, nullable=False),
    Column("ed25519_key", Text, nullable=False),
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", Number, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

# The hash stands before the long columns: a tile is read without them.
log_entry = Table(
    "log_entry",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("leaf", Text, nullable=False),
    Column("record", Text, nullable=False),
)

log_node = Table(
    "log_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

evse_entry = Table(
    "evse_entry",
    metadata,
    Column("evse", Name, primary_key=True),
    Column("entry", Number, primary_key=True, autoincrement=False),
    Index("evse_entry_by_entry", "entry"),
)


def _state_table(name: str, *columns: Column[str] | Column[int] | Index) -> Table:
    return Table(
        name,
        metadata,
        Column("entry", Number, primary_key=True, autoincrement=False),
        Column("ordinal", Integer, primary_key=True, autoincrement=False),
        Column("since_unix_ms", Number, nullable=False),
        *columns,
    )


evse_state = _state_table(
    "evse_state",
    Column("evse_id", Name, nullable=False),
    Column("operator", Name, nullable=False),
    Column("status", Name, nullable=False),
    Column("chip_id", Name),
    Column("meter_manufacturer", Name),
    Column("meter_serial", Name),
    Column("fingerprint", Name),
    Index("evse_state_by_evse", "evse_id", "entry"),
)

key_state = _state_table(
    "key_state",
    Column("fingerprint", Name, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("key_number", Integer, nullable=False),
    Column("firmware_identity", Name, nullable=False),
    Column("chip_id", Name, nullable=False),
    Column("evse_id", Name, nullable=False),
    Column("meter_manufacturer", Name, nullable=False),
    Column("meter_serial", Name, nullable=False),
    Column("status", Name, nullable=False),
    Index("key_state_by_key", "fingerprint", "entry"),
)

module_state = _state_table(
    "module_state",
    Column("chip_id", Name, nullable=False),
    Column("model", Name, nullable=False),
    Column("gateway_serial", Name, nullable=False),
    Column("evse_id", Name),
    Column("fingerprint", Name),
    Column("commissioning", Number, nullable=False),
    Column("possession_unix_ms", Number),
    Column("statements", Integer, nullable=False),
    Column("last_statement", Text, nullable=False),
    Column("gateway_serial_name", Name, nullable=False),
    Index("module_state_by_chip", "chip_id", "entry"),
    Index("module_state_by_serial", "gateway_serial_name", "chip_id"),
)

meter_state = _state_table(
    "meter_state",
    Column("meter_manufacturer", Name, nullable=False),
    Column("meter_model", Name, nullable=False),
    Column("meter_serial", Name, nullable=False),
    Column("meter_calibration_mark", Text, nullable=False),
    Column("meter_calibration_year", Integer, nullable=False),
    Column("evse_id", Name),
    Column("manufacturer_name", Name, nullable=False),
    Column("serial_name", Name, nullable=False),
    Index("meter_state_by_meter", "serial_name", "manufacturer_name", "entry"),
)

consent_state = _state_table(
    "consent_state",
    Column("evse_id", Name, nullable=False),
    Column("to_operator", Name, nullable=False),
    Column("until_unix_ms", Number, nullable=False),
    Column("used", Integer, nullable=False),
    Index("consent_state_by_evse", "evse_id", "to_operator", "entry"),
)

access_state = _state_table(
    "access_state",
    Column("key_id", Name, nullable=False),
    Column("role", Name, nullable=False),
    Column("operators", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_sha256", Name, nullable=False),
    Column("until_unix_ms", Number),
    Column("revoked", Integer, nullable=False),
    Index("access_state_by_key", "key_id", "entry"),
)

STATE_TABLES = (evse_state, key_state, module_state, meter_state, consent_state, access_state)
