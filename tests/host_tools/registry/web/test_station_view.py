"""What the page of a charge point makes of its history."""

from support.registry.api_caller import Api
from support.registry.stations import charging_station, closed_station
from wattseal.registry.records import Registration
from wattseal.registry.service import Registry
from wattseal.registry.station_history import events, key_periods


def test_keys_have_the_time_in_which_they_signed(api: Api, registry: Registry) -> None:
    module = charging_station(api)
    history = registry.history(module.evse_id)
    now, before = key_periods("de-abc-e1234-5", history)
    numbers = {
        entry: record.key_number for entry, record in history if isinstance(record, Registration)
    }
    assert (numbers[now.entry], numbers[before.entry]) == (2, 1)
    assert now.key.fingerprint == module.fingerprint
    assert (now.until_ms, before.until_ms) == (None, now.from_ms)
    for period, moment in ((before, now.from_ms - 1), (now, now.from_ms)):
        valid = registry.key_valid(module.evse_id, moment)
        assert valid is not None
        assert valid.fingerprint == period.key.fingerprint


def test_a_deactivated_key_signs_until_then(api: Api, registry: Registry) -> None:
    module = closed_station(api)
    history = registry.history(module.evse_id)
    [period] = key_periods(module.evse_id, history)
    assert period.until_ms == history[-1][1].unix_ms
    assert period.was_deactivated


def test_nothing_happened_where_nothing_is(registry: Registry) -> None:
    assert key_periods("DE*ABC*E1", []) == []
    assert events("DE*ABC*E1", []) == []


def test_events_are_told_newest_first(api: Api, registry: Registry) -> None:
    module = charging_station(api)
    told = [event.title for event in events(module.evse_id, registry.history(module.evse_id))]
    assert told == [
        "Consent to a take-over",
        "Station hardware exchanged",
        "Firmware updated, new key",
        "Test charge kept",
        "Commissioned",
    ]


def test_a_station_that_was_taken_over_ends_there(
    api: Api, other_api: Api, registry: Registry
) -> None:
    module = charging_station(api)
    old = module.evse_id
    module.commission(evse_id="DE*XYZ*E7")
    taken = other_api.register(module, "take_over")
    [last, *_before] = events(old, registry.history(old))
    assert last.title == "Meter and module went to another charge point"
    assert ("Now at", "DE*XYZ*E7") in last.facts
    assert key_periods(old, registry.history(old))[0].until_ms == taken.unix_ms
    [here] = key_periods("DE*XYZ*E7", registry.history("DE*XYZ*E7"))
    assert (here.until_ms, here.key.fingerprint) == (None, module.fingerprint)
