"""Checks the event log's hash chain, and the history of a module's keys from birth to the present.

A birth is signed by the key it states, a farewell and a hand-over by the key that ends, a roll-over
by the new key and, where no hand-over came before, by the old one too (docs/statements.md).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.device.models import Event, StoredStatement
from wattseal.ocmf.public_key import (
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    recall_public_key,
)
from wattseal.wire import publication, signed_text, statements
from wattseal.wire.shapes import Row
from wattseal.wire.signed_text import TextError


def check_chain(found: Sequence[Event]) -> None:
    """ToolError `event_chain_broken` at the first event that does not follow from the one before.

    The first of a range is not checked, unless it is event 1 or an event about an archiving gives
    the chain value before it.
    """
    known = _archived_values(found)
    before = bytes(32) if found and found[0].number == 1 else None
    if found and before is None:
        before = known.get(found[0].number - 1)
    for position, event in enumerate(found):
        is_next = position == 0 or event.number == found[position - 1].number + 1
        if before is not None:
            chain = hashlib.sha256(before + event.entry.encode()).hexdigest()
            is_next = is_next and chain == event.chain
        value = _hash(event.chain)
        if not is_next or value is None or known.get(event.number, value) != value:
            raise ToolError("event_chain_broken", number=event.number)
        before = value


def read_entry(event: Event) -> dict[str, Any]:
    """The JSON object of an event's entry; empty if it is none."""
    try:
        return load_object(event.entry)
    except JsonError:
        return {}


def _archived_values(found: Sequence[Event]) -> dict[int, bytes]:
    """Chain values by the number of the event that they come after, from events of archivings."""
    values: dict[int, bytes] = {}
    for event in found:
        entry = read_entry(event)
        detail = entry.get("detail")
        if entry.get("event") != "events_archived" or not isinstance(detail, dict):
            continue
        through, value = detail.get("through"), _hash(detail.get("chain"))
        if not isinstance(through, int) or value is None:
            raise ToolError("event_chain_broken", number=event.number)
        values[through] = value
    return values


def _hash(text: object) -> bytes | None:
    """A chain value of its 64 hex digits; None if it is none."""
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text):
        return None
    return bytes.fromhex(text)


_STATEMENTS = {form[0]: form for form in statements.FORMS}
_TYPE = re.compile(r'\{"type":"([a-z_]{1,20})"')
_PATTERNS = {
    "hex": '"(?:[0-9a-f]{2})*"',
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
    """The text of facts that are certainly those of the form; None if the full check must tell."""
    names = [row[0] for row in form[2]]
    if facts.keys() != set(names):
        return None
    members = {"type": form[0], "version": signed_text.version_of(form)}
    members |= {name: facts[name] for name in names}
    text = json.dumps(members, separators=(",", ":"))
    return text if _members(form, text) is not None else None


def _members(form: Row, text: str) -> dict[str, Any] | None:
    """The members of a text that is certainly of its form; None if the full check must tell."""
    _kind, most_characters, rows = form[:3]
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
    kind, _most_characters, rows = form[:3]
    members = [f'"type":"{kind}"', f'"version":{signed_text.version_of(form)}']
    for name, of, _bounds, presence, _words in rows:
        value = _PATTERNS[of] + ("|null" if presence == "nullable" else "")
        members.append(f'"{name}":(?:{value})')
    return re.compile(r"\{" + ",".join(members) + r"\}")


@dataclass(frozen=True)
class Checked:
    """A statement that follows from the one before; `members` as docs/statements.md has them."""

    number: int
    members: dict[str, Any]
    text: str

    @property
    def kind(self) -> str:
        """birth, handover, rollover or farewell."""
        return str(self.members["type"])

    @property
    def has_key(self) -> bool:
        """Whether its key is in use from then on, not given up by it."""
        return self.kind in ("birth", "rollover")


def check_history(
    stored: Iterable[StoredStatement], chip_id: str, before: Checked | None = None
) -> list[Checked]:
    """All statements of a module, checked. ToolError `statement_broken` at the first that fails.

    before: the statement that the first of these follows, where it is known for certain; else
    they must be the whole history.
    """
    history: list[Checked] = []
    for statement in stored:
        try:
            history.append(_follow(statement, history[-1] if history else before, chip_id))
        except _BrokenError as error:
            raise ToolError("statement_broken", number=statement.number, cause=str(error)) from None
    return history


def check_alone(stored: StoredStatement) -> Checked:
    """Check the signatures of one statement, not what it follows. ToolError as above."""
    try:
        members = read_statement(stored.statement)
        _check_signatures(stored, members)
    except (TextError, _BrokenError) as error:
        raise ToolError("statement_broken", number=stored.number, cause=str(error)) from None
    return Checked(stored.number, members, stored.statement)


def check_present_key(history: list[Checked], key_number: int, public_key: PublicKey) -> None:
    """ToolError `statement_broken` unless the history ends in the module's key."""
    if history and history[-1].has_key:
        members = history[-1].members
        if (members["key_number"], members["public_key"]) == (key_number, public_key.spki.hex()):
            return
    last = history[-1].number if history else 0
    raise ToolError("statement_broken", number=last, cause="it does not lead to the module's key")


class _BrokenError(ValueError):
    """Why a statement does not hold."""


def _follow(statement: StoredStatement, before: Checked | None, chip_id: str) -> Checked:
    try:
        members = read_statement(statement.statement)
    except TextError as error:
        raise _BrokenError(f"it cannot be read ({error})") from None
    checked = Checked(statement.number, members, statement.statement)
    if checked.number != (before.number + 1 if before else 1):
        raise _BrokenError("its number is not the next one")
    if members.get("chip_id") != chip_id:
        raise _BrokenError("it speaks of another chip")
    rules = {
        "birth": _check_birth,
        "handover": _check_end,
        "rollover": _check_rollover,
        "farewell": _check_end,
    }
    if checked.kind not in rules:
        raise _BrokenError("it is no statement about the life of a key")
    rules[checked.kind](members, before)
    if before and members["last_pagination"] < before.members["last_pagination"]:
        raise _BrokenError("its last pagination is lower than before")
    _check_signatures(statement, members)
    return checked


def _check_birth(members: dict[str, Any], before: Checked | None) -> None:
    if before and before.kind != "farewell":
        raise _BrokenError("a key was born while another one lived")
    if before and members["key_number"] != before.members["key_number"] + 1:
        raise _BrokenError("its key number is not the next one")


def _check_rollover(members: dict[str, Any], before: Checked | None) -> None:
    if before is None or before.kind == "farewell":
        raise _BrokenError("there was no key that could roll over")
    for name in ("key_number", "public_key", "firmware_identity"):
        if members["old_" + name] != before.members[name]:
            raise _BrokenError(f"its old_{name} is not that of the statement before")
    handed_over = (before.number, hashlib.sha256(before.text.encode()).hexdigest())
    if (members["handover"], members["handover_sha256"]) != (
        (None, None) if before.has_key else handed_over
    ):
        raise _BrokenError("the hand-over that it names is not the statement before")
    if members["key_number"] != members["old_key_number"] + 1:
        raise _BrokenError("its key number is not the next one")
    if members["rollback_number"] < before.members.get("rollback_number", 0):
        raise _BrokenError("its rollback number is lower than before")


def _check_end(members: dict[str, Any], before: Checked | None) -> None:
    """A farewell or a hand-over."""
    if before is None or not before.has_key:
        raise _BrokenError("there was no key that could end")
    for name in ("key_number", "public_key", "firmware_identity"):
        if members[name] != before.members[name]:
            raise _BrokenError(f"its {name} is not that of the statement before")


def _check_signatures(statement: StoredStatement, members: dict[str, Any]) -> None:
    signers = [(members["key_number"], members["public_key"])]
    if members["type"] == "rollover" and members["handover"] is None:
        signers.insert(0, (members["old_key_number"], members["old_public_key"]))
    if [number for number, _key in signers] != [one.key_number for one in statement.signatures]:
        raise _BrokenError("its signatures are not those of the keys that must sign it")
    for (number, key), given in zip(signers, statement.signatures, strict=True):
        if not _holds(statement.statement, key, given.signature):
            raise _BrokenError(f"the signature of key {number} is wrong")


def _holds(text: str, spki_hex: str, signature_hex: str) -> bool:
    try:
        key, signature = recall_public_key(spki_hex), bytes.fromhex(signature_hex)
        return key.verify(statements.signed_bytes(text), signature)
    except (KeyUnreadableError, SignatureMalformedError, ValueError):
        return False
