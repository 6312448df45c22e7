"""Signed texts, read and built at the speed that a log of a million of them asks for.

The forms are those of `wattseal.wire`, and so is the judgement: a text that matches the regular
expression of its form is one that wire.signed_text takes, and everything else is left to it, which
then says what is wrong. Its own parser is written for the module, where it runs once in a while.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from wattseal.wire import publication, signed_text, statements
from wattseal.wire.shapes import Row

_STATEMENTS = {form[0]: form for form in statements.FORMS}
_TYPE = re.compile(r'\{"type":"([a-z_]{1,20})"')
_PATTERNS = {
    "hex": '"[0-9a-f]*"',
    "int": "(?:0|[1-9][0-9]*)",
    "text": r'"(?:[ !#-\[\]-{}~]|\\["\\])*"',
}


def read_statement(text: str) -> dict[str, Any]:
    """As wattseal.wire.statements.read_statement."""
    found = _TYPE.match(text)
    form = _STATEMENTS.get(found[1]) if found else None
    members = _members(form, text) if form else None
    return members if members is not None else dict(statements.read_statement(text))


def build_statement(kind: str, **facts: Any) -> str:
    """As wattseal.wire.statements.build_statement."""
    form = _STATEMENTS.get(kind)
    text = _text(form, facts) if form else None
    return text if text is not None else str(statements.build_statement(kind, **facts))


def build_leaf(**facts: Any) -> str:
    """As wattseal.wire.publication.build_leaf."""
    text = _text(publication.FORM, facts)
    return text if text is not None else str(publication.build_leaf(**facts))


def _text(form: Row, facts: dict[str, Any]) -> str | None:
    """The text of facts that are certainly those of the form; None if that takes a closer look."""
    names = [row[0] for row in form[2]]
    if facts.keys() != set(names):
        return None
    members = {"type": form[0], "version": signed_text.VERSION}
    members |= {name: facts[name] for name in names}
    text = json.dumps(members, separators=(",", ":"))
    return text if _members(form, text) is not None else None


def _members(form: Row, text: str) -> dict[str, Any] | None:
    """The members of a text that is certainly of its form; None if that takes a closer look."""
    _kind, most_characters, rows = form
    if len(text) > most_characters or not _pattern(form).fullmatch(text):
        return None
    members: dict[str, Any] = json.loads(text)
    return members if all(_fits(row, members[row[0]]) for row in rows) else None


def _fits(row: Row, value: Any) -> bool:
    """Whether a value of the right kind is within the row's bounds."""
    least, most = row[2]
    if value is None:
        return bool(row[3] == "nullable")
    return bool(least <= (value if row[1] == "int" else len(value)) <= most)


@cache
def _pattern(form: Row) -> re.Pattern[str]:
    kind, _most_characters, rows = form
    members = [f'"type":"{kind}"', f'"version":{signed_text.VERSION}']
    for name, of, _bounds, presence, _words in rows:
        value = _PATTERNS[of] + ("|null" if presence == "nullable" else "")
        members.append(f'"{name}":(?:{value})')
    return re.compile(r"\{" + ",".join(members) + r"\}")
