"""Records that a registry should never have written: what an auditor's replay finds in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.registry.every_kind_of_record import record_every_kind
from support.registry.recorder import Recorder, codes
from support.registry.simulated_module import METER, digest
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import Record, Registration, read_record, record_text
from wattseal.registry.replay import judge_record, take_apart
from wattseal.registry.states import states_of

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})


@pytest.fixture(scope="module")
def life() -> list[Record]:
    """Every kind of record."""
    return record_every_kind(Recorder())


def _ledger(records: list[Record]) -> MemoryLedger:
    ledger = MemoryLedger()
    for number, record in enumerate(records):
        ledger.apply(states_of(number, record))
    return ledger


def _first(life: list[Record], kind: str) -> tuple[Record, MemoryLedger]:
    at = next(at for at, record in enumerate(life) if record.type == kind)
    return life[at], _ledger(life[:at])


def _registration(life: list[Record], scenario: str) -> tuple[Registration, MemoryLedger]:
    for at, record in enumerate(life):
        if isinstance(record, Registration) and record.scenario == scenario:
            return record, _ledger(life[:at])
    raise AssertionError(scenario)


def test_a_whole_life_holds(life: list[Record]) -> None:
    ledger = MemoryLedger()
    for number, record in enumerate(life):
        assert judge_record(record, ledger) == []
        ledger.apply(states_of(number, record))
    assert {record.type for record in life} == {
        *("registration", "deactivation", "hardware_exchange", "consent", "test_charge"),
        *("access_granted", "access_revoked"),
    }


def test_it_is_the_same_whether_it_was_taken_apart_beforehand(life: list[Record]) -> None:
    """Whatever a registration says, and whether or not its module is recorded already."""
    faults = 0
    for at, record in enumerate(life):
        if not isinstance(record, Registration):
            continue
        ledger = _ledger(life[:at])
        for _where, members in _bent(json.loads(record_text(record))):
            try:
                other = read_record(json.dumps(members, separators=(",", ":")))
            except ValueError:
                continue
            beforehand = take_apart(other)
            found = judge_record(other, ledger, beforehand)
            assert found == judge_record(other, ledger)
            assert found == judge_record(other, ledger, beforehand)  # nothing was added to it
            faults += beforehand is not None and bool(found)
    assert faults


def _others(value: Any) -> list[Any]:
    """Other values of the same kind, for a member of a record."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, str):
        return [value[:-1] + ("1" if value.endswith("0") else "0")]
    if isinstance(value, list):
        return [[*value, value[0]], value[1:]] if value else []
    return []


def _bent(members: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every record that differs from this one in one member, at whatever depth."""
    bent = []
    for name, value in members.items():
        inner = _bent(value) if isinstance(value, dict) else []
        for at, item in enumerate(value if isinstance(value, list) else []):
            items = _bent(item) if isinstance(item, dict) else []
            inner += [(w, [*value[:at], one, *value[at + 1 :]]) for w, one in items]
        bent += [(f"{name}.{where}", {**members, name: one}) for where, one in inner]
        bent += [(name, {**members, name: other}) for other in _others(value)]
    return bent


OWN = {
    "access_granted": {"key_id", "operators", "label", "secret_sha256", "until_unix_ms"},
    "registration": {"module_model", "meter.calibration_mark", "meter.calibration_year"},
    "deactivation": {"reason", "note"},
    "consent": {"to_operator"},
    "hardware_exchange": {"station_model", "station_serial", "note"},
}
"""What a caller is free to say. The time and the actor are looked at elsewhere or by nobody: the
audit compares times, and another access key with the same rights leaves no trace."""


def test_no_other_member_of_a_record_can_be_another(life: list[Record]) -> None:
    judged = 0
    for number, record in enumerate(life):
        ledger = _ledger(life[:number])
        free = {"unix_ms", "actor", *OWN.get(record.type, ())}
        for where, members in _bent(record.model_dump(mode="json")):
            try:
                other = type(record).model_validate_json(json.dumps(members))
            except ValueError:
                continue
            judged += 1
            assert judge_record(other, ledger) or where in free, (record.type, where)
    assert judged > 200


def test_record_differs(life: list[Record]) -> None:
    record, ledger = _first(life, "deactivation")
    spared = record.model_copy(update={"ended": record.ended.model_copy(update={"meters": []})})
    found = judge_record(spared, ledger)
    assert codes(found) == ["record_differs"]
    assert found[0].values == {"member": "ended"}


def test_record_unreadable(life: list[Record]) -> None:
    record, ledger = _first(life, "access_granted")
    endless = record.model_copy(update={"unix_ms": 5, "until_unix_ms": 10**15})
    assert codes(judge_record(endless, ledger)) == ["record_unreadable"]


def test_access_exists(life: list[Record]) -> None:
    record, _ = _first(life, "access_granted")
    assert "access_exists" in codes(judge_record(record, _ledger(life)))


def test_access_unknown_in_a_record(life: list[Record]) -> None:
    for kind in ("registration", "access_revoked"):
        record, ledger = _first(life, kind)
        by_nobody = record.model_copy(update={"actor": "z" * 12})
        assert codes(judge_record(by_nobody, ledger)) == ["access_unknown"]


def test_the_host_does_nothing_but_access_keys(life: list[Record]) -> None:
    record, ledger = _first(life, "registration")
    by_host = record.model_copy(update={"actor": "registry"})
    assert codes(judge_record(by_host, ledger)) == ["access_unknown"]


def test_a_record_twice(life: list[Record]) -> None:
    for record in life:
        if record.type not in ("hardware_exchange", "consent", "test_charge"):
            ledger = _ledger(life[: life.index(record) + 1])
            assert judge_record(record, ledger), record.type


def test_statements_that_do_not_go_on_where_the_recorded_ones_end(life: list[Record]) -> None:
    at = next(
        at for at, one in enumerate(life) if getattr(one, "scenario", "") == "firmware_update"
    )
    record, ledger = life[at], _ledger(life[:at])
    assert isinstance(record, Registration)
    for before in (0, 2, 3):
        moved = record.model_copy(update={"statements_before": before})
        assert codes(judge_record(moved, ledger))[0] == "history_broken"


def test_a_repeated_statement_with_another_signature(life: list[Record]) -> None:
    record, ledger = _registration(life, "meter_replacement")
    statement = record.statements[0]
    forged = [one.model_copy(update={"signature": "00" * 8}) for one in statement.signatures]
    bent = record.model_copy(
        update={"statements": [statement.model_copy(update={"signatures": forged})]}
    )
    assert codes(judge_record(bent, ledger)) == ["history_broken"]


def test_texts_of_records_are_read_in_one_way_only(life: list[Record]) -> None:
    for record in life:
        text = record_text(record)
        assert read_record(text) == record
        for other in (text.replace(":", ": ", 1), text[:-1] + ',"more":1}', digest(text)):
            with pytest.raises(ValueError):  # noqa: PT011
                read_record(other)
