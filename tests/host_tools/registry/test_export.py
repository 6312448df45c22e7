"""Exports: what they say of a life of every kind, now and in the past, and of no forged log."""

from __future__ import annotations

import base64
import json

import pytest
from support.registry.every_kind_of_record import record_every_kind
from support.registry.recorder import Recorder
from support.registry.served_log import NAME, ServedLog
from support.registry.simulated_module import EVSE_ID, SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.ocmf.public_key import read_public_key
from wattseal.registry.api_models import ChargePoint, Export
from wattseal.registry.export import FORMATS, collect
from wattseal.registry.records import Record, Registration


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return record_every_kind(Recorder())


@pytest.fixture
def log(records: list[Record]) -> ServedLog:
    served = ServedLog(empty=True)
    for record in records:
        served.append(record)
    return served


def exported(log: ServedLog, at_ms: int) -> Export:
    return collect(log.source(), at_ms, max)


def at(export: Export, evse_id: str) -> ChargePoint:
    [found] = [evse for evse in export.evses if evse.evse_id == evse_id]
    return found


def test_all_charge_points_now(log: ServedLog, records: list[Record]) -> None:
    export = exported(log, records[-1].unix_ms)
    assert (export.registry, export.size) == (NAME, len(records))
    assert [(evse.evse_id, evse.status) for evse in export.evses] == [
        (EVSE_ID, "active"),
        ("DE*XYZ*E1", "moved"),
    ]
    assert at(export, "DE*XYZ*E1").valid_key is None
    key = at(export, EVSE_ID).valid_key
    assert key is not None
    assert key.key_number == 2


def test_the_keys_of_a_charge_point_follow_one_another(
    log: ServedLog, records: list[Record]
) -> None:
    keys = at(exported(log, records[-1].unix_ms), EVSE_ID).keys
    signed = [r for r in records if isinstance(r, Registration) and r.evse_id == EVSE_ID]
    begun = {record.public_key: record.unix_ms for record in reversed(signed)}
    assert {key.public_key: key.valid_from_unix_ms for key in keys} == begun
    assert {key.algorithm for key in keys} == {"ECDSA-secp256r1-SHA256"}
    ended = [key.valid_until_unix_ms for key in keys]
    assert ended[-1] is None
    assert all(
        until is not None and until <= later.valid_from_unix_ms
        for until, later in zip(ended[:-1], keys[1:], strict=True)
    )


def test_each_key_has_its_module_and_its_end(log: ServedLog, records: list[Record]) -> None:
    export = exported(log, records[-1].unix_ms)
    for evse in export.evses:
        for key in evse.keys:
            record = records[key.meters[0].entry]
            assert isinstance(record, Registration)
            assert (key.public_key, key.gateway_serial) == (
                record.public_key,
                record.gateway_serial,
            )
            assert (key.ended_as is None) == (key.valid_until_unix_ms is None)
    assert [key.ended_as for key in at(export, EVSE_ID).keys][-1] is None
    assert {key.ended_as for key in at(export, EVSE_ID).keys[:-1]} == {"superseded"}
    assert [key.ended_as for key in at(export, "DE*XYZ*E1").keys] == ["deactivated"]


def test_a_key_that_outlasted_its_meter_names_both(log: ServedLog, records: list[Record]) -> None:
    first = at(exported(log, records[-1].unix_ms), EVSE_ID).keys[0]
    of_it = [
        record
        for record in records
        if isinstance(record, Registration) and record.public_key == first.public_key
    ]
    assert [record.scenario for record in of_it] == ["initial", "meter_replacement"]
    assert [(meter.serial, meter.from_unix_ms) for meter in first.meters] == [
        (record.meter.serial, record.unix_ms) for record in of_it
    ]


def test_a_key_names_all_that_was_sealed_with_it(log: ServedLog, records: list[Record]) -> None:
    export = exported(log, records[-1].unix_ms)
    for evse in export.evses:
        for key in evse.keys:
            of_it = [
                record
                for record in records
                if isinstance(record, Registration)
                and (record.public_key, record.evse_id) == (key.public_key, evse.evse_id)
            ]
            assert [(one.settings_sha256, one.from_unix_ms) for one in key.settings] == [
                (record.settings_sha256, record.unix_ms) for record in of_it
            ]
    assert len(at(export, EVSE_ID).keys[0].settings) == 2


def test_a_label_alone_is_no_other_setting() -> None:
    recorder, module = Recorder(), SimulatedModule()
    recorder.commission(module)
    recorder.wait()
    module.meter = module.meter.model_copy(update={"calibration_mark": "DE-M 26 0103"})
    recorder.commission(module, "meter_replacement")
    served = ServedLog(empty=True)
    for record in recorder.records:
        served.append(record)
    [key] = at(exported(served, recorder.now_ms), EVSE_ID).keys
    assert len(key.settings) == 1


def test_the_past_is_exported_as_it_was(log: ServedLog, records: list[Record]) -> None:
    registered = [r for r in records if isinstance(r, Registration)]
    for record in registered:
        export = exported(log, record.unix_ms)
        key = next(e.valid_key for e in export.evses if e.valid_key)
        assert key.public_key == record.public_key
        assert record.unix_ms >= key.valid_from_unix_ms
    assert exported(log, registered[0].unix_ms - 1).evses == []


def test_until_when_a_key_of_the_past_was_valid_is_what_is_known_now(
    log: ServedLog, records: list[Record]
) -> None:
    begun, _meter, rolled, *_more = (r for r in records if isinstance(r, Registration))
    key = at(exported(log, begun.unix_ms), EVSE_ID).valid_key
    assert key is not None
    assert (key.valid_from_unix_ms, key.valid_until_unix_ms) == (begun.unix_ms, rolled.unix_ms)
    assert len(key.meters) == 1


def test_json_says_everything(log: ServedLog, records: list[Record]) -> None:
    export = exported(log, records[-1].unix_ms)
    assert Export.model_validate_json(FORMATS["json"](export)) == export


def test_bnetza_csv_has_the_columns_of_the_authority(log: ServedLog, records: list[Record]) -> None:
    export = exported(log, records[-1].unix_ms)
    header, row, *more = FORMATS["bnetza-csv"](export).split("\r\n")
    assert header == "EVSE-ID1;Public Key1"
    assert more == [""]
    evse_id, key = row.split(";")
    assert evse_id == EVSE_ID
    assert read_public_key(key).hex == key


def test_ocpi_has_what_a_cdr_says_of_a_key(log: ServedLog, records: list[Record]) -> None:
    told = json.loads(FORMATS["ocpi"](exported(log, records[-1].unix_ms)))
    assert told["status_code"] == 1000
    [row] = told["data"]
    assert (row["country_code"], row["party_id"], row["evse_id"]) == ("DE", "ABC", EVSE_ID)
    assert row["signed_data"]["encoding_method"] == "OCMF"
    assert len(row["signed_data"]["public_key"]) <= 512
    assert read_public_key(base64.b64decode(row["signed_data"]["public_key"]))


@pytest.mark.parametrize("bend", ["record", "leaf", "note", "key"])
def test_a_forged_log_is_not_exported(log: ServedLog, records: list[Record], bend: str) -> None:
    if bend == "record":
        log.records[0] = log.records[0].replace("administrator", "Administrator")
    elif bend == "leaf":
        log.leaves[3], log.records[3] = log.leaves[4], log.records[4]
    elif bend == "note":
        log.note = log.checkpoint().replace("\n\n", "\nextra\n\n")
    else:
        log.note = ServedLog().checkpoint()
    with pytest.raises(ToolError) as refused:
        exported(log, records[-1].unix_ms)
    assert refused.value.name == "registry_forged"
