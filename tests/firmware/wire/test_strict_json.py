"""The parser takes a subset of what json takes, and gives the same value for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.wire.strict_json import MAX_DEPTH, MAX_INTEGER, JsonError, dumps, dumps_sorted, loads

texts = st.text(st.characters(max_codepoint=0x7E), max_size=20)
leaves = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts


def nested(depth: int):
    if depth == 0:
        return leaves
    inner = nested(depth - 1)
    return leaves | st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)


@given(nested(4))
def test_what_is_written_is_read_back(value):
    assert loads(dumps(value)) == value


@given(nested(4))
def test_sorted_json_is_one_text_whatever_the_order(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    assert dumps_sorted(value) == text
    assert dumps_sorted(loads(text)) == text


@given(nested(4))
def test_spaced_json_of_other_writers_is_read(value):
    assert loads(json.dumps(value).encode()) == value


@given(st.text(st.sampled_from('{}[]",:0123456789-.eE\\u truefalsn|'), max_size=15))
def test_whatever_is_accepted_json_reads_alike(text):
    try:
        value = loads(text.encode())
    except JsonError:
        return
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1.0", "fraction"),
        ("1e3", "fraction"),
        ("1e999", "fraction"),
        ("NaN", "no value begins"),
        ("-Infinity", "malformed"),
        (str(MAX_INTEGER + 1), "beyond"),
        (str(-MAX_INTEGER - 1), "beyond"),
        ("9" * 4000, "beyond"),
        ("007", "malformed"),
        ('{"a":1,"a":2}', "twice"),
        ('{"a":1,"\\u0061":2}', "twice"),
        ("{} {}", "text after"),
        ("[1,]", "no value begins"),
        ('{"a":1,}', "key is missing"),
        ("[" * 4000, "deep"),
        ('{"a":' * 800, "deep"),
        ('"\\ud83d\\ude00"', "surrogate"),
        ('"\\x41"', "escape"),
        ('"abc', "not closed"),
        ("", "ends"),
    ],
)
def test_refusals_say_what_is_wrong(text, problem):
    with pytest.raises(JsonError, match=problem):
        loads(text.encode())


def test_the_deepest_nesting_allowed_is_read_and_one_more_is_not():
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    with pytest.raises(JsonError):
        loads(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), MAX_INTEGER + 1, "ü", "\x7f", b"a", {1: 2}, {"a": {2.5}}]
)
def test_what_the_other_end_would_refuse_is_not_written(value):
    with pytest.raises(JsonError):
        dumps(value)
