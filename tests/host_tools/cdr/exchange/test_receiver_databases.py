"""The receiver on SQLite and on PostgreSQL, with the memory of the sessions that were seen."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from support.cdr.charged import BEGIN, record
from support.cdr.parties import Keys, Msp, authorised, cdr, tampered
from wattseal.cdr.exchange.inbox import (
    DATABASE_FILE,
    Partners,
    listed,
    of_driver,
    open_database,
)
from wattseal.cdr.findings import Judgement
from wattseal.cdr.history.rows import session_of
from wattseal.cdr.history.store import SeenSessions
from wattseal.cdr.ocpi import Cdr
from wattseal.cdr.rules import Rules
from wattseal.common.errors import ToolError
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


def test_the_charge_point_of_another_party(msp: Msp) -> None:
    """Whoever has seen a driver's records cannot bill them, nor keep them from being billed."""
    thief = msp.partners.add("DE*XYZ", None, msp.now_ms)
    stolen = cdr(party_id="XYZ")
    assert codes(msp.post(thief, stolen)) == ["operator_not_billed"]
    assert codes(msp.post(thief, stolen | {"id": "again"})) == ["operator_not_billed"]
    assert codes(msp.post(msp.partner(), cdr())) == []
    [billed] = [one for one in listed(msp.database) if one.is_billable]
    assert billed.party == "DE*ABC"
    assert codes(msp.post(thief, stolen | {"id": "later"})) == [
        *("operator_not_billed", "record_replayed")
    ]


@pytest.mark.parametrize("written", ["de-abc", "DE*ABC"])
def test_a_partner_of_several_operators(msp: Msp, written: str) -> None:
    token = msp.partners.add("DE*XYZ", None, msp.now_ms, ["+49*823", written])
    [partner] = msp.partners.all()
    assert partner.may_bill == ["+49*823", "DE*ABC"]
    assert codes(msp.post(token, cdr(party_id="XYZ"))) == []
    place = cdr()["cdr_location"]
    for evse_id in ("DE*XYZ*E1", "not an EVSE-ID"):
        other = cdr(party_id="XYZ", id=evse_id, cdr_location=place | {"evse_id": evse_id})
        assert "operator_not_billed" in codes(msp.post(token, other))


def test_an_operator_that_is_none(msp: Msp) -> None:
    with pytest.raises(ToolError, match="--operator"):
        msp.partners.add("DE*XYZ", None, msp.now_ms, ["X"])
    assert msp.partners.all() == []


def test_what_the_sender_marked_keeps_nothing_from_being_billed(msp: Msp) -> None:
    token = msp.partner()
    marked = cdr(remark="[invalid-metering-data: energy_differs]")
    assert codes(msp.post(token, marked)) == []
    assert [one.is_billable for one in listed(msp.database)] == [False]
    assert codes(msp.post(token, cdr())) == []
    assert [one.is_billable for one in listed(msp.database)].count(True) == 1


def test_a_database_of_before_the_operators(tmp_path: Path) -> None:
    database = open_database(tmp_path / "new")
    Partners(database).add("DE*ABC", None, 1)
    database.close()
    path = tmp_path / "new" / DATABASE_FILE
    with closing(sqlite3.connect(path)) as before:
        before.execute("ALTER TABLE cdr_partner DROP COLUMN operators")
        before.execute("UPDATE cdr_schema_version SET version_num = '0001'")
        before.commit()
    database = open_database(tmp_path / "new")
    assert [one.may_bill for one in Partners(database).all()] == [["DE*ABC"]]
    database.close()


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
