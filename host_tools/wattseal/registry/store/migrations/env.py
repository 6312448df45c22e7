"""Has Alembic run the migrations beside it."""

from wattseal.common.sql import run_migrations

run_migrations()
