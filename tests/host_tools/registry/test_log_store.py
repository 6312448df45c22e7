"""The log's tables when something in them is wrong: it is told, with its entry, and not served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from support.registry.dropped_triggers import drop_triggers
from support.registry.operated_registry import OperatedRegistry
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from wattseal.registry.failures import StateBroken
from wattseal.registry.service import Registry
from wattseal.tlog.tiles import Tile


@pytest.fixture
def operated(tmp_path: Path, sqlite_url: str) -> Iterator[OperatedRegistry]:
    """With a registration as entry 3."""
    opened = OperatedRegistry(tmp_path / "data", sqlite_url)
    opened.commission(SimulatedModule())
    yield opened
    opened.registry.close()


def change(registry: Registry, statement: str) -> None:
    with registry._database.write() as connection:
        drop_triggers(connection)
        assert connection.execute(text(statement)).rowcount > 0


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("UPDATE log_entry SET leaf = leaf || ' ' WHERE number = 3", "its hash is not that"),
        ("UPDATE log_entry SET hash = zeroblob(32) WHERE number = 3", "its hash is not that"),
        ("DELETE FROM log_entry WHERE number = 2", "the entry is missing"),
    ],
)
def test_entries(operated, statement, cause):
    change(operated.registry, statement)
    for ask in (
        lambda: operated.registry.records(0, 256),
        lambda: operated.registry.states(0, 256),
        lambda: operated.registry.tile(Tile(None, 0, 4)),
    ):
        with pytest.raises(StateBroken, match=cause):
            ask()


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("UPDATE log_entry SET record = record || ' ' WHERE number = 3", "record cannot be read"),
        ("UPDATE evse_entry SET evse = 'DEABCE1' WHERE entry = 3", "not in the history"),
        ("UPDATE evse_entry SET entry = 2 WHERE entry = 3", "not in the history"),
        ("DELETE FROM evse_entry WHERE entry = 3", "not in the history"),
        ("UPDATE evse_state SET ordinal = 9 WHERE entry = 3", "not numbered in order"),
        ("DELETE FROM key_state WHERE entry = 3", "not numbered in order"),
        ("UPDATE meter_state SET serial_name = 'X' WHERE entry = 3", "cannot be read"),
    ],
)
def test_states(operated, statement, cause):
    change(operated.registry, statement)
    with pytest.raises(StateBroken, match=cause):
        operated.registry.states(0, 256)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_head SET size = 5",
        "UPDATE log_head SET frontier = zeroblob(31)",
        "UPDATE log_head SET size = 1",
    ],
)
def test_a_head_that_does_not_fit_takes_no_entry(operated, statement):
    request = operated.request(
        SimulatedModule(
            "other", evse_id="DE*ABC*E9", meter=METER.model_copy(update={"serial": "77AB0012"})
        )
    )
    change(operated.registry, statement)
    with pytest.raises(StateBroken):
        operated.registry.register(request, operated.abc)
    assert operated.registry.evse("DE*ABC*E9") is None


def test_a_head_that_is_gone_is_not_ready(operated):
    change(operated.registry, "DELETE FROM log_head")
    with pytest.raises(Exception, match="holds no registry yet"):
        operated.registry.ready()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET leaf = '' WHERE number = 3",
        "UPDATE log_entry SET leaf = '{' WHERE number = 3",
        "UPDATE log_entry SET leaf = '[]' WHERE number = 3",
        "UPDATE log_entry SET leaf = '{}' WHERE number = 3",
    ],
)
def test_the_newest_entry_cannot_be_read(operated, statement):
    change(operated.registry, statement)
    request = operated.request(SimulatedModule("other", evse_id="DE*ABC*E9"))
    for ask in (operated.registry.ready, lambda: operated.registry.register(request, operated.abc)):
        with pytest.raises(StateBroken, match="entry 3"):
            ask()


def test_the_newest_entry_is_gone(operated):
    change(operated.registry, "DELETE FROM log_entry WHERE number = 3")
    with pytest.raises(StateBroken, match="entry 3"):
        operated.registry.ready()
    with pytest.raises(StateBroken, match="entry 3"):
        operated.registry.history(EVSE_ID)
