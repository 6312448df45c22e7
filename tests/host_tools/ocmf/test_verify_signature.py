"""Tampering with a good transaction: every kind fails, and with the reason that is its own."""

import base64
import re

import pytest
from support.device.signer import signer
from support.device.transactions import Transaction, payload, reading, xml
from wattseal.common.findings import Severity
from wattseal.ocmf.public_key import CURVES
from wattseal.ocmf.report import FileReport, Verdict
from wattseal.ocmf.verify import verify_file

GOOD = Transaction()


def errors(report: FileReport) -> set[str]:
    return {one.code for one in report.all_findings if one.severity is Severity.ERROR}


def check(data: bytes, reason: str, pinned: object = None) -> FileReport:
    report = verify_file("file", data, pinned)
    assert (report.verdict, report.reason) == (Verdict.NOT_VERIFIED, reason)
    return report


def test_good_transaction_has_no_finding() -> None:
    report = verify_file("file", GOOD.xml)
    assert report.verdict is Verdict.VERIFIED
    assert report.all_findings == []
    assert report.key_source == "in_file"
    [transaction] = report.transactions
    assert (transaction.energy, transaction.unit) == ("11.5", "kWh")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"RV":2947.1', '"RV":2948.1'),
        ('"RV":2947.1', '"RV":2947.10'),
        ("2026-11-21T11:30:00", "2026-11-21T11:31:00"),
        ("2026-11-21T11:30:00", "2026-99-21T11:30:00"),  # no date at all
        ('"PG":"T2"', '"PG":"T3"'),
        ('"ID":"04A2B1C3"', '"ID":"04A2B1C4"'),
        ('"ST":"G"', '"ST": "G"'),
        ('"RD":[', '"RD":{['),  # no JSON any more
    ],
)
def test_altered_payload_is_a_signature_mismatch_and_nothing_else(before: str, after: str) -> None:
    altered = GOOD.xml.replace(before.encode(), after.encode())
    assert altered != GOOD.xml
    report = check(altered, "signature_mismatch")
    assert errors(report) == {"signature_mismatch"}


def test_altered_signature_is_a_signature_mismatch() -> None:
    last = re.search(rb'"SD":"[0-9A-F]+([0-9A-F])"', GOOD.xml)
    assert last
    at = last.start(1)
    other = b"0" if last[1] != b"0" else b"1"
    check(GOOD.xml[:at] + other + GOOD.xml[at + 1 :], "signature_mismatch")


@pytest.mark.parametrize(
    "data",
    ["", "00", "xyz", "3006020101020101" + "00", "3006020100020101", "00" * 64],
)
def test_broken_signature_says_so(data: str) -> None:
    broken = re.sub(rb'"SD":"[0-9A-F]+"', b'"SD":"' + data.encode() + b'"', GOOD.xml, count=1)
    check(broken, "signature_malformed")


def test_signature_encoding_must_be_the_named_one() -> None:
    check(GOOD.xml.replace(b'"SE":"hex"', b'"SE":"base64"'), "signature_malformed")
    check(GOOD.xml.replace(b'"SE":"hex"', b'"SE":"base58"'), "signature_malformed")


def test_base64_signature_verifies() -> None:
    text = payload([reading()])
    signature = base64.b64encode(signer().sign(text.encode())).decode()
    record = f'OCMF|{text}|{{"SE":"base64","SD":"{signature}"}}'
    assert verify_file("file", record.encode(), signer().public).verdict is Verdict.VERIFIED


def test_key_with_a_digit_altered_is_unreadable() -> None:
    key = GOOD.signer.public.hex
    broken = key[:-1] + ("0" if key[-1] != "0" else "1")
    report = check(GOOD.xml.replace(key.encode(), broken.encode()), "key_unreadable")
    assert errors(report) == {"key_unreadable"}


def test_key_replaced_everywhere_is_told_from_altered_records() -> None:
    other = signer(seed=2).public.hex
    replaced = GOOD.xml.replace(GOOD.signer.public.hex.encode(), other.encode())
    report = check(replaced, "key_not_signer")
    assert errors(report) == {"key_not_signer"}
    for value in report.values:
        assert value.findings[0].values == {
            "expected": signer(seed=2).public.fingerprint[:16],
            "found": GOOD.signer.public.fingerprint[:16],
        }


def test_key_replaced_and_a_record_altered_is_not_called_unaltered() -> None:
    other = signer(seed=2).public.hex
    replaced = GOOD.xml.replace(GOOD.signer.public.hex.encode(), other.encode())
    report = check(replaced.replace(b'"PG":"T2"', b'"PG":"T3"'), "signature_mismatch")
    assert errors(report) == {"signature_mismatch"}


def test_key_replaced_in_one_value_names_the_key_that_signed() -> None:
    key, other = GOOD.signer.public, signer(seed=2).public
    replaced = GOOD.xml.replace(key.hex.encode(), other.hex.encode(), 1)
    report = check(replaced, "key_not_signer")
    assert errors(report) == {"key_not_signer", "key_differs"}
    assert key.fingerprint[:16] in report.values[0].findings[0].sentence_en
    assert report.values[1].verdict is Verdict.VERIFIED


def test_two_signers_in_one_transaction_differ_though_each_record_holds() -> None:
    one, other = GOOD, Transaction(signer=signer(seed=2))
    data = xml(
        (one.begin_record, one.signer.public.hex, "Transaction.Begin"),
        (other.end_record, other.signer.public.hex, "Transaction.End"),
    )
    report = check(data, "key_differs")
    assert all(value.verdict is Verdict.VERIFIED for value in report.values)


def test_key_of_another_curve_says_so() -> None:
    other = signer("secp256k1").public.hex
    replaced = GOOD.xml.replace(GOOD.signer.public.hex.encode(), other.encode())
    report = check(replaced, "key_wrong_curve")
    assert "secp256r1" in report.values[0].findings[0].sentence_en
    assert "secp256k1" in report.values[0].findings[0].sentence_en


def test_record_without_an_algorithm_means_secp256r1() -> None:
    text = payload([reading()])
    for one, reason in ((signer(), None), (signer("secp256k1"), "key_wrong_curve")):
        record = f'OCMF|{text}|{{"SD":"{one.sign(text.encode()).hex()}"}}'
        assert verify_file("file", record.encode(), one.public).reason == reason


@pytest.mark.parametrize(
    "algorithm", ["RSA-2048-SHA256", "ECDSA-secp521r1-SHA256", "ECDSA-secp256r1", "none"]
)
def test_algorithm_that_ocmf_does_not_know(algorithm: str) -> None:
    check(
        GOOD.xml.replace(b"ECDSA-secp256r1-SHA256", algorithm.encode()),
        "algorithm_unsupported",
    )


def test_other_hash_label_is_a_warning_since_the_signature_is_over_sha256() -> None:
    report = verify_file("file", GOOD.xml.replace(b"secp256r1-SHA256", b"secp256r1-SHA512"))
    assert report.verdict is Verdict.VERIFIED
    assert "hash_label_ignored" in {one.code for one in report.all_findings}


def test_no_key_anywhere() -> None:
    report = check(GOOD.begin_record.encode(), "key_missing")
    assert report.key_source == "none"


def test_key_appended_to_the_string_judges_with_a_warning() -> None:
    record = f"{GOOD.begin_record}|{GOOD.signer.public.hex}"
    report = verify_file("file", record.encode())
    assert report.verdict is Verdict.VERIFIED
    assert report.key_source == "in_file"


class TestPinnedKey:
    def test_the_right_one_verifies(self) -> None:
        report = verify_file("file", GOOD.xml, GOOD.signer.public)
        assert (report.verdict, report.key_source) == (Verdict.VERIFIED, "pinned")

    def test_it_judges_records_without_a_key(self) -> None:
        report = verify_file("file", GOOD.begin_record.encode(), GOOD.signer.public)
        assert report.verdict is Verdict.VERIFIED

    def test_the_records_of_another_signer_fail_though_their_own_key_fits(self) -> None:
        report = check(GOOD.xml, "key_not_signer", signer(seed=2).public)
        assert errors(report) == {"key_not_signer", "key_differs"}

    def test_another_key_in_the_file_fails_though_the_pinned_one_fits(self) -> None:
        other = signer(seed=2).public.hex
        data = GOOD.xml.replace(GOOD.signer.public.hex.encode(), other.encode())
        report = check(data, "key_differs", GOOD.signer.public)
        assert errors(report) == {"key_differs"}

    def test_a_broken_key_in_the_file_fails_though_the_pinned_one_fits(self) -> None:
        data = GOOD.xml.replace(GOOD.signer.public.hex.encode(), b"3059")
        check(data, "key_unreadable", GOOD.signer.public)

    def test_altered_records_stay_altered(self) -> None:
        data = GOOD.xml.replace(b'"PG":"T2"', b'"PG":"T3"')
        check(data, "signature_mismatch", GOOD.signer.public)


@pytest.mark.parametrize("name", [curve.name for curve in CURVES])
class TestEveryCurve:
    def test_verifies(self, name: str) -> None:
        assert verify_file("file", Transaction(signer=signer(name)).xml).reason is None

    def test_verifies_under_the_other_spelling(self, name: str) -> None:
        curve = signer(name).curve
        for synonym in curve.synonyms:
            record = signer(name).record(payload([reading()]), f"ECDSA-{synonym}-SHA256")
            assert verify_file("file", record.encode(), signer(name).public).reason is None

    def test_altered_payload_fails(self, name: str) -> None:
        data = Transaction(signer=signer(name)).xml.replace(b"T11:30", b"T11:31")
        check(data, "signature_mismatch")

    def test_replaced_key_is_told(self, name: str) -> None:
        good = Transaction(signer=signer(name))
        other = signer(name, 2).public.hex
        data = good.xml.replace(good.signer.public.hex.encode(), other.encode())
        check(data, "key_not_signer")


def test_payload_outside_ascii_is_hashed_as_utf8() -> None:
    text = payload([reading()]).replace("Wattseal", "Wätt")
    record = signer().record(text)
    for data in (record.encode(), xml((record, signer().public.hex, None), transaction_id=None)):
        assert verify_file("file", data, signer().public).verdict is Verdict.VERIFIED
