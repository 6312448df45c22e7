"""The verifiable index: what every entry touched, as a tree whose root is signed.

The nodes of a database that has entries already follow from its records.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from wattseal.registry.store import index, log
from wattseal.tlog.prefix_tree import Leaves

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PAGE = 1000
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER index_node_refuses_{change.lower()} BEFORE {change} ON index_node "
        "BEGIN SELECT RAISE(ABORT, 'the rows of index_node stay as they are'); END"
        for change in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE TRIGGER index_node_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON index_node "
        "FOR EACH STATEMENT EXECUTE FUNCTION wattseal_refuse()"
    ],
}


def upgrade() -> None:
    """Make the table, guard its rows, and fill it."""
    name = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "index_node",
        sa.Column("prefix", name, nullable=False),
        sa.Column("entry", number, autoincrement=False, nullable=False),
        sa.Column("is_leaf", sa.Integer(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("second", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "entry"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for guard in _GUARDS[connection.dialect.name]:
        op.execute(guard)
    leaves: Leaves = {}
    first = 0
    while lines := log.read_entries(connection, first, _PAGE):
        for line in lines:
            index.gather_record(leaves, line.number, log.parse(line))
        first += len(lines)
    index.fill(connection, leaves)


def downgrade() -> None:
    """A registry does not forget by a program."""
    raise NotImplementedError("the index is not left out again")
