"""The CPOs that may send CDRs: each with a token of which only a hash is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from wattseal.cdr.exchange.tables import cdr_partner
from wattseal.cdr.exchange.urls import checked_url
from wattseal.errors import ToolError
from wattseal.registry.database import Database

TOKEN_PREFIX = "wst_"  # noqa: S105 - no token, what they begin with
_PARTY = re.compile(r"([A-Z]{2})[*-]?([A-Z0-9]{3})")


@dataclass(frozen=True, slots=True)
class Partner:
    """`party` is `DE*ABC`; `report_url` is where its reports go, if it wants them."""

    party: str
    report_url: str | None
    token_sha256: str
    since_ms: int
    revoked_ms: int | None


def read_party(text: str) -> str:
    """Country and party in one form, `DE*ABC`. ToolError `party_malformed`."""
    found = _PARTY.fullmatch(text.strip().upper())
    if not found:
        raise ToolError("party_malformed", party=text[:40])
    return f"{found[1]}*{found[2]}"


class Partners:
    """The partners in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, party: str, report_url: str | None, now_ms: int) -> str:
        """Let a party send, and return its new token: it is told this once.

        A party may have several tokens, so that one can be replaced without a pause. ToolError
        `party_malformed`, `receiver_url_unusable`.
        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = {
            "token_sha256": _hash(token),
            "party": read_party(party),
            "report_url": checked_url(report_url) if report_url else None,
            "since_ms": now_ms,
        }
        with self._database.write() as connection:
            connection.execute(insert(cdr_partner), row)
        return token

    def find(self, token: str) -> Partner | None:
        """Whose token it is; None if it is nobody's, or was revoked."""
        statement = select(cdr_partner).where(
            cdr_partner.c.token_sha256 == _hash(token), cdr_partner.c.revoked_ms.is_(None)
        )
        with self._database.ask() as connection:
            row = connection.execute(statement).mappings().first()
        return Partner(**row) if row else None

    def all(self) -> list[Partner]:
        """Every token that there ever was, oldest first."""
        statement = select(cdr_partner).order_by(cdr_partner.c.since_ms, cdr_partner.c.party)
        with self._database.ask() as connection:
            return [Partner(**row) for row in connection.execute(statement).mappings()]

    def report_url(self, party: str) -> str | None:
        """Where a party's reports go, as its newest token says."""
        statement = (
            select(cdr_partner.c.report_url)
            .where(cdr_partner.c.party == party, cdr_partner.c.revoked_ms.is_(None))
            .order_by(cdr_partner.c.since_ms.desc())
            .limit(1)
        )
        with self._database.ask() as connection:
            found: str | None = connection.execute(statement).scalar()
        return found

    def revoke(self, party: str, now_ms: int) -> int:
        """End all tokens of a party; how many there were. ToolError `party_unknown`."""
        name = read_party(party)
        statement = (
            update(cdr_partner)
            .where(cdr_partner.c.party == name, cdr_partner.c.revoked_ms.is_(None))
            .values(revoked_ms=now_ms)
        )
        with self._database.write() as connection:
            count = connection.execute(statement).rowcount
        if not count:
            raise ToolError("party_unknown", party=name)
        return count


def _hash(token: str) -> str:
    """Of 256 random bits: nobody can try as many, so it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
