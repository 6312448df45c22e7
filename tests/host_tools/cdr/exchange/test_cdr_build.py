"""CDRs from signed records: what is refused, and that what is signed arrives unchanged."""

import base64
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.cdr.charged import BEGIN, END, ENERGY, FACTS, MIDDLE, combined, facts, folder, record
from support.cdr.charging import in_base64
from support.cdr.ocpi_rules import VERSIONS, cdr_faults
from support.device.signer import signer
from wattseal.cdr.ocpi import read_cdr
from wattseal.common.exact_json import load_object
from wattseal.ocmf.public_key import read_public_key

Run = Callable[..., Any]
TWO_PRICES = FACTS.replace(
    "prices = [{ per_kwh = 0.39 }]",
    "prices = [{ per_kwh = 0.39 }, { per_kwh = 0.59, since = 2026-11-21T10:30:20+01:00 }]",
)


@pytest.fixture
def built(wattseal: Run, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Builds a CDR of records and reads it."""

    def build(*records: str, text: str = FACTS, form: str = "ocpi-2.2.1") -> dict[str, Any]:
        source = folder(tmp_path / "session", *records)
        told = facts(tmp_path / "facts.toml", text)
        outcome = wattseal("cdr", "build", source, "--facts", told, "--format", form)
        assert outcome.status == 0, outcome.err
        return load_object(outcome.out)

    return build


def refusal(wattseal: Run, source: Path, told: Path, *more: str) -> dict[str, Any]:
    outcome = wattseal("cdr", "build", source, "--facts", told, *more, "--json")
    assert outcome.status in (1, 2)
    assert len(outcome.err.splitlines()) == 1
    error: dict[str, Any] = outcome.json["error"]
    return error


class TestRefusals:
    @pytest.mark.parametrize(
        ("records", "cause"),
        [
            ((), "no .ocmf file"),
            ((BEGIN,), "not exactly one end reading"),
            ((END,), "there is no begin"),
            ((BEGIN[:-3] + "|", END), "cannot be read"),
            ((BEGIN, "OCMF|{}|{}"), "cannot be read"),
            ((BEGIN, END.replace("11:30:00", "11:30:99")), "its payload is no OCMF"),
            ((BEGIN, record("E", "2947.125", "11:30:00", 19, MS="other")), None),
            ((record("B", "-", "10:00:00", 17), END), "its payload is no OCMF"),
        ],
    )
    def test_records_that_make_no_session(
        self, wattseal: Run, tmp_path: Path, records: tuple[str, ...], cause: str | None
    ) -> None:
        source = folder(tmp_path / "s", *records)
        told = facts(tmp_path / "facts.toml")
        if cause is None:  # a CDR all the same: the validation before sending finds it
            assert wattseal("cdr", "build", source, "--facts", told).status == 0
            return
        error = refusal(wattseal, source, told)
        assert error["name"] == "session_unusable"
        assert cause in error["message"]

    def test_two_sessions_need_a_choice(self, wattseal: Run, tmp_path: Path) -> None:
        more = (record("B", "2947.2", "12:00:00", 20), record("E", "2950.0", "13:00:00", 21))
        source = folder(tmp_path / "s", BEGIN, END, *more)
        told = facts(tmp_path / "facts.toml")
        error = refusal(wattseal, source, told)
        assert error["name"] == "session_ambiguous"
        assert "T17, T20" in error["message"]
        chosen = wattseal("cdr", "build", source, "--facts", told, "--begin", "T20")
        assert load_object(chosen.out)["total_energy"] == Decimal("2.8")
        assert refusal(wattseal, source, told, "--begin", "T18")["name"] == "session_unusable"

    @pytest.mark.parametrize(
        ("old", "new", "where"),
        [
            ('currency = "EUR"', 'currency = "Euro"', "currency"),
            ('uid = "04A2B1C3"', f'uid = "{"x" * 37}"', "token.uid"),
            ('address = "Example road 1"', f'address = "{"x" * 46}"', "location.address"),
            ('city = "Example"', 'city = "a\\tb"', "location.city"),
            ('type = "RFID"', 'type = "CARD"', "token.type"),
            ('id = "LOC1"', "", "location.id"),
            ("per_kwh = 0.39", "per_kwh = -0.39", "tariff.prices.0.per_kwh"),
            ("per_kwh = 0.39", "per_kwh = 0.39001", "tariff.prices.0.per_kwh"),
            ("{ per_kwh = 0.39 }", "{ per_kwh = 0.39 }, { per_kwh = 1 }", "tariff"),
            ("[party]", "[party]\ncolour = 1", "party.colour"),
            ("[party]", "[party", "no TOML"),
        ],
    )
    def test_facts_that_are_none(
        self, wattseal: Run, tmp_path: Path, old: str, new: str, where: str
    ) -> None:
        source = folder(tmp_path / "s", BEGIN, END)
        assert old in FACTS
        told = facts(tmp_path / "facts.toml", FACTS.replace(old, new))
        error = refusal(wattseal, source, told)
        assert error["name"] == "facts_malformed"
        assert where in error["message"]

    def test_a_price_that_changes_where_nothing_was_signed(
        self, wattseal: Run, tmp_path: Path
    ) -> None:
        source = folder(tmp_path / "s", BEGIN, END)
        error = refusal(wattseal, source, facts(tmp_path / "facts.toml", TWO_PRICES))
        assert error["name"] == "price_change_unsigned"
        assert "2026-11-21T09:30:20Z" in error["message"]

    def test_an_intermediate_reading_too_far_from_the_change(
        self, wattseal: Run, tmp_path: Path
    ) -> None:
        far = TWO_PRICES.replace("10:30:20", "10:31:01")
        source = folder(tmp_path / "s", BEGIN, MIDDLE, END)
        error = refusal(wattseal, source, facts(tmp_path / "facts.toml", far))
        assert error["name"] == "price_change_unsigned"
        assert "2026-11-21T09:30:00Z" in error["message"]

    def test_a_session_before_all_prices(self, wattseal: Run, tmp_path: Path) -> None:
        late = FACTS.replace("0.39 }", "0.39, since = 2026-11-21T11:00:00+01:00 }")
        source = folder(tmp_path / "s", BEGIN, END)
        error = refusal(wattseal, source, facts(tmp_path / "facts.toml", late))
        assert error["name"] == "price_missing"

    def test_a_token_type_that_the_version_does_not_know(
        self, wattseal: Run, tmp_path: Path
    ) -> None:
        source = folder(tmp_path / "s", BEGIN, END)
        told = facts(tmp_path / "facts.toml", FACTS.replace('"RFID"', '"EMAID"'))
        assert refusal(wattseal, source, told)["name"] == "bad_value"
        newer = ("--format", "ocpi-2.3.0")
        assert wattseal("cdr", "build", source, "--facts", told, *newer).status == 0

    def test_no_charge_point_anywhere(self, wattseal: Run, tmp_path: Path) -> None:
        records = (
            record("B", "1.0", "10:00:00", 1, CI=None, CT=None),
            record("E", "2.0", "11:00:00", 2, CI=None, CT=None),
        )
        told = facts(tmp_path / "facts.toml")
        assert refusal(wattseal, folder(tmp_path / "s", *records), told)["name"] == (
            "evse_id_missing"
        )


BARE = FACTS + '\n[partner]\nsigned_data = "bare"\n'


class TestLimits:
    LONG = "x" * 4700

    def test_a_record_that_is_too_long(self, wattseal: Run, tmp_path: Path) -> None:
        end = record("E", "2947.125", "11:30:00", 19, TT=self.LONG)
        assert len(end) > 5000
        length = len(in_base64(end))
        source = folder(tmp_path / "s", BEGIN, end)
        error = refusal(wattseal, source, facts(tmp_path / "facts.toml"))
        assert error["name"] == "cdr_field_too_long"
        assert error["detail"] == {
            "field": "signed_data of the End value",
            "length": length,
            "limit": 5000,
            "form": "ocpi-2.2.1",
        }

    def test_the_combined_record_stands_in(self, built: Callable[..., dict[str, Any]]) -> None:
        end = record("E", "2947.125", "11:30:00", 19, TT=self.LONG)
        both = combined()
        values = built(BEGIN, end, both)["signed_data"]["signed_values"]
        assert [(one["nature"], one["signed_data"]) for one in values] == [("End", in_base64(both))]

    def test_nothing_with_a_signature_fits_into_2_2(self, wattseal: Run, tmp_path: Path) -> None:
        source = folder(tmp_path / "s", BEGIN, END)
        error = refusal(wattseal, source, facts(tmp_path / "facts.toml"), "--format", "ocpi-2.2")
        assert error["name"] == "cdr_field_too_long"
        assert error["detail"]["limit"] == 512

    def test_plain_data_holds_what_the_erratum_of_2026_allows(
        self, built: Callable[..., dict[str, Any]]
    ) -> None:
        long = record("E", "2947.125", "11:30:00", 19, TT="x" * 240)
        assert len(long.split("|")[1]) > 512
        values = built(BEGIN, long)["signed_data"]["signed_values"]
        assert [one["plain_data"] for one in values] == [one.split("|")[1] for one in (BEGIN, long)]
        assert values[1]["signed_data"] == in_base64(long)

    def test_base64_counts_as_it_is_written(
        self, built: Callable[..., dict[str, Any]], wattseal: Run, tmp_path: Path
    ) -> None:
        end = record("E", "2947.125", "11:30:00", 19, XX="x" * 3300)
        assert len(end) < 5000 < len(in_base64(end))
        source, told = folder(tmp_path / "s", BEGIN, end), facts(tmp_path / "facts.toml")
        assert refusal(wattseal, source, told)["name"] == "cdr_field_too_long"
        values = built(BEGIN, end, text=BARE)["signed_data"]["signed_values"]
        assert [one["signed_data"] for one in values] == [BEGIN, end]
        assert "" not in [one["plain_data"] for one in values]

    @pytest.mark.parametrize("form", ["ocpi-2.2.1", "ocpi-2.3.0"])
    @pytest.mark.parametrize("text", [FACTS, BARE])
    def test_what_is_built_is_read_again_in_either_form(
        self, built: Callable[..., dict[str, Any]], form: str, text: str
    ) -> None:
        cdr = built(BEGIN, END, text=text, form=form)
        written = [one["signed_data"] for one in cdr["signed_data"]["signed_values"]]
        assert written == (
            [BEGIN, END] if text is BARE else [in_base64(one) for one in (BEGIN, END)]
        )
        signed = read_cdr(cdr).signed
        assert signed is not None
        assert [one.text for one in signed.values] == [BEGIN, END]

    def test_a_partner_who_wants_something_else(self, wattseal: Run, tmp_path: Path) -> None:
        told = facts(tmp_path / "facts.toml", FACTS + '\n[partner]\nsigned_data = "hex"\n')
        error = refusal(wattseal, folder(tmp_path / "s", BEGIN, END), told)
        assert error["name"] == "facts_malformed"
        assert "partner.signed_data" in error["message"]


class TestCdr:
    @pytest.mark.parametrize("form", ["ocpi-2.2.1", "ocpi-2.3.0"])
    @pytest.mark.parametrize("text", [FACTS, TWO_PRICES])
    def test_is_what_the_specification_says(
        self, built: Callable[..., dict[str, Any]], form: str, text: str
    ) -> None:
        cdr = built(BEGIN, MIDDLE, END, text=text, form=form)
        assert cdr_faults(cdr, form) == []
        other = next(one for one in VERSIONS if one not in (form, "ocpi-2.2"))
        assert cdr_faults(cdr, other), "the rules do not tell the versions apart"

    def test_energy_and_times_are_the_signed_ones(
        self, built: Callable[..., dict[str, Any]]
    ) -> None:
        cdr = built(BEGIN, END)
        assert cdr["total_energy"] == ENERGY
        assert str(cdr["total_energy"]) == "11.525"
        assert cdr["start_date_time"] == "2026-11-21T09:00:00Z"
        assert cdr["end_date_time"] == "2026-11-21T10:30:00Z"
        assert cdr["total_time"] == Decimal("1.5")
        assert cdr["cdr_location"]["evse_id"] == "DE*ABC*E1234*5"
        assert cdr["meter_id"] == "12345678"

    def test_digits_are_kept(self, built: Callable[..., dict[str, Any]]) -> None:
        cdr = built(record("B", "1.500", "10:00:00", 1), record("E", "4.000", "11:00:00", 2))
        assert str(cdr["total_energy"]) == "2.500"

    def test_watt_hours_become_kilowatt_hours(self, built: Callable[..., dict[str, Any]]) -> None:
        begin = record("B", "1500", "10:00:00", 1)
        end = record("E", "4000", "11:00:00", 2)
        cdr = built(
            *(signer().record(one.split("|")[1].replace("kWh", "Wh")) for one in (begin, end))
        )
        assert str(cdr["total_energy"]) == "2.500"

    def test_the_records_go_in_byte_for_byte(self, built: Callable[..., dict[str, Any]]) -> None:
        odd = record("B", "2935.600", "10:00:00", 17, TT='a "quoted" \\ tariff')
        signed = built(odd, MIDDLE, END)["signed_data"]
        assert [one["signed_data"] for one in signed["signed_values"]] == [
            in_base64(one) for one in (odd, MIDDLE, END)
        ]
        assert [one["nature"] for one in signed["signed_values"]] == [
            "Start",
            "Intermediate",
            "End",
        ]
        assert base64.b64decode(signed["public_key"]) == signer().public.spki
        assert read_public_key(signed["public_key"]) == signer().public

    def test_a_combined_record_alone(self, built: Callable[..., dict[str, Any]]) -> None:
        cdr = built(combined())
        assert cdr["total_energy"] == ENERGY
        assert [one["nature"] for one in cdr["signed_data"]["signed_values"]] == ["End"]

    def test_costs_of_one_price(self, built: Callable[..., dict[str, Any]]) -> None:
        cost = built(BEGIN, END)["total_cost"]
        assert cost == {"excl_vat": Decimal("4.4948"), "incl_vat": Decimal("5.3488")}
        # 11.525 x 0.39 = 4.49475, half up to 4.4948; 4.4948 x 0.19 = 0.854012, to 0.8540

    def test_costs_of_two_prices_are_cut_at_the_signed_reading(
        self, built: Callable[..., dict[str, Any]]
    ) -> None:
        cdr = built(BEGIN, MIDDLE, END, text=TWO_PRICES, form="ocpi-2.3.0")
        volumes = [one["dimensions"][0]["volume"] for one in cdr["charging_periods"]]
        assert volumes == [Decimal("4.500"), Decimal("7.025")]
        assert sum(volumes) == cdr["total_energy"]
        assert [one["tariff_id"] for one in cdr["charging_periods"]] == ["AC-2026-1", "AC-2026-2"]
        assert [one["id"] for one in cdr["tariffs"]] == ["AC-2026-1", "AC-2026-2"]
        assert cdr["charging_periods"][1]["start_date_time"] == "2026-11-21T09:30:00Z"
        net = Decimal("4.500") * Decimal("0.39") + Decimal("7.025") * Decimal("0.59")
        assert cdr["total_cost"]["before_taxes"] == net.quantize(Decimal("0.0001"), "ROUND_HALF_UP")
        assert cdr["total_cost"]["taxes"][0]["name"] == "VAT"

    @pytest.mark.parametrize(
        ("changes_at", "volumes"),
        [
            ("10:00:01", ["20.525"]),
            ("10:00:12", ["4.500", "16.025"]),  # the reading of 10:00:20 is nearer than the begin
            ("10:00:20", ["4.500", "16.025"]),
            ("10:00:29", ["4.500", "16.025"]),
            ("10:00:31", ["20.525"]),  # nearer to the end, which is of 10:00:40
        ],
    )
    def test_a_price_counts_from_the_nearest_signed_reading(
        self, built: Callable[..., dict[str, Any]], changes_at: str, volumes: list[str]
    ) -> None:
        between = record("C", "2940.100", "10:00:20", 18)
        end = record("E", "2956.125", "10:00:40", 19)
        text = TWO_PRICES.replace("10:30:20", changes_at)
        cdr = built(BEGIN, between, end, text=text)
        found = [one["dimensions"][0]["volume"] for one in cdr["charging_periods"]]
        assert found == [Decimal(one) for one in volumes]
        price = "AC-2026-1" if changes_at == "10:00:31" else "AC-2026-2"
        assert cdr["charging_periods"][-1]["tariff_id"] == price

    def test_without_a_change_of_price_intermediate_readings_cut_nothing(
        self, built: Callable[..., dict[str, Any]]
    ) -> None:
        assert len(built(BEGIN, MIDDLE, END)["charging_periods"]) == 1

    def test_the_same_session_is_the_same_cdr(self, built: Callable[..., dict[str, Any]]) -> None:
        text = FACTS + ""
        stamped = "last_updated = 2026-11-21T12:00:00+01:00\n" + text
        assert built(BEGIN, END, text=stamped) == built(END, BEGIN, text=stamped)

    def test_the_validators_reader_takes_it(self, built: Callable[..., dict[str, Any]]) -> None:
        cdr = read_cdr(built(BEGIN, END))
        assert cdr.energy_kwh == ENERGY
        assert not cdr.bills_time
        assert cdr.signed is not None
        assert [one.text for one in cdr.signed.values] == [BEGIN, END]

    def test_written_into_a_file_once(self, wattseal: Run, tmp_path: Path) -> None:
        source = folder(tmp_path / "s", BEGIN, END)
        told = facts(tmp_path / "facts.toml")
        out = tmp_path / "cdr.json"
        assert wattseal("cdr", "build", source, "--facts", told, "--out", out).status == 0
        load_object(out.read_bytes())
        out.write_text("other")
        again = wattseal("cdr", "build", source, "--facts", told, "--out", out)
        assert again.status == 1
        assert out.read_text() == "other"


def test_json_facts_are_read_too(wattseal: Run, tmp_path: Path) -> None:
    import json
    import tomllib

    told = tmp_path / "facts.json"
    told.write_text(json.dumps(tomllib.loads(FACTS)))
    source = folder(tmp_path / "s", BEGIN, END)
    outcome = wattseal("cdr", "build", source, "--facts", told)
    assert outcome.status == 0, outcome.err
    assert load_object(outcome.out)["total_cost"]["excl_vat"] == Decimal("4.4948")
