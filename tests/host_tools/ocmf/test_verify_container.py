"""Every form in which a record may come, and files that hold none."""

import base64

import pytest
from support.device.signer import signer
from support.device.transactions import Transaction, xml
from wattseal.common.findings import Severity
from wattseal.ocmf.container import MAX_FILE_BYTES, MAX_RECORDS
from wattseal.ocmf.report import Verdict
from wattseal.ocmf.verify import verify_file

GOOD = Transaction()
RECORD = GOOD.begin_record
KEY = GOOD.signer.public
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "data",
    [
        RECORD.encode(),
        RECORD.encode() + b"\n",
        b"\r\n  " + RECORD.encode() + b"\r\n",
        BOM + RECORD.encode(),
        RECORD.encode().hex().encode(),
        RECORD.encode().hex(" ", 2).upper().encode() + b"\n",
        base64.b64encode(RECORD.encode()),
        base64.encodebytes(RECORD.encode()),
    ],
)
def test_forms_of_a_bare_record(data: bytes) -> None:
    report = verify_file("file", data, KEY)
    assert report.verdict is Verdict.VERIFIED
    assert [value.pagination for value in report.values] == ["T1"]


@pytest.mark.parametrize("between", ["", "\n", "\r\n\r\n"])
def test_two_records_in_one_text_make_a_transaction(between: str) -> None:
    data = (GOOD.begin_record + between + GOOD.end_record).encode()
    report = verify_file("file", data, KEY)
    assert report.verdict is Verdict.VERIFIED
    assert [one.energy for one in report.transactions] == ["11.5"]


def _as_xml(record: str, key: str) -> str:
    return xml((record, key, None), transaction_id=None).decode()


@pytest.mark.parametrize(
    "data",
    [
        BOM + _as_xml(RECORD, KEY.hex).encode(),
        b"\n\n" + _as_xml(RECORD, KEY.hex).encode(),
        _as_xml(RECORD, KEY.hex).replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        _as_xml(RECORD, KEY.hex).replace("UTF-8", "ISO-8859-1").encode(),
        _as_xml(f"\n   {RECORD}\r\n  ", f"\n {KEY.spki.hex(' ', 2)} ").encode(),
        _as_xml(RECORD.encode().hex(), base64.b64encode(KEY.spki).decode()).encode(),
        _as_xml(base64.b64encode(RECORD.encode()).decode(), KEY.hex).encode(),
        _as_xml(RECORD, KEY.hex).replace(' format="OCMF" encoding="plain"', "").encode(),
        _as_xml(RECORD, KEY.hex).replace("signedData", "encodedData").encode(),
        _as_xml(RECORD, KEY.hex).replace("<values>", '<values xmlns="urn:example">').encode(),
        _as_xml("<![CDATA[HERE]]>", KEY.hex)
        .replace("&lt;![CDATA[HERE]]>", f"<![CDATA[{RECORD}]]>")
        .encode(),
        _as_xml(RECORD, KEY.hex).replace("<value>", "<value><!-- note -->").encode(),
    ],
)
def test_forms_of_the_xml(data: bytes) -> None:
    report = verify_file("file", data)
    assert report.verdict is Verdict.VERIFIED
    assert (report.key_source, report.values[0].pagination) == ("in_file", "T1")


BOMB = (
    '<!DOCTYPE v [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<values><value><signedData>&b;</signedData></value></values>"
)
REMOTE = (
    '<!DOCTYPE v SYSTEM "file:///etc/passwd"><values><value><signedData>x</signedData></value>'
    "</values>"
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_record"),
        (b" \n", "no_record"),
        (b"hello", "no_record"),
        (b"OCMF", "no_record"),
        (b"\xff\xfe\x00\xd8", "xml_malformed"),
        (b"\x89PNG\r\n\x1a\n", "no_record"),
        (b"OCMF|", "record_malformed"),
        (b"OCMF|{}", "record_malformed"),
        (b"OCMF|{}|", "record_malformed"),
        (b"OCMF|{}|[]", "record_malformed"),
        (b"OCMF|{}|{}", "record_malformed"),
        (b'OCMF|{}|{"SD":1}', "record_malformed"),
        (b'OCMF|{}|{"SD":"00"', "record_malformed"),
        (b"OCMF|{}|" + b"[" * 100_000, "record_malformed"),
        (b'OCMF|{}|{"SD":"00","SD":"01"}', "record_malformed"),
        (b"<", "xml_malformed"),
        (b"<values>", "xml_malformed"),
        (b"<values/>", "no_record"),
        (b"<values></values>junk", "xml_malformed"),
        (b'<?xml version="1.0" encoding="nonsense"?><values/>', "xml_malformed"),
        (b"<values><value/></values>", "record_malformed"),
        (b"<values><value><signedData/></value></values>", "record_malformed"),
        (b"<html><body>value</body></html>", "no_record"),
        (GOOD.xml.replace(b"<signedData", b"<signedData/><signedData"), "xml_malformed"),
        (GOOD.xml.replace(b"<publicKey", b"<publicKey/><publicKey"), "xml_malformed"),
        (BOMB.encode(), "xml_malformed"),
        (REMOTE.encode(), "xml_malformed"),
        (b"A" * (MAX_FILE_BYTES + 1), "file_too_large"),
        (b"<values>" + b"<value/>" * (MAX_RECORDS + 1) + b"</values>", "too_many_records"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, "no_record"),
    ],
)
def test_files_that_hold_no_record(data: bytes, code: str) -> None:
    report = verify_file("file", data)
    assert (report.verdict, report.reason) == (Verdict.UNREADABLE, code)
    assert [one.severity for one in report.all_findings] == [Severity.ERROR]
    assert report.all_findings[0].sentence_en.endswith(".")


def test_one_unreadable_value_makes_the_file_unreadable_and_the_other_is_still_judged() -> None:
    data = xml((RECORD, KEY.hex, None), ("OCMF|x", KEY.hex, None))
    report = verify_file("file", data)
    assert report.verdict is Verdict.UNREADABLE
    assert [value.verdict for value in report.values] == [Verdict.VERIFIED, Verdict.UNREADABLE]


def test_control_characters_of_a_file_stay_out_of_the_messages() -> None:
    steering = "\x1b]0;owned\x07\u202e"
    spoilt = Transaction(end={"MS": steering})
    report = verify_file("file", spoilt.xml)
    assert report.reason == "meter_serial_differs"
    assert all(one.sentence_en.isprintable() for one in report.all_findings)


def test_signature_of_another_record_does_not_fit() -> None:
    payload = GOOD.begin_record.split("|")[1]
    signature = GOOD.end_record.split("|")[2]
    report = verify_file("file", f"OCMF|{payload}|{signature}".encode(), signer().public)
    assert report.reason == "signature_mismatch"
