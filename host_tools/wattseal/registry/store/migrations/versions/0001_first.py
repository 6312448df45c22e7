"""The first schema: the log, its head, and the states that follow from its records."""

from __future__ import annotations

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
    _make_places()
    _make_devices()
    _make_permissions()


def downgrade() -> None:
    """There is nothing before; a registry is not unmade by a program."""
    raise NotImplementedError("the first schema cannot be taken back")


def _make_log() -> None:
    op.create_table(
        "registry_identity",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("ecdsa_key", sa.Text(), nullable=False),
        sa.Column("ed25519_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_entry",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    op.create_table(
        "evse_entry",
        sa.Column("evse", NAME, nullable=False),
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("evse", "entry"),
    )
    op.create_index("evse_entry_by_entry", "evse_entry", ["entry"])


def _make_places() -> None:
    op.create_table(
        "evse_state",
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_unix_ms", NUMBER, nullable=False),
        sa.Column("evse_id", NAME, nullable=False),
        sa.Column("operator", NAME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("chip_id", NAME),
        sa.Column("meter_manufacturer", NAME),
        sa.Column("meter_serial", NAME),
        sa.Column("fingerprint", NAME),
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )
    op.create_index("evse_state_by_evse", "evse_state", ["evse_id", "entry"])
    op.create_table(
        "key_state",
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_unix_ms", NUMBER, nullable=False),
        sa.Column("fingerprint", NAME, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("key_number", sa.Integer(), nullable=False),
        sa.Column("firmware_identity", NAME, nullable=False),
        sa.Column("chip_id", NAME, nullable=False),
        sa.Column("evse_id", NAME, nullable=False),
        sa.Column("meter_manufacturer", NAME, nullable=False),
        sa.Column("meter_serial", NAME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )
    op.create_index("key_state_by_key", "key_state", ["fingerprint", "entry"])


def _make_devices() -> None:
    op.create_table(
        "module_state",
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_unix_ms", NUMBER, nullable=False),
        sa.Column("chip_id", NAME, nullable=False),
        sa.Column("model", NAME, nullable=False),
        sa.Column("gateway_serial", NAME, nullable=False),
        sa.Column("evse_id", NAME),
        sa.Column("fingerprint", NAME),
        sa.Column("commissioning", NUMBER, nullable=False),
        sa.Column("possession_unix_ms", NUMBER),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.Column("last_statement", sa.Text(), nullable=False),
        sa.Column("gateway_serial_name", NAME, nullable=False),
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )
    op.create_index("module_state_by_chip", "module_state", ["chip_id", "entry"])
    op.create_index("module_state_by_serial", "module_state", ["gateway_serial_name", "chip_id"])
    op.create_table(
        "meter_state",
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_unix_ms", NUMBER, nullable=False),
        sa.Column("meter_manufacturer", NAME, nullable=False),
        sa.Column("meter_model", NAME, nullable=False),
        sa.Column("meter_serial", NAME, nullable=False),
        sa.Column("meter_calibration_mark", sa.Text(), nullable=False),
        sa.Column("meter_calibration_year", sa.Integer(), nullable=False),
        sa.Column("evse_id", NAME),
        sa.Column("manufacturer_name", NAME, nullable=False),
        sa.Column("serial_name", NAME, nullable=False),
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )
    op.create_index(
        "meter_state_by_meter", "meter_state", ["serial_name", "manufacturer_name", "entry"]
    )


def _make_permissions() -> None:
    op.create_table(
        "consent_state",
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_unix_ms", NUMBER, nullable=False),
        sa.Column("evse_id", NAME, nullable=False),
        sa.Column("to_operator", NAME, nullable=False),
        sa.Column("until_unix_ms", NUMBER, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )
    op.create_index("consent_state_by_evse", "consent_state", ["evse_id", "to_operator", "entry"])
    op.create_table(
        "access_state",
        sa.Column("entry", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_unix_ms", NUMBER, nullable=False),
        sa.Column("key_id", NAME, nullable=False),
        sa.Column("role", NAME, nullable=False),
        sa.Column("operators", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret_sha256", NAME, nullable=False),
        sa.Column("until_unix_ms", NUMBER),
        sa.Column("revoked", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "ordinal"),
    )
    op.create_index("access_state_by_key", "access_state", ["key_id", "entry"])
