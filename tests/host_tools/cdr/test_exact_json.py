"""JSON with exact numbers: what is refused, and what comes out whole."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType
from wattseal.common.exact_json import DECODER, QUICK_REFUSALS, JsonError, load_object, quick_reader

load_quickly = quick_reader(dict[str, Any])


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
        ('{"a":1,"a":1,"b":"\\u003a"}', "holds the member 'a' twice"),
        ('{"a":1,"a":1,"\\u003A":2}', "holds the member 'a' twice"),
        ('{"a":1,"a":1,"b":":"}', "holds the member 'a' twice"),
        ('{"a" :1,"a": 1}', "holds the member 'a' twice"),
        ('{"a":":","a":1}', "holds the member 'a' twice"),
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


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(st.text(max_size=2), inner)),
    max_leaves=8,
)
"""Objects are lists of pairs: a name may come twice."""


def _written(value: object, draw: st.DrawFn) -> str:
    if isinstance(value, list) and value and all(isinstance(each, tuple) for each in value):
        blank = draw(st.sampled_from(("", " ", "\n")))
        members = [f"{_written(name, draw)}{blank}:{_written(one, draw)}" for name, one in value]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(each, draw) for each in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:e}" if draw(st.booleans()) else f"{value:f}"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def _objects(draw: st.DrawFn) -> str:
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(("a", "b", ":", "\\", '"')), _values), min_size=1)
    )
    return _written(pairs, draw)


@given(_objects())
def test_the_quick_way_takes_nothing_that_the_careful_one_does_not(text: str) -> None:
    try:
        quickly: object = load_quickly(text.encode())
    except QUICK_REFUSALS:
        return
    assert repr(quickly) == repr(DECODER.decode(text))


class _Pair(Struct, forbid_unknown_fields=True):
    b: str | UnsetType | None = UNSET
    a: Any = UNSET


_read_pair = quick_reader(_Pair)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ('{"a":1.50,"b":"x"}', _Pair(a=Decimal("1.50"), b="x")),
        ('{"b":null}', _Pair(b=None)),
        ("{}", _Pair()),
        ('{ "b" : "x:y" }', _Pair(b="x:y")),
    ],
)
def test_a_kind_of_object_is_read_as_such(text: str, pair: _Pair) -> None:
    assert _read_pair(text.encode()) == pair


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '{"b":"","a":{"c":1,"c":1}}', '{"c":1}', '{"b":1}', "[]", ""]
)
def test_nothing_else_is_read_as_that_kind(text: str) -> None:
    with pytest.raises(QUICK_REFUSALS):
        _read_pair(text.encode())


@given(_objects())
def test_most_is_read_the_quick_way(text: str) -> None:
    try:
        carefully = DECODER.decode(text)
    except (ValueError, ArithmeticError):
        return
    if "\\u" not in text:
        assert repr(load_quickly(text.encode())) == repr(carefully)
