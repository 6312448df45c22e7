"""Sending: what is repeated, what is not, and what is left in the outbox when it stops."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from support.cdr.parties import Keys, Msp, cdr, tampered, text_of
from wattseal.cdr.exchange.inbox import listed
from wattseal.cdr.exchange.sender import (
    MAX_ANSWER_BYTES,
    CdrSender,
    Outbox,
    Prepared,
    prepare,
    put_all,
    send_all,
)
from wattseal.cdr.marker import DEFAULT
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import load_object
from wattseal.common.web_client import ATTEMPTS

URL = "https://msp.example/ocpi/2.2.1/cdrs"
GOOD = {"status_code": 1000, "timestamp": "2026-11-21T11:00:00Z"}


@dataclass
class Partner:
    """A receiver that answers what the test says, one after the other."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sender(self) -> CdrSender:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return CdrSender(URL, "secret", http=http, pause=self.pauses.append)


def ok(**headers: str) -> httpx.Response:
    return httpx.Response(201, json=GOOD, headers=headers)


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


def prepared(tmp_path: Path, members: dict[str, object] | None = None) -> Prepared:
    path = tmp_path / "cdr.json"
    path.write_bytes(text_of(members or cdr()))
    return prepare(path, Validator(Keys(), Rules()).judge, DEFAULT)


def states(box: Outbox) -> dict[str, str]:
    return {entry.cdr: entry.state for entry in box.entries()}


class TestAddress:
    @pytest.mark.parametrize(
        "url",
        [
            "msp.example/cdrs",
            "ftp://msp.example",
            "http://msp.example/cdrs",
            "https://user:secret@msp.example/cdrs",
            "https://msp.example:port/cdrs",
            "https://[",
        ],
    )
    def test_that_no_token_is_sent_to(self, url: str) -> None:
        with pytest.raises(ToolError) as caught:
            CdrSender(url, "secret")
        assert caught.value.name == "receiver_url_unusable"
        assert "secret@" not in str(caught.value)

    def test_on_this_computer(self) -> None:
        assert CdrSender("http://127.0.0.1:8461/ocpi/2.2.1/cdrs", "x").url


class TestFailures:
    @pytest.mark.parametrize(
        "failure",
        [
            httpx.ConnectError("refused"),
            httpx.ConnectTimeout("slow"),
            httpx.Response(429),
            httpx.Response(503, json={"status_code": 3000}),
        ],
    )
    def test_that_did_nothing_are_tried_again(
        self, failure: httpx.Response | Exception, box: Outbox, tmp_path: Path
    ) -> None:
        partner = Partner([failure, ok(Location="https://msp.example/1")])
        put_all([prepared(tmp_path)], box, URL)
        [entry] = send_all(box, partner.sender(), again=False)
        assert (entry.state, entry.location) == ("sent", "https://msp.example/1")
        assert len(partner.pauses) == 1

    def test_that_stay_end_the_run_and_leave_it_pending(self, box: Outbox, tmp_path: Path) -> None:
        partner = Partner([httpx.ConnectError("refused")] * ATTEMPTS)
        put_all([prepared(tmp_path)], box, URL)
        with pytest.raises(ToolError) as caught:
            list(send_all(box, partner.sender(), again=False))
        assert caught.value.name == "receiver_unreachable"
        assert states(box) == {"DE*ABC*cdr-17": "pending"}
        assert partner.pauses == sorted(partner.pauses)
        again = Partner([ok()])
        assert [one.state for one in send_all(box, again.sender(), again=False)] == ["sent"]

    @pytest.mark.parametrize(
        "failure",
        [
            httpx.ReadTimeout("slow"),
            httpx.RemoteProtocolError("closed"),
            httpx.Response(502),
            httpx.Response(500, json={"status_code": 3000, "status_message": "x"}),
            httpx.Response(200, json={"status_code": 3001, "status_message": "x"}),
            httpx.Response(200, text="<html>welcome</html>"),
            httpx.Response(200, json={"ok": True}),
            httpx.Response(200, content=b"x" * (MAX_ANSWER_BYTES + 1)),
        ],
    )
    def test_that_may_have_done_something_are_told(
        self, failure: httpx.Response | Exception, box: Outbox, tmp_path: Path
    ) -> None:
        partner = Partner([failure])
        put_all([prepared(tmp_path)], box, URL)
        [entry] = send_all(box, partner.sender(), again=False)
        assert entry.state == "unknown"
        assert list(send_all(box, partner.sender(), again=False)) == []
        assert len(partner.requests) == 1
        again = Partner([ok()])
        assert [one.state for one in send_all(box, again.sender(), again=True)] == ["sent"]
        assert again.requests[0].content == partner.requests[0].content

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (httpx.Response(401, json={"status_code": 2000, "status_message": "who?"}), "who?"),
            (httpx.Response(400, json={"status_code": 2001, "status_message": "bad"}), "bad"),
            (httpx.Response(200, json={"status_code": 2001, "status_message": "bad"}), "OCPI 2001"),
            (httpx.Response(404, text="nothing"), "HTTP 404"),
            (httpx.Response(400, json={"status_message": "\x1b[2J"}), "?[2J"),
        ],
    )
    def test_that_are_for_good_are_told_and_kept(
        self, answer: httpx.Response, words: str, box: Outbox, tmp_path: Path
    ) -> None:
        partner = Partner([answer])
        put_all([prepared(tmp_path)], box, URL)
        [entry] = send_all(box, partner.sender(), again=True)
        assert entry.state == "refused"
        assert words in (entry.cause or "")
        assert list(send_all(box, partner.sender(), again=True)) == []

    def test_whoever_is_stopped_on_the_way_does_not_know(self, box: Outbox, tmp_path: Path) -> None:
        class StoppedError(BaseException):
            pass

        def stop(_request: httpx.Request) -> httpx.Response:
            raise StoppedError

        sender = CdrSender(URL, "x", http=httpx.Client(transport=httpx.MockTransport(stop)))
        put_all([prepared(tmp_path)], box, URL)
        with pytest.raises(StoppedError):
            list(send_all(box, sender, again=False))
        assert states(box) == {"DE*ABC*cdr-17": "unknown"}


class TestOutbox:
    def test_a_cdr_does_not_change_in_it(self, box: Outbox, tmp_path: Path) -> None:
        put_all([prepared(tmp_path)], box, URL)
        with pytest.raises(ToolError) as caught:
            put_all([prepared(tmp_path, cdr(remark="other"))], box, URL)
        assert caught.value.name == "outbox_unusable"

    def test_what_was_sent_is_not_sent_again(self, box: Outbox, tmp_path: Path) -> None:
        for _ in range(2):
            put_all([prepared(tmp_path)], box, URL)
            list(send_all(box, Partner([ok()]).sender(), again=True))
        assert states(box) == {"DE*ABC*cdr-17": "sent"}

    def test_partners_are_apart(self, box: Outbox, tmp_path: Path) -> None:
        put_all([prepared(tmp_path)], box, URL)
        put_all([prepared(tmp_path)], box, "https://other.example/cdrs")
        assert len(list(send_all(box, Partner([ok()]).sender(), again=False))) == 1
        assert sorted(entry.state for entry in box.entries()) == ["pending", "sent"]

    def test_a_state_that_was_spoilt_is_told(self, box: Outbox, tmp_path: Path) -> None:
        put_all([prepared(tmp_path)], box, URL)
        [path] = box.folder.glob("*.state.json")
        path.write_text("{}")
        with pytest.raises(ToolError) as caught:
            list(box.entries())
        assert caught.value.name == "outbox_unusable"

    def test_a_body_without_its_state_is_sent(self, box: Outbox, tmp_path: Path) -> None:
        put_all([prepared(tmp_path)], box, URL)
        [path] = box.folder.glob("*.state.json")
        path.unlink()
        put_all([prepared(tmp_path)], box, URL)
        assert states(box) == {"DE*ABC*cdr-17": "pending"}


class TestValidationBeforeSending:
    def test_a_good_cdr_goes_as_it_is(self, tmp_path: Path) -> None:
        one = prepared(tmp_path)
        assert one.codes == ()
        assert one.body == text_of(cdr())

    def test_a_failing_cdr_goes_with_the_marker(self, box: Outbox, tmp_path: Path) -> None:
        one = prepared(tmp_path, tampered(remark="hello", x_digits=1))
        assert one.codes == ("signature_mismatch",)
        partner = Partner([ok()])
        put_all([one], box, URL)
        list(send_all(box, partner.sender(), again=False))
        sent = load_object(partner.requests[0].content)
        assert sent.pop("remark") == "[invalid-metering-data: signature_mismatch] hello"
        assert sent == {
            name: value
            for name, value in load_object(text_of(tampered(x_digits=1))).items()
            if name != "remark"
        }
        assert str(sent["total_energy"]) == "11.525"

    @pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"x" * (1 << 21)])
    def test_what_is_no_cdr_is_not_sent(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "x.json").write_bytes(data)
        with pytest.raises(ToolError) as caught:
            prepare(tmp_path / "x.json", None, DEFAULT)
        assert caught.value.name == "cdr_malformed"


def test_the_request_is_ocpis(box: Outbox, tmp_path: Path) -> None:
    partner = Partner([ok(Link='<https://msp.example/reports/1>; rel="describedby"')])
    put_all([prepared(tmp_path)], box, URL)
    [entry] = send_all(box, partner.sender(), again=False)
    [request] = partner.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    scheme, _, token = request.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token)) == ("Token", b"secret")
    assert request.headers["OCPI-from-country-code"] == "DE"
    assert request.headers["OCPI-from-party-id"] == "ABC"
    assert len({request.headers["X-Request-ID"], request.headers["X-Correlation-ID"]}) == 2
    assert entry.report == "https://msp.example/reports/1"


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Msp]:
    opened = Msp(tmp_path / "msp")
    yield opened
    opened.close()


def test_from_cpo_to_msp_and_back(msp: Msp, box: Outbox, tmp_path: Path) -> None:
    """A good CDR, one that the CPO marks, one altered on the way, and one sent twice."""
    token = msp.partner()

    def alter(request: httpx.Request) -> httpx.Response:
        content = request.content
        if b'"cdr-3"' in content:
            content = content.replace(b'"total_energy": 11.525', b'"total_energy": 12.525')
        answer = msp.http.post(str(request.url), content=content, headers=dict(request.headers))
        return httpx.Response(
            answer.status_code, content=answer.content, headers=dict(answer.headers)
        )

    sender = CdrSender(URL, token, http=httpx.Client(transport=httpx.MockTransport(alter)))
    put_all(
        [
            prepared(tmp_path, cdr(id="cdr-1")),
            prepared(tmp_path, tampered(id="cdr-2")),
            prepared(tmp_path, cdr(id="cdr-3")),
        ],
        box,
        URL,
    )
    assert {one.state for one in send_all(box, sender, again=False)} == {"sent"}
    kept = {one.cdr: one for one in listed(msp.database)}
    assert {name: one.is_billable for name, one in kept.items()} == {
        "DE*ABC*cdr-1": True,
        "DE*ABC*cdr-2": False,
        "DE*ABC*cdr-3": False,
    }
    assert kept["DE*ABC*cdr-2"].marked == ("signature_mismatch",)
    msp.reporter.send_due()  # a running receiver has a thread for that
    assert sorted(report["cdr"] for report in msp.reports) == ["DE*ABC*cdr-2", "DE*ABC*cdr-3"]
    assert json.loads(kept["DE*ABC*cdr-1"].judgement.to_json())["verdict"] == "billable"
