"""The index in the database: that of the records, on both databases, however it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from support.registry.dropped_triggers import drop_triggers
from support.registry.operated_registry import OperatedRegistry
from support.registry.simulated_module import METER, SimulatedModule
from wattseal.registry.failures import StateBroken
from wattseal.registry.states import index_name, index_names
from wattseal.registry.store import index, log, tables
from wattseal.tlog.prefix_tree import Leaves, key_of, root_of

UNKNOWN = "evse DEABCEUNKNOWN"


@pytest.fixture
def operated(tmp_path: Path, database_url: str) -> Iterator[OperatedRegistry]:
    """A registry with the life of a module in it, and other access keys."""
    made = OperatedRegistry(tmp_path, database_url)
    module = SimulatedModule()
    made.commission(module)
    module.update()
    made.commission(module, "firmware_update")
    made.grant("DE*ABC")
    yield made
    made.registry.close()


def leaves_of(connection: Connection, size: int) -> Leaves:
    """The whole index from the records alone."""
    leaves: Leaves = {}
    for line in log.read_entries(connection, 0, size):
        index.gather_record(leaves, line.number, log.parse(line))
    return leaves


def test_the_tree_of_every_size_is_that_of_the_records(operated: OperatedRegistry) -> None:
    with operated.registry._database.read() as connection:
        sizes = range(operated.size + 1)
        roots = [root_of(leaves_of(connection, size)) for size in sizes]
        assert len(set(roots)) > 2
        assert [index.read_root(connection, size) for size in sizes] == roots


def test_a_deep_way_is_read_to_its_end(operated: OperatedRegistry, monkeypatch) -> None:
    name = index_name("module", SimulatedModule().chip_id)
    with operated.registry._database.read() as connection:
        expected = index.read_ways(connection, [name], operated.size)
        monkeypatch.setattr(index, "LEVELS_AT_A_TIME", 1)
        assert index.read_ways(connection, [name], operated.size) == expected
    assert any(node.first == key_of(name) for node in expected.values())


def test_evidence_names_every_entry_and_no_other(operated: OperatedRegistry) -> None:
    with operated.registry._database.read() as connection:
        lines = log.read_entries(connection, 0, operated.size)
    touched = {line.number: index_names(line.number, log.parse(line)) for line in lines}
    names = sorted({name for each in touched.values() for name in each} | {UNKNOWN, "what is this"})
    assert {name.split(" ")[0] for name in names} == {"evse", "key", "meter", "module", "what"}
    told = operated.registry.evidence(names)
    for thing in told.things:
        assert thing.entries == [number for number, each in touched.items() if thing.name in each]
    assert [line.number for line in told.records] == [n for n, each in touched.items() if each]
    later = operated.registry.evidence(names, first=told.records[0].number + 1)
    assert [line.number for line in later.records] == [line.number for line in told.records[1:]]


def test_an_index_made_afterwards_goes_on_as_the_other(operated: OperatedRegistry) -> None:
    """As a migration or a restored backup makes it: whole, and then entry by entry."""
    registry, size = operated.registry, operated.size
    before = registry.heads()
    with registry._database.write() as connection:
        drop_triggers(connection)
        connection.execute(tables.index_node.delete())
        index.fill(connection, leaves_of(connection, size))
    assert registry.heads() == before
    meter = METER.model_copy(update={"serial": "1EMH0012345699"})
    other = SimulatedModule(name="other", evse_id="DE*ABC*E77", meter=meter)
    operated.commission(other)
    with registry._database.read() as connection:
        root = root_of(leaves_of(connection, operated.size))
        assert index.read_root(connection, operated.size) == root


def test_tables_that_do_not_agree_with_the_index_are_not_served(operated) -> None:
    registry = operated.registry
    with registry._database.write() as connection:
        connection.execute(insert(tables.evse_entry).values(evse="DEABCEUNKNOWN", entry=0))
    with pytest.raises(StateBroken):
        registry.evidence([UNKNOWN])
    with registry._database.write() as connection:
        drop_triggers(connection)
        name = select(tables.index_node.c.prefix).where(tables.index_node.c.is_leaf == 1).limit(1)
        prefix = connection.execute(name).scalar_one()
        where = tables.index_node.c.prefix == prefix
        connection.execute(tables.index_node.update().where(where).values(second=b"short"))
        assert connection.execute(select(func.count()).select_from(tables.index_node)).scalar_one()
        with pytest.raises(StateBroken):
            index._read(connection, [prefix], operated.size)
