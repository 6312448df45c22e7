"""The receiver over HTTP: who may send what, what is kept, and what is answered."""

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cdr.charged import END
from support.cdr.dripping import dripping
from support.cdr.parties import Keys, Msp, authorised, cdr, tampered, text_of
from wattseal.cdr.exchange import reports
from wattseal.cdr.exchange.inbox import listed
from wattseal.cdr.exchange.receiver import MAX_SIGNED_VALUES
from wattseal.cdr.marker import DEFAULT
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import load_object
from wattseal.common.serve import SmallPool


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Msp]:
    opened = Msp(tmp_path / "msp")
    yield opened
    opened.close()


@pytest.fixture
def token(msp: Msp) -> str:
    return msp.partner()


def nothing_kept(msp: Msp) -> bool:
    return list(listed(msp.database)) == []


class TestWhoMaySend:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Token"},
            {"Authorization": "Token !!"},
            {"Authorization": "Bearer abc"},
            {"Authorization": "Token " + base64.b64encode(b"wst_unknown").decode()},
            {"Authorization": "Token " + base64.b64encode(b"\xff\xfe").decode()},
            {"Authorization": "Token " + "A" * 5000},
        ],
    )
    def test_nobody_without_a_token(self, msp: Msp, token: str, headers: dict[str, str]) -> None:
        answer = msp.http.post("/ocpi/2.2.1/cdrs", content=text_of(cdr()), headers=headers)
        assert answer.status_code == 401
        assert answer.json()["status_code"] == 2000
        assert answer.headers["WWW-Authenticate"] == "Token"
        assert nothing_kept(msp)

    def test_a_token_that_is_not_encoded_is_told_so(self, msp: Msp, token: str) -> None:
        answer = msp.http.post(
            "/ocpi/2.2.1/cdrs", content=b"{}", headers={"Authorization": f"Token {token}"}
        )
        assert answer.status_code == 401

    def test_nobody_for_another_party(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, cdr(party_id="XYZ"))
        assert answer.status_code == 403
        assert "DE*ABC" in answer.json()["status_message"]
        assert nothing_kept(msp)

    def test_a_revoked_token_is_none(self, msp: Msp, token: str) -> None:
        msp.partners.revoke("DE-ABC", msp.now_ms)
        assert msp.post(token, cdr()).status_code == 401
        with pytest.raises(ToolError, match=r"DE\*ABC"):
            msp.partners.revoke("DE*ABC", msp.now_ms)

    def test_nobody_reads_the_cdrs_of_others(self, msp: Msp, token: str) -> None:
        location = msp.post(token, cdr()).headers["Location"]
        other = msp.partner("DE*XYZ", None)
        assert msp.http.get(location, headers=authorised(other)).status_code == 404
        assert msp.http.get(location).status_code == 401
        assert msp.http.get(location, headers=authorised(token)).status_code == 200

    def test_a_wrong_token_costs_its_sender_and_not_the_right_one_beside_it(
        self, msp: Msp, token: str
    ) -> None:
        headers = authorised("wst_unknown")
        tried = [
            msp.http.post("/ocpi/2.2.1/cdrs", content=b"{}", headers=headers) for _ in range(25)
        ]
        assert [one.status_code for one in tried] == [401] * 20 + [429] * 5
        assert int(tried[-1].headers["Retry-After"]) > 0
        assert tried[-1].json()["status_code"] == 2000
        assert msp.post(token, cdr()).status_code == 201

    def test_no_token_is_kept_or_logged(
        self, msp: Msp, token: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        msp.post(token, cdr())
        files = b"".join(path.read_bytes() for path in (tmp_path / "msp").iterdir())
        assert token.encode() not in files
        assert hashlib.sha256(token.encode()).hexdigest().encode() in files
        captured = capfd.readouterr()
        assert token not in captured.out + captured.err


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("body", "cause"),
        [
            (b"", "well-formed"),
            (b"[]", "not a JSON object"),
            (b"\xff", "UTF-8"),
            (b'{"id":1,"id":2}', "twice"),
            (b"{}", "country_code"),
            (b'{"country_code":"DE","party_id":"ABC"}', "id is missing"),
            (b"[" * 100_000, "deeply|well-formed"),
            (b'{"country_code":"DE","party_id":"ABC","id":"1","x":' + b'{"y":' * 5000 + b"1"
             + b"}" * 5001, "deeply"),
        ],
    )  # fmt: skip
    def test_what_is_no_cdr(self, msp: Msp, token: str, body: bytes, cause: str) -> None:
        import re

        answer = msp.post(token, body)
        assert answer.status_code == 400
        assert answer.json()["status_code"] == 2001
        assert re.search(cause, answer.json()["status_message"])
        assert nothing_kept(msp)

    def test_what_is_too_large(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, b'{"x":"' + b"x" * (1 << 20) + b'"}')
        assert answer.status_code == 413
        assert nothing_kept(msp)

    def test_what_has_more_signatures_than_a_session(self, msp: Msp, token: str) -> None:
        one = {"nature": "End", "plain_data": "", "signed_data": END}
        signed = {**cdr()["signed_data"], "signed_values": [one] * (MAX_SIGNED_VALUES + 1)}
        answer = msp.post(token, cdr(signed_data=signed))
        assert answer.status_code == 400
        assert f"more than {MAX_SIGNED_VALUES}" in answer.json()["status_message"]
        assert nothing_kept(msp)

    @pytest.mark.parametrize(
        ("headers", "coded", "status"),
        [
            ({"Content-Encoding": "gzip"}, gzip.compress, 415),
            ({"Content-Type": "application/json; charset=utf-16"}, bytes, 415),
            ({}, lambda body: body.decode().encode("utf-16"), 400),
            ({}, lambda body: body.decode().encode("utf-16-be"), 400),
            ({}, lambda body: b"\xef\xbb\xbf" + body, 400),
        ],
    )
    def test_what_is_in_another_encoding(
        self, msp: Msp, token: str, headers: dict[str, str], coded: Any, status: int
    ) -> None:
        body = coded(text_of(cdr()))
        sent = {**authorised(token), **headers}
        answer = msp.http.post("/ocpi/2.2.1/cdrs", content=body, headers=sent)
        assert answer.status_code == status
        assert answer.json()["status_code"] == 2001
        assert nothing_kept(msp)

    def test_what_comes_while_too_much_is_judged(self, msp: Msp, token: str) -> None:
        msp.app.state.judging = SmallPool(threads=1, waiting=-1)
        answer = msp.post(token, cdr())
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert nothing_kept(msp)
        assert msp.http.get("/ready").status_code == 200

    def test_a_version_that_is_not_taken(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, cdr(), version="2.1.1")
        assert answer.status_code == 404
        assert "2.2.1 and 2.3.0" in answer.json()["status_message"]

    @pytest.mark.parametrize("path", ["/", "/ocpi", "/reports/x", "/reports/x.exe"])
    def test_what_is_not_there(self, msp: Msp, path: str) -> None:
        answer = msp.http.get(path)
        assert answer.status_code == 404
        assert answer.json()["status_code"] >= 2000

    def test_put_and_delete(self, msp: Msp, token: str) -> None:
        for method in ("PUT", "PATCH", "DELETE"):
            answer = msp.http.request(method, "/ocpi/2.2.1/cdrs", headers=authorised(token))
            assert answer.status_code == 405

    def test_nothing_is_kept_while_the_keys_cannot_be_asked(self, tmp_path: Path) -> None:
        keys = Keys(failure=ToolError("registry_unreachable", url="x", cause="y"))
        msp = Msp(tmp_path, keys)
        token = msp.partner()
        answer = msp.post(token, cdr())
        assert answer.status_code == 503
        assert answer.json()["status_code"] == 3000
        assert int(answer.headers["Retry-After"]) > 0
        assert nothing_kept(msp)
        keys.failure = None
        assert msp.post(token, cdr()).status_code == 201
        msp.close()


class TestWhatIsKept:
    @pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
    def test_the_bytes_that_came(self, msp: Msp, token: str, version: str) -> None:
        body = b"  " + text_of(cdr(x_odd="\u00e4\U0001f50c")) + b"\n"
        answer = msp.post(token, body, version)
        assert answer.status_code == 201
        told = answer.json()
        assert (told["status_code"], told["data"]["verdict"]) == (1000, "billable")
        assert told["timestamp"].endswith("Z")
        got = msp.http.get(answer.headers["Location"], headers=authorised(token))
        assert body.strip() in got.content
        assert load_object(got.content)["data"] == load_object(body)
        [kept] = listed(msp.database)
        assert kept.body == body
        assert kept.is_billable
        assert (kept.driver, kept.contract) == ("04A2B1C3", "DE-MSP-C12345678-9")

    def test_the_same_cdr_again_is_the_same_answer(self, msp: Msp, token: str) -> None:
        first = msp.post(token, cdr())
        again = msp.post(token, json.dumps(load_object(text_of(cdr())), default=float).encode())
        other_order = dict(reversed(cdr().items()))
        for one in (msp.post(token, cdr()), msp.post(token, other_order)):
            assert one.status_code == 201
            assert one.headers["Location"] == first.headers["Location"]
            assert one.json()["data"] == first.json()["data"]
        assert again.headers["Location"] == first.headers["Location"]
        assert len(list(listed(msp.database))) == 1

    def test_the_same_cdr_at_the_same_time_is_one(self, msp: Msp, token: str) -> None:
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(msp.post(token, cdr())))
            for _ in range(4)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert {one.status_code for one in answers} == {201}
        assert len({one.headers["Location"] for one in answers}) == 1
        assert len(list(listed(msp.database))) == 1


class TestVerdicts:
    def test_a_tampered_cdr_is_taken_and_not_billable(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, tampered())
        assert answer.status_code == 201
        told = answer.json()
        assert told["status_code"] == 1000
        assert told["data"]["verdict"] == "not_billable"
        assert told["data"]["reason"] == "signature_mismatch"
        [kept] = listed(msp.database)
        assert not kept.is_billable
        assert list(listed(msp.database, billable=True)) == []

    def test_a_cdr_that_cannot_be_read_is_kept_and_reported(self, msp: Msp, token: str) -> None:
        told = msp.post(token, cdr(total_energy="11.525")).json()
        assert told["data"]["codes"] == ["cdr_malformed"]
        [kept] = listed(msp.database)
        assert (kept.cdr, kept.is_billable) == ("DE*ABC*cdr-17", False)

    def test_no_signed_data_of_a_calibrated_station(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, cdr(signed_data=None))
        assert answer.json()["data"]["codes"] == ["signed_data_missing"]
        report = msp.http.get(answer.json()["data"]["report"]).json()
        assert len(report["investigate_en"]) == len(report["investigate_de"]) == 3

    def test_no_signed_data_of_another_station(self, tmp_path: Path) -> None:
        msp = Msp(tmp_path, Keys(key=None))
        told = msp.post(msp.partner(), cdr(signed_data=None)).json()
        assert told["data"]["codes"] == ["station_not_listed"]
        assert told["data"]["verdict"] == "billable"
        msp.close()

    def test_a_sender_that_marks_its_cdr_is_believed(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, DEFAULT.mark(cdr(), ["counter_gap"]))
        assert answer.json()["data"]["verdict"] == "not_billable"
        [kept] = listed(msp.database)
        assert (kept.is_billable, kept.marked) == (False, ("counter_gap",))


class TestReports:
    def test_are_pages_in_two_languages(self, msp: Msp, token: str) -> None:
        answer = msp.post(token, tampered(id="<script>alert(1)</script>"[:36]))
        page = answer.headers["Link"].split(">")[0][1:]
        english, german = msp.http.get(page), msp.http.get(page + "?lang=de")
        assert '<html lang="en">' in english.text
        assert "Not billable" in english.text
        assert '<html lang="de">' in german.text
        assert "Nicht abrechenbar" in german.text
        accepted = msp.http.get(page, headers={"Accept-Language": "de-AT,en;q=0.5"})
        assert accepted.text == german.text
        assert "<script" not in english.text
        assert "default-src 'none'" in english.headers["Content-Security-Policy"]

    def test_are_json_and_text_too(self, msp: Msp, token: str) -> None:
        data = msp.post(token, tampered()).json()["data"]
        report = msp.http.get(data["report"]).json()
        [kept] = listed(msp.database)
        assert report["format"] == "wattseal-cdr-report/1"
        assert report["cdr"] == "DE*ABC*cdr-17"
        assert report["sha256"] == hashlib.sha256(kept.body).hexdigest()
        [finding] = [one for one in report["findings"] if one["code"] == "signature_mismatch"]
        assert finding["sentence_en"] != finding["sentence_de"]
        text = msp.http.get(data["report"].replace(".json", ".txt?lang=de")).text
        assert "[signature_mismatch]" in text
        assert "Nicht abrechenbar" in text

    def test_are_found_by_their_address_alone(self, msp: Msp, token: str) -> None:
        msp.post(token, tampered())
        [kept] = listed(msp.database)
        assert len(kept.report) >= 32
        assert msp.http.get(f"/reports/{kept.receipt}").status_code == 404

    def test_are_posted_to_the_sender(self, msp: Msp, token: str) -> None:
        told = msp.post(token, tampered()).json()
        [report] = msp.reports
        assert report["cdr"] == "DE*ABC*cdr-17"
        assert report["reason"] == told["data"]["reason"]
        [kept] = listed(msp.database)
        assert (kept.report_state, kept.report_attempts) == ("delivered", 1)

    def test_are_not_posted_about_good_cdrs(self, msp: Msp, token: str) -> None:
        msp.post(token, cdr())
        assert msp.reports == []

    def test_are_not_posted_where_nobody_wants_them(self, msp: Msp) -> None:
        msp.post(msp.partner("DE*ABC", None), tampered())
        [kept] = listed(msp.database)
        assert (kept.report_state, msp.reports) == ("none", [])

    @pytest.mark.parametrize("status", [0, 302, 404, 500])
    def test_are_posted_again_later(self, msp: Msp, token: str, status: int) -> None:
        msp.report_status = status
        msp.post(token, tampered())
        [kept] = listed(msp.database)
        assert (kept.report_state, kept.report_attempts) == ("pending", 1)
        assert msp.reporter.send_due() == 0, "it is not due yet"
        msp.reports.clear()
        msp.report_status = 204
        msp.now_ms += 60_000
        assert msp.reporter.send_due() == 1
        assert len(msp.reports) == 1
        msp.now_ms += 10**9
        assert msp.reporter.send_due() == 0

    def test_are_given_up_in_the_end(self, msp: Msp, token: str) -> None:
        msp.report_status = 500
        msp.post(token, tampered())
        for _ in range(20):
            msp.now_ms += 60_000 << 12
            msp.reporter.send_due()
        [kept] = listed(msp.database)
        assert (kept.report_state, kept.report_attempts) == ("failed", 12)

    def test_a_partner_that_drips_its_answer_stops_nobody(
        self, msp: Msp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reports, "TIMEOUT_S", 0.5)
        with dripping() as url:
            drips = msp.partner("DE*DRP", url)
            for number in range(30):
                spoilt = tampered(party_id="DRP", id=f"cdr-{number}")
                msp.http.post(
                    "/ocpi/2.2.1/cdrs", content=text_of(spoilt), headers=authorised(drips)
                )
            msp.now_ms += 1
            msp.post(msp.partner(), tampered())
            assert len(msp.reports) == 1
        [kept] = [one for one in listed(msp.database) if one.party == "DE*ABC"]
        assert kept.report_state == "delivered"
        left = [one for one in listed(msp.database) if one.party == "DE*DRP"]
        assert {one.report_state for one in left} == {"pending"}
        assert sum(one.report_attempts for one in left) == reports.MAX_OF_PARTNER

    def test_a_due_report_is_sent_by_one_process_only(self, msp: Msp, token: str) -> None:
        msp.report_status = 500
        msp.post(token, tampered())
        [kept] = listed(msp.database)
        assert kept.report_due_ms is not None
        msp.now_ms += 60_000
        assert msp.reporter._claim(kept.receipt, kept.report_due_ms)
        assert not msp.reporter._claim(kept.receipt, kept.report_due_ms)


def test_what_was_received_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Msp(tmp_path)
    token = first.partner()
    location = first.post(token, cdr()).headers["Location"]
    first.close()
    second = Msp(tmp_path)
    assert second.http.get(location, headers=authorised(token)).status_code == 200
    assert second.http.get("/ready").json() == {"status": "ready"}
    second.close()
