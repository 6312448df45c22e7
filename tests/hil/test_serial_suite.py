"""The rig suite on a serial port: green on one module that nobody resets, whatever it went through.

The module is the rig's own, whose port stands for that of a board; the suite gets nothing else of
it, neither its meter nor its power.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.owner import Owner
from hil.rig import Rig
from hil.suite import module as suite_module
from hil.suite.module import UNDER_TEST, Module, NotReadyError
from hil.targets.open import open_rig

ROOT = Path(__file__).resolve().parents[2]
LINE = {"baud": 9600, "parity": "none", "stop_bits": 1}
FEWEST_TESTS = 30
ENOUGH_FOR_TWO_SECTORS = 40
"""Events; and a fifth as many sessions."""

pytestmark = pytest.mark.image("unix")


ON_THE_CHIP = (pytest.mark.image("rp2040"), pytest.mark.timeout(3600))


@pytest.fixture(params=["unix", pytest.param("rp2040", marks=ON_THE_CHIP)])
def rig(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Rig]:
    """A fresh module, its time that of the wall clock, as a board's is."""
    if request.param == "rp2040" and not pytestconfig.getoption("--all"):
        pytest.skip("on the emulated chip only with --all")
    with open_rig(request.param, UNDER_TEST) as opened:
        yield opened


def run_suite(port: str) -> "subprocess.CompletedProcess[str]":
    words = ["-m", "pytest", "hil", "-q", "-n0", "-p", "no:cacheprovider", "-rfs", "--tb=short"]
    return subprocess.run(
        [sys.executable, *words, "--target", f"serial:{port}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def check_green(port: str) -> None:
    done = run_suite(port)
    said = [line for line in done.stdout.splitlines() if not line.startswith("SKIPPED")]
    assert done.returncode == 0, "\n".join(said) + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= FEWEST_TESTS
    reasons = re.findall(r"^SKIPPED .*?: (serial:.* has no .*)$", done.stdout, re.MULTILINE)
    assert reasons
    assert [reason for reason in reasons if "; a bench would need " not in reason] == []


def leave_fresh(_module: Module, _patch: pytest.MonkeyPatch) -> None:
    """As it came out of the box."""


def leave_in_a_session(module: Module, _patch: pytest.MonkeyPatch) -> None:
    """In a session, with another station's settings, among them such as stay for ever."""
    others = {"line": LINE, "meter_unit": 1, "format_version": "1.4", "controller_firmware": "9"}
    module.commission(gateway_serial="RIG-7", charge_point_id="DE*WSL*E00007", **others)
    module.set_time()
    module.begin()


def leave_with_logs_cut_off(module: Module, patch: pytest.MonkeyPatch) -> None:
    """With records released and events archived, as after many runs, and its seal open."""
    for number in range(ENOUGH_FOR_TWO_SECTORS):
        module.configure(gateway_serial=f"RIG-{number}")
    module.commission()
    module.set_time()
    for _ in range(ENOUGH_FOR_TWO_SECTORS // 5):
        module.begin()
        module.end()
    patch.setattr(suite_module, "ROOM_BYTES", 1 << 30)
    module.make_ready()
    status = module.status()
    assert status["journal"]["oldest"] > 1
    assert status["events"]["oldest"] > 1
    module.unseal()


STATES: list[Callable[[Module, pytest.MonkeyPatch], None]] = [
    leave_fresh,
    leave_in_a_session,
    leave_with_logs_cut_off,
]


@pytest.mark.parametrize("leave", STATES, ids=lambda leave: leave.__name__)
def test_the_suite_is_green_and_again_on_what_it_left(
    rig: Rig,
    leave: Callable[[Module, pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    module = Module(rig)
    leave(module, monkeypatch)
    module.client.close()
    for _ in range(3 if pytestconfig.getoption("--all") else 1):
        check_green(rig.port)


def test_a_board_of_somebody_else_is_refused_in_one_line() -> None:
    with open_rig("unix", UNDER_TEST) as rig:
        module = Module(rig)
        module.commission(**Owner("somebody else").settings)
        with pytest.raises(NotReadyError, match="its owner is not the rig's"):
            module.make_ready()
        before = module.events()
        module.client.close()
        done = run_suite(rig.port)
        assert done.returncode == 2
        (said,) = [line for line in done.stdout.splitlines() if "cannot be tested" in line]
        assert "let its owner open the seal" in said
        module.reconnect()
        assert module.events() == before
