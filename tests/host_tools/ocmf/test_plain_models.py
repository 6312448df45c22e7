"""Records that are read plainly are read as pyocmf reads them, and none with a deviation is."""

import json
import warnings
from typing import Any

import pytest
from pyocmf import Payload
from support.device.signer import signer
from support.device.transactions import END_TIME, payload, reading
from wattseal.ocmf.plain_models import AnyPayload, PlainPayload, PlainSignature, plain_payload
from wattseal.ocmf.record import read_record

TIME = "2026-11-21T10:00:00,000+0100"

PAYLOAD_VALUES: dict[str, list[Any]] = {
    "FV": ["0.4", "1.4", 1.0, 1, "x", None],
    "GS": ["a", "", None, 5],
    "PG": ["T0", "T01", "F3", "2", "T1\n", None],
    "MS": ["1", None],
    "IS": [False, "yes", "true", 1, None],
    "IL": ["MISMATCH", " VERIFIED", "x", None],
    "IF": [[], ["OCPP_RS_TLS", "PLMN_SMS"], ["x"], ["RFID_PLAIN"] * 5, None],
    "IT": ["EMAID", "LOCAL", "PHONE_NUMBER", "x", None],
    "ID": ["04A2B1C3D4E5F6", "x", "", "+49123456789", "tel:+49-123-456789", "DE-1/ä", 5, None],
    "TT": ["b" * 250, "b" * 251],
    "CF": ["a" * 25, "a" * 26],
    "LC": [{}, {"LN": "x", "LI": 1, "LR": 5, "LU": "mOhm"}, None],
    "CT": ["EVSEID", "CBIDC", "x", "", 0],
    "CI": ["DE*ABC*E1", None],
    "U1": [{"a": [1]}],
    "RD": [[], None, {}],
}
READING_VALUES: dict[str, list[Any]] = {
    "TM": [TIME, f"{TIME} R", f"{TIME} Z", f" {TIME} S", "2026-02-30T10:00:00,000+0100 S", None],
    "TX": ["C", "X", "T", "Z", " B", "b", None],
    "RV": [0, -1, 1.5, "5", "x", True, None],
    "RI": ["1-0:1.8.0*", "1-0:1.8.0*198", "01-00:98.08.00*FF", "", "a*b*c", 5, None],
    "RU": ["Wh", "mOhm", "kwh", None],
    "RT": ["DC", "XX", None],
    "CL": [1.25, "x", None],
    "EF": ["E", "t", "Et", "zz", None],
    "ST": ["F", "q", None],
    "EI": [1, "a"],
}
ID_TYPES = ["ISO14443", "ISO15693", "EMAID", "EVCCID", "EVCOID", "ISO7812", "LOCAL", "KEY_CODE"]
IDS = ["04A2B1C3", "04A2B1C3D4E5F6A7", "DETNME12345678X", "0A1B2C", "NL-TNM-012204-5", "4111111111"]

TEXTS = [
    payload([reading()]),
    *(payload([reading()], **{name: one}) for name, many in PAYLOAD_VALUES.items() for one in many),
    *(payload([reading(**{name: v})]) for name, many in READING_VALUES.items() for v in many),
    *(payload([reading()], IT=kind, ID=one) for kind in ID_TYPES for one in IDS),
    payload([reading(), reading(TX="E", TM=END_TIME)]),
    payload([reading(), {"TX": "E", "TM": END_TIME, "RV": 3}]),
    payload([reading(), reading(TX="E", EF=None)]),
    payload([reading(EF=None), reading(TX="E", EF="t"), reading(TX="C", EF="")]),
    payload([reading(EF=None), reading(TX="E", EF="t"), reading(TX="C", EF=None)]),
    payload([reading()], MS=None, GS=None),
]


def content(read: AnyPayload) -> dict[str, Any]:
    """What a payload says, whichever model read it."""
    names = (name for name in PlainPayload.model_fields if name != "RD")
    readings = [
        {
            **{name: getattr(one, name) for name in ("TX", "RV", "RU", "RT", "CL", "ST")},
            "TM": (one.timestamp, one.time_status),
            "RI": str(one.RI),
            "EF": one.EF or None,
            "more": one.model_extra,
        }
        for one in read.RD
    ]
    return {**{name: getattr(read, name) for name in names}, "RD": readings, "X": read.model_extra}


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_read_plainly_is_what_pyocmf_reads_without_a_warning(text: str) -> None:
    record = read_record(signer().record(text))
    if not isinstance(record.payload, PlainPayload):
        return  # pyocmf has read it
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judged = Payload.model_validate(json.loads(text))
    assert content(record.payload) == content(judged)
    assert (record.times, record.findings) == (tuple(one.TM for one in record.payload.RD), ())


def test_most_are_read_plainly() -> None:
    """Or the other test would show nothing."""
    read = [read_record(signer().record(text)) for text in TEXTS]
    plain = [one for one in read if isinstance(one.payload, PlainPayload)]
    assert len(plain) > len(TEXTS) // 3
    assert all(isinstance(one.signature, PlainSignature) for one in plain)


@pytest.mark.parametrize(
    "changes",
    [
        {"ID": "+49123456789", "IT": "LOCAL"},
        {"ID": "04A2B1", "IT": "ISO14443"},
        {"IF": ["x"]},
        {"GS": None, "MS": None},
        {"RD": [reading(TM="2026-02-30T10:00:00,000+0100 S")]},
        {"RD": [reading(), {"TM": END_TIME, "RV": 1, "RI": "1-0:1.8.0", "RU": "kWh", "ST": "G"}]},
    ],
)
def test_what_takes_a_closer_look_is_refused(changes: dict[str, Any]) -> None:
    data = {**json.loads(payload([reading()])), **changes}
    with pytest.raises(ValueError):  # noqa: PT011
        plain_payload(data)


@pytest.mark.parametrize(
    "section",
    ['"SE":"base64","SD":"MEUC"', '"SA":"RSA","SD":"00"', '"SD":"0g"', '"SM":"x","SD":"00"'],
)
def test_other_signatures_are_read_as_before(section: str) -> None:
    record = read_record(f"OCMF|{payload([reading()])}|{{{section}}}")
    assert not isinstance(record.signature, PlainSignature)
