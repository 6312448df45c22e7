"""Runs migrations on the connection that Schema.upgrade brings, in its transaction."""

from wattseal.common.sql import run_migrations

run_migrations()
