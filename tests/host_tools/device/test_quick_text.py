"""The quick reader gives what the firmware's own reader gives, for any text."""

from __future__ import annotations

import json
from typing import Any

import pytest
import statement_examples
from hypothesis import given
from hypothesis import strategies as some
from wattseal.device import key_history
from wattseal.wire import publication, statements
from wattseal.wire.signed_text import TextError

EXAMPLES = [text for text, _signers in statement_examples.statement_examples().values()]
LEAF = publication.read_leaf(statement_examples.entry())


def _verdict(read: Any, text: str) -> Any:
    try:
        return dict(read(text))
    except TextError as error:
        return str(error)


def _agree(text: str) -> bool:
    wanted = _verdict(statements.read_statement, text)
    assert _verdict(key_history.read_statement, text) == wanted
    return isinstance(wanted, dict)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_are_read_quickly(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = statements.read_statement(text)
    monkeypatch.setattr(statements, "read_statement", None)
    assert key_history.read_statement(text) == wanted


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_character_changed_left_out_or_doubled(text: str) -> None:
    taken = 0
    for at, character in enumerate(text):
        others = ("", character * 2, "0", "a", '"', "\\", "|", " ", "null", "\n", "\u00e9")
        for other in others[at % 3 :: 3]:  # a third of them, since the module's reader is slow
            taken += _agree(text[:at] + other + text[at + 1 :])
    assert taken


@pytest.mark.parametrize(
    "value",
    [
        *("null", "true", "[]", "{}", "0", "01", "-1", "1.0", "1e3", "1001"),
        *("9007199254740991", "9007199254740992", '"1"', '""', '"a|b"', '"\\u0041"', '"\\/"'),
        *('"\\\\\\""', '"' + "x" * 51 + '"'),
    ],
)
def test_every_member_with_other_values(value: str) -> None:
    for text in EXAMPLES:
        for name, old in json.loads(text).items():
            written = json.dumps(old, separators=(",", ":"))
            _agree(text.replace(f'"{name}":{written}', f'"{name}":{value}'))


@given(some.text(max_size=200))
def test_whatever_text(text: str) -> None:
    _agree(text)


@given(some.text(alphabet=' !"#\\|{}~aZ', max_size=60), some.integers(-2, 2**53))
def test_entries_are_built_the_same(name: str, number: int) -> None:
    facts = {key: LEAF[key] for key in publication.LEAF_MEMBERS[2:]}
    facts |= {"evse_id": name, "commissioning": number}
    assert _built(key_history.build_leaf, facts) == _built(publication.build_leaf, facts)


def _built(build: Any, facts: dict[str, Any]) -> str:
    try:
        return str(build(**facts))
    except TextError as error:
        return f"refused: {error}"


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_are_built_quickly(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = statements.read_statement(text)
    kind = facts.pop("type")
    del facts["version"]
    monkeypatch.setattr(statements, "build_statement", None)
    assert key_history.build_statement(kind, **dict(reversed(facts.items()))) == text


@given(
    some.sampled_from(EXAMPLES),
    some.data(),
    some.text(alphabet=' !"#\\|{}~aZ\x7f\u00e9', max_size=60)
    | some.integers(-2, 2**53)
    | some.none(),
)
def test_statements_are_built_the_same(text: str, data: some.DataObject, other: Any) -> None:
    facts = statements.read_statement(text)
    kind = facts.pop("type")
    del facts["version"]
    facts[data.draw(some.sampled_from([*facts, "another"]))] = other

    def quick(**facts: Any) -> str:
        return key_history.build_statement(kind, **facts)

    def slow(**facts: Any) -> str:
        return str(statements.build_statement(kind, **facts))

    assert _built(quick, facts) == _built(slow, facts)


def test_a_statement_of_no_type() -> None:
    with pytest.raises(TextError, match="no type of statement"):
        key_history.build_statement("another")


def test_an_entry_needs_its_members_in_any_order() -> None:
    facts = {key: LEAF[key] for key in reversed(publication.LEAF_MEMBERS[2:])}
    assert key_history.build_leaf(**facts) == statement_examples.entry()
    del facts["details"]
    with pytest.raises(TextError, match="details"):
        key_history.build_leaf(**facts)
    with pytest.raises(TextError):
        key_history.build_leaf(**facts, details=7)
