"""A stranger with the link sends every method in every order; the station goes on all the same."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from wattseal.wire.errors import WattsealError
from wattseal.wire.methods import METHODS

from hil.suite.module import UTC_OFFSET_MIN, Module

REQUESTS = 3_000
REQUESTS_OF_ALL = 100_000
SEED = 15
ANSWER = {"signature": "3006020101020101"}

pytestmark = [pytest.mark.targets("unix"), pytest.mark.needs("meter"), pytest.mark.timeout(7200)]


class Stranger:
    """Knows the protocol, the settings and an old proof; has nobody's key.

    `answers` counts the replies by method and refusal, "" for none.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._chance = random.Random(SEED)
        self._clock = 0
        self.answers: dict[tuple[str, str], int] = {}
        proof = module.register().params()
        pick = self._chance.choice
        self._params: dict[str, Callable[[], dict[str, Any]]] = {
            "configure": lambda: {
                pick(["controller_firmware", "gateway_id"]): f"{self._chance.random():.6f}"
            },
            "set_time": self._time,
            "begin": lambda: pick([{}, {"id_tag": "1F2D3A4F", "id_type": "ISO14443"}]),
            "end": lambda: pick([{}, {"reason": "A"}]),
            "records": lambda: {"from": self._chance.randrange(1, 5000)},
            "release": lambda: {"through": self._chance.randrange(1, 5000)},
            "events": lambda: {"from": self._chance.randrange(1, 500)},
            "challenge": lambda: {"action": pick(["unseal", "decommission"])},
            "unseal": lambda: ANSWER,
            "decommission": lambda: ANSWER,
            "archive_events": lambda: ANSWER,
            "prove": lambda: {"challenge": "ab" * 16},
            "event_head": lambda: {"challenge": "cd" * 16},
            "accept_publication": lambda: proof,
            "check_update": lambda: {"manifest": "{}", "signature": ANSWER["signature"]},
        }

    def send(self) -> None:
        """One request, of which nothing but a reply is expected."""
        method = self._chance.choice(METHODS)[0]
        try:
            self._module.client.call(method, **self._params.get(method, dict)())
        except WattsealError as refusal:
            outcome = refusal.name
        else:
            outcome = ""
        self.answers[method, outcome] = self.answers.get((method, outcome), 0) + 1

    def _time(self) -> dict[str, Any]:
        self._clock += self._chance.choice([0, 30_000, 60_000, -30_000])
        return {
            "unix_ms": self._module.unix_ms + max(0, self._clock),
            "utc_offset_min": self._chance.choice([0, UTC_OFFSET_MIN]),
            "source": "informative",
        }


def run_the_station(module: Module) -> None:
    """What the charge controller does, with no owner at hand."""
    call = module.client.call
    if call("status")["session"]:
        call("end")
    try:
        call("begin")
    except WattsealError as refusal:
        if refusal.name != "journal_full":
            raise
        call("release", through=call("status")["journal"]["newest"])
        call("begin")
    assert call("end")["record"].startswith("OCMF|")


def test_station_still_charges_after_a_stranger(
    own_module: Module, pytestconfig: pytest.Config
) -> None:
    module = own_module
    module.put_right()
    before = module.status()["events"]
    stranger = Stranger(module)
    count = REQUESTS_OF_ALL if pytestconfig.getoption("--all") else REQUESTS
    for _ in range(count):
        stranger.send()
    assert {method for method, _ in stranger.answers} == {row[0] for row in METHODS}
    assert not [key for key in stranger.answers if key[1] == "internal_error"]
    assert stranger.answers["begin", ""] > 10
    run_the_station(module)
    after = module.status()["events"]
    assert after["full"] is False
    assert before["free_bytes"] - after["free_bytes"] < before["free_bytes"] / 20
    module.restart()
    module.put_right()
    run_the_station(module)
