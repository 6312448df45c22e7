"""Posts error reports to the CPO's address, again and again until it takes them, for some days.

What is still to be sent stands in the database, so that it survives a restart, and so that of
several services on one database each sends what is due.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import sqlalchemy as sa
import structlog
from msgspec.structs import asdict

from wattseal.cdr.exchange.inbox import Inbox, Partners, Received, cdr_received
from wattseal.cdr.report import NEEDS_INVESTIGATION, Report, investigation
from wattseal.common.sentences import Language
from wattseal.common.times import utc_text

TIMEOUT_S = 10.0
FIRST_WAIT_MS = 60_000
ATTEMPTS = 12
"""With the wait doubling each time, the last one is after almost three days."""
CLAIM_MS = 60_000
"""For so long a process that sends a report keeps others from sending it too."""
MAX_AT_ONCE = 20

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
    """Sends the reports that are due on what the inbox holds. Tests replace `http`.

    `base_url`: how partners reach this service, without a slash.
    """

    inbox: Inbox
    partners: Partners
    base_url: str
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)
    )

    def send_due(self) -> int:
        """Send the reports that are due, a few at a time; how many were taken."""
        statement = (
            sa.select(cdr_received.c.receipt, cdr_received.c.report_due_ms)
            .where(
                cdr_received.c.report_state == "pending",
                cdr_received.c.report_due_ms <= self.inbox.clock(),
            )
            .order_by(cdr_received.c.report_due_ms)
            .limit(MAX_AT_ONCE)
        )
        with self.inbox.database.ask() as connection:
            due = connection.execute(statement).all()
        return sum(self._send(receipt) for receipt, due_ms in due if self._claim(receipt, due_ms))

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

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

    def _send(self, receipt: str) -> bool:
        received = self.inbox.find(receipt)
        url = self.partners.report_url(received.party) if received else None
        if received is None or url is None:
            self._note(receipt, "none", 0)
            return False
        body = report_on(received, self.base_url).model_dump_json().encode()
        status = None
        headers = {"Content-Type": "application/json"}
        with (
            suppress(httpx.HTTPError),
            # What is answered is not read: it may be of any length.
            self.http.stream("POST", url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
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
