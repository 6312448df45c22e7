"""The operators whose charge points a partner may bill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now, anybody's; from now on those of its own party, unless others are told."""
    op.add_column("cdr_partner", sa.Column("operators", sa.Text()))


def downgrade() -> None:
    """The program before knows no such column, and needs it gone no more than there."""
    raise NotImplementedError("what a partner may bill is not thrown away by a program")
