"""Why a CDR cannot be read: there are words for it in both languages, whatever it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import filter as filter_names
from pathlib import Path
from typing import Any

import pytest
from support.cdr.charging import charge
from wattseal import cdr as cdr_package
from wattseal.cdr.findings import TABLE
from wattseal.cdr.ocpi import CdrError, in_german, read_cdr
from wattseal.common import exact_json
from wattseal.common.sentences import read_phrases

_RAISED = {"CdrError": 1, "JsonError": 0, "_RefusedError": 0}
"""Who is raised, and which of the arguments is the cause."""


def causes_in(file: Path) -> Iterator[str]:
    """The causes that a source file names, 7 standing for what is filled in."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = _RAISED.get(node.func.id)
            cause = node.args[place] if place is not None and len(node.args) > place else None
            if isinstance(cause, ast.Constant):
                yield str(cause.value)
            elif isinstance(cause, ast.JoinedStr):
                parts = (one.value if isinstance(one, ast.Constant) else 7 for one in cause.values)
                yield "".join(map(str, parts))


def all_causes() -> set[str]:
    folder = Path(str(cdr_package.__file__)).parent
    files = [*folder.rglob("*.py"), Path(exact_json.__file__)]
    return {cause for file in files for cause in causes_in(file)}


def test_every_cause_has_german_words() -> None:
    causes = all_causes()
    assert len(causes) > 20
    for cause in causes:
        assert in_german(cause) != cause


def test_no_german_words_are_left_over() -> None:
    causes = all_causes()
    assert [
        one for one in read_phrases(TABLE) if not filter_names(causes, one.replace("{}", "*"))
    ] == []


@pytest.mark.parametrize(
    ("changes", "english", "german"),
    [
        ({"id": None}, "id is missing, or is no text", "id fehlt oder ist kein Text"),
        ({"id": "x" * 40}, "id is longer than 39 characters", "id ist länger als 39 Zeichen"),
        (
            {"start_date_time": "10:00"},
            "start_date_time is missing, or is no time such as 2026-11-21T10:00:05Z",
            "start_date_time fehlt oder ist keine Zeit wie 2026-11-21T10:00:05Z",
        ),
    ],
)
def test_both_sentences_say_the_same(changes: dict[str, Any], english: str, german: str) -> None:
    with pytest.raises(CdrError) as refused:
        read_cdr({**charge().members(), **changes})
    finding = refused.value.finding
    assert finding.sentence_en == f"The CDR cannot be read: {english}."
    assert finding.sentence_de == f"Der CDR ist nicht lesbar ({german})."
    assert finding.values["found"] == english


def test_of_a_text() -> None:
    with pytest.raises(CdrError) as refused:
        read_cdr('{"id": 1, "id": 2}')
    assert refused.value.finding.sentence_de == (
        "Der CDR ist nicht lesbar (er enthält das Element 'id' zweimal)."
    )


def test_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match="no German words"):
        in_german("is green")
