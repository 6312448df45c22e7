"""Each finding met in a file, with its values and its words in both languages."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.device.signer import signer
from support.device.transactions import END_TIME, Transaction, payload, reading, xml
from wattseal.common.findings import Finding
from wattseal.common.sentences import Language, read_phrases, read_sentences
from wattseal.ocmf.container import CAUSES, MAX_FILE_BYTES, MAX_RECORDS
from wattseal.ocmf.findings import TABLE
from wattseal.ocmf.report import FileReport
from wattseal.ocmf.verify import verify_file

Run = Callable[..., object]

SENTENCES = read_sentences(TABLE)

GOOD = Transaction()
KEY = GOOD.signer.public
OTHER = signer(seed=2)
BEGIN, END = "Transaction.Begin", "Transaction.End"
BOTH = payload([reading(), reading(TX="E", TM=END_TIME, RV=2947.1)], PG="T2")
OLD = {"FV": "0.4"}


def signed(*payloads: tuple[str, str | None]) -> bytes:
    return xml(*((signer().record(text), KEY.hex, context) for text, context in payloads))


def altered(before: str, after: str) -> bytes:
    return GOOD.xml.replace(before.encode(), after.encode())


def begin_text(**changes: object) -> str:
    return payload([reading(**changes)])


def end_text(**changes: object) -> str:
    return payload([reading(**{"TX": "E", "TM": END_TIME, "RV": 2947.1, **changes})], PG="T2")


TIMES = "2026-11-21T10:00:00,000+0100"
CASES: dict[str, tuple[bytes, dict[str, str]]] = {
    # code: file, the values of its finding
    "file_too_large": (b"A" * (MAX_FILE_BYTES + 1), {"limit": "1024 KiB"}),
    "xml_malformed": (b"<a", {"cause": "it is not well-formed, line 1, column 1"}),
    "no_record": (b"hello", {}),
    "too_many_records": (b"<v>" + b"<value/>" * (MAX_RECORDS + 1) + b"</v>", {"limit": "2000"}),
    "record_malformed": (b"OCMF|{}", {"cause": "it is not of the form OCMF|payload|signature"}),
    "key_missing": (GOOD.begin_record.encode(), {}),
    "key_unreadable": (altered(KEY.hex, "?"), {"cause": "it is neither hex nor base64 nor PEM"}),
    "key_wrong_curve": (
        altered(KEY.hex, signer("secp256k1").public.hex),
        {"expected": "secp256r1", "found": "secp256k1"},
    ),
    "key_not_signer": (
        altered(KEY.hex, OTHER.public.hex),
        {"expected": OTHER.public.fingerprint[:16], "found": KEY.fingerprint[:16]},
    ),
    "key_differs": (
        xml(
            (GOOD.begin_record, KEY.hex, BEGIN),
            (Transaction(signer=OTHER).end_record, OTHER.public.hex, END),
        ),
        {"expected": KEY.fingerprint[:16], "found": OTHER.public.fingerprint[:16]},
    ),
    "algorithm_unsupported": (
        altered("ECDSA-secp256r1-SHA256", "RSA-2048"),
        {"algorithm": "RSA-2048"},
    ),
    "signature_malformed": (
        altered('"SE":"hex"', '"SE":"base64"'),
        {"cause": "it is not an ECDSA signature in DER"},
    ),
    "signature_mismatch": (altered("2947.1", "2948.1"), {}),
    "payload_malformed": (signed(("[]", None)), {"cause": "it is not a JSON object"}),
    "payload_ambiguous": (
        signed((begin_text().replace('"RV":', '"RV":1,"RV":'), BEGIN), (end_text(), END)),
        {"field": "RV"},
    ),
    "begin_missing": (signed((end_text(), END)), {}),
    "begin_repeated": (Transaction(end_reading={"TX": "B"}).xml, {"count": "2"}),
    "begin_holds_end": (signed((BOTH, BEGIN), (end_text(), END)), {}),
    "end_missing": (signed((begin_text(), BEGIN)), {}),
    "end_repeated": (Transaction(begin_reading={"TX": "R"}).xml, {"count": "2"}),
    "end_holds_begin": (signed((begin_text(), BEGIN), (BOTH, END)), {}),
    "context_mismatch": (
        signed((begin_text(), END), (end_text(), END)),
        {"expected": "end", "found": "begin"},
    ),
    "register_not_billable": (
        Transaction(end_reading={"RI": "1-0:1.7.0"}).xml,
        {"reading": "end", "register": "1-0:1.7.0"},
    ),
    "gateway_serial_differs": (
        Transaction(end={"GS": None}).xml,
        {"begin": "WS000017", "end": "(none)"},
    ),
    "meter_serial_differs": (
        Transaction(end={"MS": "9"}).xml,
        {"begin": "12345678", "end": "9"},
    ),
    "register_differs": (
        Transaction(end_reading={"RI": "01-00:B0.08.00*FF"}).xml,
        {"begin": "1-0:1.8.0", "end": "01-00:B0.08.00*FF"},
    ),
    "unit_differs": (
        Transaction(end_reading={"RU": "Wh", "RV": 2947100}).xml,
        {"begin": "kWh", "end": "Wh"},
    ),
    "event_counter_differs": (
        Transaction(begin=OLD, end=OLD, begin_reading={"EI": 1}, end_reading={"EI": 2}).xml,
        {"begin": "1", "end": "2"},
    ),
    "pagination_context_differs": (
        Transaction(end={"PG": "F2"}).xml,
        {"expected": "T1", "found": "F2"},
    ),
    "pagination_reversed": (Transaction(begin={"PG": "T3"}).xml, {"begin": "T3", "end": "T2"}),
    "unit_not_energy": (
        Transaction(begin_reading={"RU": "mOhm"}).xml,
        {"reading": "begin", "unit": "mOhm"},
    ),
    "value_missing": (Transaction(end_reading={"RV": None}).xml, {"reading": "end"}),
    "value_out_of_range": (
        Transaction(end_reading={"RV": 10**40}).xml,
        {"reading": "end", "value": str(10**40)},
    ),
    "energy_decreased": (
        Transaction(end_reading={"RV": 2935.5}).xml,
        {"begin": "2935.6", "end": "2935.5"},
    ),
    "time_reversed": (
        Transaction(begin_reading={"TM": END_TIME}, end_reading={"TM": f"{TIMES} S"}).xml,
        {"begin": END_TIME, "end": f"{TIMES} S"},
    ),
    "time_status_wrong": (
        Transaction(begin_reading={"TM": f"{TIMES} R"}).xml,
        {"reading": "end", "cause": "it is not relative (R), but that of the begin is"},
    ),
    "meter_status": (
        Transaction(end_reading={"ST": "F"}).xml,
        {"reading": "end", "expected": "G", "found": "F"},
    ),
    "energy_error_flag": (Transaction(end_reading={"EF": "E"}).xml, {"reading": "end"}),
    "identification_level": (
        Transaction(begin={"IL": "OUTDATED"}).xml,
        {"reading": "begin", "level": "OUTDATED"},
    ),
    "transaction_incomplete": (
        f"{GOOD.begin_record}|{KEY.hex}".encode(),
        {"reading": "end"},
    ),
    "identification_differs": (
        Transaction(end={"IT": "LOCAL"}).xml,
        {"field": "type of the identification", "begin": "ISO14443", "end": "LOCAL"},
    ),
    "pagination_repeated": (Transaction(end={"PG": "T1"}).xml, {"pagination": "T1"}),
    "pagination_gap": (
        Transaction(end={"PG": "T4"}).xml,
        {"begin": "T1", "end": "T4", "count": "2"},
    ),
    "pagination_unreadable": (Transaction(end={"PG": None}).xml, {"pagination": "(none)"}),
    "exception_reading": (
        signed(
            (
                payload(
                    [reading(), reading(TX="X"), reading(TX="E", TM=END_TIME)],
                ),
                None,
            )
        ),
        {},
    ),
    "time_error_flag": (Transaction(end_reading={"EF": "t"}).xml, {"reading": "end"}),
    "time_not_synchronised": (
        Transaction(begin_reading={"TM": f"{TIMES} I"}).xml,
        {"reading": "begin", "state": "informative"},
    ),
    "transaction_id_not_integer": (altered('="17"', '="a"'), {"found": "a"}),
    "record_repeated": (
        xml(*[(GOOD.begin_record, KEY.hex, BEGIN)] * 2, (GOOD.end_record, KEY.hex, END)),
        {"number": "1"},
    ),
    "hash_label_ignored": (
        altered("r1-SHA256", "r1-SHA512"),
        {"expected": "SHA256", "found": "SHA512"},
    ),
    "format_deviation": (
        Transaction(begin={"IS": None}).xml,
        {"cause": "Identification Status (IS) is mandatory"},
    ),
}


def findings_of(report: FileReport, code: str) -> list[Finding]:
    return [finding for finding in report.all_findings if finding.code == code]


def test_every_code_is_met_here() -> None:
    assert set(CASES) | {"file_unreadable"} == set(SENTENCES)


@pytest.mark.parametrize("code", CASES)
def test_finding_has_its_values_and_its_words(code: str) -> None:
    data, values = CASES[code]
    finding = findings_of(verify_file("file", data), code)[0]
    assert finding.values.keys() == SENTENCES[code].blanks.keys()
    assert finding.values == values
    english, german = (finding.sentence(language) for language in Language)
    assert english == finding.sentence_en != german


def test_a_file_that_cannot_be_opened(wattseal: Run, tmp_path: Path) -> None:
    missing = wattseal("verify", tmp_path / "missing", "--json").json["files"][0]["findings"]
    assert [(one["code"], one["values"]) for one in missing] == [
        ("file_unreadable", {"cause": os.strerror(2)})
    ]
    shown = wattseal("verify", tmp_path / "missing", "--language", "de")
    assert "Die Datei kann nicht gelesen werden (es gibt sie nicht)." in shown.out
    shown = wattseal("verify", tmp_path, "--language", "de")
    assert "(sie ist ein Verzeichnis)" in shown.out


class TestPhrases:
    """Every phrase that German knows is one that a file can bring about."""

    KEYS = [
        "-----BEGIN PUBLIC KEY----- -----END PUBLIC KEY-----",
        "?",
        "3059",
        "00",
        KEY.hex + "00",
    ]
    RECORDS = [
        "OCMF|{}",
        "OCMF|{}|{",
        "OCMF|{}|[]",
        'OCMF|{}|{"SD":"xy"}',
        'OCMF|{}|{"SD":"0"}',
        'OCMF|{}|{"SD":"00"}',
        'OCMF|{}|{"SE":"base64","SD":"a"}',
    ]
    PAYLOADS = ["[]", "{", '{"RD":[1]}']
    OTHERS = {
        # neither in a key nor in a record
        *("No such file or directory", "Is a directory", "Permission denied"),
        *("begin", "end", "identification", "type of the identification"),
        *("unknown", "informative"),
        "it is not relative (R), but that of the begin is",
        *CAUSES.values(),  # of a bundle as a whole: test_verify_bundle.py
        "its offset from UTC is missing",  # of a CDR
    }

    def files(self) -> list[bytes]:
        odd = KEY.spki.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0202"))
        formless = KEY.spki.replace(b"\x00\x04", b"\x00\x05")
        keys = [*self.KEYS, odd.hex(), formless.hex()]
        encodings = (b"\xff\xfe\x00\xd8", b'<?xml version="1.0" encoding="none"?><v/>')
        return [
            *(altered(KEY.hex, key) for key in keys),
            *(xml((text, KEY.hex, None)) for text in self.RECORDS),
            *(signed((text, None)) for text in self.PAYLOADS),
            *(Transaction(begin_reading={"TM": TIMES}).xml, b"<!DOCTYPE v []><v/>", *encodings),
        ]

    def test_each_is_met(self) -> None:
        met = {
            value
            for data in self.files()
            for finding in verify_file("file", data).all_findings
            for value in finding.values.values()
        }
        assert set(read_phrases(TABLE)) - self.OTHERS - met == {
            "it holds characters that no encoding can carry"  # no file's text does
        }
