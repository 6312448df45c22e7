"""Payloads are the exact bytes expected, and independent readers agree with them."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pyocmf import OCMF
from wattseal.wire import ocmf_tables
from wattseal.wire.errors import WattsealError
from wattseal.wire.messages import MAX_LINE_BYTES, encode, result
from wattseal.wire.methods import check_result
from wattseal.wire.ocmf_payload import build_payload, build_record, check_user, date_of, time_text
from wattseal.wire.reading import MAX_VALUE, Reading

STATION = {
    "format_version": "1.3",
    "gateway_id": "Wattseal RP2040",
    "gateway_serial": "WS-000001",
    "gateway_version": "0.1.0",
    "meter_vendor": "Eastron",
    "meter_model": "SDM630",
    "meter_serial": "20155775",
    "current_type": "AC",
}
BEGIN = {
    "unix_ms": 1532431324000,
    "utc_offset_min": 120,
    "synchronisation": "S",
    "reason": "B",
}
END = {**BEGIN, "unix_ms": 1532434924000, "reason": "E"}
USER = {
    "id_tag": "1F2D3A4F5506C7",
    "id_type": "ISO14443",
    "id_level": "VERIFIED",
    "id_flags": ["RFID_PLAIN", "OCPP_RS_TLS"],
    "tariff_text": "Tarif 1",
}
SIGNATURE = b'{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"3006020101020101"}'

printable = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="|"), min_size=1
)


def build(station=STATION, user=USER, pagination=7, readings=None) -> bytes:
    return build_payload(station, user, pagination, readings or [(Reading(2935600, 0), BEGIN)])


def fields_of(payload: bytes) -> dict:
    return json.loads(payload, parse_float=Decimal, parse_int=Decimal)


def refused_field(**changes) -> str:
    with pytest.raises(WattsealError) as refused:
        build(**changes)
    assert refused.value.name == "out_of_range"
    return refused.value.detail["field"]


def test_a_begin_with_a_user():
    assert build() == (
        b'{"FV":"1.3","GI":"Wattseal RP2040","GS":"WS-000001","GV":"0.1.0","PG":"T7",'
        b'"MV":"Eastron","MM":"SDM630","MS":"20155775","IS":true,"IL":"VERIFIED",'
        b'"IF":["RFID_PLAIN","OCPP_RS_TLS"],"IT":"ISO14443","ID":"1F2D3A4F5506C7","TT":"Tarif 1",'
        b'"RD":[{"TM":"2018-07-24T13:22:04,000+0200 S","TX":"B","RV":2935.600,"RI":"1-0:1.8.0",'
        b'"RU":"kWh","RT":"AC","EF":"","ST":"G"}]}'
    )


def test_an_end_without_a_user_and_with_every_optional_field_in_format_1_4():
    station = {
        **STATION,
        "format_version": "1.4",
        "meter_firmware": "0107",
        "controller_firmware": 'EVCC "2.1"',
        "charge_point_type": "EVSEID",
        "charge_point_id": "DE*ABC*E1",
        "current_type": "DC",
    }
    statement = {**END, "reason": "P", "synchronisation": "U", "error_flags": "t"}
    assert build(station, {}, 8, [(Reading(12345, 2), statement)]) == (
        b'{"FV":"1.4","GI":"Wattseal RP2040","GS":"WS-000001","GV":"0.1.0","PG":"T8",'
        b'"MV":"Eastron","MM":"SDM630","MS":"20155775","MF":"0107","IS":false,"IF":[],'
        b'"IT":"NONE","ID":"","CF":"EVCC \\"2.1\\"","CT":"EVSEID","CI":"DE*ABC*E1",'
        b'"RD":[{"TM":"2018-07-24T14:22:04,000+0200 U","TX":"P","RV":1234.5,'
        b'"RI":"01-00:B0.08.00*FF","RU":"kWh","RT":"DC","EF":"t","ST":"G"}]}'
    )


def test_begin_and_end_in_one_record_repeat_every_field():
    payload = build(readings=[(Reading(10, 0), BEGIN), (Reading(20, 0), END)])
    begin, end = fields_of(payload)["RD"]
    assert begin.keys() == end.keys()
    assert (begin["TX"], end["TX"]) == ("B", "E")


def test_the_record_is_header_payload_and_signature():
    assert build_record(b"{}", b'{"SD":""}') == b'OCMF|{}|{"SD":""}'


@given(
    st.fixed_dictionaries(
        {
            "gateway_id": printable.filter(lambda text: len(text) <= 50),
            "meter_serial": printable.filter(lambda text: len(text) <= 50),
        }
    ),
    st.fixed_dictionaries({"id_tag": printable.filter(lambda text: len(text) <= 40)}),
    st.builds(Reading, st.integers(0, MAX_VALUE), st.integers(-3, 6)),
    st.integers(1, MAX_VALUE),
)
def test_any_allowed_text_and_number_survives(texts, user, reading, pagination):
    payload = build({**STATION, **texts}, user, pagination, [(reading, BEGIN)])
    fields = fields_of(payload)
    assert (fields["GI"], fields["MS"]) == (texts["gateway_id"], texts["meter_serial"])
    assert fields["ID"] == user["id_tag"]
    assert fields["PG"] == f"T{pagination}"
    assert fields["RD"][0]["RV"] == Decimal(reading.value).scaleb(reading.exponent - 3)
    assert f'"RV":{reading.to_text_kwh()},'.encode() in payload
    assert re.fullmatch(rb"[ -{}~]+", payload)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", "1.2"),
        ("gateway_id", ""),
        ("gateway_serial", "a|b"),
        ("gateway_version", "x" * 51),
        ("meter_vendor", "Müller"),
        ("meter_serial", None),
        ("meter_serial", 20155775),
        ("meter_firmware", "\n"),
        ("controller_firmware", "x" * 26),
        ("charge_point_type", "OTHER"),
        ("current_type", "ac"),
        ("flux", "1"),
    ],
)
def test_station_fields_that_the_format_does_not_allow_are_refused(key, value):
    station = {**STATION, key: value}
    assert refused_field(station=station) == key


@pytest.mark.parametrize("key", sorted(STATION))
def test_every_required_station_field_is_missed(key):
    station = {name: value for name, value in STATION.items() if name != key}
    assert refused_field(station=station) == key


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"charge_point_type": "EVSEID"}, "charge_point_id"),
        ({"charge_point_id": "DE*ABC*E1"}, "charge_point_type"),
    ],
)
def test_charge_point_type_and_id_go_together(given, missing):
    assert refused_field(station={**STATION, **given}) == missing


@pytest.mark.parametrize("pagination", [0, -1, True, "1", 1.0, 2**53])
def test_paginations_start_at_one_and_are_integers(pagination):
    assert refused_field(pagination=pagination) == "pagination"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reason", "Q"),
        ("reason", "b"),
        ("synchronisation", "X"),
        ("utc_offset_min", 841),
        ("utc_offset_min", -841),
        ("unix_ms", -1),
        ("unix_ms", 1.5),
        ("unix_ms", 946684800000 - 7200001),
        ("error_flags", "tE"),
        ("error_flags", "x"),
        ("meter_state", "K"),
    ],
)
def test_statements_that_the_format_does_not_allow_are_refused(key, value):
    readings = [(Reading(1, 0), {**BEGIN, key: value})]
    assert refused_field(readings=readings) == key


def test_a_record_without_a_reading_is_refused():
    with pytest.raises(WattsealError) as refused:
        build_payload(STATION, USER, 1, [])
    assert refused.value.detail["field"] == "readings"


def test_a_user_that_the_format_does_not_allow_is_refused():
    assert refused_field(user={"id_tag": "x", "id_type": "ISO14443"}) == "id_tag"


def largest_record() -> bytes:
    """The record of a station whose every text is as long, and as hard to quote, as may be."""
    station = dict.fromkeys(STATION, '"' * 50) | {
        "format_version": "1.4",
        "gateway_version": '"' * 50,
        "meter_firmware": '"' * 50,
        "controller_firmware": '"' * 25,
        "charge_point_type": "EVSEID",
        "charge_point_id": '"' * 50,
        "current_type": "AC",
    }
    flags = sorted(ocmf_tables.IDENTIFICATION_FLAGS, key=len)[-4:]
    user = {
        "id_tag": '"' * 40,
        "id_type": "CARD_TXN_NR",
        "id_level": "CERTIFIED",
        "id_flags": flags,
        "tariff_text": '"' * 250,
    }
    signature = b'{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"' + b"30" * 72 + b'"}'
    statement = {**BEGIN, "error_flags": "Et"}
    payload = build(station, user, MAX_VALUE, [(Reading(MAX_VALUE, -3), statement)])
    return build_record(payload, signature)


def test_the_largest_record_fits_one_line_of_the_link_if_it_is_quoted_twice():
    record = largest_record().decode()
    fields = {
        "pagination": MAX_VALUE,
        "session_id": 2147483647,
        "record": record,
        "public_key": "30" * 91,
        "begin_pagination": MAX_VALUE,
    }
    check_result("end", fields)
    assert len(encode(result("i" * 40, fields))) <= MAX_LINE_BYTES


def test_pyocmf_reads_every_record_strictly():
    for user in (USER, {}, {"id_tag": "+493012345678", "id_type": "PHONE_NUMBER"}):
        record = build_record(build(user=user), SIGNATURE).decode()
        parsed = OCMF.from_string(record, strict=True)
        assert str(parsed.payload.RD[0].RV) == "2935.600"
        assert parsed.payload.PG == "T7"


@pytest.mark.parametrize("format_version", ocmf_tables.FORMAT_VERSIONS)
@pytest.mark.parametrize("reason", ["E", "L", "R", "A", "P"])
@pytest.mark.parametrize("user", [USER, {}], ids=["user", "nobody"])
def test_a_pair_of_records_passes_the_rules_of_the_transparency_software(
    format_version, reason, user
):
    station = {**STATION, "format_version": format_version}
    begin = build(station, user, 7, [(Reading(2935600, 0), BEGIN)])
    end = build(station, user, 8, [(Reading(2940612, 0), {**END, "reason": reason})])
    first, last = (
        OCMF.from_string(build_record(payload, SIGNATURE).decode(), strict=True)
        for payload in (begin, end)
    )
    assert first.check_eichrecht(last) == []


def test_an_informative_clock_and_a_cut_session_are_warnings_only():
    statement = {**END, "reason": "P", "synchronisation": "U", "error_flags": "t"}
    first, last = (
        OCMF.from_string(build_record(build(readings=readings), SIGNATURE).decode(), strict=True)
        for readings in ([(Reading(1, 0), BEGIN)], [(Reading(2, 0), statement)])
    )
    assert first.check_eichrecht(last, errors_only=True) == []
    assert first.check_eichrecht(last) != []


def test_a_signature_over_the_payload_bytes_verifies():
    key = ec.generate_private_key(ec.SECP256R1())
    payload = build()
    signature = key.sign(payload, ec.ECDSA(hashes.SHA256())).hex()
    section = f'{{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"{signature}"}}'.encode()
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = OCMF.from_string(build_record(payload, section).decode(), strict=True)
    assert record.verify_signature(public.hex())
    changed = build_record(payload.replace(b"2935.600", b"2935.601"), section).decode()
    assert not OCMF.from_string(changed, strict=True).verify_signature(public.hex())


@pytest.mark.parametrize(
    ("unix_ms", "offset", "letter", "text"),
    [
        (1532431324000, 120, "S", "2018-07-24T13:22:04,000+0200 S"),  # the specification's example
        (946684800000, 0, "U", "2000-01-01T00:00:00,000+0000 U"),
        (951782399999, 0, "I", "2000-02-28T23:59:59,999+0000 I"),
        (951782400000, 0, "R", "2000-02-29T00:00:00,000+0000 R"),
        (951782400001, -1, "S", "2000-02-28T23:59:00,001-0001 S"),
        (4102444799999, 0, "S", "2099-12-31T23:59:59,999+0000 S"),
        (1704067200000, 840, "S", "2024-01-01T14:00:00,000+1400 S"),
        (1704067200000, -840, "S", "2023-12-31T10:00:00,000-1400 S"),
        (1704067200000, 345, "S", "2024-01-01T05:45:00,000+0545 S"),
        (1704067200000, -210, "S", "2023-12-31T20:30:00,000-0330 S"),
        (946684800000 - 3600000, 60, "S", "2000-01-01T00:00:00,000+0100 S"),
    ],
)
def test_known_times(unix_ms, offset, letter, text):
    assert time_text(unix_ms, offset, letter) == text


@given(st.integers(946771200000, 4102358399999), st.integers(-840, 840))
def test_the_text_is_what_datetime_says(unix_ms, offset):
    local = datetime.fromtimestamp(unix_ms // 1000, UTC).astimezone(
        timezone(timedelta(minutes=offset))
    )
    expected = f"{local:%Y-%m-%dT%H:%M:%S},{unix_ms % 1000:03d}{local:%z} S"
    assert time_text(unix_ms, offset, "S") == expected


def test_every_day_of_four_centuries():
    first = date(1900, 1, 1)
    for number in range(400 * 365 + 97):
        day = first + timedelta(days=number)
        assert date_of(day.toordinal() - 719163) == (day.year, day.month, day.day)


@pytest.mark.parametrize(
    ("unix_ms", "offset"),
    [(946684799999, 0), (946684800000, -1), (4102444800000, 0), (4102444799999, 1), (0, 0)],
)
def test_local_years_outside_2000_to_2099_are_refused(unix_ms, offset):
    with pytest.raises(WattsealError) as refused:
        time_text(unix_ms, offset, "S")
    assert (refused.value.name, refused.value.detail["field"]) == ("out_of_range", "unix_ms")


@pytest.mark.parametrize(
    ("user", "id_type"),
    [
        ({}, "NONE"),
        ({"id_type": "DENIED"}, "DENIED"),
        ({"tariff_text": ""}, "NONE"),
        ({"id_tag": "anything at all"}, "UNDEFINED"),
        ({"id_tag": "1F2D3A4F", "id_type": "ISO14443"}, "ISO14443"),
        ({"id_tag": "1f2d3a4f5506c7", "id_type": "ISO14443"}, "ISO14443"),
        ({"id_tag": "E007000012345678", "id_type": "ISO15693"}, "ISO15693"),
        ({"id_tag": "DE8AAC12345678", "id_type": "EMAID"}, "EMAID"),
        ({"id_tag": "DE8AAC123456789", "id_type": "EMAID"}, "EMAID"),
        ({"id_tag": "0A1B2C", "id_type": "EVCCID"}, "EVCCID"),
        ({"id_tag": "DE-8AA-123456-7", "id_type": "EVCOID"}, "EVCOID"),
        ({"id_tag": "4111111111111111", "id_type": "ISO7812"}, "ISO7812"),
        ({"id_tag": "+4930123456", "id_type": "PHONE_NUMBER"}, "PHONE_NUMBER"),
        ({"id_tag": "x", "id_type": "KEY_CODE", "id_level": "SECURE"}, "KEY_CODE"),
    ],
)
def test_good_users_keep_their_fields_and_get_a_type(user, id_type):
    assert check_user(user) == {**user, "id_type": id_type}


@pytest.mark.parametrize(
    ("user", "field"),
    [
        ({"id_type": "ISO14443"}, "id_type"),
        ({"id_type": "UNDEFINED"}, "id_type"),
        ({"id_tag": "x", "id_type": "NONE"}, "id_type"),
        ({"id_tag": "x", "id_type": "DENIED"}, "id_type"),
        ({"id_level": "HEARSAY"}, "id_level"),
        ({"id_flags": ["RFID_PLAIN"]}, "id_flags"),
        ({"id_tag": ""}, "id_tag"),
        ({"id_tag": "1F2D3A4", "id_type": "ISO14443"}, "id_tag"),
        ({"id_tag": "1F2D3A4F55", "id_type": "ISO14443"}, "id_tag"),
        ({"id_tag": "1F2D3A4G", "id_type": "ISO14443"}, "id_tag"),
        ({"id_tag": "1F2D3A4F", "id_type": "ISO15693"}, "id_tag"),
        ({"id_tag": "DE8AAC1234567", "id_type": "EMAID"}, "id_tag"),
        ({"id_tag": "DE-8AA-1234567", "id_type": "EMAID"}, "id_tag"),
        ({"id_tag": "0A1B2C3", "id_type": "EVCCID"}, "id_tag"),
        ({"id_tag": "4111-1111", "id_type": "ISO7812"}, "id_tag"),
        ({"id_tag": "004930123456", "id_type": "PHONE_NUMBER"}, "id_tag"),
        ({"id_tag": "+", "id_type": "PHONE_NUMBER"}, "id_tag"),
        ({"id_tag": "+" + "1" * 16, "id_type": "PHONE_NUMBER"}, "id_tag"),
        ({"id_tag": "x", "id_type": "ISO144430"}, "id_type"),
        ({"id_tag": "x", "id_level": "INVALID"}, "id_level"),
        ({"id_tag": "x", "id_level": "OUTDATED"}, "id_level"),
        ({"id_tag": "x", "id_level": "UNKNOWN"}, "id_level"),
        ({"id_tag": "x", "id_level": "MISMATCH"}, "id_level"),
        ({"id_tag": "x", "id_flags": ["RFID"]}, "id_flags"),
        ({"session_id": 1}, "session_id"),
    ],
)
def test_bad_users_are_refused_naming_the_field(user, field):
    with pytest.raises(WattsealError) as refused:
        check_user(user)
    assert (refused.value.name, refused.value.detail["field"]) == ("out_of_range", field)
