"""Why a CDR cannot be read, in English and in German."""

from __future__ import annotations

import re
from typing import Any

from wattseal.cdr.findings import Finding, found

GERMAN = {
    "is missing, or is no text": "fehlt oder ist kein Text",
    "is missing, or is no object": "fehlt oder ist kein Objekt",
    "is missing, or is no list of values": "fehlt oder ist keine Liste von Werten",
    "is missing, or is no exact number": "fehlt oder ist keine exakte Zahl",
    "is missing, or is no time such as {}": "fehlt oder ist keine Zeit wie {}",
    "is longer than {} characters": "ist länger als {} Zeichen",
    "has characters other than printable ASCII": "hat andere Zeichen als druckbares ASCII",
    "is no time of the calendar": "ist keine Zeit des Kalenders",
    "is before {}": "liegt vor {}",
    "is no amount that a meter can measure": "ist keine Menge, die ein Zähler messen kann",
    "is neither true nor false": "ist weder true noch false",
    "is there, but credit is not true": "ist da, aber credit ist nicht true",
    "is no object": "ist kein Objekt",
    "has more than {} values": "hat mehr als {} Werte",
    "has a value that is no object": "hat einen Wert, der kein Objekt ist",
    "makes no session": "ergibt keinen Ladevorgang",
    # Of a table's cells.
    "is empty, or is no text": "ist leer oder kein Text",
    "is given twice, in one column and in several": "steht doppelt da, in einer Spalte und in"
    " mehreren",
    "is not JSON": "ist kein JSON",
    "is no number such as {}": "ist keine Zahl wie {}",
    # Of the whole text (exact_json.JsonError).
    "is larger than {} KiB": "ist größer als {} KiB",
    "is not in UTF-8": "ist nicht in UTF-8",
    "is not well-formed JSON (line {}, column {})": "ist kein gültiges JSON (Zeile {}, Spalte {})",
    "holds a number that is too long": "enthält eine zu lange Zahl",
    "is nested too deeply": "ist zu tief verschachtelt",
    "is not a JSON object": "ist kein JSON-Objekt",
    "holds the member {} twice": "enthält das Element {} zweimal",
    "holds {}, which is no JSON": "enthält {}; das ist kein JSON",
}
"""Cause -> cause in German; a blank is the same in both."""

_FORMS = [
    (re.compile(re.escape(english).replace(r"\{\}", "(.+)"), re.DOTALL), german)
    for english, german in GERMAN.items()
]


class CdrError(ValueError):
    """The CDR cannot be read: `code` is always the same, `field` and `cause` say what is wrong.

    `field` None: the CDR as a whole. `cause` is one of GERMAN, and completes `it ...`.
    """

    code = "cdr_malformed"

    def __init__(self, field: str | None, cause: str) -> None:
        super().__init__(f"{field or 'it'} {cause}")
        self.field = field
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.field, self.cause)

    @property
    def finding(self) -> Finding:
        """The error as a finding of the CDR."""
        german = f"{self.field or 'er'} {in_german(self.cause)}"
        return found(self.code, subject=self.field, found=self, found_german=german)


def in_german(cause: str) -> str:
    """The German words for a cause. ValueError if it is none of a CdrError."""
    for form, german in _FORMS:
        if match := form.fullmatch(cause):
            return german.format(*match.groups())
    raise ValueError(f"there are no German words for {cause!r}")
