"""The methods one by one: what they tell, what they refuse, what they log."""

import contextlib

import pytest
from support.app import meter as faults
from support.app.bench import NOON, OWNER, SETTINGS, VENDOR, Bench
from support.app.core import FIRST_IMAGE, FakeCore, spki_of
from support.app.flash import PAGE_BYTES, SECTOR_BYTES, PowerCutError
from support.app.registry import FakeRegistry
from wire.errors import WattsealError


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


def test_hello_in_every_state() -> None:
    bench = Bench().boot()
    hello = bench.call("hello")
    assert (hello["product"], hello["protocol"], hello["port"]) == ("wattseal", 2, "fake")
    assert hello["chip_id"] == "0001020304050607"
    assert hello["firmware_identity"] == FIRST_IMAGE.hex()
    assert (hello["firmware"], hello["rollback_number"]) == ("0.1.0", 1)
    assert hello["vendor_key"] == bench.core.sha256(spki_of(VENDOR)).hex()
    bench.core.failing_tests = ("drbg",)
    assert bench.boot().call("hello") == hello


def test_status_of_a_fresh_module() -> None:
    status = Bench().boot().call("status")
    assert sorted(status["missing"]) == sorted(SETTINGS)
    assert (status["state"], status["sealed"], status["commissioning"]) == (
        "unregistered",
        False,
        0,
    )
    assert (status["publication"], status["update"]) == (None, None)
    assert status["session"] is None
    assert status["clock"] == {
        "unix_ms": None,
        "utc_offset_min": None,
        "synchronisation": "U",
        "set_ago_s": None,
    }
    journal = status["journal"]
    assert (journal["oldest"], journal["newest"], journal["next"]) == (None, None, 1)
    events = status["events"]
    assert (events["oldest"], events["newest"], events["full"]) == (1, 2, False)
    assert 0 < events["free_bytes"] < 8 * SECTOR_BYTES


def test_status_does_not_change_anything() -> None:
    bench = Bench().set_up()
    before = bench.core.snapshot()
    for _ in range(5):
        bench.call("status")
    assert bench.core.snapshot() == before


# --- configure -------------------------------------------------------------------------------


def test_settings_merge_and_survive() -> None:
    bench = Bench().boot()
    assert "gateway_id" not in bench.call("configure", gateway_id="A")["missing"]
    bench.call("configure", gateway_serial="1", meter_profile="sdm630")
    reply = bench.boot().call("configure")
    assert reply["settings"] == {
        "gateway_id": "A",
        "gateway_serial": "1",
        "meter_profile": "sdm630",
    }
    assert reply["missing"] == [
        "meter_serial",
        "charge_point_type",
        "charge_point_id",
        "registry_name",
        "registry_key",
        "owner_key",
    ]


def test_change_is_logged_with_old_and_new_and_no_change_is_not() -> None:
    bench = Bench().boot()
    bench.call("configure", gateway_id="A", gateway_serial="1")
    bench.call("configure", gateway_id="B", gateway_serial="1")
    bench.call("configure", gateway_id="B")
    changes = [event["detail"] for event in bench.all_events() if event["event"] == "configured"]
    assert changes == [
        {
            "old": {"gateway_id": None, "gateway_serial": None},
            "new": {"gateway_id": "A", "gateway_serial": "1"},
        },
        {"old": {"gateway_id": "A"}, "new": {"gateway_id": "B"}},
    ]


def test_longest_change_fits_the_event_log() -> None:
    bench = Bench().boot()
    line = {"baud": 115200, "parity": "none", "stop_bits": 2}
    for quote in ('"', "\\"):
        texts = {
            name: quote * length
            for name, length in {
                "gateway_id": 50,
                "gateway_serial": 50,
                "meter_serial": 50,
                "charge_point_id": 50,
                "controller_firmware": 25,
                "registry_name": 100,
            }.items()
        }
        key = spki_of(OWNER if quote == '"' else VENDOR).hex()
        bench.call(
            "configure",
            meter_profile="mute",
            meter_unit=1,
            line=line,
            charge_point_type="EVSEID",
            format_version="1.4",
            owner_key=key,
            registry_key=key,
            **texts,
        )
    assert bench.event_names()[-1] == "configured"
    bench.call("seal")
    bench.registry = FakeRegistry(secret=4, name="\\" * 100)
    bench.publish()
    assert len(bench.boot().call("configure")["settings"]) == 13


def off_curve(spki: bytes) -> bytes:
    return spki[:-1] + bytes([spki[-1] ^ 1])


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"meter_profile": "sdm999"}, "meter_profile"),
        ({"charge_point_id": "DE*ABC*E1"}, "charge_point_id"),
        ({"charge_point_type": "EVSEID"}, "charge_point_id"),
        ({"meter_unit": 0}, "meter_unit"),
        ({"meter_unit": True}, "meter_unit"),
        ({"gateway_id": "a|b"}, "gateway_id"),
        ({"gateway_id": ""}, "gateway_id"),
        ({"line": {"baud": 9600}}, "line.parity"),
        ({"nonsense": 1}, "nonsense"),
        ({"registry_name": "a b"}, "registry_name"),
        ({"registry_name": "a+b"}, "registry_name"),
        ({"registry_key": "00" * 91}, "registry_key"),
        ({"owner_key": off_curve(spki_of(OWNER)).hex()}, "owner_key"),
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(params: dict, field: str) -> None:
    bench = Bench().boot()
    bench.call("configure", gateway_id="A")
    before = bench.core.snapshot()
    error = refused(bench, "configure", gateway_serial="2", **params)
    assert error.name == "invalid_params"
    assert error.detail["field"] in (field, "charge_point_type")
    assert bench.core.snapshot() == before
    assert bench.call("configure")["settings"] == {"gateway_id": "A"}


def test_meter_that_tells_another_serial_number_is_refused() -> None:
    bench = Bench().boot()
    error = refused(bench, "configure", **{**SETTINGS, "meter_serial": "87654321"})
    assert error.name == "meter_serial_mismatch"
    assert bench.call("configure")["settings"] == {}


def test_meter_that_is_not_there_yet_may_be_configured() -> None:
    bench = Bench().boot()
    bench.meter.is_silent = True
    start_us = bench.port.us
    bench.call("configure", **SETTINGS)
    assert bench.port.us - start_us < 1_500_000
    assert refused(bench, "read_meter").name == "meter_no_reply"
    bench.meter.is_silent = False
    assert bench.call("read_meter")["meter_serial"] == "12345678"


def test_cut_configuration_is_the_old_or_the_new_one() -> None:
    for how in ("before", "torn", "after"):
        for cut_at in range(4):
            bench = Bench(FakeCore(seed=cut_at)).boot()
            bench.call("configure", gateway_id="A")
            bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut_at, how
            with contextlib.suppress(PowerCutError):
                bench.call("configure", gateway_id="B")
            bench.core.power_up()
            settings = bench.boot().call("configure")["settings"]
            assert settings in ({"gateway_id": "A"}, {"gateway_id": "B"})
            if settings == {"gateway_id": "B"}:
                assert bench.event_names().count("configured") == 2


# --- set_time --------------------------------------------------------------------------------


def test_time_is_set_and_small_corrections_are_not_logged() -> None:
    bench = Bench().boot()
    assert bench.set_time() == {
        "unix_ms": NOON,
        "utc_offset_min": 120,
        "synchronisation": "I",
        "set_ago_s": 0,
    }
    bench.set_time(NOON + 19_000)
    bench.set_time(NOON + 60_000)
    steps = [event["detail"] for event in bench.all_events() if event["event"] == "time_set"]
    assert [(step["old"], step["new"]) for step in steps] == [(None, NOON), (NOON, NOON + 60_000)]


def test_time_before_the_newest_record_is_refused() -> None:
    bench = Bench().set_up()
    bench.idle(10)
    bench.call("begin")
    bench.call("end")
    bench.boot()
    error = refused(bench, "set_time", unix_ms=NOON + 5000, utc_offset_min=0, source="informative")
    assert error.name == "time_refused"
    assert error.detail["newest_record_unix_ms"] > NOON + 10_000
    assert bench.call("status")["clock"]["unix_ms"] is None


# --- read_meter ------------------------------------------------------------------------------


def test_meter_is_read_as_in_a_session() -> None:
    bench = Bench().set_up()
    assert bench.call("read_meter") == {
        "energy": {"value": 1_000_000, "exponent": 0, "unit": "Wh"},
        "energy_kwh": "1000.000",
        "export_kwh": None,
        "warnings": [],
        "meter_vendor": "Eastron",
        "meter_model": "SDM630",
        "meter_serial": "12345678",
        "meter_firmware": "0102",
    }
    assert bench.core.seals == 0


def test_meter_fault_is_logged_once_while_it_repeats() -> None:
    bench = Bench().set_up()
    bench.meter.is_silent = True
    for _ in range(50):
        assert refused(bench, "read_meter").name == "meter_no_reply"
    assert bench.event_names().count("meter_fault") == 1
    bench.meter.is_silent = False
    bench.meter.faults = [faults.sentinel]
    refused(bench, "read_meter")
    newest = bench.all_events()[-1]
    assert newest["detail"]["error"] == "meter_sentinel"
    assert newest["detail"]["unlogged_before"] == 49


# --- records and events ----------------------------------------------------------------------


def with_records(count: int) -> Bench:
    bench = Bench().set_up()
    bench.call("begin")
    for _ in range(count - 2):
        bench.call("intermediate")
    bench.call("end")
    return bench


def paginations(part: dict) -> list[int]:
    return [item["pagination"] for item in part["records"]]


def test_records_come_in_parts_that_fit_a_line() -> None:
    bench = with_records(12)
    part = bench.call("records")
    assert 3 <= len(part["records"]) < 12
    assert part["next"] == len(part["records"]) + 1
    assert list(bench.all_records()) == list(range(1, 13))


def test_range_of_records_is_cut_to_what_is_held() -> None:
    bench = with_records(4)
    assert [item["pagination"] for item in bench.call("records", from_=2, to=3)["records"]] == [
        2,
        3,
    ]
    assert [item["pagination"] for item in bench.call("records", from_=4, to=99)["records"]] == [4]
    assert bench.call("records", from_=2, to=2)["next"] is None


@pytest.mark.parametrize("params", [{"from_": 5}, {"from_": 3, "to": 2}])
def test_range_without_a_record_is_refused(params: dict) -> None:
    error = refused(with_records(4), "records", **params)
    assert (error.name, error.detail) == ("no_such_record", {"oldest": 1, "newest": 4})


def test_empty_journal_gives_an_empty_list_unless_more_was_asked() -> None:
    bench = Bench().boot()
    assert bench.call("records") == {"records": [], "next": None}
    assert refused(bench, "records", from_=1).detail == {"oldest": None, "newest": None}


def test_decayed_record_is_an_error_that_can_be_gone_around() -> None:
    bench = with_records(3)
    bench.core.flip_bit(FakeCore.AREA_JOURNAL, (1 + 4 + 1) * PAGE_BYTES)
    part = bench.call("records")
    assert (paginations(part), part["next"]) == ([1], 2)
    error = refused(bench, "records", from_=2)
    assert (error.name, error.detail["pagination"]) == ("storage_broken", 2)
    assert paginations(bench.call("records", from_=3)) == [3]


def test_events_come_in_parts_that_fit_a_line() -> None:
    bench = Bench().boot()
    for _ in range(30):
        bench.module.log("filler", {"text": "x" * 200})
    part = bench.call("events", from_=3, to=5)
    assert [item["number"] for item in part["events"]] == [3, 4, 5]
    assert bench.call("events")["next"] is not None
    assert len(bench.all_events()) == 32
    assert refused(bench, "events", from_=33).name == "no_such_event"


# --- refusals --------------------------------------------------------------------------------


def test_refusals_of_broken_requests_are_not_events() -> None:
    bench = Bench().set_up()
    before = bench.core.snapshot()
    for method, params in (("nonsense", {}), ("begin", {"nonsense": 1}), ("set_time", {})):
        refused(bench, method, **params)
    assert bench.core.snapshot() == before


# --- trouble inside --------------------------------------------------------------------------


def test_defect_in_a_command_is_an_internal_error_and_an_event() -> None:
    bench = Bench().set_up()

    def broken(number: int, payload: bytes) -> bytes:
        raise ZeroDivisionError("secret text")

    bench.core.sign_record = broken  # type: ignore[method-assign]
    error = refused(bench, "begin")
    assert (error.name, error.detail) == ("internal_error", {"exception": "ZeroDivisionError"})
    newest = bench.all_events()[-1]
    assert (newest["event"], newest["detail"]["error"]) == ("refused", "internal_error")
    assert bench.call("status")["session"] is None
    del bench.core.sign_record
    assert bench.call("begin")["pagination"] == 1


@pytest.mark.parametrize(
    ("name", "expected", "state"),
    [
        ("key_broken", "key_broken", "fault"),
        ("no_key", "key_lost", "fault"),
        ("self_test", "self_test_failed", "fault"),
        ("fault", "signing_fault", "fault"),
        ("argument", "key_error", "operational"),
    ],
)
def test_core_that_refuses_to_sign(name: str, expected: str, state: str) -> None:
    bench = Bench().set_up()

    def refuse(number: int, payload: bytes) -> bytes:
        raise bench.core.CoreError(-1, name)

    bench.core.sign_record = refuse  # type: ignore[method-assign]
    assert refused(bench, "begin").name == expected
    assert bench.call("status")["state"] == state
    assert bench.all_records() == {}


def test_flash_page_that_does_not_program_is_told_and_the_next_try_goes_elsewhere() -> None:
    bench = Bench().set_up()
    bench.core.stuck_pages.add((FakeCore.AREA_JOURNAL, 2 * PAGE_BYTES))
    assert refused(bench, "begin").name == "storage_error"
    assert bench.call("status")["session"] is None
    assert bench.call("begin")["pagination"] == 1
    bench.boot()
    assert list(bench.all_records()) == [1, 2]
