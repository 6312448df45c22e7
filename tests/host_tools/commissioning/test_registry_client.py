"""What the client makes of a registry's answers, of none, and of somebody else's."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.registry.simulated_module import SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.common.web_client import ATTEMPTS, LONGEST_PAUSE_S
from wattseal.registry import client as registry_client
from wattseal.registry.api_models import ConsentRequest, Reason
from wattseal.registry.client import RegistryClient, RegistryRefusedError
from wattseal.registry.trust import Trust
from wattseal.tlog.checkpoint import Ed25519Signer

URL = "https://registry.example"
SECRET = "wsk_abcdefghijkl_" + "A" * 52
FACTS = {"name": "r/k", "registry_key": "ab" * 91, "vkey": "r/k+x+y", "log": URL, "size": 3}
CONFIRMATION = {
    "entry": 2,
    "unix_ms": 5,
    "publication": {"checkpoint": "c", "leaf": "l", "leaf_index": 2, "proof": []},
    "repeated": False,
}
CONSENT = ConsentRequest(evse_id="DE*ABC*E1", to_operator="DE*XYZ")

Answer = httpx.Response | Exception


class Script:
    """A registry that gives prepared answers, one after the other."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, key: str | None = SECRET) -> RegistryClient:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return RegistryClient(URL, key, http=http, pause=self.pauses.append)


def says(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def error(name: str, reasons: list[Reason] | None = None) -> dict[str, Any]:
    told = {"name": name, "sentence": "It is so.", "remedy": "Do that.", "detail": {}}
    return {"error": told, "reasons": [one.model_dump() for one in reasons or []]}


def refused(call: Callable[[], object]) -> ToolError:
    with pytest.raises(ToolError) as caught:
        call()
    assert SECRET not in str(caught.value) + json.dumps(caught.value.as_json())
    return caught.value


class TestAddress:
    @pytest.mark.parametrize(
        "url",
        ["", "registry.example", "ftp://registry.example", "https://", "https://[::1", "http:/x"],
    )
    def test_what_is_no_address(self, url: str) -> None:
        assert refused(lambda: RegistryClient(url)).name == "registry_url_unusable"

    @pytest.mark.parametrize("url", ["https://a:b@host", "https://host/?q=1", "https://host/#x"])
    def test_more_than_an_address(self, url: str) -> None:
        assert refused(lambda: RegistryClient(url)).name == "registry_url_unusable"

    def test_an_access_key_is_never_sent_in_the_clear(self) -> None:
        found = refused(lambda: RegistryClient("http://registry.example", SECRET))
        assert "for everybody to read" in found.message
        RegistryClient("http://127.0.0.1:8000", SECRET)
        assert refused(lambda: RegistryClient("http://registry.example"))

    def test_a_slash_at_the_end_is_dropped(self) -> None:
        assert RegistryClient(URL + "/prefix/").url == URL + "/prefix"


class TestQuestions:
    def test_an_answer(self) -> None:
        script = Script(says(200, FACTS))
        assert script.client().facts().name == "r/k"
        [request] = script.requests
        assert (request.method, str(request.url)) == ("GET", URL + "/v1/registry")
        assert request.headers["Authorization"] == f"Bearer {SECRET}"

    def test_without_a_key_none_is_sent(self) -> None:
        script = Script(says(200, FACTS))
        script.client(None).facts()
        assert "Authorization" not in script.requests[0].headers

    def test_names_are_escaped(self) -> None:
        unknown = says(404, error("not_found"))
        script = Script(*[unknown] * 4)
        client = script.client()
        client.trust = Trust(URL, Ed25519Signer("r/k", Ed25519PrivateKey.generate()).public.vkey)
        questions: list[Callable[[], object]] = [
            lambda: client.meter("A/B", "1 2&x"),
            lambda: client.key_of("+49*823*1*1"),
        ]
        for question in questions:
            assert refused(question).name == "registry_unproven"
        refused(lambda: client.search("a b&q=c"))
        refused(lambda: client.revoke("a/b?"))
        sent = [request.url.raw_path.decode() for request in script.requests]
        assert sent == [
            "/v1/evidence?name=meter+A%2FB+12%26X&seen=0&first=0",
            "/v1/evidence?name=evse+%2B49%2A823%2A1%2A1&seen=0&first=0",
            "/v1/search?q=a+b%26q%3Dc",
            "/v1/access/a%2Fb%3F",
        ]

    def test_somebody_elses_404_is_not_taken_for_an_answer(self) -> None:
        script = Script(httpx.Response(404, text="<html>nginx</html>"))
        found = refused(lambda: script.client().evse("DE*ABC*E1"))
        assert found.name == "registry_answer_unusable"

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>"),
            says(200, {**FACTS, "more": 1}),
            says(200, {**FACTS, "size": "3"}),
            says(200, []),
            says(302, {}),
        ],
    )
    def test_what_is_no_answer(self, answer: httpx.Response) -> None:
        found = refused(Script(answer).client().facts)
        assert found.name == "registry_answer_unusable"

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_busy_registry_is_asked_again(self, status: int) -> None:
        script = Script(says(status), says(status), says(200, FACTS))
        assert script.client().facts().size == 3
        assert len(script.pauses) == 2
        assert script.pauses[0] < script.pauses[1]

    def test_it_is_asked_again_when_it_says(self) -> None:
        script = Script(
            says(503, None, **{"Retry-After": "7"}),
            says(503, None, **{"Retry-After": "99999"}),
            says(503, None, **{"Retry-After": "soon"}),
            says(200, FACTS),
        )
        script.client().facts()
        assert script.pauses[:2] == [7.0, LONGEST_PAUSE_S]
        assert script.pauses[2] < 5

    def test_but_not_for_ever(self) -> None:
        script = Script(*[says(503) for _ in range(ATTEMPTS)])
        assert refused(script.client().facts).name == "registry_busy"
        assert len(script.requests) == ATTEMPTS

    def test_a_lost_answer_is_asked_for_again(self) -> None:
        script = Script(httpx.ReadTimeout("slow"), says(200, FACTS))
        assert script.client().facts().size == 3

    def test_no_answer_at_all(self) -> None:
        script = Script(*[httpx.ConnectError("no route") for _ in range(ATTEMPTS)])
        found = refused(script.client().facts)
        assert (found.name, found.detail["cause"]) == ("registry_unreachable", "no route")


class TestChanges:
    def test_a_registration_may_be_repeated(self) -> None:
        request = SimulatedModule().registration("ab" * 32)
        script = Script(httpx.ReadTimeout("lost"), says(502), says(201, CONFIRMATION))
        assert script.client().register(request).entry == 2
        bodies = {one.content for one in script.requests}
        assert len(script.requests) == 3
        assert bodies == {request.model_dump_json().encode()}

    def test_a_test_charge_may_be_repeated(self) -> None:
        script = Script(httpx.ReadTimeout("lost"), says(200, CONFIRMATION))
        assert script.client().keep_test_charge(SimulatedModule().test_charge()).entry == 2
        assert len({one.content for one in script.requests}) == 1

    @pytest.mark.parametrize(
        "answer", [httpx.ReadTimeout("lost"), httpx.RemoteProtocolError("cut")]
    )
    def test_other_changes_are_sent_once(self, answer: Exception) -> None:
        script = Script(answer)
        found = refused(lambda: script.client().consent(CONSENT))
        assert found.name == "registry_outcome_unknown"
        assert len(script.requests) == 1

    def test_a_gateways_refusal_says_nothing_about_the_outcome(self) -> None:
        script = Script(says(502))
        found = refused(lambda: script.client().consent(CONSENT))
        assert found.name == "registry_outcome_unknown"
        assert len(script.requests) == 1

    @pytest.mark.parametrize("answer", [httpx.ConnectError("down"), says(503), says(429)])
    def test_what_was_not_done_is_sent_again(self, answer: Answer) -> None:
        script = Script(answer, says(201, CONFIRMATION))
        assert script.client().consent(CONSENT).entry == 2

    def test_all_reasons_are_told(self) -> None:
        reasons = [
            Reason(code=f"code{n}", sentence=f"Sentence {n}.", remedy="The same remedy.")
            for n in range(3)
        ]
        script = Script(says(422, error("refused", reasons)))
        with pytest.raises(RegistryRefusedError) as caught:
            script.client().register(SimulatedModule().registration("ab" * 32))
        assert [one.code for one in caught.value.reasons] == ["code0", "code1", "code2"]
        assert caught.value.message.endswith("Sentence 0. Sentence 1. Sentence 2.")
        assert caught.value.remedy == "The same remedy."
        assert caught.value.as_json()["error"]["detail"]["reasons"][2]["code"] == "code2"

    def test_a_check_that_finds_nothing(self) -> None:
        script = Script(says(200, []))
        assert script.client().check(SimulatedModule().registration("ab" * 32)) == []

    @pytest.mark.parametrize("status", [401, 403])
    def test_access_denied(self, status: int) -> None:
        script = Script(says(status, error("access_unknown")))
        found = refused(lambda: script.client().revoke("abcdefghijkl"))
        assert (found.name, found.message) == ("registry_access_denied", "It is so.")

    @pytest.mark.parametrize(("status", "name"), [(400, "registry_error"), (413, "registry_error")])
    def test_other_failures_keep_their_words(self, status: int, name: str) -> None:
        script = Script(says(status, error("body_too_large")))
        found = refused(lambda: script.client().consent(CONSENT))
        assert (found.name, str(found)) == (name, "It is so. Do that.")


class Endless(httpx.SyncByteStream):
    """A body that never ends, or breaks after so many parts."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.taken = 0
        self._breaks_after = breaks_after

    def __iter__(self) -> Iterator[bytes]:
        while self.taken != self._breaks_after:
            self.taken += 1
            yield b" " * 1000
        raise httpx.ReadError("the connection broke")


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_client, "MAX_ANSWER_BYTES", 10_000)
    body = Endless()
    script = Script(httpx.Response(200, stream=body))
    error = refused(script.client().facts)
    assert (error.name, "it is too long" in str(error)) == ("registry_answer_unusable", True)
    assert body.taken == 11
    assert len(script.requests) == 1


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    script = Script(httpx.Response(200, stream=Endless(2)), says(200, FACTS))
    assert script.client().facts().size == 3
    assert len(script.requests) == 2


def test_what_became_of_a_change_is_unknown_when_its_answer_breaks_off() -> None:
    script = Script(httpx.Response(201, stream=Endless(2)))
    error = refused(lambda: script.client().consent(CONSENT))
    assert error.name == "registry_outcome_unknown"
    assert len(script.requests) == 1
