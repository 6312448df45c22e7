"""Which key judges, at the edges of its time; and nothing that a CDR holds stops the validator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cdr.charging import (
    BEGIN_MS,
    EVSE,
    OTHER_EVSE,
    Charge,
    Keys,
    charge,
    exact_json,
    period,
)
from support.device.signer import signer
from wattseal.cdr import signers, validate
from wattseal.cdr.findings import Judgement
from wattseal.cdr.ocpi import Cdr, CdrError, read_cdr
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator, unreadable
from wattseal.common.errors import ToolError
from wattseal.ocmf.public_key import KeyPeriod

END_MS = BEGIN_MS + 90 * 60_000
TOLERANCE_MS = 300_000


def judge(made: Charge, rules: Rules | None = None) -> Judgement:
    return Validator(made.keys, rules or Rules()).judge(read_cdr(made.json()))


def codes(made: Charge, rules: Rules | None = None) -> list[str]:
    return [finding.code for finding in judge(made, rules).findings]


class AskedKeys(Keys):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def periods(self, evse_id: str) -> tuple[KeyPeriod, ...] | None:
        self.asked.append(evse_id)
        return super().periods(evse_id)


class TestTimeOfTheKey:
    @pytest.mark.parametrize(
        ("from_ms", "found"),
        [
            (BEGIN_MS + TOLERANCE_MS, []),
            (BEGIN_MS + TOLERANCE_MS + 1, ["key_not_valid_yet"]),
            (END_MS + TOLERANCE_MS + 1, ["key_not_valid_yet"]),
        ],
    )
    def test_it_begins(self, from_ms: int, found: list[str]) -> None:
        made = charge()
        made.keys.put(EVSE, period(from_ms=from_ms))
        assert codes(made) == found

    @pytest.mark.parametrize(
        ("until_ms", "found"),
        [
            (END_MS - TOLERANCE_MS, []),
            (END_MS - TOLERANCE_MS - 1, ["key_superseded"]),
            (BEGIN_MS - TOLERANCE_MS - 1, ["key_superseded"]),
        ],
    )
    def test_it_ends(self, until_ms: int, found: list[str]) -> None:
        made = charge()
        made.keys.put(EVSE, period(until_ms=until_ms))
        assert codes(made) == found

    def test_the_tolerance_is_the_rules(self) -> None:
        made = charge()
        made.keys.put(EVSE, period(from_ms=BEGIN_MS + 1000))
        assert codes(made, Rules(key_tolerance_s=0)) == ["key_not_valid_yet"]
        assert codes(made, Rules(key_tolerance_s=1)) == []

    def test_the_finding_says_which_record_and_when(self) -> None:
        made = charge()
        made.keys.put(EVSE, period(until_ms=END_MS - TOLERANCE_MS - 1))
        [finding] = judge(made).findings
        assert finding.subject == "end"
        assert (finding.values["expected"], finding.values["found"]) == (
            "2026-11-21T10:24:59Z",
            "2026-11-21T10:30:00Z",
        )

    def test_without_a_clock_the_time_of_the_cdr_counts(self) -> None:
        made = charge(reason="P", end_clock="U", end_flags="t")
        made.readings[-1]["TM"] = "2026-11-21T10:00:01,000+0100 U"
        made.keys.put(
            EVSE,
            period(signer(seed=2), until_ms=BEGIN_MS - TOLERANCE_MS - 1),
            period(from_ms=BEGIN_MS),
        )
        assert codes(made) == ["time_error_flag"]
        made.keys.put(EVSE, period(until_ms=END_MS - TOLERANCE_MS - 1))
        assert codes(made) == ["key_superseded", "time_error_flag"]

    def test_a_key_with_two_periods_has_ended_before_the_gap(self) -> None:
        made = charge()
        before = period(until_ms=BEGIN_MS - 3_600_000, was_deactivated=True)
        after = period(from_ms=END_MS + 3_600_000)
        made.keys.put(EVSE, before, after)
        assert codes(made) == ["key_used_after_deactivation"]

    def test_facts_are_kept_of_what_a_key_has_signed_too_late(self) -> None:
        made = charge()
        made.keys.put(EVSE, period(until_ms=BEGIN_MS - 3_600_000, was_deactivated=True))
        judgement = judge(made)
        assert judgement.casts_doubt
        assert judgement.facts is not None

    def test_none_are_kept_of_what_nobody_has_signed(self) -> None:
        made = charge()
        made.signers = [signer(seed=5)] * 2
        judgement = judge(made)
        assert (judgement.facts, judgement.energy_kwh) == (None, None)
        assert judgement.key_fingerprint is None


class TestChargePoint:
    def test_only_its_own_keys_are_asked_for(self) -> None:
        made = charge()
        keys = AskedKeys()
        keys.listed, made.keys = made.keys.listed, keys
        assert codes(made) == []
        assert keys.asked == [EVSE]

    def test_the_one_that_was_signed_is_asked_for_if_nothing_fits(self) -> None:
        made = charge()
        keys = AskedKeys()
        keys.listed, made.keys = made.keys.listed, keys
        made.cdr["cdr_location"]["evse_id"] = OTHER_EVSE
        judgement = judge(made)
        assert [finding.code for finding in judgement.findings] == ["evse_differs"]
        assert (
            judgement.findings[0].values["expected"],
            judgement.findings[0].values["found"],
        ) == (OTHER_EVSE, EVSE)
        assert keys.asked == [OTHER_EVSE, EVSE]

    def test_it_is_no_way_to_choose_ones_own_key(self) -> None:
        made = charge(seed=5)
        made.keys = Keys()
        made.keys.put(EVSE, period(signer(seed=1)))
        made.keys.put(OTHER_EVSE, period(signer(seed=2)))
        made.cdr["signed_data"].pop("public_key")
        made.cdr["cdr_location"]["evse_id"] = OTHER_EVSE
        assert codes(made) == ["signature_mismatch"]

    def test_a_source_that_cannot_be_asked_is_an_error(self) -> None:
        class Broken(Keys):
            def periods(self, _evse_id: str) -> tuple[KeyPeriod, ...] | None:
                raise ToolError("registry_busy", url="https://registry.example", status=503)

        made = charge()
        made.keys = Broken()
        with pytest.raises(ToolError):
            judge(made)

    def test_hundreds_of_keys_cost_no_more_than_a_few(self) -> None:
        made = charge(seed=5)
        others = [
            period(signer(seed=1), from_ms=number, until_ms=number + 1) for number in range(3000)
        ]
        made.keys.put(EVSE, *others)
        made.cdr["signed_data"].pop("public_key")
        assert codes(made) == ["key_unregistered"]


class TestUnsigned:
    def unsigned(self, *periods: KeyPeriod) -> Judgement:
        made = charge()
        made.keys.put(EVSE, *periods)
        made.spoil_cdr.append(lambda cdr: cdr.pop("signed_data"))
        return judge(made)

    def test_a_calibrated_station_has_to_sign(self) -> None:
        judgement = self.unsigned(period())
        assert [finding.code for finding in judgement.findings] == ["signed_data_missing"]
        assert judgement.verdict == "not_billable"
        assert not judgement.is_checked
        assert "POI data" in judgement.findings[0].sentence_en

    @pytest.mark.parametrize(
        "periods",
        [(), (period(until_ms=BEGIN_MS - 1),), (period(from_ms=END_MS + 1),)],
        ids=["never", "not any more", "not yet"],
    )
    def test_a_station_that_was_not_calibrated_need_not(
        self, periods: tuple[KeyPeriod, ...]
    ) -> None:
        judgement = self.unsigned(*periods)
        assert [finding.code for finding in judgement.findings] == ["station_not_listed"]
        assert (judgement.verdict, judgement.is_checked) == ("billable", False)
        assert judgement.facts is None


def test_nothing_is_billable_for_want_of_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "fast_path_sessions", lambda *_all: [None])
    monkeypatch.setattr(validate, "check_content", lambda _records: ([], None))
    assert codes(charge()) == ["cdr_malformed"]


def test_hundreds_of_forged_values_cost_no_more_than_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []
    check = signers.check_signature
    monkeypatch.setattr(
        signers, "check_signature", lambda *each: tried.append(each) or check(*each)
    )
    made = charge(between=98, seed=5)
    made.keys.put(EVSE, period(signer(seed=1)), period(signer(seed=2)))
    assert codes(made) == ["key_not_signer"]
    assert len(tried) < 40


def test_what_could_not_be_read_has_a_verdict_too() -> None:
    judgement = unreadable("DE*ABC*?", CdrError("id", "is missing, or is no text"))
    assert (judgement.verdict, judgement.reason) == ("not_billable", "cdr_malformed")
    assert judgement.cdr == "DE*ABC*?"


def test_every_finding_speaks_both_languages() -> None:
    made = charge()
    made.cdr["total_energy"] += 1
    [finding] = judge(made).findings
    assert finding.sentence_en == "The CDR bills 12.525 kWh; the signed readings give 11.525 kWh."
    assert finding.sentence_de.startswith("Der CDR rechnet 12.525 kWh ab")
    assert (finding.values["expected"], finding.values["found"]) == ("11.525", "12.525")


PIECES = [
    *("OCMF|", "|", "{}", "[]", '{"RD":[]}', '{"RD":[{}]}', '{"RD":{}}', '{"RD":[[]]}', "null"),
    *('{"SD":"30"}', '{"SD":5}', '{"SA":"ECDSA-secp256r1-SHA256","SD":"3006020101020101"}'),
    *("\u00e4", "\ud800", "\x00", "4f434d467c", "T0NNRnw=", " ", '{"PG":"T1","RD":[{"TM":1}]}'),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=7).map("".join) | st.text(max_size=40)
VALUES = st.lists(
    st.tuples(st.sampled_from(["Start", "End", "Intermediate", "x"]), TEXTS), min_size=1, max_size=4
)


@settings(max_examples=150)
@given(VALUES, st.none() | st.text(max_size=40) | st.just(signer().public.hex))
def test_whatever_was_signed_there_is_a_verdict(
    values: list[tuple[str, str]], key: str | None
) -> None:
    made = charge()
    cdr = made.members()
    cdr["signed_data"] = {
        "encoding_method": "OCMF",
        "public_key": key,
        "signed_values": [{"nature": name, "signed_data": text} for name, text in values],
    }
    assert not judged_as_it_comes(cdr, made.keys)


@settings(max_examples=150)
@given(st.data())
def test_whatever_a_key_has_signed_there_is_a_verdict(data: st.DataObject) -> None:
    made = charge()
    payloads = [data.draw(TEXTS) for _record in range(2)]
    made.spoil_payload = lambda number, _text: (
        payloads[number].replace("|", "").replace("\ud800", "")
    )
    assert not judged_as_it_comes(made.members(), made.keys)


def judged_as_it_comes(cdr: dict[str, Any], keys: Keys) -> bool:
    """Whether it is billable; as text, unless no encoding can carry it."""
    source: Any = cdr
    try:
        json.dumps(cdr, default=str).encode()
        source = exact_json(cdr)
    except UnicodeEncodeError:
        pass
    try:
        read = read_cdr(source)
    except CdrError:
        return False
    assert isinstance(read, Cdr)
    return Validator(keys, Rules()).judge(read).verdict == "billable"


class TestSessionWithoutAnEndReading:
    """As a module closes it for its owner: TX A, EF E, and a status that is not good."""

    @pytest.mark.parametrize("letter", "TXOFIS")
    @pytest.mark.parametrize("flags", ["E", "Et"])
    def test_is_not_billable_and_says_why(self, letter: str, flags: str) -> None:
        made = charge()
        made.readings[-1].update(TX="A", EF=flags, ST=letter, RV=made.readings[0]["RV"])
        judgement = judge(made)
        assert judgement.verdict == "not_billable"
        found = {finding.code for finding in judgement.findings}
        assert {"meter_status", "energy_error_flag"} <= found
        assert not judgement.casts_doubt
