"""The first schema: partners, and received CDRs."""

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
        "cdr_partner",
        sa.Column("token_sha256", NAME, nullable=False),
        sa.Column("party", NAME, nullable=False),
        sa.Column("report_url", sa.Text()),
        sa.Column("since_ms", NUMBER, nullable=False),
        sa.Column("revoked_ms", NUMBER),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_index("cdr_partner_by_party", "cdr_partner", ["party"])
    op.create_table(
        "cdr_received",
        *(sa.Column(name, NAME, nullable=False) for name in ("receipt", "party", "cdr", "version")),
        sa.Column("received_ms", NUMBER, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("driver", NAME),
        sa.Column("contract", NAME),
        sa.Column("end_ms", NUMBER),
        sa.Column("credits", NAME),
        sa.Column("judgement", sa.Text(), nullable=False),
        sa.Column("is_billable", sa.Integer(), nullable=False),
        sa.Column("marked", sa.Text()),
        sa.Column("report", NAME, nullable=False),
        sa.Column("report_state", NAME, nullable=False),
        sa.Column("report_attempts", sa.Integer(), nullable=False),
        sa.Column("report_due_ms", NUMBER),
        sa.PrimaryKeyConstraint("receipt"),
    )
    op.create_index("cdr_received_by_cdr", "cdr_received", ["cdr"])
    op.create_index("cdr_received_by_driver", "cdr_received", ["driver", "end_ms"])
    op.create_index("cdr_received_by_contract", "cdr_received", ["contract", "end_ms"])
    op.create_index("cdr_received_by_due", "cdr_received", ["report_state", "report_due_ms"])
    op.create_index("cdr_received_by_time", "cdr_received", ["received_ms"])
    op.create_index("cdr_received_by_report", "cdr_received", ["report"], unique=True)


def downgrade() -> None:
    """There is nothing before; received CDRs are not thrown away by a program."""
    raise NotImplementedError("the first schema cannot be taken back")
