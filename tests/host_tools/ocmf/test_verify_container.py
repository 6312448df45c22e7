"""Every form in which a record may come, and files that hold none."""

import base64

import pytest
from support.device.signer import signer
from support.device.transactions import Transaction, xml
from wattseal.ocmf.container import MAX_FILE_BYTES, MAX_RECORDS
from wattseal.ocmf.findings import Code, Severity
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
        (b"", Code.NO_RECORD),
        (b" \n", Code.NO_RECORD),
        (b"hello", Code.NO_RECORD),
        (b"OCMF", Code.NO_RECORD),
        (b"\xff\xfe\x00\xd8", Code.XML_MALFORMED),
        (b"\x89PNG\r\n\x1a\n", Code.NO_RECORD),
        (b"OCMF|", Code.RECORD_MALFORMED),
        (b"OCMF|{}", Code.RECORD_MALFORMED),
        (b"OCMF|{}|", Code.RECORD_MALFORMED),
        (b"OCMF|{}|[]", Code.RECORD_MALFORMED),
        (b"OCMF|{}|{}", Code.RECORD_MALFORMED),
        (b'OCMF|{}|{"SD":1}', Code.RECORD_MALFORMED),
        (b'OCMF|{}|{"SD":"00"', Code.RECORD_MALFORMED),
        (b"OCMF|{}|" + b"[" * 100_000, Code.RECORD_MALFORMED),
        (b'OCMF|{}|{"SD":"00","SD":"01"}', Code.RECORD_MALFORMED),
        (b"<", Code.XML_MALFORMED),
        (b"<values>", Code.XML_MALFORMED),
        (b"<values/>", Code.NO_RECORD),
        (b"<values></values>junk", Code.XML_MALFORMED),
        (b'<?xml version="1.0" encoding="nonsense"?><values/>', Code.XML_MALFORMED),
        (b"<values><value/></values>", Code.RECORD_MALFORMED),
        (b"<values><value><signedData/></value></values>", Code.RECORD_MALFORMED),
        (b"<html><body>value</body></html>", Code.NO_RECORD),
        (GOOD.xml.replace(b"<signedData", b"<signedData/><signedData"), Code.XML_MALFORMED),
        (GOOD.xml.replace(b"<publicKey", b"<publicKey/><publicKey"), Code.XML_MALFORMED),
        (BOMB.encode(), Code.XML_MALFORMED),
        (REMOTE.encode(), Code.XML_MALFORMED),
        (b"A" * (MAX_FILE_BYTES + 1), Code.FILE_TOO_LARGE),
        (b"<values>" + b"<value/>" * (MAX_RECORDS + 1) + b"</values>", Code.TOO_MANY_RECORDS),
        (b"<a>" * 100_000 + b"</a>" * 100_000, Code.NO_RECORD),
    ],
)
def test_files_that_hold_no_record(data: bytes, code: Code) -> None:
    report = verify_file("file", data)
    assert (report.verdict, report.reason) == (Verdict.UNREADABLE, code)
    assert [one.severity for one in report.all_findings] == [Severity.ERROR]
    assert report.all_findings[0].message.endswith(".")


def test_one_unreadable_value_makes_the_file_unreadable_and_the_other_is_still_judged() -> None:
    data = xml((RECORD, KEY.hex, None), ("OCMF|x", KEY.hex, None))
    report = verify_file("file", data)
    assert report.verdict is Verdict.UNREADABLE
    assert [value.verdict for value in report.values] == [Verdict.VERIFIED, Verdict.UNREADABLE]


def test_control_characters_of_a_file_stay_out_of_the_messages() -> None:
    steering = "\x1b]0;owned\x07\u202e"
    spoilt = Transaction(end={"MS": steering})
    report = verify_file("file", spoilt.xml)
    assert report.reason is Code.METER_SERIAL_DIFFERS
    assert all(one.message.isprintable() for one in report.all_findings)


def test_signature_of_another_record_does_not_fit() -> None:
    payload = GOOD.begin_record.split("|")[1]
    signature = GOOD.end_record.split("|")[2]
    report = verify_file("file", f"OCMF|{payload}|{signature}".encode(), signer().public)
    assert report.reason is Code.SIGNATURE_MISMATCH
