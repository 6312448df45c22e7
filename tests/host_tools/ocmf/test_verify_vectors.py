"""Records of other makers."""

import pytest
from support import vectors
from wattseal.ocmf.report import Verdict
from wattseal.ocmf.verify import verify_file


@pytest.mark.parametrize(
    ("name", "verdict", "reason", "energy"),
    [
        ("test_ocmf_keba_kcp30.xml", Verdict.VERIFIED, None, "0.0001"),
        ("test_ocmf_keba_kcp30_fail.xml", Verdict.NOT_VERIFIED, "signature_mismatch", None),
        ("test_ocmf_ebee_01.xml", Verdict.VERIFIED, None, "0"),
        ("test_ocmf_ebee_02.xml", Verdict.NOT_VERIFIED, "signature_mismatch", None),
        ("test_ocmf_transaction_two_values.xml", Verdict.VERIFIED, None, "9.12310"),
        ("brainpoolP256r1.xml", Verdict.VERIFIED, None, "0"),
    ],
)
def test_listed_verdicts(
    name: str, verdict: Verdict, reason: str | None, energy: str | None
) -> None:
    report = verify_file(name, (vectors.OCMF / name).read_bytes())
    assert (report.verdict, report.reason) == (verdict, reason)
    assert [one.energy for one in report.transactions] == [energy]


def test_verified_does_not_hide_the_warnings() -> None:
    name = "test_ocmf_transaction_two_values.xml"
    report = verify_file(name, (vectors.OCMF / name).read_bytes())
    assert {finding.code for finding in report.all_findings} == {
        "identification_differs",
        "pagination_repeated",
        "exception_reading",
    }
