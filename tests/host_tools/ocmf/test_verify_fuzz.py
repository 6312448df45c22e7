"""Any file gives a report, whatever it holds, and no altered record is verified."""

import json
from collections.abc import Iterable

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.device.signer import signer
from support.device.transactions import Transaction
from wattseal.common.findings import Severity
from wattseal.ocmf.report import FileReport, Verdict
from wattseal.ocmf.verify import verify_file

GOOD = Transaction()
XML = GOOD.xml
RECORD = GOOD.begin_record.encode()
KEY = GOOD.signer.public

thorough = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def assert_sound(report: FileReport) -> None:
    """A report agrees with itself and can be printed as JSON."""
    has_error = any(one.severity is Severity.ERROR for one in report.all_findings)
    assert has_error == (report.verdict is not Verdict.VERIFIED)
    assert all(one.sentence_en.isprintable() for one in report.all_findings)
    report.model_dump_json()


@thorough
@given(st.binary(max_size=300))
@example(b"OCMF|{}|{}")
def test_random_bytes(data: bytes) -> None:
    report = verify_file("file", data, KEY)
    assert report.verdict is Verdict.UNREADABLE
    assert_sound(report)


@thorough
@given(st.text(max_size=200), st.text(max_size=100))
def test_random_sections(payload: str, signature: str) -> None:
    data = f"OCMF|{payload}|{signature}".encode("utf-8", "surrogatepass")
    report = verify_file("file", data, KEY)
    assert report.verdict is not Verdict.VERIFIED
    assert_sound(report)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["RD", "TM", "TX", "RV", "RI", "RU", "ST", "EF", "PG", "IF", "ID", "LC"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@thorough
@given(JSON)
def test_authentic_records_of_any_content(content: object) -> None:
    record = signer().record(json.dumps(content))
    assert_sound(verify_file("file", record.encode(), KEY))


def _mutate(data: st.DataObject, source: bytes) -> bytes:
    """A few bytes replaced, inserted, removed or doubled."""
    mutated = bytearray(source)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        kind = data.draw(st.sampled_from(["replace", "insert", "remove", "double"]))
        if kind == "replace":
            mutated[at] = data.draw(st.integers(0, 255))
        elif kind == "insert":
            mutated[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        elif kind == "remove":
            del mutated[at : at + data.draw(st.integers(1, 40))]
        else:
            mutated[at:at] = mutated[at : at + 200]
    return bytes(mutated)


def _payloads(texts: Iterable[str]) -> set[str]:
    """What stands between the first two bars of each text."""
    return {text.split("|")[1] for text in texts if text.count("|") >= 2}


@thorough
@given(st.data())
def test_mutated_xml(data: st.DataObject) -> None:
    mutated = _mutate(data, XML)
    report = verify_file("file", mutated)
    assert_sound(report)
    if report.verdict is Verdict.VERIFIED:
        signed = [one.text or "" for one in fromstring(mutated).iter("signedData")]
        assert _payloads(signed) <= _payloads([GOOD.begin_record, GOOD.end_record])


@thorough
@given(st.data())
def test_mutated_record(data: st.DataObject) -> None:
    mutated = _mutate(data, RECORD)
    report = verify_file("file", mutated, KEY)
    assert_sound(report)
    if report.verdict is Verdict.VERIFIED:
        assert _payloads([mutated.decode()]) == _payloads([GOOD.begin_record])


@pytest.mark.parametrize("at", range(0, len(RECORD.split(b"|")[1]), 7))
def test_no_single_bit_of_a_payload_can_turn_over(at: int) -> None:
    start = len(b"OCMF|") + at
    for bit in range(8):
        flipped = bytearray(RECORD)
        flipped[start] ^= 1 << bit
        assert verify_file("file", bytes(flipped), KEY).verdict is not Verdict.VERIFIED
