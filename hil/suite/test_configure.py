"""Settings: merged, checked as a whole, logged, and the meter asked whether they fit."""

import json
from typing import Any

import pytest

from hil.suite.module import SETTINGS, Module


def newest_event(module: Module) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(module.events()[-1]["entry"])
    return event


def test_settings_merge_and_are_logged_with_what_they_were(module: Module) -> None:
    changed = module.client.call("configure", gateway_serial="RIG-2")
    assert changed["settings"] == {**SETTINGS, "gateway_serial": "RIG-2"}
    assert changed["missing"] == []
    event = newest_event(module)
    assert event["event"] == "configured"
    assert event["detail"] == {
        "old": {"gateway_serial": "RIG-1"},
        "new": {"gateway_serial": "RIG-2"},
    }
    module.client.call("configure", gateway_serial="RIG-1")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"meter_profile": "sdm631"}, "invalid_params"),
        ({"meter_unit": 248}, "invalid_params"),
        ({"gateway_id": "a|b"}, "invalid_params"),
        ({"gateway_id": "x" * 51}, "invalid_params"),
        ({"line": {"baud": 9601, "parity": "none", "stop_bits": 1}}, "invalid_params"),
        ({"colour": "blue"}, "invalid_params"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_nothing_changes(
    module: Module, change: dict[str, Any], name: str
) -> None:
    refusal = module.client.refusal("configure", **{"gateway_serial": "RIG-9", **change})
    assert refusal.name in (name, "out_of_range")
    assert module.client.call("configure")["settings"] == SETTINGS


@pytest.mark.needs("meter")
def test_a_meter_that_says_it_is_another_one_is_not_accepted(module: Module) -> None:
    refusal = module.client.refusal("configure", meter_serial="12345")
    assert refusal.name == "meter_serial_mismatch"
    assert refusal.detail == {"expected": "12345", "found": "19285703"}
    assert module.client.call("configure")["settings"] == SETTINGS
