"""Somebody with all rights on the database, whom no trigger stops."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text


def drop_triggers(connection: Connection) -> None:
    """Drop every trigger that keeps rows as they are."""
    if connection.dialect.name == "sqlite":
        triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in connection.execute(triggers).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        return
    for table in inspect(connection).get_table_names():
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
