"""A meter that is wired backwards: it counts what flows out, what flows in stands still."""

from typing import Any

import pytest
from app.link import IDLE_MS
from support.app import meter as faults
from support.app.bench import SETTINGS, Bench


def made(profile: str = "two_way") -> Bench:
    bench = Bench().boot()
    bench.set_time()
    bench.call("configure", **{**SETTINGS, "meter_profile": profile})
    bench.commission()
    bench.set_time()
    return bench


def idle(bench: Bench) -> None:
    bench.port.us += IDLE_MS * 1000
    bench.module.idle()


def warned(bench: Bench) -> list[str]:
    warnings: list[dict[str, Any]] = bench.call("status")["warnings"]
    return [warning["name"] for warning in warnings]


def logged(bench: Bench) -> list[dict[str, Any]]:
    return [event for event in bench.all_events() if event["event"] == "meter_backwards"]


def charge(bench: Bench, import_wh: int, export_wh: int) -> None:
    bench.call("begin")
    idle(bench)
    bench.port.us += 3600 * 1_000_000
    bench.meter.energy_wh += import_wh
    bench.meter.export_wh = (bench.meter.export_wh or 0) + export_wh
    bench.call("end")
    idle(bench)


def test_session_that_only_exports_is_warned_of_and_logged_once() -> None:
    bench = made()
    charge(bench, 0, 7_000)
    assert warned(bench) == ["meter_backwards"]
    [warning] = bench.call("read_meter")["warnings"]
    assert warning["detail"] == {"import_kwh": "1000.000", "export_kwh": "7.000"}
    charge(bench, 0, 7_000)
    assert len(logged(bench)) == 1
    assert logged(bench)[0]["detail"] == {"import_kwh": "1000.000", "export_kwh": "7.000"}


def test_warning_ends_when_the_import_counts_again() -> None:
    bench = made()
    charge(bench, 0, 7_000)
    charge(bench, 5_000, 0)
    assert warned(bench) == []


@pytest.mark.parametrize(("import_wh", "export_wh"), [(7_000, 0), (7_000, 5), (0, 0)])
def test_meter_that_imports_or_stands_still_is_not_warned_of(
    import_wh: int, export_wh: int
) -> None:
    bench = made()
    charge(bench, import_wh, export_wh)
    assert warned(bench) == []


def test_slow_counter_is_compared_with_its_last_step() -> None:
    bench = made()
    for _ in range(3):
        charge(bench, 0, 0)
    bench.meter.export_wh = 100
    assert [one["name"] for one in bench.call("read_meter")["warnings"]] == ["meter_backwards"]


def test_export_is_told_where_the_meter_has_it() -> None:
    bench = made()
    bench.meter.export_wh = 12_345
    assert bench.call("read_meter")["export_kwh"] == "12.345"
    bench.meter.export_wh = None  # an older revision without the register
    assert bench.call("read_meter")["export_kwh"] is None
    assert made("sdm630").call("read_meter")["export_kwh"] is None


def test_no_reply_is_late_because_of_it_and_a_silent_meter_is_let_be() -> None:
    bench = made()
    before = len(bench.meter.requests)
    bench.call("begin")
    assert faults.EXPORT not in [place[:2] for place in bench.meter.requests[before:]]
    bench.meter.is_silent = True
    idle(bench)
    asked = len(bench.meter.requests)
    idle(bench)
    assert len(bench.meter.requests) == asked  # once, not at every second without a request
    assert warned(bench) == []


def test_other_meter_begins_anew() -> None:
    bench = made()
    charge(bench, 0, 7_000)
    bench.by_owner("unseal")
    bench.meter.serial = 999
    bench.call("configure", meter_serial="999")
    assert warned(bench) == []
    bench.meter.export_wh = 99_000  # that of another meter, with which nothing is compared
    assert bench.call("read_meter")["warnings"] == []
