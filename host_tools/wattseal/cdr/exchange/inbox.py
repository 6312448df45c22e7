"""The CDRs that an MSP has received: kept as they came, judged once, billable or not for ever.

The same CDR again is the same receipt. Another CDR of the same name is a receipt of its own, and
the comparison with the first finds it: it is kept as evidence and never billed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import RowMapping, Select, insert, select
from sqlalchemy.exc import IntegrityError

from wattseal.cdr.cdr_error import CdrError
from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.exact_json import JsonError, load_object
from wattseal.cdr.exchange.partners import Partner
from wattseal.cdr.exchange.tables import cdr_received
from wattseal.cdr.findings import Finding
from wattseal.cdr.judgement import Judgement, read_judgement
from wattseal.cdr.marker import Markers, marker_for
from wattseal.cdr.ocpi import name_of, read_cdr
from wattseal.cdr.validator import unreadable
from wattseal.registry.database import Database

Judge = Callable[[Cdr], Judgement]
Compare = Callable[[str, Cdr, Judgement], tuple[Finding, ...]]
"""Finds what a receipt's CDR has in common with earlier ones; the same receipt changes nothing."""

VERSIONS = ("2.2.1", "2.3.0")
ReportState = Literal["none", "pending", "delivered", "failed"]
_RECEIPT_DIGITS = 40
_TOKEN_CHARACTERS = 36


class NotTakenError(Exception):
    """A body that is nobody's CDR. `is_forbidden`: it is somebody else's."""

    def __init__(self, cause: str, *, is_forbidden: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.is_forbidden = is_forbidden


@dataclass(frozen=True)
class Received:
    """A CDR that came. `body` are the bytes as received; `marked` the sender's own codes."""

    receipt: str
    party: str
    cdr: str
    version: str
    received_ms: int
    body: bytes
    driver: str | None
    contract: str | None
    end_ms: int | None
    credits: str | None
    judgement: Judgement
    is_billable: bool
    marked: tuple[str, ...] | None
    report: str
    report_state: ReportState
    report_attempts: int
    report_due_ms: int | None

    @property
    def members(self) -> dict[str, Any]:
        """The CDR as an object with exact numbers."""
        return load_object(self.body)


class Inbox:
    """Receives and keeps CDRs. `compare` looks at all that came before; None: nobody does."""

    def __init__(
        self,
        database: Database,
        judge: Judge,
        compare: Compare | None,
        markers: Markers,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._judge = judge
        self._compare = compare
        self._markers = markers
        self._clock = clock

    def receive(self, partner: Partner, version: str, body: bytes) -> tuple[Received, bool]:
        """Take a CDR in; what is kept of it, and whether it is new.

        NotTakenError if it is none, or another party's; ToolError if the keys cannot be asked:
        then nothing was kept, and it can be sent again.
        """
        try:
            members = load_object(body)
        except JsonError as error:
            raise NotTakenError(f"it {error}") from None
        _check_party(members, partner)
        receipt = _receipt(version, members)
        known = self.find(receipt)
        if known is not None:
            return known, False
        row = self._judged(receipt, partner, version, body, members)
        try:
            with self._database.write() as connection:
                connection.execute(insert(cdr_received), row)
        except IntegrityError:  # the same CDR at the same time
            existing = self.find(receipt)
            if existing is None:
                raise
            return existing, False
        return _received(row), True

    def find(self, receipt: str, party: str | None = None) -> Received | None:
        """The CDR of a receipt; of that party, if one is given."""
        statement = select(cdr_received).where(cdr_received.c.receipt == receipt)
        found = self._first(statement)
        return found if found and party in (None, found.party) else None

    def of_report(self, report: str) -> Received | None:
        """The CDR that a report is about."""
        return self._first(select(cdr_received).where(cdr_received.c.report == report))

    def _first(self, statement: Select[Any]) -> Received | None:
        with self._database.ask() as connection:
            row = connection.execute(statement).mappings().first()
        return _received(row) if row else None

    def _judged(
        self, receipt: str, partner: Partner, version: str, body: bytes, members: dict[str, Any]
    ) -> dict[str, Any]:
        marked = marker_for(self._markers, version).read(members)
        cdr, judgement = self._judge_members(receipt, members)
        wants_report = judgement.verdict != "billable" or judgement.casts_doubt
        has_address = partner.report_url is not None
        now_ms = self._clock()
        return {
            "receipt": receipt,
            "party": partner.party,
            "cdr": cdr.name if cdr else name_of(members),
            "version": version,
            "received_ms": now_ms,
            "body": body,
            **_token(members),
            "end_ms": cdr.end_ms if cdr else None,
            "credits": cdr.credits if cdr else None,
            "judgement": judgement.to_json().decode(),
            # A sender that says itself that the metering data are invalid is believed.
            "is_billable": int(judgement.verdict == "billable" and marked is None),
            "marked": None if marked is None else json.dumps(marked),
            "report": secrets.token_urlsafe(24),
            "report_state": "pending" if wants_report and has_address else "none",
            "report_attempts": 0,
            "report_due_ms": now_ms if wants_report and has_address else None,
        }

    def _judge_members(self, receipt: str, members: dict[str, Any]) -> tuple[Cdr | None, Judgement]:
        try:
            cdr = read_cdr(members)
        except CdrError as error:
            return None, unreadable(name_of(members), error)
        judgement = self._judge(cdr)
        if self._compare is None:
            return cdr, judgement
        return cdr, judgement.with_findings(self._compare(receipt, cdr, judgement))


def listed(
    database: Database, *, billable: bool | None = None, limit: int | None = None
) -> Iterator[Received]:
    """The CDRs that came, newest first; only the billable ones, or only the others."""
    statement = select(cdr_received).order_by(
        cdr_received.c.received_ms.desc(), cdr_received.c.receipt
    )
    if billable is not None:
        statement = statement.where(cdr_received.c.is_billable == int(billable))
    with database.read() as connection:
        rows = connection.execute(statement.limit(limit)).mappings()
        yield from (_received(row) for row in rows)


def of_driver(database: Database, name: str) -> Iterator[Received]:
    """The CDRs of a driver, by the token's uid or the contract's id, oldest session first."""
    name = name.upper()
    statement = (
        select(cdr_received)
        .where((cdr_received.c.driver == name) | (cdr_received.c.contract == name))
        .order_by(cdr_received.c.end_ms, cdr_received.c.receipt)
    )
    with database.read() as connection:
        yield from (_received(row) for row in connection.execute(statement).mappings())


def _received(row: Mapping[str, Any] | RowMapping) -> Received:
    members: dict[str, Any] = dict(row)
    marked = members["marked"]
    return Received(
        **members
        | {
            "judgement": read_judgement(members["judgement"]),
            "is_billable": bool(members["is_billable"]),
            "marked": None if marked is None else tuple(json.loads(marked)),
        }
    )


def _check_party(members: dict[str, Any], partner: Partner) -> None:
    """A CPO sends its own CDRs only."""
    told = [members.get(name) for name in ("country_code", "party_id")]
    if not all(isinstance(one, str) for one in told):
        raise NotTakenError("country_code or party_id is missing, or is no text")
    if "*".join(str(one).upper() for one in told) != partner.party:
        cause = f"it is not a CDR of {partner.party}, whose token was given"
        raise NotTakenError(cause, is_forbidden=True)
    if not isinstance(members.get("id"), str) or not members["id"]:
        raise NotTakenError("id is missing, or is no text")


def _receipt(version: str, members: dict[str, Any]) -> str:
    """Of the content, so that blanks and the order of members make no other CDR of it."""
    try:
        text = json.dumps(members, sort_keys=True, separators=(",", ":"), default=str)
    except RecursionError:
        raise NotTakenError("it is nested too deeply") from None
    return hashlib.sha256(f"{version}\n{text}".encode()).hexdigest()[:_RECEIPT_DIGITS]


def _token(members: dict[str, Any]) -> dict[str, str | None]:
    """Who charged, as far as it can be read; in capitals, since OCPI compares without case."""
    token = members.get("cdr_token")
    told = token if isinstance(token, dict) else {}
    return {"driver": _word(told.get("uid")), "contract": _word(told.get("contract_id"))}


def _word(value: Any) -> str | None:
    if not isinstance(value, str) or not value.isprintable() or len(value) > _TOKEN_CHARACTERS:
        return None
    return value.upper()
