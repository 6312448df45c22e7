"""EVSE-IDs in every spelling of the field, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id, read_operator


@pytest.mark.parametrize(
    ("text", "stars", "canonical", "operator"),
    [
        ("DE*ABC*E1234*5", "DE*ABC*E1234*5", "DEABCE1234*5", "DE*ABC"),
        ("de-abc-e1234-5", "DE*ABC*E1234*5", "DEABCE1234*5", "DE*ABC"),
        ("DEABCE1234*5", "DE*ABC*E1234*5", "DEABCE1234*5", "DE*ABC"),
        ("DE*ABCE12345", "DE*ABC*E12345", "DEABCE12345", "DE*ABC"),
        ("DE8PSE1", "DE*8PS*E1", "DE8PSE1", "DE*8PS"),
        ("NL*EEE*EEEE", "NL*EEE*EEEE", "NLEEEEEEE", "NL*EEE"),
        ("+49*823*1234567*1", "+49*823*1234567*1", "+49*823*1234567*1", "+49*823"),
        ("49*823*1234567", "+49*823*1234567", "+49*823*1234567", "+49*823"),
        ("+49-823-1234567-1", "+49*823*1234567*1", "+49*823*1234567*1", "+49*823"),
        ("+1*123456*0", "+1*123456*0", "+1*123456*0", "+1*123456"),
        ("DE*ABC*E" + 30 * "9", "DE*ABC*E" + 30 * "9", "DEABCE" + 30 * "9", "DE*ABC"),
    ],
)
def test_what_is_read(text: str, stars: str, canonical: str, operator: str) -> None:
    evse = read_evse_id(text)
    assert (evse.text, evse.canonical, evse.operator) == (stars, canonical, operator)
    assert read_evse_id(stars) == read_evse_id(canonical) == evse
    assert str(evse) == stars
    assert read_operator(operator) == operator


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("D*ABC*E1", "two letters"),
        ("*DE*ABC*E1", "two letters"),
        ("DE*AB*E1", "operator's three"),
        ("DE**ABC*E1", "operator's three"),
        ("DE*ABCD*E1", "an E does not follow"),
        ("DE*ABC*1234", "an E does not follow"),
        ("DE*ABC**E1", "an E does not follow"),
        ("DE*ABC*E", "nothing follows"),
        ("DE*ABC*E12 34", "other than letters"),
        ("DE*ABC*E12_34", "other than letters"),
        ("DE*ABC*E*1", "separator stands"),
        ("DE*ABC*E1*", "separator stands"),
        ("DE*ABC*E1**2", "separator stands"),
        ("DE*ABC*E1-2", "mixes"),
        ("DE*ABC*E" + 31 * "9", "longer than 30"),
        ("DE*ABC*E" + 45 * "9", "longer than 50"),
        ("DE*ABC*E\u0661", "characters that no"),
        ("DE*ABC*E1\n", "characters that no"),
        ("+49823*1", "telephone code"),
        ("+49*82*1", "telephone code"),
        ("+049*823*1", "telephone code"),
        ("+49*823*", "telephone code"),
        ("+49*823*12A", "telephone code"),
        ("+49*823**1", "separator stands"),
    ],
)
def test_what_is_none(text: str, words: str) -> None:
    with pytest.raises(EvseIdError, match=words):
        read_evse_id(text)


def test_separators_in_the_operators_own_part_tell_charge_points_apart() -> None:
    assert read_evse_id("DE*ABC*E1*11") != read_evse_id("DE*ABC*E11*1")
    assert read_evse_id("DE*ABC*E1*11").canonical != read_evse_id("DEABCE111").canonical


@pytest.mark.parametrize(
    ("text", "operator"), [("deabc", "DE*ABC"), ("de-8ps", "DE*8PS"), ("49*823", "+49*823")]
)
def test_operators(text: str, operator: str) -> None:
    assert read_operator(text) == operator


@pytest.mark.parametrize("text", ["", "DE", "DE*ABC*", "DE*ABC*E1", "+49*82", "+49823", "x" * 51])
def test_what_names_no_operator(text: str) -> None:
    with pytest.raises(EvseIdError):
        read_operator(text)


@given(some.text(max_size=60))
def test_whatever_is_read_is_read_again(text: str) -> None:
    for read in (read_evse_id, read_operator):
        try:
            found = read(text)
        except EvseIdError:
            continue
        assert read(str(found)) == found


OWN = some.from_regex(r"[A-Z0-9]{1,6}(\*[A-Z0-9]{1,6}){0,3}", fullmatch=True)


@given(some.from_regex(r"[A-Z]{2}\*[A-Z0-9]{3}", fullmatch=True), OWN)
def test_every_spelling_is_the_same_charge_point(operator: str, own: str) -> None:
    text = f"{operator}*E{own}"
    spellings = (text, text.lower(), text.replace("*", "-"), f"{operator.replace('*', '')}E{own}")
    assert {read_evse_id(one).canonical for one in spellings} == {read_evse_id(text).canonical}
