"""The receiver on SQLite and on PostgreSQL, with the memory of the sessions that were seen."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.cdr.charged import BEGIN, record
from support.cdr.parties import Keys, Msp, authorised, cdr, tampered
from wattseal.cdr.exchange.inbox import DATABASE_FILE, listed, of_driver
from wattseal.cdr.findings import Judgement
from wattseal.cdr.history.rows import session_of
from wattseal.cdr.history.store import SeenSessions
from wattseal.cdr.ocpi import Cdr
from wattseal.cdr.rules import Rules
from wattseal.common.findings import Finding


@pytest.fixture
def msp(tmp_path: Path, database_url: str | None) -> Iterator[Msp]:
    seen = SeenSessions(database_url or tmp_path / DATABASE_FILE)
    rules = Rules(side="msp")

    def compare(receipt: str, one: Cdr, judgement: Judgement) -> tuple[Finding, ...]:
        return seen.take(receipt, session_of(0, one, judgement), rules)

    opened = Msp(tmp_path, Keys(), compare, database_url)
    yield opened
    opened.close()
    seen.close()


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 201, answer.text
    found: list[str] = answer.json()["data"]["codes"]
    return found


def test_what_was_seen_before_is_found(msp: Msp) -> None:
    token = msp.partner()
    assert codes(msp.post(token, cdr())) == []
    assert codes(msp.post(token, cdr())) == []
    assert codes(msp.post(token, cdr(), version="2.3.0")) == ["cdr_repeated"]
    assert codes(msp.post(token, cdr(id="other"))) == ["record_replayed"]
    changed = cdr(BEGIN, record("E", "2949.125", "11:40:00", 18))
    changed["total_energy"] = cdr()["total_energy"] + 2
    changed["end_date_time"] = "2026-11-21T10:40:00Z"
    assert "cdr_changed" in codes(msp.post(token, changed))
    assert [one.is_billable for one in listed(msp.database)].count(True) == 1


def test_a_corrected_cdr_after_a_credit_is_no_replay(msp: Msp) -> None:
    token = msp.partner()
    msp.post(token, cdr())
    credit = cdr(id="cdr-17-C", credit=True, credit_reference_id="cdr-17")
    assert codes(msp.post(token, credit)) == []
    assert codes(msp.post(token, cdr(id="cdr-18"))) == []


def test_the_same_cdr_from_many_at_once_is_one(msp: Msp) -> None:
    token = msp.partner()
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(msp.post(token, cdr()))) for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [codes(one) for one in answers] == [[]] * 4
    assert len(list(listed(msp.database))) == 1


def test_everything_else_that_a_database_does(msp: Msp) -> None:
    token = msp.partner()
    msp.report_status = 500
    location = msp.post(token, tampered(x="\u00e4\u0000")).headers["Location"]
    assert msp.http.get(location, headers=authorised(token)).status_code == 200
    [kept] = of_driver(msp.database, "DE-MSP-C12345678-9")
    assert (kept.report_state, kept.is_billable) == ("pending", False)
    msp.report_status = 200
    msp.now_ms += 60_000
    assert msp.reporter.send_due() == 1
    assert list(listed(msp.database, billable=True)) == []
    assert [one.report_state for one in listed(msp.database, limit=1)] == ["delivered"]
    assert msp.partners.revoke("DE*ABC", msp.now_ms) == 1
    assert [one.revoked_ms for one in msp.partners.all()] == [msp.now_ms]
