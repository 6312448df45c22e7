"""JSON with exact numbers: what is refused, and what comes out whole."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.cdr.exact_json import JsonError, load_object


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is not well-formed JSON (line 1, column 1)"),
        ('{"a":1', "is not well-formed JSON (line 1, column 7)"),
        ('{"a":1}{}', "is not well-formed JSON (line 1, column 8)"),
        ("[]", "is not a JSON object"),
        ("17", "is not a JSON object"),
        ('{"a":1,"a":1}', "holds the member 'a' twice"),
        ('{"x":[{"a":1,"b":2,"a":3}]}', "holds the member 'a' twice"),
        ('{"\\u00e4":1,"\u00e4":1}', "holds the member '\\xe4' twice"),
        ('{"a":NaN}', "holds NaN, which is no JSON"),
        ('{"a":-Infinity}', "holds -Infinity, which is no JSON"),
        ('{"a":' + "9" * 5000 + "}", "holds a number that is too long"),
        ('{"a":1e99999999999999999999}', "holds a number that is too long"),
        ('{"a":' + "[" * 100_000, "is nested too deeply"),
        (b'{"a":"\xff"}', "is not in UTF-8"),
        ('{"a":1}'.encode("utf-16"), "is not in UTF-8"),
    ],
)
def test_what_cannot_be_trusted_is_refused(text: str | bytes, cause: str) -> None:
    with pytest.raises(JsonError) as refused:
        load_object(text)
    assert str(refused.value) == cause


def test_a_name_that_stands_twice_is_told_in_short() -> None:
    name = "n" * 10_000
    with pytest.raises(JsonError) as refused:
        load_object(f'{{"{name}":1,"{name}":2}}')
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize("digits", ["2935.600", "0.1", "1E+3", "-0.0", "1." + "3" * 60])
def test_numbers_keep_their_digits(digits: str) -> None:
    value = load_object(f'{{"RV":{digits}}}')["RV"]
    assert type(value) is Decimal
    assert value.as_tuple() == Decimal(digits).as_tuple()


def test_integers_stay_integers() -> None:
    assert load_object(b'{"a":12345678901234567890123}')["a"] == 12345678901234567890123


@given(st.one_of(st.text(), st.binary()))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    with suppress(JsonError):
        assert isinstance(load_object(text), dict)
