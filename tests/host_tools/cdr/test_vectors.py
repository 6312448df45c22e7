"""Records of other makers in CDRs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support import vectors
from support.cdr.charging import BEGIN_MS, EVSE, YEAR_MS, Keys
from wattseal.cdr.findings import Judgement
from wattseal.cdr.ocpi import Cdr, SignedData, SignedValue
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.ocmf.container import read_container
from wattseal.ocmf.public_key import KeyPeriod, read_public_key
from wattseal.ocmf.record import read_record

NATURES = {"Transaction.Begin": "Start", "Transaction.End": "End"}


def judge(name: str, energy_kwh: str) -> Judgement:
    """The verdict on a CDR with the file's values, its key registered with its own serials."""
    values = read_container((vectors.OCMF / name).read_bytes())
    first = read_record(values[0].text).payload
    assert first is not None
    key = read_public_key(values[0].public_key or "")
    keys = Keys()
    keys.put(EVSE, KeyPeriod(key, 0, None, False, first.GS, first.MS or "", 7))
    cdr = Cdr(
        id=name,
        country_code="DE",
        party_id="ABC",
        evse_id=EVSE,
        begin_ms=BEGIN_MS,
        end_ms=BEGIN_MS,
        energy_kwh=Decimal(energy_kwh),
        bills_time=False,
        credits=None,
        signed=SignedData(
            "OCMF",
            values[0].public_key,
            tuple(SignedValue(NATURES.get(one.context or "", "End"), one.text) for one in values),
        ),
    )
    return Validator(keys, Rules(time_tolerance_s=20 * YEAR_MS)).judge(cdr)


@pytest.mark.parametrize(
    ("name", "energy_kwh", "codes"),
    [
        ("test_ocmf_keba_kcp30.xml", "0.0001", ["format_deviation"]),  # it has no MS
        ("test_ocmf_keba_kcp30_fail.xml", "0.0001", ["signature_mismatch"]),
        ("test_ocmf_ebee_01.xml", "0", []),
        ("test_ocmf_ebee_02.xml", "0", ["signature_mismatch"]),
        (
            "test_ocmf_transaction_two_values.xml",
            "9.123",
            ["identification_differs", "pagination_repeated", "exception_reading"],
        ),
        ("brainpoolP256r1.xml", "0", []),
    ],
)
def test_a_cdr_with_records_of_another_maker(name: str, energy_kwh: str, codes: list[str]) -> None:
    assert [finding.code for finding in judge(name, energy_kwh).findings] == codes
