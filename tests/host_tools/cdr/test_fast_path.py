"""The short way and the long way come to the same verdict, whatever a module signs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cdr.charging import Charge, Members, charge
from support.cdr.good_charges import NOTED, PLAIN
from support.cdr.mutations import Mutation, all_mutations
from wattseal.cdr import validate
from wattseal.cdr.fast_path import fast_path_sessions, read_plainly
from wattseal.cdr.findings import Judgement
from wattseal.cdr.ocpi import read_cdr
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator

LONG_WAY = {
    *("maker's own members", "phone", "charge point named without its type", "small natures"),
    *(
        "key in OCPP's notation",
        "key in OCPP's notation, base64",
        "key changed while charging",
        "sent twice in one",
    ),
    *("in any order", "time billed, measured by itself"),
}
"""Good sessions that are too rare to be known at a glance."""


def both_ways(made: Charge) -> tuple[Judgement, Judgement, bool]:
    """The verdict as it is, that of the long way, and whether the short way was gone."""
    cdr = read_cdr(made.json())
    signed = cdr.signed
    assert signed is not None
    periods = made.keys.periods(cdr.evse_id) or ()
    (ordinary,) = fast_path_sessions([(signed, periods)], 300_000)
    is_short = ordinary is not None and ordinary.is_authentic()
    judge = Validator(made.keys, Rules()).judge
    usual = judge(cdr)
    with patch.object(
        validate, "fast_path_sessions", lambda charges, _tolerance: [None] * len(charges)
    ):
        return usual, judge(cdr), is_short


@pytest.mark.parametrize("name", PLAIN)
def test_a_good_session_is_good_either_way(name: str) -> None:
    usual, closely, is_short = both_ways(PLAIN[name]())
    assert usual == closely
    assert is_short == (name not in LONG_WAY)


@pytest.mark.parametrize("name", NOTED)
def test_what_is_worth_a_note_goes_the_long_way(name: str) -> None:
    usual, closely, is_short = both_ways(NOTED[name][0]())
    assert usual == closely
    assert not is_short


NO_RECORDS = ("cdr_malformed", "encoding_unsupported", "signed_data_missing", "station_not_listed")
OF_RECORDS = [mutation for mutation in all_mutations() if mutation.code not in NO_RECORDS]


@pytest.mark.parametrize("mutation", OF_RECORDS, ids=lambda mutation: mutation.name)
def test_a_fault_is_found_either_way(mutation: Mutation) -> None:
    usual, closely, _is_short = both_ways(mutation.make())
    assert usual == closely


ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 17, Decimal("0.000"), Decimal("1.0"), Decimal("2941.000")),
    *("", " ", "0", "G", "E", "t", "Et", "T17", "T018", "F18", "T18", "kWh", "Wh", "mOhm"),
    *("1-0:1.8.0", "1-0:1.8.0*198", "01-00:B1.08.00*FF", "1-0:1.8.0*", "DE*ABC*E1", "STEVE 1"),
    *("HEARSAY", "MISMATCH", "RFID_PLAIN", "ISO14443", "EMAID", "LOCAL", "EVSEID", "CBIDC"),
    *(
        "2026-11-21T11:30:00,000+0100 S",
        "2026-11-21T10:00:00,000+0000 S",
        "2026-02-30T10:00:00,000",
    ),
    *("2026-11-21T11:30:00,000+9900 S", "2026-11-21T11:30:00,000+0100 R", "x" * 26, "x" * 251),
    *(
        [],
        {},
        ["RFID_PLAIN"],
        ["RFID_PLAIN"] * 5,
        [1],
        [[]],
        {"TX": "B"},
        "\u00e4",
        "\ud800",
        "a|b",
    ),
    *("B", "C", "X", "L", "P", "S", "AC", "04A2B1C3", "0.4", "1.3", Decimal("1E+40")),
]
MEMBERS = (
    *("FV", "GI", "GS", "GV", "PG", "MV", "MM", "MS", "MF", "IS", "IL", "IF", "IT", "ID", "TT"),
    *(
        "CF",
        "CT",
        "CI",
        "RD",
        "LC",
        "U",
        "TM",
        "TX",
        "RV",
        "RI",
        "RU",
        "RT",
        "CL",
        "EF",
        "ST",
        "EI",
    ),
)
READING_MEMBERS = frozenset(("TM", "TX", "RV", "RI", "RU", "RT", "CL", "EF", "ST", "EI"))
CHANGES = st.tuples(st.integers(-1, 1), st.sampled_from(MEMBERS), st.sampled_from(ODD))
ABSENT = object()


def change(payload: Members, name: str, value: Any) -> None:
    """Put it where such a member belongs; None takes it away half of the time by its nature."""
    readings = payload.get("RD")
    is_there = isinstance(readings, list) and readings and isinstance(readings[-1], dict)
    place = readings[-1] if name in READING_MEMBERS and is_there else payload
    if value is None and name in place:
        del place[name]
    else:
        place[name] = value


@settings(max_examples=150)
@given(st.lists(CHANGES, min_size=1, max_size=3), st.booleans(), st.integers(0, 1))
def test_whatever_a_module_signs_both_ways_agree(
    changes: list[tuple[int, str, Any]], in_one: bool, between: int
) -> None:
    made = charge(in_one=in_one, between=between)
    for number, name, value in changes:
        for payload in made.payloads if number == 1 else [made.payloads[number]]:
            change(payload, name, value)
    usual, closely, is_short = both_ways(made)
    assert usual == closely
    assert usual.facts or usual.verdict == "not_billable"
    if is_short:
        assert {finding.code for finding in usual.findings} <= OF_THE_BILL


OF_THE_BILL = {"evse_differs", "energy_differs", "begin_time_differs", "end_time_differs"}
"""What is looked at after the short way, too."""


def test_nothing_is_read_plainly_that_is_no_record() -> None:
    made = charge()
    cdr = read_cdr(made.json())
    assert cdr.signed is not None
    values = cdr.signed.values
    good, *others = read_plainly([values, (), values[:1], None, values * 2])
    assert good is not None
    assert others == [None] * 4


def test_one_charge_has_no_say_in_the_others() -> None:
    made = [charge(between=between) for between in (0, 1, 2)]
    signed = [read_cdr(one.json()).signed for one in made]
    values = [one.values for one in signed if one]
    alone = [read_plainly([one])[0] for one in values]
    assert None not in alone
    assert read_plainly([values[0], values[1][:2], values[1], (), values[2]]) == [
        alone[0],
        None,
        alone[1],
        None,
        alone[2],
    ]
