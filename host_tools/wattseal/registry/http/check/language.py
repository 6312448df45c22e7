"""In which language a page answers."""

from __future__ import annotations

import re

from wattseal.verify.sentences import Language

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
