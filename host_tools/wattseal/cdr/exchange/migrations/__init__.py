"""Versions of the schema of received CDRs, for Alembic."""
