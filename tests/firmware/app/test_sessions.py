"""Sessions end to end over the link's frames: records, meter faults, a full journal, recovery."""

import pytest
from support.app import meter as faults
from support.app.bench import NOON, SETTINGS, Bench, payload_of, reading_of, verify
from support.app.core import FakeCore
from wire.errors import WattsealError

RFID = {
    "id_tag": "1F2D3A4F5506C7",
    "id_type": "ISO14443",
    "id_level": "TRUSTED",
    "id_flags": ["RFID_PLAIN", "OCPP_RS_TLS"],
    "tariff_text": 'EUR 0.59 "flat" \\ night',
}


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


# --- the happy path --------------------------------------------------------------------------


def test_session_of_three_records() -> None:
    bench = Bench().set_up()
    begun = bench.call("begin", session_id=4711, **RFID)
    bench.meter.energy_wh += 1500
    bench.idle(60)
    between = bench.call("intermediate")
    bench.meter.energy_wh += 1
    bench.idle(60)
    ended = bench.call("end", reason="R")
    for pagination, reply in enumerate((begun, between, ended), 1):
        verify(reply["record"], reply["public_key"])
        payload = payload_of(reply["record"])
        assert reply["pagination"] == pagination
        assert reply["session_id"] == 4711
        assert payload["PG"] == f"T{pagination}"
        assert payload["ID"] == RFID["id_tag"]
        assert payload["TT"] == RFID["tariff_text"]
        assert (payload["IL"], payload["IF"]) == ("TRUSTED", ["RFID_PLAIN", "OCPP_RS_TLS"])
        assert (payload["MS"], payload["MF"]) == ("12345678", "0102")
    readings = [reading_of(reply["record"]) for reply in (begun, between, ended)]
    assert [reading["TX"] for reading in readings] == ["B", "C", "R"]
    assert [reading["TM"][-1] for reading in readings] == ["S", "S", "S"]
    assert '"RV":1000.000,' in begun["record"]
    assert '"RV":1001.501,' in ended["record"]
    assert ended["begin_pagination"] == 1
    assert bench.all_records() == {
        number: reply["record"] for number, reply in enumerate((begun, between, ended), 1)
    }


def test_each_session_ends_with_the_user_that_it_began_with() -> None:
    bench = Bench().set_up()
    for tag in ("ALICE", "BOB"):
        bench.call("begin", id_tag=tag)
        assert payload_of(bench.call("intermediate")["record"])["ID"] == tag
        assert payload_of(bench.call("end")["record"])["ID"] == tag


def test_user_and_session_number_may_be_left_out() -> None:
    bench = Bench().set_up()
    begun, ended = bench.call("begin"), bench.call("end")
    assert begun["session_id"] == ended["session_id"] == 1
    for reply in (begun, ended):
        payload = payload_of(reply["record"])
        assert (payload["IS"], payload["IT"], payload["IF"]) == (False, "NONE", [])
    assert bench.call("begin")["session_id"] == 3
    bench.call("end")
    assert bench.call("begin", session_id=0)["session_id"] == 0


def test_informative_clock_makes_an_interval_measured_by_the_module() -> None:
    bench = Bench().set_up()
    bench.set_time(source="informative")
    letters = [
        reading_of(bench.call(method)["record"])["TM"][-1]
        for method in ("begin", "intermediate", "end")
    ]
    assert letters == ["I", "R", "R"]


def test_synchronised_session_of_more_than_a_day_ends_informative() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    bench.port.us += 25 * 3600 * 1_000_000
    assert reading_of(bench.call("end")["record"])["TM"][-1] == "I"


def test_meter_without_registers_of_its_own_is_named_by_the_settings() -> None:
    bench = Bench().boot()
    line = {"baud": 19200, "parity": "even", "stop_bits": 1}
    settings = {**SETTINGS, "meter_profile": "mute", "meter_serial": "typed", "meter_unit": 1}
    bench.call("configure", line=line, **settings)
    bench.set_time()
    assert bench.call("seal")["meter_serial_read"] is False
    bench.publish()
    payload = payload_of(bench.call("begin")["record"])
    assert payload["MS"] == "typed"
    assert "MF" not in payload
    assert bench.port.forms[-1] == (19200, "even", 1)


def test_optional_settings_reach_the_record() -> None:
    bench = Bench().set_up()
    bench.reconfigure(controller_firmware="cc-7", format_version="1.4")
    payload = payload_of(bench.call("begin")["record"])
    assert (payload["CT"], payload["CI"], payload["CF"]) == ("EVSEID", "DE*ABC*E0001", "cc-7")
    assert (payload["FV"], payload["RD"][0]["RI"]) == ("1.4", "01-00:B0.08.00*FF")


# --- refusals --------------------------------------------------------------------------------


def test_begin_wants_a_commissioned_module_then_a_clock() -> None:
    bench = Bench().boot()
    error = refused(bench, "begin")
    assert (error.name, error.detail["state"]) == ("not_operational", "unregistered")
    bench.commission()
    assert refused(bench, "begin").name == "clock_not_set"
    bench.set_time()
    assert bench.call("begin")["pagination"] == 1


def test_order_of_a_session_is_kept() -> None:
    bench = Bench().set_up()
    assert refused(bench, "end").name == "no_session"
    assert refused(bench, "intermediate").name == "no_session"
    bench.call("begin")
    assert refused(bench, "begin").name == "session_open"
    assert refused(bench, "configure", gateway_id="x").name == "session_open"
    assert refused(
        bench, "set_time", unix_ms=NOON, utc_offset_min=0, source="informative"
    ).name == ("session_open")
    bench.call("end")
    assert refused(bench, "end").name == "no_session"
    assert list(bench.all_records()) == [1, 2]


def test_user_that_no_record_may_hold_is_refused_and_nothing_is_signed() -> None:
    bench = Bench().set_up()
    for params in (
        {"id_tag": "a|b"},
        {"id_tag": "T\u00e4g"},
        {"id_tag": "x" * 41},
        {"id_tag": "1234", "id_type": "ISO14443"},
        {"id_flags": ["RFID_PLAIN"]},
        {"tariff_text": "x" * 251},
        {"id_level": "MISMATCH", "id_tag": "x"},
        {"session_id": -1},
        {"session_id": 2**31},
    ):
        try:
            name = refused(bench, "begin", **params).name
        except WattsealError as error:  # the link itself cannot carry it
            name = error.name
        assert name in ("invalid_params", "out_of_range", "parse_error"), params
    assert bench.core.seals == 0
    assert bench.all_records() == {}


def test_longest_record_that_can_be_is_stored_and_fits_a_line() -> None:
    """Texts of which every character has to be escaped twice in a reply."""
    bench = Bench().boot()
    texts = dict.fromkeys(("gateway_id", "gateway_serial", "charge_point_id", "meter_serial"), 50)
    texts["controller_firmware"] = 25
    settings = {name: '"' * length for name, length in texts.items()}
    line = {"baud": 9600, "parity": "none", "stop_bits": 1}
    bench.call(
        "configure",
        meter_unit=1,
        line=line,
        **{**SETTINGS, **settings, "meter_profile": "mute"},
    )
    bench.set_time()
    bench.call("seal")
    bench.publish()
    user = {
        "id_tag": "\\" * 40,
        "id_type": "CARD_TXN_NR",
        "id_level": "CERTIFIED",
        "id_flags": ["OCPP_CERTIFIED", "OCPP_WHITELIST", "OCPP_AUTH_TLS", "ISO15118_NONE"],
        "tariff_text": '"' * 250,
    }
    reply = bench.call("begin", session_id=2**31 - 1, **user)
    verify(reply["record"], reply["public_key"])
    assert len(reply["record"]) > 1600
    assert bench.all_records() == {1: reply["record"]}
    bench.boot()
    assert payload_of(bench.all_records()[2])["TT"] == user["tariff_text"]


def test_user_that_is_refused_leaves_no_reply_of_the_meter_behind() -> None:
    bench = Bench().set_up()
    assert refused(bench, "begin", id_tag="1234", id_type="ISO14443").name == "out_of_range"
    bench.meter.energy_wh += 1000
    assert '"RV":1001.000,' in bench.call("begin")["record"]
    assert min(bench.lines[-1].silences_us) >= 3646


@pytest.mark.parametrize("is_prepared", [True, False])
@pytest.mark.parametrize("fault", [None, faults.bad_crc, faults.doubled, faults.silence])
def test_payload_is_the_same_whenever_it_is_prepared(
    is_prepared: bool, fault: faults.Fault | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that is too busy for a request gives no time to prepare anything."""
    bench = Bench().set_up()
    meter = bench.module.meter()
    read = meter.read_for_signing
    if not is_prepared:
        monkeypatch.setattr(meter, "read_for_signing", lambda serial, use, _: read(serial, use))
    for method in ("begin", "intermediate", "end"):
        bench.meter.faults = [None, None, fault]
        found = payload_of(bench.call(method, **(RFID if method == "begin" else {}))["record"])
        (reading,) = found.pop("RD")
        assert found == {
            "FV": "1.3",
            "GI": SETTINGS["gateway_id"],
            "GS": SETTINGS["gateway_serial"],
            "GV": bench.module.firmware.label,
            "PG": f"T{bench.module.journal.state.pagination}",
            "MV": "Eastron",
            "MM": "SDM630",
            "MS": "12345678",
            "MF": "0102",
            "IS": True,
            "IL": "TRUSTED",
            "IF": ["RFID_PLAIN", "OCPP_RS_TLS"],
            "IT": "ISO14443",
            "ID": RFID["id_tag"],
            "TT": RFID["tariff_text"],
            "CT": "EVSEID",
            "CI": SETTINGS["charge_point_id"],
        }
        assert (reading["TX"], reading["RV"]) == (method[0].upper().replace("I", "C"), 1000.0)


def test_session_goes_on_after_a_start_with_the_user_of_its_record() -> None:
    bench = Bench().set_up()
    begun = payload_of(bench.call("begin", **RFID)["record"])
    here = payload_of(bench.call("intermediate")["record"])
    bench.boot()
    bench.idle(20)
    recovered = payload_of(bench.all_records()[3])
    for payload in (here, recovered):
        for key in ("MS", "IS", "IL", "IF", "IT", "ID", "TT"):
            assert payload[key] == begun[key]


LINE_FAULTS = [
    (faults.silence, "meter_no_reply"),
    (faults.bad_crc, "meter_bad_crc"),
    (faults.wrong_unit, "meter_wrong_unit"),
    (faults.wrong_function, "meter_wrong_function"),
    (faults.cut, "meter_wrong_length"),
    (faults.doubled, "meter_wrong_length"),
    (faults.exception, "meter_exception"),
    (faults.sentinel, "meter_sentinel"),
]


@pytest.mark.parametrize(("fault", "name"), LINE_FAULTS)
@pytest.mark.parametrize("method", ["begin", "intermediate", "end"])
def test_meter_fault_is_named_and_nothing_is_signed(
    fault: faults.Fault, name: str, method: str
) -> None:
    bench = Bench().set_up()
    if method != "begin":
        bench.call("begin")
    seals, records = bench.core.seals, bench.all_records()
    for at in (0, 2):  # the first read of the energy, and the one that confirms it
        bench.meter.faults = [None] * at + [fault] * 3
        assert refused(bench, method).name == name
        bench.meter.faults = []
    assert (bench.core.seals, bench.all_records()) == (seals, records)
    assert bench.event_names()[-1] == "meter_fault"
    assert bench.call(method)["pagination"] == len(records) + 1


def test_energy_below_the_newest_record_is_refused() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    bench.meter.energy_wh -= 1
    error = refused(bench, "end")
    assert error.name == "meter_went_backwards"
    assert error.detail == {"earlier_kwh": "1000.000", "found_kwh": "999.999"}
    bench.meter.energy_wh += 1
    bench.call("end")
    bench.meter.energy_wh -= 500
    bench.boot()
    bench.set_time(NOON + 10**9)
    assert refused(bench, "begin").name == "meter_went_backwards"


def statement_of(reply: dict) -> tuple[str, str, str]:
    """TX, EF and ST of a reply's record."""
    reading = reading_of(reply["record"])
    return reading["TX"], reading["EF"], reading["ST"]


@pytest.mark.parametrize(("rise_wh", "flags"), [(1111, ""), (1130, "E"), (500_000_000, "E")])
def test_energy_that_no_charging_point_gives_is_not_to_be_billed(rise_wh: int, flags: str) -> None:
    """In two seconds 1 MW makes 556 Wh, and a meter may be two seconds late."""
    bench = Bench().set_up()
    bench.call("begin")
    bench.port.us += 2_000_000 - 50_000
    bench.meter.energy_wh += rise_wh
    assert statement_of(bench.call("end")) == ("E", flags, "O" if flags else "G")
    bench.idle(60)
    bench.meter.energy_wh += 1000
    assert statement_of(bench.call("begin")) == ("B", "", "G")
    bench.idle(60)
    assert statement_of(bench.call("end")) == ("E", "", "G")


def test_session_with_a_reading_that_jumped_stays_doubtful() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    bench.idle(60)
    bench.meter.energy_wh += 100_000
    assert statement_of(bench.call("intermediate")) == ("C", "E", "O")
    bench.idle(3600)
    assert statement_of(bench.call("intermediate")) == ("C", "E", "O")
    bench.boot()
    bench.idle(20)
    last = list(bench.all_records().values())[-1]
    assert statement_of({"record": last}) == ("P", "Et", "O")


def test_rise_over_a_power_failure_is_not_judged() -> None:
    """How long the power was away nobody knows."""
    bench = Bench().set_up()
    bench.call("begin")
    bench.meter.energy_wh += 100_000
    bench.boot()
    last = list(bench.all_records().values())[-1]
    assert statement_of({"record": last}) == ("P", "t", "G")


def test_step_of_a_coarse_meter_is_no_jump() -> None:
    """Above 131,072 kWh a float of kWh moves in steps of 16 Wh, and 100 Wh are shown."""
    bench = Bench(meter=faults.FakeMeter(131_072_040)).set_up()
    bench.call("begin")
    bench.meter.energy_wh += 16
    assert statement_of(bench.call("end")) == ("E", "", "G")


def test_exchanged_meter_is_refused_until_it_is_configured() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    bench.meter.serial = 99
    assert refused(bench, "end").name == "meter_serial_mismatch"
    bench.meter.serial = 12345678
    bench.call("end")
    bench.meter.serial, bench.meter.energy_wh = 99, 5
    assert refused(bench, "begin").name == "meter_serial_mismatch"
    assert refused(bench, "configure", meter_serial="99").name == "sealed"
    bench.reconfigure(meter_serial="99")
    assert payload_of(bench.call("begin")["record"])["MS"] == "99"


# --- a full journal --------------------------------------------------------------------------


def for_ever(bench: Bench, methods: tuple[str, ...]) -> None:
    while True:
        for method in methods:
            bench.call(method)


def fill(bench: Bench) -> None:
    """Sessions until one is refused."""
    with pytest.raises(WattsealError) as raised:
        for_ever(bench, ("begin", "end"))
    assert raised.value.name == "journal_full"
    assert bench.call("status")["session"] is None


def test_full_journal_refuses_sessions_and_goes_on_after_a_release() -> None:
    bench = Bench().set_up()
    fill(bench)
    records = bench.all_records()
    newest = max(records)
    assert list(records) == list(range(1, newest + 1))
    seals = bench.core.seals
    assert refused(bench, "begin").name == "journal_full"
    assert bench.core.seals == seals
    journal = bench.call("release", through=newest)
    assert journal["next"] == newest + 1
    assert journal["oldest"] > 1
    assert bench.call("begin", **RFID)["pagination"] == newest + 1
    bench.call("end")
    bench.idle_days(31)
    assert bench.event_names()[-1] == "records_released"


def test_session_that_filled_the_journal_can_always_end() -> None:
    bench = Bench().set_up()
    bench.call("begin", **RFID)
    with pytest.raises(WattsealError) as raised:
        for_ever(bench, ("intermediate",))
    assert raised.value.name == "journal_full"
    assert bench.call("end")["begin_pagination"] == 1


def test_release_of_an_open_session_or_of_the_future_is_refused() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    assert refused(bench, "release", through=1).name == "release_refused"
    assert refused(bench, "release", through=2).name == "release_refused"
    assert "records_released" not in bench.event_names()


def test_numbers_never_repeat_over_releases_and_starts() -> None:
    bench = Bench(FakeCore(journal=6))
    bench.set_up()
    seen: dict[int, str] = {}
    for round_number in range(12):
        bench.call("begin", **RFID)
        bench.call("end")
        for pagination, record in bench.all_records().items():
            assert seen.setdefault(pagination, record) == record
        bench.call("release", through=max(seen))
        bench.boot()
        bench.set_time(NOON + (round_number + 1) * 3_600_000)
    assert list(seen) == list(range(1, 25))


# --- a session that a power failure cut ------------------------------------------------------


def cut_session() -> Bench:
    bench = Bench().set_up()
    bench.call("begin", session_id=7, **RFID)
    bench.idle(3600)
    bench.meter.energy_wh += 2500
    return bench


def test_cut_session_is_ended_at_boot() -> None:
    bench = cut_session().boot()
    assert bench.call("status")["session"] is None
    (begun, ended) = bench.all_records().values()
    verify(ended, bench.call("public_key")["public_key"])
    first, last = reading_of(begun), reading_of(ended)
    assert (last["TX"], last["EF"], last["ST"]) == ("P", "t", "G")
    assert last["TM"] == first["TM"][:-1] + "U"
    assert last["RV"] == 1002.5
    payloads = payload_of(begun), payload_of(ended)
    for key in ("IS", "IL", "IF", "IT", "ID", "TT", "MS", "GS", "FV"):
        assert payloads[0][key] == payloads[1][key]
    assert bench.event_names()[-1] == "session_recovered"
    bench.set_time(NOON + 7200_000)
    assert bench.call("begin")["pagination"] == 3


def test_time_of_the_end_is_the_last_that_anything_told() -> None:
    bench = cut_session()
    refused(bench, "begin")  # an hour later, and logged
    bench.boot()
    records = list(bench.all_records().values())
    assert reading_of(records[0])["TM"].startswith("2026-05-28T22:26:40")
    assert reading_of(records[1])["TM"].startswith("2026-05-28T23:26:4")


def test_silent_meter_keeps_the_session_open_until_it_answers() -> None:
    bench = cut_session()
    begun = bench.call("status")["session"]
    bench.meter.is_silent = True
    bench.boot()
    session = bench.call("status")["session"]
    assert session == {
        "session_id": 7,
        "begin_pagination": 1,
        "begin_unix_ms": begun["begin_unix_ms"],
        "recovery": True,
    }
    for method in ("begin", "end", "intermediate"):
        error = refused(bench, method)
        assert (error.name, error.detail) == ("recovery_pending", {"cause": "meter_no_reply"})
    assert refused(
        bench, "set_time", unix_ms=NOON, utc_offset_min=0, source="informative"
    ).name == ("recovery_pending")
    asked = len(bench.meter.requests)
    for _ in range(30):
        bench.idle(1)
    assert 2 <= len(bench.meter.requests) - asked <= 4
    assert len(bench.all_records()) == 1
    bench.meter.is_silent = False
    bench.idle(15)
    assert reading_of(bench.all_records()[2])["TX"] == "P"
    assert bench.call("status")["session"] is None


def test_waiting_for_the_meter_does_not_hold_up_the_link() -> None:
    bench = cut_session()
    bench.meter.is_silent = True
    bench.boot()
    bench.idle(11)
    start_us = bench.port.us
    bench.call("hello")
    assert bench.port.us - start_us < 2_500_000


def test_meter_is_asked_three_times_again_after_a_recovery_that_failed() -> None:
    bench = cut_session()
    bench.meter.is_silent = True
    bench.boot()
    bench.idle(15)
    bench.meter.is_silent = False
    bench.meter.faults = [faults.bad_crc, faults.bad_crc]
    assert bench.call("read_meter")["energy_kwh"] == "1002.500"


def test_host_that_never_pauses_does_not_put_the_recovery_off() -> None:
    bench = cut_session()
    bench.meter.is_silent = True
    bench.boot()
    bench.meter.is_silent = False
    for _ in range(25):
        bench.port.us += 500_000
        bench.call("hello")
    assert bench.call("status")["session"] is None


def test_exchanged_meter_does_not_end_the_session_of_another() -> None:
    bench = cut_session()
    bench.meter.serial = 99
    bench.boot()
    assert refused(bench, "begin").detail == {"cause": "meter_serial_mismatch"}
    bench.meter.serial = 12345678
    bench.idle(15)
    assert reading_of(bench.all_records()[2])["TX"] == "P"


def test_power_failing_again_and_again_ends_the_session_once() -> None:
    bench = cut_session()
    for _ in range(3):
        bench.boot()
    assert [reading_of(record)["TX"] for record in bench.all_records().values()] == ["B", "P"]
