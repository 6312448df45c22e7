"""Rows that were written stay: the database itself refuses to change or remove them.

It keeps programs and people from mistakes. Whoever may change the schema can take the triggers
away; that rows were changed then is for the audit to find.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDED = (
    *("registry_identity", "log_entry", "log_node", "evse_entry"),
    *("evse_state", "key_state", "module_state", "meter_state", "consent_state", "access_state"),
)
HEAD = "log_head"
"""Its one row is changed with every entry, and never removed."""

_POSTGRESQL_REFUSAL = """
CREATE FUNCTION wattseal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'integrity_constraint_violation',
        MESSAGE = 'the rows of ' || TG_TABLE_NAME || ' stay as they are';
END
$$
"""


def upgrade() -> None:
    """Guard every table of the log and of states."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute(_POSTGRESQL_REFUSAL)
    guard = _guard_sqlite if is_sqlite else _guard_postgresql
    for table in GUARDED:
        guard(table, ("UPDATE", "DELETE"))
    guard(HEAD, ("DELETE",))


def downgrade() -> None:
    """A registry does not become less careful by a program."""
    raise NotImplementedError("rows that stay are not given free again")


def _guard_sqlite(table: str, changes: tuple[str, ...]) -> None:
    for change in changes:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the rows of {table} stay as they are'); END"
        )


def _guard_postgresql(table: str, changes: tuple[str, ...]) -> None:
    """For each statement, not for each row: adding rows costs nothing."""
    words = " OR ".join((*changes, "TRUNCATE"))
    op.execute(
        f"CREATE TRIGGER {table}_stays BEFORE {words} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION wattseal_refuse()"
    )
