"""The CDRs that an MSP has received: kept as they came, judged once, billable or not for ever.

The same CDR again is the same receipt. Another CDR of the same name is a receipt of its own, and
the comparison with the first finds it: it is kept as evidence and never billed.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from wattseal.cdr.findings import Judgement, of_verify, read_judgement
from wattseal.cdr.findings import found as found_in_cdr
from wattseal.cdr.marker import Markers, marker_for
from wattseal.cdr.ocpi import Cdr, CdrError, name_of, read_cdr
from wattseal.cdr.validate import unreadable
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.common.findings import Finding
from wattseal.common.sql import Database, DatabaseUnusable, Name, Number, Schema
from wattseal.common.web_client import check_receiver_url
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id, read_operator
from wattseal.ocmf.findings import guarded

metadata = sa.MetaData()

# `party` is `DE*ABC`. A token is known by its hash alone; `report_url` is where reports go.
# `operators`, blanks between them, are those whose charge points it may bill; NULL: its own.
cdr_partner = sa.Table(
    "cdr_partner",
    metadata,
    sa.Column("token_sha256", Name, primary_key=True),
    sa.Column("party", Name, nullable=False),
    sa.Column("report_url", sa.Text),
    sa.Column("since_ms", Number, nullable=False),
    sa.Column("revoked_ms", Number),
    sa.Column("operators", sa.Text),
    sa.Index("cdr_partner_by_party", "party"),
)

# `receipt` names the content and whose it is. `driver` and `contract` are those of the token,
# `end_ms` the end that the CDR tells. `marked` are the codes that the sender marked it with.
cdr_received = sa.Table(
    "cdr_received",
    metadata,
    sa.Column("receipt", Name, primary_key=True),
    sa.Column("party", Name, nullable=False),
    sa.Column("cdr", Name, nullable=False),
    sa.Column("version", Name, nullable=False),
    sa.Column("received_ms", Number, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("driver", Name),
    sa.Column("contract", Name),
    sa.Column("end_ms", Number),
    sa.Column("credits", Name),
    sa.Column("judgement", sa.Text, nullable=False),
    sa.Column("is_billable", sa.Integer, nullable=False),
    sa.Column("marked", sa.Text),
    sa.Column("report", Name, nullable=False),
    sa.Column("report_state", Name, nullable=False),
    sa.Column("report_attempts", sa.Integer, nullable=False),
    sa.Column("report_due_ms", Number),
    sa.Index("cdr_received_by_cdr", "cdr"),
    sa.Index("cdr_received_by_driver", "driver", "end_ms"),
    sa.Index("cdr_received_by_contract", "contract", "end_ms"),
    sa.Index("cdr_received_by_report", "report", unique=True),
    sa.Index("cdr_received_by_due", "report_state", "report_due_ms"),
    sa.Index("cdr_received_by_time", "received_ms"),
)


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
    operators: str | None = None

    @property
    def may_bill(self) -> list[str]:
        """The operators whose charge points it may bill, such as `DE*ABC` or `+49*823`."""
        return (self.operators or self.party).split()

    def check_operator(self, cdr: Cdr) -> tuple[Finding, ...]:
        """Whether the CDR's charge point is of an operator that the partner may bill."""
        with suppress(EvseIdError):
            if read_evse_id(cdr.evse_id).operator in self.may_bill:
                return ()
        told = {"expected": ", ".join(self.may_bill), "found": cdr.evse_id}
        return (found_in_cdr("operator_not_billed", subject="evse_id", **told),)


def read_party(text: str) -> str:
    """Country and party in one form, `DE*ABC`. ToolError `party_malformed`."""
    found = _PARTY.fullmatch(text.strip().upper())
    if not found:
        raise ToolError("party_malformed", party=text[:40])
    return f"{found[1]}*{found[2]}"


@dataclass(frozen=True)
class Partners:
    """The partners in a database."""

    database: Database

    def add(
        self, party: str, report_url: str | None, now_ms: int, operators: Iterable[str] = ()
    ) -> str:
        """Let a party send, and return its new token: it is told this once.

        A party may have several tokens, so that one can be replaced without a pause. `operators`
        are those that it may bill, without any its own. ToolError `party_malformed`, `bad_value`,
        `receiver_url_unusable`.
        """
        try:
            named = " ".join(map(read_operator, operators)) or None
        except EvseIdError as error:
            limit = "an operator such as DE*ABC"
            raise ToolError("bad_value", field="--operator", limit=limit, found=error) from None
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = {
            "token_sha256": _hash(token),
            "party": read_party(party),
            "report_url": check_receiver_url(report_url) if report_url else None,
            "since_ms": now_ms,
            "operators": named,
        }
        with self.database.write() as connection:
            connection.execute(sa.insert(cdr_partner), row)
        return token

    def find(self, token: str) -> Partner | None:
        """The partner that has this token; None if there is none, or if it was revoked."""
        statement = sa.select(cdr_partner).where(
            cdr_partner.c.token_sha256 == _hash(token), cdr_partner.c.revoked_ms.is_(None)
        )
        with self.database.ask() as connection:
            row = connection.execute(statement).mappings().first()
        return Partner(**row) if row else None

    def all(self) -> list[Partner]:
        """Every token that there ever was, oldest first."""
        statement = sa.select(cdr_partner).order_by(cdr_partner.c.since_ms, cdr_partner.c.party)
        with self.database.ask() as connection:
            return [Partner(**row) for row in connection.execute(statement).mappings()]

    def report_url(self, party: str) -> str | None:
        """Where a party's reports go, as its newest token says."""
        statement = (
            sa.select(cdr_partner.c.report_url)
            .where(cdr_partner.c.party == party, cdr_partner.c.revoked_ms.is_(None))
            .order_by(cdr_partner.c.since_ms.desc())
            .limit(1)
        )
        with self.database.ask() as connection:
            found: str | None = connection.execute(statement).scalar()
        return found

    def revoke(self, party: str, now_ms: int) -> int:
        """End all tokens of a party; how many there were. ToolError `party_unknown`."""
        name = read_party(party)
        statement = (
            sa.update(cdr_partner)
            .where(cdr_partner.c.party == name, cdr_partner.c.revoked_ms.is_(None))
            .values(revoked_ms=now_ms)
        )
        with self.database.write() as connection:
            count = connection.execute(statement).rowcount
        if not count:
            raise ToolError("party_unknown", party=name)
        return count


def _hash(token: str) -> str:
    """Of 256 random bits: nobody can try as many, so it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


SCHEMA = Schema(
    migrations=Path(__file__).parent / "migrations",
    version="0002",
    version_table="cdr_schema_version",
    lock=0x77617474_63647273,
)
DATABASE_FILE = "cdrs.db"


def open_database(data: Path, database_url: str | None = None) -> Database:
    """The database of a folder or URL, made if it is new. ToolError `receiver_data_unusable`."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = sa.URL.create("sqlite", database=str(data / DATABASE_FILE))
        database = Database(database_url or url)
        SCHEMA.upgrade(database)
    except OSError as error:
        raise ToolError.of_file("receiver_data_unusable", data, error) from None
    except DatabaseUnusable as error:
        raise ToolError("receiver_data_unusable", path=str(data), cause=error.cause) from None
    return database


Judge = Callable[[Cdr], Judgement]
Compare = Callable[[str, Cdr, Judgement], tuple[Finding, ...]]
"""Finds what a receipt's CDR has in common with earlier ones; the same receipt changes nothing."""

ReportState = Literal["none", "pending", "delivered", "failed"]
_RECEIPT_DIGITS = 40
_TOKEN_CHARACTERS = 36


@dataclass(eq=False)
class NotTakenError(Exception):
    """A body that is not taken as a CDR. `is_forbidden`: it is one of another partner."""

    cause: str
    is_forbidden: bool = False


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


@dataclass(frozen=True)
class Inbox:
    """Receives and keeps CDRs. `compare` compares with all that came before; None: nothing does.

    `clock` counts Unix milliseconds.
    """

    database: Database
    judge: Judge
    compare: Compare | None
    markers: Markers
    clock: Callable[[], int]

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
            with self.database.write() as connection:
                connection.execute(sa.insert(cdr_received), row)
        except IntegrityError:  # the same CDR at the same time
            existing = self.find(receipt)
            if existing is None:
                raise
            return existing, False
        return _received(row), True

    def find(self, receipt: str, party: str | None = None) -> Received | None:
        """The CDR of a receipt; of that party, if one is given."""
        statement = sa.select(cdr_received).where(cdr_received.c.receipt == receipt)
        found = self._first(statement)
        return found if found and party in (None, found.party) else None

    def of_report(self, report: str) -> Received | None:
        """The CDR that a report is about."""
        return self._first(sa.select(cdr_received).where(cdr_received.c.report == report))

    def _first(self, statement: sa.Select[Any]) -> Received | None:
        with self.database.ask() as connection:
            row = connection.execute(statement).mappings().first()
        return _received(row) if row else None

    def _judged(
        self, receipt: str, partner: Partner, version: str, body: bytes, members: dict[str, Any]
    ) -> dict[str, Any]:
        marked = marker_for(self.markers, version).read(members)
        cdr, judgement = self._judge_members(receipt, members, partner, marked)
        wants_report = judgement.verdict != "billable" or judgement.casts_doubt
        has_address = partner.report_url is not None
        now_ms = self.clock()
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

    def _judge_members(
        self,
        receipt: str,
        members: dict[str, Any],
        partner: Partner,
        marked: tuple[str, ...] | None,
    ) -> tuple[Cdr | None, Judgement]:
        """Of what is not billed, later CDRs are to hear that it is not: the right one may come."""
        try:
            cdr = read_cdr(members)
        except CdrError as error:
            return None, unreadable(name_of(members), error)
        judgement = self.judge(cdr).with_findings(partner.check_operator(cdr))
        failures: list[Finding] = []
        if self.compare is not None:
            with guarded(failures, DatabaseUnusable, sa.exc.SQLAlchemyError):
                known = judgement if marked is None else replace(judgement, verdict="not_billable")
                return cdr, judgement.with_findings(self.compare(receipt, cdr, known))
        return cdr, judgement.with_findings(tuple(map(of_verify, failures)))


def listed(
    database: Database, *, billable: bool | None = None, limit: int | None = None
) -> Iterator[Received]:
    """The CDRs that came, newest first; only the billable ones, or only the others."""
    statement = sa.select(cdr_received).order_by(
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
        sa.select(cdr_received)
        .where((cdr_received.c.driver == name) | (cdr_received.c.contract == name))
        .order_by(cdr_received.c.end_ms, cdr_received.c.receipt)
    )
    with database.read() as connection:
        yield from (_received(row) for row in connection.execute(statement).mappings())


def _received(row: Mapping[str, Any] | sa.RowMapping) -> Received:
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
