"""What a CDR bills against what was signed: the edges of what is near enough."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cdr.charging import BEGIN_MS, Charge, charge, utc
from wattseal.cdr.ocpi import read_cdr
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator, is_rounded, is_same_evse


def codes(made: Charge, rules: Rules) -> list[str]:
    judgement = Validator(made.keys, rules).judge(read_cdr(made.json()))
    return [finding.code for finding in judgement.findings]


@pytest.mark.parametrize(
    ("billed", "signed", "decimals", "is_right"),
    [
        ("10.001", "10.0005", 3, True),
        ("10.000", "10.0005", 3, True),
        ("10.000", "10.00051", 3, False),
        ("10.002", "10.0005", 3, False),
        ("10.5004", "10.5", 3, False),
        ("10.4996", "10.5", 3, False),
        ("10.99", "10.5", 0, False),
        ("10.9", "10.5", 0, False),
        ("11", "10.5", 0, True),
        ("10.5005", "10.50049", 3, False),
        ("10.50000", "10.50049", 3, True),
        ("1.05E+1", "10.50049", 3, True),
        ("100000000000000000000000000000.0004", "100000000000000000000000000000", 3, False),
        ("10", "10.5", 0, True),
        ("10", "10.51", 0, False),
        ("10.0005", "10.0005", 0, True),
        ("-10.000", "10.000", 3, False),
        ("1E+1", "10.000", 3, True),
        ("0", "0.0000000000000000001", 3, True),
        ("0.000", "1E-18", 6, True),
        ("100000000000000000000000000000", "100000000000000000000000000001", 3, False),
    ],
)
def test_rounding(billed: str, signed: str, decimals: int, is_right: bool) -> None:
    assert is_rounded(Decimal(billed), Decimal(signed), decimals) is is_right


@given(st.decimals(0, 10**9, places=6), st.integers(0, 4))
def test_what_is_rounded_to_nearest_is_right(signed: Decimal, decimals: int) -> None:
    assert is_rounded(round(signed, decimals), signed, decimals)
    unit = Decimal(1).scaleb(-decimals)
    assert not is_rounded(round(signed, decimals) + 2 * unit, signed, decimals)
    between = round(signed, decimals) + unit / 5
    assert is_rounded(between, signed, decimals) is (between == signed)


def test_each_side_agrees_on_its_own_decimals() -> None:
    made = charge()
    made.cdr["total_energy"] = Decimal("11.5")
    assert codes(made, Rules()) == ["energy_differs"]
    assert codes(made, Rules(energy_decimals=1)) == []


@pytest.mark.parametrize(("seconds", "found"), [(60, []), (61, ["begin_time_differs"])])
def test_each_side_agrees_on_its_own_tolerance(seconds: int, found: list[str]) -> None:
    made = charge()
    made.cdr["start_date_time"] = utc(BEGIN_MS - seconds * 1000)
    assert codes(made, Rules()) == found
    assert codes(made, Rules(time_tolerance_s=3600)) == []


def test_a_clock_of_a_letter_that_ocmf_does_not_have_is_not_billed_by() -> None:
    made = charge()
    made.readings[-1]["TM"] = made.readings[-1]["TM"][:-1] + "X"
    assert codes(made, Rules()) == ["format_deviation", "time_not_synchronised"]
    made.cdr["total_time_cost"] = {"excl_vat": Decimal("3.00")}
    assert codes(made, Rules()) == ["format_deviation", "time_not_billable"]


ISO14443, EMAID, CARD = "ISO14443", "EMAID", "ISO7812"


@pytest.mark.parametrize(
    ("kind", "signed", "token", "is_same"),
    [
        (ISO14443, "04A2B1C3", {"uid": "04A2B1C3", "contract_id": "x"}, True),
        (ISO14443, "04A2B1C3", {"uid": "04:a2:b1:c3", "contract_id": "x"}, True),
        (ISO14443, "04A2B1C3", {"uid": "04A2B1C4", "contract_id": "x"}, False),
        (ISO14443, "04A2B1C3D4E5F6", {"uid": "04A2B1C3", "contract_id": "x"}, False),
        (ISO14443, "04A2B1C3", {"contract_id": "DE-MSP-C12345678-9"}, False),
        (ISO14443, "04A2B1C3", {}, True),
        (ISO14443, "04A2B1C3", {"uid": 4, "contract_id": None}, True),
        (ISO14443, "04A2B1C3", None, True),
        (EMAID, "DEMSPC12345678", {"uid": "1", "contract_id": "DE-MSP-C12345678-9"}, True),
        (EMAID, "DEMSPC123456789", {"uid": "1", "contract_id": "DE*MSP*C12345678"}, True),
        (EMAID, "DEMSPC12345678", {"uid": "demspc123456789", "contract_id": "1"}, True),
        (EMAID, "DEMSPC12345679", {"uid": "1", "contract_id": "DE-MSP-C12345678-9"}, False),
        (CARD, "4111111111111111", {"uid": "4111 1111 1111 1111"}, True),
        (CARD, "4111111111111111", {"uid": "4111111111111112"}, False),
        ("CENTRAL", "17", {"uid": "04A2B1C4"}, True),  # of the backend alone
    ],
)
@pytest.mark.parametrize("flags", [[], ["RFID_NONE"] * 5])  # the short way, and the long one
def test_who_was_identified_is_who_is_billed(
    kind: str, signed: str, token: dict[str, object] | None, is_same: bool, flags: list[str]
) -> None:
    made = charge()
    for one in made.payloads:
        one.update(IT=kind, ID=signed, IF=flags or one["IF"])
    made.cdr["cdr_token"] = token
    for cost in ("note", "error"):
        rules = Rules(user_difference=cost)
        judgement = Validator(made.keys, rules).judge(read_cdr(made.json()))
        said = {one.code: one.severity.value for one in judgement.findings}
        said.pop("format_deviation", None)  # of too many flags
        assert said == ({} if is_same else {"token_differs": cost})
        is_refused = not is_same and cost == "error"
        assert judgement.verdict == ("not_billable" if is_refused else "billable")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("DE*ABC*E1234*5", "DEABCE1234*5", True),
        ("DE*ABC*E1234*5", "de-abc-e1234-5", True),
        ("DE*ABC*E1234*5", "DE*ABC*E12345", False),
        ("DE*ABC*E1", "DE*ABD*E1", False),
        ("+49*823*1234567*1", "49*823*1234567*1", True),
        ("no EVSE-ID", "NO EVSE-ID ", True),
        ("no EVSE-ID", "DE*ABC*E1", False),
        ("#NA", "", False),
    ],
)
def test_charge_points_in_every_spelling(one: str, other: str, is_same: bool) -> None:
    assert is_same_evse(one, other) is is_same
    assert is_same_evse(other, one) is is_same
