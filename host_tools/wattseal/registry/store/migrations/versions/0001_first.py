"""The first schema: the log, its head, and the states that follow from its records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From nothing."""
    _make_log()
    _make_states_of_places()
    _make_states_of_devices()
    _make_states_of_permissions()


def downgrade() -> None:
    """There is nothing before; a registry is not unmade by a program."""
    raise NotImplementedError("the first schema cannot be taken back")


def _given(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    """Columns of one type that are never null."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def _key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """A column of a primary key; the program gives the numbers."""
    return sa.Column(name, kind, autoincrement=False, nullable=False)


def _make_log() -> None:
    op.create_table(
        "registry_identity",
        _key("id", sa.Integer()),
        *_given(NAME, "name"),
        *_given(sa.Text(), "ecdsa_key", "ed25519_key"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_head",
        _key("id", sa.Integer()),
        *_given(NUMBER, "size"),
        *_given(sa.LargeBinary(), "frontier"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_entry",
        _key("number", NUMBER),
        *_given(sa.LargeBinary(), "hash"),
        *_given(sa.Text(), "leaf", "record"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "log_node",
        _key("level", sa.Integer()),
        _key("number", NUMBER),
        *_given(sa.LargeBinary(), "hash"),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    op.create_table(
        "evse_entry",
        *_given(NAME, "evse"),
        _key("entry", NUMBER),
        sa.PrimaryKeyConstraint("evse", "entry"),
    )
    op.create_index("evse_entry_by_entry", "evse_entry", ["entry"])


def _make_state_table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _key("entry", NUMBER),
        _key("ordinal", sa.Integer()),
        *_given(NUMBER, "since_unix_ms"),
        *columns,
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )


def _make_states_of_places() -> None:
    _make_state_table(
        "evse_state",
        *_given(NAME, "evse_id", "operator", "status"),
        sa.Column("chip_id", NAME),
        sa.Column("meter_manufacturer", NAME),
        sa.Column("meter_serial", NAME),
        sa.Column("fingerprint", NAME),
    )
    op.create_index("evse_state_by_evse", "evse_state", ["evse_id", "entry"])
    _make_state_table(
        "key_state",
        *_given(NAME, "fingerprint"),
        *_given(sa.Text(), "public_key"),
        *_given(sa.Integer(), "key_number"),
        *_given(NAME, "firmware_identity", "chip_id", "evse_id"),
        *_given(NAME, "meter_manufacturer", "meter_serial", "status"),
    )
    op.create_index("key_state_by_key", "key_state", ["fingerprint", "entry"])


def _make_states_of_devices() -> None:
    _make_state_table(
        "module_state",
        *_given(NAME, "chip_id", "model", "gateway_serial"),
        sa.Column("evse_id", NAME),
        sa.Column("fingerprint", NAME),
        *_given(NUMBER, "commissioning"),
        sa.Column("possession_unix_ms", NUMBER),
        *_given(sa.Integer(), "statements"),
        *_given(sa.Text(), "last_statement"),
        *_given(NAME, "gateway_serial_name"),
    )
    op.create_index("module_state_by_chip", "module_state", ["chip_id", "entry"])
    op.create_index("module_state_by_serial", "module_state", ["gateway_serial_name", "chip_id"])
    _make_state_table(
        "meter_state",
        *_given(NAME, "meter_manufacturer", "meter_model", "meter_serial"),
        *_given(sa.Text(), "meter_calibration_mark"),
        *_given(sa.Integer(), "meter_calibration_year"),
        sa.Column("evse_id", NAME),
        *_given(NAME, "manufacturer_name", "serial_name"),
    )
    op.create_index(
        "meter_state_by_meter", "meter_state", ["serial_name", "manufacturer_name", "entry"]
    )


def _make_states_of_permissions() -> None:
    _make_state_table(
        "consent_state",
        *_given(NAME, "evse_id", "to_operator"),
        *_given(NUMBER, "until_unix_ms"),
        *_given(sa.Integer(), "used"),
    )
    op.create_index("consent_state_by_evse", "consent_state", ["evse_id", "to_operator", "entry"])
    _make_state_table(
        "access_state",
        *_given(NAME, "key_id", "role"),
        *_given(sa.Text(), "operators", "label"),
        *_given(NAME, "secret_sha256"),
        sa.Column("until_unix_ms", NUMBER),
        *_given(sa.Integer(), "revoked"),
    )
    op.create_index("access_state_by_key", "access_state", ["key_id", "entry"])
