"""A charge point's state names what is sealed there: the digest that its registration's record has.

What the records say is filled into the rows that are there, whose guard is off meanwhile.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQLITE_GUARD = (
    "CREATE TRIGGER evse_state_refuses_update BEFORE UPDATE ON evse_state "
    "BEGIN SELECT RAISE(ABORT, 'the rows of evse_state stay as they are'); END"
)
_FILL = """
UPDATE evse_state SET settings_sha256 =
    (SELECT {digest} FROM log_entry WHERE log_entry.number = evse_state.entry)
WHERE chip_id IS NOT NULL
"""


def upgrade() -> None:
    """Add the column, and fill it where a module is at the charge point."""
    name = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
    op.add_column("evse_state", sa.Column("settings_sha256", name))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER evse_state_refuses_update")
        op.execute(_FILL.format(digest="json_extract(record, '$.settings_sha256')"))
        op.execute(_SQLITE_GUARD)
    else:
        op.execute("ALTER TABLE evse_state DISABLE TRIGGER evse_state_stays")
        op.execute(_FILL.format(digest="record::json ->> 'settings_sha256'"))
        op.execute("ALTER TABLE evse_state ENABLE TRIGGER evse_state_stays")


def downgrade() -> None:
    """A registry does not forget by a program."""
    raise NotImplementedError("what is sealed at charge points is not left out again")
