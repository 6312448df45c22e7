"""No signature and no key stops a verification; none that must not be taken is."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support.device.transactions import Transaction
from support.ocmf.hostile_signatures import (
    BEGIN,
    Vector,
    hostile,
    infinite,
    non_canonical_keys,
    recovered_at_infinity,
    wycheproof,
)
from wattseal.ocmf import signature as signatures
from wattseal.ocmf import verify as verification
from wattseal.ocmf.public_key import (
    CURVES,
    Curve,
    SignatureMalformedError,
    possible_signers,
)
from wattseal.ocmf.record import read_record
from wattseal.ocmf.report import Verdict
from wattseal.ocmf.verify import verify_file

VECTORS = list(wycheproof())
HOSTILE = dict(hostile())
EVERY_CURVE = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)


def _accepts(vector: Vector) -> bool:
    try:
        return vector.key.verify(vector.message, vector.signature)
    except SignatureMalformedError:
        return False


def test_every_verdict_of_wycheproof() -> None:
    assert {one.key.curve.name for one in VECTORS} == {
        *("secp192r1", "secp256k1", "secp256r1", "secp384r1")
    }
    assert len(VECTORS) > 1800
    assert [one.name for one in VECTORS if _accepts(one) is not one.is_valid] == []


def test_every_verdict_of_wycheproof_without_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Curve, "openssl", lambda _self: None)
    for one in {one.key for one in VECTORS}:
        one.__dict__.pop("openssl", None)
    assert [one.name for one in VECTORS if _accepts(one) is not one.is_valid] == []


def test_records_with_the_signatures_of_wycheproof() -> None:
    for one in VECTORS:
        report = verify_file(one.name, one.record.encode(), one.key)
        has_failed = report.reason in ("signature_mismatch", "signature_malformed")
        assert has_failed is not one.is_valid, (one.name, report.reason)


def test_the_signer_is_found_from_a_valid_signature_of_wycheproof() -> None:
    """Also where r is the abscissa less the order."""
    valid = [one for one in VECTORS if one.is_valid]
    chosen = valid[::9] + [one for one in valid if "r >= n" in one.name or "large" in one.name]
    for one in chosen:
        assert one.key in possible_signers(one.key.curve, one.message, one.signature), one.name


@EVERY_CURVE
@pytest.mark.parametrize("has_openssl", [True, False])
def test_sum_at_infinity_is_no_signature(
    curve: Curve, has_openssl: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_openssl:
        monkeypatch.setattr(Curve, "openssl", lambda _self: None)
    text, key = infinite(curve)
    record = read_record(text)
    assert not key.verify(record.signed_bytes, signatures.signature_bytes(record))
    assert verify_file("file", text.encode(), key).reason == "signature_mismatch"


@EVERY_CURVE
def test_the_point_at_infinity_is_no_signer(curve: Curve) -> None:
    record = read_record(recovered_at_infinity(curve, BEGIN))
    found = possible_signers(curve, record.signed_bytes, signatures.signature_bytes(record))
    assert len(found) == 1
    assert found.pop().verify(record.signed_bytes, signatures.signature_bytes(record))


@EVERY_CURVE
def test_numbers_beyond_the_curve_have_no_signer(curve: Curve) -> None:
    n = curve.order
    for r, s in ((0, 1), (1, 0), (n, 1), (1, n), (2**700, 1)):
        assert possible_signers(curve, b"message", encode_dss_signature(r, s)) == set()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_transactions(name: str) -> None:
    report = verify_file(name, HOSTILE[name])
    assert report.verdict is Verdict.NOT_VERIFIED
    assert "check_failed" not in {one.code for one in report.all_findings}


def test_a_key_that_is_not_canonical_is_refused() -> None:
    for name, data in non_canonical_keys():
        assert verify_file(name, data).reason == "key_unreadable", name


@pytest.mark.parametrize(
    "place", ["read_record", "check_signature", "common_signers", "check_transaction"]
)
def test_whatever_fails_is_a_finding_and_the_others_are_judged(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = Transaction(), Transaction(begin={"MS": "bad"}, end={"MS": "bad"})
    real = getattr(verification, place)

    def fails(given: object, *more: object, **options: object) -> object:
        if "bad" in str(given):
            raise RuntimeError("a fault")
        return real(given, *more, **options)

    monkeypatch.setattr(verification, place, fails)
    texts = [good.begin_record, good.end_record, bad.begin_record, bad.end_record]
    if place == "common_signers":
        texts = [text.replace("Eastron", "Eastrom") for text in texts]
    both = "".join(f'<value transactionId="{n // 2}"><signedData>{text}</signedData>'
                   f"<publicKey>{good.signer.public.hex}</publicKey></value>"
                   for n, text in enumerate(texts))  # fmt: skip
    report = verify_file("file", f"<values>{both}</values>".encode())
    failed = [one for one in report.all_findings if one.code == "check_failed"]
    assert failed
    assert all("RuntimeError in test_hostile_signatures.py" in one.sentence_en for one in failed)
    assert (report.verdict, report.reason) == (Verdict.UNREADABLE, "check_failed")
    first = "signature_mismatch" if place == "common_signers" else None
    assert report.transactions[0].reason == first
    assert {one.reason for one in report.values[:2]} == {first}
