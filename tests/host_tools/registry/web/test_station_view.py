"""What the page of a charge point makes of its history."""

from support.registry.api_caller import Api
from support.registry.stations import charging_station, closed_station
from wattseal.registry.service import Registry
from wattseal.registry.station_history import events, key_periods


def test_keys_have_the_time_in_which_they_signed(api: Api, registry: Registry) -> None:
    module = charging_station(api)
    history = registry.history(module.evse_id)
    now, before = key_periods("de-abc-e1234-5", history)
    assert (now.key_number, before.key_number) == (2, 1)
    assert now.fingerprint == module.fingerprint
    assert (now.until_unix_ms, before.until_unix_ms) == (None, now.from_unix_ms)
    for period, moment in ((before, now.from_unix_ms - 1), (now, now.from_unix_ms)):
        valid = registry.key_valid(module.evse_id, moment)
        assert valid is not None
        assert valid.fingerprint == period.fingerprint


def test_a_deactivated_key_signs_until_then(api: Api, registry: Registry) -> None:
    module = closed_station(api)
    history = registry.history(module.evse_id)
    [period] = key_periods(module.evse_id, history)
    assert period.until_unix_ms == history[-1][1].unix_ms


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
    assert key_periods(old, registry.history(old))[0].until_unix_ms == taken.unix_ms
    [here] = key_periods("DE*XYZ*E7", registry.history("DE*XYZ*E7"))
    assert (here.until_unix_ms, here.fingerprint) == (None, module.fingerprint)
