"""The public history of a module's keys, checked from the first birth to the present key.

Every key is introduced by one that was known: a birth is signed by the key it states, a roll-over
by the old key and the new one, a farewell by the key that ends. Whoever knows one public key of a
module for certain knows all that came after it (docs/statements.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wattseal.device_models import StoredStatement
from wattseal.errors import ToolError
from wattseal.public_key import (
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    recall_public_key,
)
from wattseal.quick_text import read_statement
from wattseal.wire import statements
from wattseal.wire.signed_text import TextError


@dataclass(frozen=True)
class Checked:
    """A statement that follows from the one before; `members` as docs/statements.md has them."""

    number: int
    members: dict[str, Any]

    @property
    def kind(self) -> str:
        """birth, rollover or farewell."""
        return str(self.members["type"])

    @property
    def key(self) -> tuple[int, str]:
        """Number and SPKI hex of the key that this statement is about."""
        return self.members["key_number"], self.members["public_key"]


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
    """A statement that is known to follow, checked for its signatures. ToolError as above."""
    try:
        members = read_statement(stored.statement)
        _check_signatures(stored, members)
    except (TextError, _BrokenError) as error:
        raise ToolError("statement_broken", number=stored.number, cause=str(error)) from None
    return Checked(stored.number, members)


def check_present_key(history: list[Checked], key_number: int, public_key: PublicKey) -> None:
    """ToolError `statement_broken` unless the history ends in the module's key."""
    if history and history[-1].kind != "farewell":
        number, spki = history[-1].key
        if (number, spki) == (key_number, public_key.spki.hex()):
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
    checked = Checked(statement.number, members)
    if checked.number != (before.number + 1 if before else 1):
        raise _BrokenError("its number is not the next one")
    if members.get("chip_id") != chip_id:
        raise _BrokenError("it speaks of another chip")
    rules = {"birth": _check_birth, "rollover": _check_rollover, "farewell": _check_farewell}
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
    if members["key_number"] != members["old_key_number"] + 1:
        raise _BrokenError("its key number is not the next one")
    if members["rollback_number"] < before.members["rollback_number"]:
        raise _BrokenError("its rollback number is lower than before")


def _check_farewell(members: dict[str, Any], before: Checked | None) -> None:
    if before is None or before.kind == "farewell":
        raise _BrokenError("there was no key that could end")
    for name in ("key_number", "public_key", "firmware_identity"):
        if members[name] != before.members[name]:
            raise _BrokenError(f"its {name} is not that of the statement before")


def _check_signatures(statement: StoredStatement, members: dict[str, Any]) -> None:
    signers = [(members["key_number"], members["public_key"])]
    if members["type"] == "rollover":
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
