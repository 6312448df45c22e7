"""The computer's time and what is claimed of it."""

import ctypes
import sys
import time

import pytest
from wattseal.common import times


def test_time_is_now_with_the_local_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        before = time.time_ns() // 1_000_000
        now = times.computer_time()
        assert before <= now.unix_ms <= time.time_ns() // 1_000_000
        assert now.utc_offset_min == 345
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("state", "claim"), [(0, True), (1, True), (5, False), (-1, False)])
def test_synchronised_only_if_the_kernel_says_so(
    monkeypatch: pytest.MonkeyPatch, state: int, claim: bool
) -> None:
    class Kernel:
        def __init__(self, _name: None) -> None:
            self.adjtimex = lambda _timex: state

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", Kernel)
    assert times.is_synchronised() is claim


def test_system_that_cannot_tell_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert times.is_synchronised() is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
def test_the_real_kernel_can_be_asked() -> None:
    assert times.is_synchronised() in (True, False)
