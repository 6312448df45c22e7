"""Reading CDRs of OCPI. What is malformed is among the mutations; here is the rest."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cdr.charging import Members, charge, in_base64
from support.cdr.good_charges import PLAIN
from wattseal.cdr.ocpi import MAX_SIGNED_CHARACTERS, Cdr, CdrError, name_of, read_cdr


def members(**changes: Any) -> Members:
    return {**charge().members(), **changes}


def refusal(source: Any) -> CdrError:
    with pytest.raises(CdrError) as refused:
        read_cdr(source)
    return refused.value


class TestErrors:
    def test_they_name_the_member_and_the_cause(self) -> None:
        error = refusal(members(total_energy="11.525"))
        assert (error.code, error.field) == ("cdr_malformed", "total_energy")
        assert str(error) == "total_energy is missing, or is no exact number"

    def test_they_are_findings_in_both_languages(self) -> None:
        finding = refusal(members(id=None)).finding
        assert (finding.code, finding.subject) == ("cdr_malformed", "id")
        assert finding.sentence_en == "The CDR cannot be read: id is missing, or is no text."
        assert "nicht lesbar" in finding.sentence_de

    def test_of_a_text_they_say_what_is_wrong_with_it(self) -> None:
        assert str(refusal("{")).startswith("it is not well-formed JSON")

    def test_they_come_back_from_another_process(self) -> None:
        error = refusal(members(id=None))
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (str(copy), copy.field) == (str(error), "id")

    def test_they_never_quote_what_could_steer_a_terminal(self) -> None:
        assert str(refusal(members(id="\x1b[2J"))).isprintable()

    def test_floats_are_refused_because_they_may_have_changed(self) -> None:
        assert refusal(members(total_energy=11.525)).field == "total_energy"

    @pytest.mark.parametrize("source", [None, [], 17, "", b"", "[]", "null"])
    def test_what_is_no_object_is_refused(self, source: Any) -> None:
        if source is None or isinstance(source, list | int):
            source = json.dumps(source)
        assert refusal(source).field is None


class TestForms:
    @pytest.mark.parametrize("name", ["2.2.1", "2.3.0"])
    def test_both_versions_are_read(self, name: str) -> None:
        price = {"excl_vat": Decimal("0.00"), "incl_vat": Decimal("0.00")}
        if name == "2.3.0":
            price = {"before_taxes": Decimal("0.00"), "taxes": []}  # type: ignore[dict-item]
        cdr = read_cdr(members(total_time_cost=price))
        assert isinstance(cdr, Cdr)
        assert not cdr.bills_time

    def test_a_text_bytes_and_the_object_are_one(self) -> None:
        made = charge()
        text = made.json()
        assert isinstance(text, str)
        assert read_cdr(text) == read_cdr(text.encode()) == read_cdr(made.members())

    def test_names_are_compared_in_capitals(self) -> None:
        assert read_cdr(members(country_code="de", party_id="abc")).name == "DE*ABC*CDR-000017"

    def test_fields_may_be_as_long_as_the_specification_says(self) -> None:
        cdr = read_cdr(members(id="C" * 39, cdr_location={"evse_id": "DE*ABC*E" + "1" * 40}))
        assert (len(cdr.id), len(cdr.evse_id)) == (39, 48)

    def test_the_signed_text_is_the_string_itself(self) -> None:
        made = charge()
        plain = read_cdr(made.members()).signed
        made.encode = in_base64
        assert plain is not None
        assert read_cdr(made.members()).signed == plain
        assert [value.text for value in plain.values] == made.texts()
        assert [value.nature for value in plain.values] == ["Start", "End"]

    def test_a_signed_value_may_be_as_long_as_the_specification_says(self) -> None:
        value = {"nature": "Start", "signed_data": "x" * MAX_SIGNED_CHARACTERS}
        signed = {"encoding_method": "OCMF", "signed_values": [value]}
        assert read_cdr(members(signed_data=signed)).signed is not None

    def test_nothing_signed_is_nothing_signed(self) -> None:
        assert read_cdr(members(signed_data=None)).signed is None

    def test_null_is_as_good_as_absent(self) -> None:
        cdr = read_cdr(members(credit=None, credit_reference_id=None))
        assert cdr.credits is None

    @pytest.mark.parametrize("credit", ["true", 1, 0, Decimal(1), Decimal("sNaN"), []])
    def test_a_credit_is_true_or_false(self, credit: object) -> None:
        assert refusal(members(credit=credit, credit_reference_id="CDR-1")).field == "credit"

    def test_a_credit_names_what_it_cancels(self) -> None:
        assert read_cdr(members(credit=True, credit_reference_id="CDR-1")).credits == "CDR-1"

    def test_energy_is_exact(self) -> None:
        assert str(read_cdr(members(total_energy=Decimal("0.1000"))).energy_kwh) == "0.1000"
        assert read_cdr(members(total_energy=11)).energy_kwh == 11

    @pytest.mark.parametrize(
        ("text", "at_ms"),
        [
            ("2026-11-21T09:00:00Z", 1_795_251_600_000),
            ("2026-11-21T09:00:00", 1_795_251_600_000),
            ("2026-11-21T10:00:00+01:00", 1_795_251_600_000),
            ("2026-11-21T09:00:00.5Z", 1_795_251_600_500),
            ("2026-11-21T09:00:00.123456789Z", 1_795_251_600_123),
            ("1970-01-01T00:00:00Z", 0),
        ],
    )
    def test_times(self, text: str, at_ms: int) -> None:
        end = "2027-01-01T00:00:00Z"
        assert read_cdr(members(start_date_time=text, end_date_time=end)).begin_ms == at_ms

    @pytest.mark.parametrize(
        "text",
        [
            *("2026-11-21T09:00:00z", "2026-11-21t09:00:00Z", "20261121T090000Z", "2026-11-21"),
            *("2026-11-21T24:00:00Z", "2026-11-21T09:00:60Z", "2026-13-01T09:00:00Z", "", " "),
            *("1969-12-31T23:59:59Z", "2026-11-21T09:00:00+24:00", "2026-11-21T09:00:00.Z"),
            *("0001-01-01T00:00:00+01:00", "2026-11-21T09:00:00,5Z", "9999-12-31T23:59:59-23:59x"),
        ],
    )
    def test_what_is_no_time(self, text: str) -> None:
        assert refusal(members(start_date_time=text)).field == "start_date_time"


def test_what_cannot_be_read_has_a_name_all_the_same() -> None:
    assert name_of(members()) == "DE*ABC*CDR-000017"
    assert name_of({"party_id": "ABC", "id": 17}) == "?*ABC*?"
    assert name_of({"id": "\x1b" + "x" * 100}) == "?*?*?" + "x" * 38


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
PLACES = (
    *("country_code", "party_id", "id", "start_date_time", "end_date_time", "cdr_location"),
    *("total_energy", "tariffs", "charging_periods", "signed_data", "credit"),
    *("credit_reference_id", "total_time_cost", "total_parking_cost"),
)


@given(st.dictionaries(st.sampled_from(PLACES), ANYTHING, max_size=3))
def test_whatever_stands_where_it_is_read_or_refused(changes: Members) -> None:
    with suppress(CdrError):
        assert isinstance(read_cdr({**members(), **changes}), Cdr)


@given(ANYTHING, st.sampled_from(["signed_values", "public_key", "encoding_method"]))
def test_whatever_is_signed_is_read_or_refused(value: Any, place: str) -> None:
    cdr = members()
    cdr["signed_data"] = {**cdr["signed_data"], place: value}
    with suppress(CdrError):
        assert isinstance(read_cdr(cdr), Cdr)


def test_every_good_session_is_read() -> None:
    for make in PLAIN.values():
        assert read_cdr(make().json()).signed is not None
