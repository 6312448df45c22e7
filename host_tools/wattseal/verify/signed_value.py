"""One signed value as it comes out of whatever held it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SignedValue:
    """One `value` of the verifier's XML, or one bare OCMF string (then with no other member).

    `public_key` is the key text that came with it, in any form that read_public_key takes.
    `context` is `Transaction.Begin`, `Transaction.End` or what else the container calls it.
    """

    text: str
    public_key: str | None = None
    transaction_id: str | None = None
    context: str | None = None
