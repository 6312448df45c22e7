"""The store's schema. It can share a database with a registry: its version has its own table."""

from __future__ import annotations

from pathlib import Path

from wattseal.registry.migrating import Schema

SCHEMA = Schema(
    migrations=Path(__file__).parent / "migrations",
    version="0001",
    version_table="seen_schema_version",
    lock=0x77617474_7365656E,
)
