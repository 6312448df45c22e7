"""Settings: merged, checked as a whole, logged, and the meter asked whether they fit."""

from typing import Any

import pytest

from hil.suite.module import SETTINGS, Module


def test_settings_merge(unsealed_module: Module) -> None:
    module = unsealed_module
    before = module.settings()
    changed = module.client.call("configure", gateway_serial="RIG-2")
    assert changed["settings"] == {**before, **SETTINGS, "gateway_serial": "RIG-2"}
    assert changed["missing"] == []


@pytest.mark.needs("power")  # how often this is logged is rationed: a start begins anew
def test_settings_are_logged_with_what_they_were(unsealed_module: Module) -> None:
    module = unsealed_module
    module.restart()
    module.client.call("configure", gateway_serial="RIG-2")
    event = module.newest_event()
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
        ({"registry_name": "a name with blanks"}, "invalid_params"),
        ({"registry_name": "a+b"}, "invalid_params"),
        ({"registry_key": "00" * 91}, "invalid_params"),
        ({"owner_key": SETTINGS["owner_key"][:-2] + "00"}, "invalid_params"),
        ({"owner_key": SETTINGS["owner_key"][:-2]}, "invalid_params"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_nothing_changes(
    unsealed_module: Module, change: dict[str, Any], name: str
) -> None:
    module = unsealed_module
    before = module.settings()
    refusal = module.client.refusal("configure", **{"gateway_serial": "RIG-9", **change})
    assert refusal.name in (name, "out_of_range")
    assert module.settings() == before


@pytest.mark.needs("meter")
def test_a_meter_that_says_it_is_another_one_is_not_accepted(
    unsealed_module: Module,
) -> None:
    module = unsealed_module
    before = module.settings()
    refusal = module.client.refusal("configure", meter_serial="12345")
    assert refusal.name == "meter_serial_mismatch"
    assert refusal.detail == {"expected": "12345", "found": "19285703"}
    assert module.settings() == before
