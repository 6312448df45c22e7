"""Says what is on the page of the driver's check, in the language that a browser asks for."""

from __future__ import annotations

import re

from wattseal.common.sentences import Language, read_labels

PAGE = "check_page"
"""Its sentences."""

_RANGE = re.compile(
    r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*"
)
_MAX_RANGES = 20


def choose(asked: str, accepted: str) -> Language:
    """The language asked for, else the best of Accept-Language (RFC 9110, 12.5.4), else English."""
    if asked in list(Language):
        return Language(asked)
    weights: dict[str, float] = {}
    for part in accepted.split(",")[:_MAX_RANGES]:
        found = _RANGE.fullmatch(part)
        if found:
            weights.setdefault(found[1].lower(), float(found[2] or 1))
    german, english = weights.get("de", 0), weights.get("en", weights.get("*", 0))
    return Language.GERMAN if german > english else Language.ENGLISH


def say(name: str, language: Language, **values: object) -> str:
    """A sentence or label with its blanks filled."""
    return read_labels(PAGE, language)[name].format(**values)
