"""Posts error reports to the CPO's address, again and again until it takes them, for some days.

What is still to be sent stands in the database, so that it survives a restart, and so that of
several services on one database each sends what is due.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa
import structlog
from msgspec.structs import asdict

from wattseal.cdr.exchange.inbox import Inbox, Partners, Received, cdr_received
from wattseal.cdr.report import NEEDS_INVESTIGATION, Report, investigation
from wattseal.common.sentences import Language
from wattseal.common.times import utc_text

TIMEOUT_S = 10.0
"""For all of one report: a partner that drips its answer holds nothing up."""
FIRST_WAIT_MS = 60_000
ATTEMPTS = 12
"""With the wait doubling each time, the last one is after almost three days."""
CLAIM_MS = 60_000
"""For so long a process that sends a report keeps others from sending it too."""
MAX_AT_ONCE = 20
MAX_OF_PARTNER = 4
"""Of these, so that one partner with many reports does not hold up the others."""

_log = structlog.get_logger("wattseal.cdr")


def report_on(received: Received, base_url: str) -> Report:
    """The report on a received CDR; `base_url` is how partners reach the receiver.

    One that the sender marked as invalid is not billable either.
    """
    needs = any(one.code == NEEDS_INVESTIGATION for one in received.judgement.findings)
    told = asdict(received.judgement)
    if received.marked is not None:
        told["verdict"] = "not_billable"
    return Report(
        **{name: told[name] for name in Report.model_fields if name in told},
        ocpi_version=received.version,
        received=utc_text(received.received_ms),
        sha256=hashlib.sha256(received.body).hexdigest(),
        location=f"{base_url}/ocpi/{received.version}/cdrs/{received.receipt}",
        page=f"{base_url}/reports/{received.report}",
        marked_by_sender=received.marked,
        investigate_en=investigation(Language.ENGLISH) if needs else (),
        investigate_de=investigation(Language.GERMAN) if needs else (),
    )


@dataclass(frozen=True)
class Reporter:
    """Sends the reports that are due on what the inbox holds. Tests replace `transport`.

    `base_url`: how partners reach this service, without a slash. `wanted` is set when there is a
    new one.
    """

    inbox: Inbox
    partners: Partners
    base_url: str
    transport: httpx.AsyncBaseTransport | None = None
    wanted: threading.Event = field(default_factory=threading.Event)

    def send_due(self) -> int:
        """Send the reports that are due, a few at a time; how many were taken."""
        with self.inbox.database.ask() as connection:
            due = connection.execute(_due(self.inbox.clock())).all()
        claimed = [receipt for receipt, due_ms in due if self._claim(receipt, due_ms)]
        return sum(asyncio.run(self._send_all(claimed))) if claimed else 0

    def _claim(self, receipt: str, due_ms: int) -> bool:
        """Whether this process may send it: another one may have taken it meanwhile."""
        statement = (
            sa.update(cdr_received)
            .where(
                cdr_received.c.receipt == receipt,
                cdr_received.c.report_state == "pending",
                cdr_received.c.report_due_ms == due_ms,
            )
            .values(report_due_ms=self.inbox.clock() + CLAIM_MS)
        )
        with self.inbox.database.write() as connection:
            return connection.execute(statement).rowcount == 1

    async def _send_all(self, receipts: list[str]) -> list[bool]:
        async with httpx.AsyncClient(
            transport=self.transport, timeout=TIMEOUT_S, follow_redirects=False
        ) as http:
            return await asyncio.gather(*(self._send(http, receipt) for receipt in receipts))

    async def _send(self, http: httpx.AsyncClient, receipt: str) -> bool:
        received = self.inbox.find(receipt)
        url = self.partners.report_url(received.party) if received else None
        if received is None or url is None:
            self._note(receipt, "none", 0)
            return False
        body = report_on(received, self.base_url).model_dump_json().encode()
        status = await _posted(http, url, body)
        is_taken = status is not None and 200 <= status < 300
        attempts = received.report_attempts + 1
        state = "delivered" if is_taken else "failed" if attempts >= ATTEMPTS else "pending"
        self._note(receipt, state, attempts)
        _log.info("report", cdr=received.cdr, state=state, status=status, attempts=attempts)
        return is_taken

    def _note(self, receipt: str, state: str, attempts: int) -> None:
        wait_ms = FIRST_WAIT_MS << max(0, attempts - 1)
        values = {
            "report_state": state,
            "report_attempts": attempts,
            "report_due_ms": self.inbox.clock() + wait_ms if state == "pending" else None,
        }
        with self.inbox.database.write() as connection:
            connection.execute(
                sa.update(cdr_received).where(cdr_received.c.receipt == receipt).values(values)
            )


def _due(now_ms: int) -> sa.Select[Any]:
    """Receipt and time of the reports that are due, the first few of each partner."""
    place = sa.func.row_number().over(
        partition_by=cdr_received.c.party, order_by=cdr_received.c.report_due_ms
    )
    due = (
        sa.select(cdr_received.c.receipt, cdr_received.c.report_due_ms, place.label("place"))
        .where(cdr_received.c.report_state == "pending", cdr_received.c.report_due_ms <= now_ms)
        .subquery()
    )
    return (
        sa.select(due.c.receipt, due.c.report_due_ms)
        .where(due.c.place <= MAX_OF_PARTNER)
        .order_by(due.c.report_due_ms)
        .limit(MAX_AT_ONCE)
    )


async def _posted(http: httpx.AsyncClient, url: str, body: bytes) -> int | None:
    """The status of the answer; None if none came in time. The rest of it is not read."""
    headers = {"Content-Type": "application/json"}
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            http.stream("POST", url, content=body, headers=headers) as answer,
        ):
            return answer.status_code
    except (httpx.HTTPError, TimeoutError):
        return None
