"""The first schema: runs, sessions, credits, and what comparing them found."""

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
    op.create_table(
        "seen_run",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("number", NUMBER),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("seen_run_by_name", "seen_run", ["name"], unique=True)
    op.create_index("seen_run_by_number", "seen_run", ["number"], unique=True)
    _make_sessions()
    op.create_table(
        "seen_credit",
        sa.Column("session", NUMBER, autoincrement=False, nullable=False),
        sa.Column("cdr", NAME, nullable=False),
        sa.PrimaryKeyConstraint("session"),
    )
    op.create_index("seen_credit_by_cdr", "seen_credit", ["cdr"])
    op.create_table(
        "seen_finding",
        sa.Column("session", NUMBER, autoincrement=False, nullable=False),
        sa.Column("code", NAME, nullable=False),
        sa.Column("is_compared", sa.Integer(), nullable=False),
        sa.Column("is_error", sa.Integer(), nullable=False),
        sa.Column("is_doubt", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Text()),
        sa.Column("found", sa.Text()),
        sa.Column("other", NUMBER),
        sa.PrimaryKeyConstraint("session", "code"),
    )
    op.create_index("seen_finding_by_doubt", "seen_finding", ["is_doubt", "session"])


def downgrade() -> None:
    """There is nothing before; what was seen is not forgotten by a program."""
    raise NotImplementedError("the first schema cannot be taken back")


def _make_sessions() -> None:
    op.create_table(
        "seen_session",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("cdr", NAME, nullable=False),
        sa.Column("is_billable", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary()),
        sa.Column("context", NAME),
        sa.Column("first", NUMBER),
        sa.Column("last", NUMBER),
        sa.Column("between", sa.Text()),
        sa.Column("meter_serial", sa.Text()),
        sa.Column("register_code", sa.Text()),
        sa.Column("begin_wh", sa.Text()),
        sa.Column("end_wh", sa.Text()),
        sa.Column("begin_ms", NUMBER),
        sa.Column("end_ms", NUMBER),
        sa.Column("time_is_good", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("seen_session_by_cdr", "seen_session", ["cdr"])
    key = sa.text('substr("key", 1, 8)')
    op.create_index("seen_session_by_first", "seen_session", [key, "context", "first"])
    is_long = sa.text("last > first + 1")
    op.create_index(
        "seen_session_by_last",
        "seen_session",
        [key, "context", "last"],
        sqlite_where=is_long,
        postgresql_where=is_long,
    )
