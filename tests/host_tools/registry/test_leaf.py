"""What the log commits to for each kind of record."""

from __future__ import annotations

import json

import pytest
from support.registry.recorder import Recorder
from support.registry.simulated_module import EVSE_ID, SimulatedModule
from wattseal.registry.records import details_of, leaf_of, read_change, record_text
from wattseal.wire import publication
from wattseal.wire.signed_text import TextError


def test_a_registration_is_what_the_module_compares() -> None:
    recorder = Recorder()
    module = SimulatedModule(evse_id="de-abc-e1234-5")
    record = recorder.commission(module)
    leaf = publication.read_leaf(leaf_of(record))
    signed = json.loads(module.prove("ab" * 32).statement)
    assert publication.difference(leaf, signed) == ""
    assert leaf["evse_id"] == "de-abc-e1234-5"
    assert recorder.ledger.evse(EVSE_ID) is not None
    assert leaf["details"] == details_of(record_text(record))
    assert leaf["unix_ms"] == record.unix_ms


def test_any_other_record_is_its_commitment() -> None:
    recorder = Recorder()
    leaf = leaf_of(recorder.last)
    details = details_of(record_text(recorder.last))
    assert leaf == (
        f'{{"type":"change","version":1,"unix_ms":{recorder.now_ms},"details":"{details}"}}'
    )
    assert read_change(leaf)["details"] == details
    for other in (leaf.replace("change", "chance"), leaf.replace(":", ": "), leaf[:-3] + '"}'):
        with pytest.raises(TextError):
            read_change(other)


def test_a_changed_record_has_another_leaf() -> None:
    recorder = Recorder()
    record = recorder.commission(SimulatedModule())
    other = record.model_copy(update={"module_model": "Another"})
    assert leaf_of(other) != leaf_of(record)
