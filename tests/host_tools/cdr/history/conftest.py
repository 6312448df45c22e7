"""Stores on SQLite, and on a real PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from wattseal.cdr.history.store import SeenSessions


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'seen.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[SeenSessions]:
    """An empty store."""
    opened = SeenSessions(database_url)
    yield opened
    opened.close()
