"""Signatures have entropy in their nonces, and go on without it where the noise source fails."""

import json

import pytest

from hil.setup import Setup
from hil.suite.judge import judge
from hil.suite.module import MakeModule, Module

pytestmark = pytest.mark.needs("power")


@pytest.fixture(autouse=True)
def _as_on_a_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unix program hedges only where it is asked to."""
    monkeypatch.setenv("WATTSEAL_HEDGE", "1")


def told_at_starts(module: Module) -> list[bool]:
    """What each start said of itself."""
    events = [json.loads(item["entry"]) for item in module.events()]
    return [event["detail"]["hedged"] for event in events if event["event"] == "started"]


@pytest.mark.needs("noise", "flash")
def test_a_module_whose_noise_failed_signs_on_and_says_so(make_module: MakeModule) -> None:
    fresh = make_module(Setup())
    aged = make_module(Setup(noise="stuck", flash=fresh.rig.flash_image()))
    assert aged.status()["state"] == "unregistered"
    assert told_at_starts(aged) == [True, False]
    judge(aged)
    recovered = make_module(Setup(flash=aged.rig.flash_image()))
    assert told_at_starts(recovered) == [True, False, True]
    judge(recovered)


def test_an_answer_asked_for_again_is_the_same_answer(make_module: MakeModule) -> None:
    module = make_module(Setup())
    first, other = (module.client.call("event_head", challenge=c * 32) for c in ("a", "b"))
    assert module.client.call("event_head", challenge="b" * 32) == other
    assert first["signature"] != other["signature"]


def test_one_text_signed_twice_has_two_signatures(make_module: MakeModule) -> None:
    """The clock is unset, so the text is the same; the answer between makes it be signed anew."""
    module = make_module(Setup())
    first, _, again = (module.client.call("event_head", challenge=c * 32) for c in "aba")
    assert first["statement"] == again["statement"]
    assert first["signature"] != again["signature"]
