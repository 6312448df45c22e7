"""Runs migrations on the connection that tables.SCHEMA brings, in its transaction."""

from __future__ import annotations

from alembic import context

from wattseal.registry.store.tables import metadata

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=metadata,
    version_table=given["version_table"],
)
context.run_migrations()
