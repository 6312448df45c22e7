"""Years of sessions: the heap stays free, the clock keeps time, a start takes no longer."""

from dataclasses import dataclass
from typing import Any

import pytest

from hil.rig import TIMING
from hil.suite.module import Module
from hil.suite.ocmf import verified
from hil.targets.open import kind_of

pytestmark = [
    pytest.mark.needs("meter", "power"),
    pytest.mark.thorough("rp2040"),
    pytest.mark.timeout(7200),  # the emulated chip takes its time
]

SESSIONS = {"unix": 10_000, "rp2040": 500}
SAMPLE = 100
WARM_UP = 20
"""Sessions after which everything that is made once was made."""
SESSIONS_A_RELEASE = 50
ENERGY_WH = 700
"""Ten thousand of these stay below what a meter with 32-bit floats shows to the watt-hour."""

HEAP_TOLERANCE_BYTES = 1_024
CLOCK_TOLERANCE_MS = 2
START_TOLERANCE_NS = 20_000_000
"""A start reads the newest sector of each log: how much of it is used differs from day to day."""


@dataclass(frozen=True)
class Look:
    """At a module: free heap, and the module's clock minus the rig's, in ms, from least to most."""

    heap_bytes: int
    ahead_ms: tuple[float, float]


def look_at(module: Module) -> Look:
    before_ns = module.rig.now_ns()
    status = module.status()
    after_ns = module.rig.now_ns()
    unix_ms = status["clock"]["unix_ms"]
    ahead_ms = (unix_ms - after_ns / 1e6, unix_ms - before_ns / 1e6)
    return Look(status["heap_free_bytes"], ahead_ms)


def charge(module: Module, sessions: int) -> dict[str, Any]:
    """Charge so many cars; the reply to the last `end`."""
    ended: dict[str, Any] = {}
    for number in range(1, sessions + 1):
        begun = module.begin()
        module.rig.meter.add_wh(ENERGY_WH)
        ended = module.end()
        assert ended["pagination"] == begun["pagination"] + 1
        if number % SESSIONS_A_RELEASE == 0:
            module.client.call("release", through=ended["pagination"])
    return ended


def start_ns(module: Module) -> int:
    """How long the module takes from power-on to its first reply, in the rig's time."""
    begun_ns = module.rig.now_ns()
    module.restart()
    return module.rig.now_ns() - begun_ns


def test_many_sessions_use_up_nothing(
    own_module: Module, target: str, pytestconfig: pytest.Config
) -> None:
    module = own_module
    sessions = SESSIONS[kind_of(target)] if pytestconfig.getoption("--all") else SAMPLE
    charge(module, WARM_UP)
    first_start_ns = start_ns(module)
    module.set_time()
    charge(module, WARM_UP)
    first = look_at(module)

    begun = module.newest_pagination()
    ended = charge(module, sessions)
    last = look_at(module)

    assert module.newest_pagination() == begun + 2 * sessions
    verified(ended["record"], module.client.call("public_key")["public_key"])
    assert last.heap_bytes >= first.heap_bytes - HEAP_TOLERANCE_BYTES
    assert last.ahead_ms[0] <= first.ahead_ms[1] + CLOCK_TOLERANCE_MS
    assert last.ahead_ms[1] >= first.ahead_ms[0] - CLOCK_TOLERANCE_MS
    if TIMING in module.rig.abilities:  # elsewhere a start takes what the computer takes
        assert start_ns(module) <= first_start_ns + START_TOLERANCE_NS
