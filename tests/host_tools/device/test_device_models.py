"""The typed results are the method table's results, field by field."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel
from wattseal.cli.device import configure
from wattseal.cli.session import begin
from wattseal.device import models as models
from wattseal.wire.methods import METHODS

MODELS: dict[str, type[BaseModel]] = {
    "hello": models.Hello,
    "status": models.Status,
    "public_key": models.ModuleKey,
    "configure": models.Configuration,
    "time_challenge": models.TimeChallenge,
    "set_time": models.Clock,
    "read_meter": models.MeterReading,
    "begin": models.SignedRecord,
    "intermediate": models.SignedRecord,
    "end": models.EndRecord,
    "records": models.RecordPage,
    "release": models.Journal,
    "events": models.EventPage,
    "seal": models.Sealing,
    "challenge": models.Challenge,
    "unseal": models.SealState,
    "prove": models.SignedStatement,
    "accept_publication": models.AcceptedPublication,
    "statements": models.StatementPage,
    "event_head": models.SignedStatement,
    "archive_events": models.EventLog,
    "close_session": models.EndRecord,
    "accept_meter": models.AcceptedMeter,
    "decommission": models.Farewell,
    "check_update": models.CheckedUpdate,
    "cancel_update": models.NewKey,
    "enter_boot_loader": models.BootLoader,
    "self_test": models.SelfTest,
}


def test_every_method_has_a_model() -> None:
    assert MODELS.keys() == {row[0] for row in METHODS}


@pytest.mark.parametrize("method", [row[0] for row in METHODS])
def test_model_has_the_fields_of_the_table(method: str) -> None:
    rows = next(row[5] for row in METHODS if row[0] == method)
    _compare(MODELS[method], rows)


def _compare(model: type[BaseModel], rows: tuple[Any, ...]) -> None:
    assert set(model.model_fields) == {row[0] for row in rows}
    for name, kind, bounds, presence, _sentence in rows:
        annotation = model.model_fields[name].annotation
        assert (type(None) in get_args(annotation)) == (presence == "nullable"), name
        inner = [one for one in (annotation, *get_args(annotation)) if _is_model(one)]
        if kind == "object" and inner:
            _compare(inner[0], bounds)
        if kind == "list" and bounds[1][1] == "object":
            _compare(inner[0], bounds[1][2])


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _params(method: str) -> set[str]:
    return {row[0] for row in next(row[4] for row in METHODS if row[0] == method)}


def test_every_setting_has_an_option() -> None:
    line = {"meter_baud", "meter_parity", "meter_stop_bits"}
    options = set(configure.__annotations__)
    assert _params("configure") - {"line"} <= options
    assert line <= options


def test_every_parameter_of_begin_has_an_option() -> None:
    options = {"id_flags" if name == "id_flag" else name for name in begin.__annotations__}
    assert _params("begin") <= options
