"""Runs migrations on the connection that schema.upgrade brings, in its transaction."""

from __future__ import annotations

from alembic import context

from wattseal.registry.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
