"""The elements of an array in a file, however the file is cut into parts."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.common import json_stream
from wattseal.common.json_stream import StreamError, read_array


class Dripping(io.StringIO):
    """A file that gives so many characters at a time, however many are asked for."""

    def __init__(self, text: str, at_once: int) -> None:
        super().__init__(text)
        self._at_once = at_once

    def read(self, size: int | None = -1) -> str:
        """A few."""
        return super().read(self._at_once)


def elements(text: str, at_once: int = 1 << 16) -> list[Any]:
    return list(read_array(Dripping(text, at_once), "evses"))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "has no { where one belongs"),
        ("[]", "has no { where one belongs"),
        ("{", "is not well-formed JSON"),
        ("{}", "holds no evses"),
        ('{"evses":3}', "has no [ where one belongs"),
        ('{"evses":[1,2}', "has no ] where one belongs"),
        ('{"evses":[1,2', "has no ] where one belongs"),
        ('{"evses":[1,]}', "is not well-formed JSON"),
        ('{"evses":[{"a":}]}', "is not well-formed JSON"),
        ('{"evses":[1]', "has no } where one belongs"),
        ('{"evses":[1]}x', "goes on behind its end"),
        ('{"evses":[1],"evses":[2]}', "holds evses twice"),
        ('{"evses" [1]}', "has no : where one belongs"),
        ('{"evses":[' + "[" * 100_000, "holds a value that cannot be read"),
        ('{"evses":[' + "9" * 5000 + "]}", "holds a value that cannot be read"),
    ],
)
def test_what_is_wrong_is_told(text: str, cause: str) -> None:
    with pytest.raises(StreamError) as refused:
        elements(text)
    assert str(refused.value).startswith(cause)


def test_what_was_read_before_the_fault_was_given() -> None:
    elements_ = read_array(io.StringIO('{"evses":[1,2,oops]}'), "evses")
    assert [next(elements_), next(elements_)] == [1, 2]
    with pytest.raises(StreamError):
        next(elements_)


def test_a_value_without_end_takes_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_VALUE_CHARACTERS", 1000)
    with pytest.raises(StreamError) as refused:
        elements('{"evses":["' + "x" * 100_000, 100)
    assert str(refused.value) == "holds a value that is too long"


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 64, 1 << 16])
@pytest.mark.parametrize("indent", [None, 2])
def test_however_it_is_cut(at_once: int, indent: int | None) -> None:
    evses = [{"a": 'x]}\\"', "b": [1, 2.5, -3e2]}, [], {}, "", 12345, None, True]
    told = {"size": 12345, "root": "ab", "evses": evses, "after": {"evses": 3}}
    assert elements(json.dumps(told, indent=indent), at_once) == evses


def test_no_elements_are_none() -> None:
    assert elements('{ "evses" : [ ] }') == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(JSON, max_size=4), st.integers(1, 40))
def test_as_the_whole_is_read(evses: list[Any], at_once: int) -> None:
    assert elements(json.dumps({"x": 1, "evses": evses}), at_once) == evses
