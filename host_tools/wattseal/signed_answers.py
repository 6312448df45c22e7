"""Answers that the module signs: read, checked against its key and against what was asked."""

from __future__ import annotations

from typing import Any

from wattseal.device_models import SignedStatement
from wattseal.errors import ToolError
from wattseal.public_key import PublicKey, SignatureMalformedError
from wattseal.wire import statements
from wattseal.wire.signed_text import TextError


def check_answer(
    method: str, answer: SignedStatement, key: PublicKey, **expected: Any
) -> dict[str, Any]:
    """The members of a signed answer. ToolError `answer_forged` unless it is the one expected.

    key: the module's. expected: members with the value they must have, `type` among them.
    """
    try:
        members = statements.read_statement(answer.statement)
        signature = bytes.fromhex(answer.signature)
        holds = key.verify(statements.signed_bytes(answer.statement), signature)
    except (TextError, SignatureMalformedError, ValueError) as error:
        raise ToolError("answer_forged", method=method, cause=str(error)) from None
    if not holds:
        raise ToolError("answer_forged", method=method, cause="its signature is wrong")
    for name, value in {"public_key": key.spki.hex(), **expected}.items():
        if members.get(name, value) != value or (name in expected and name not in members):
            raise ToolError("answer_forged", method=method, cause=f"its {name} is not the expected")
    return dict(members)
