"""What the rig's own tests share."""

from types import SimpleNamespace

import pytest

from hil import timeline as timeline_module
from hil.timeline import NS_PER_S, EmulatedTimeline


class FakeChip:
    """What a peripheral model asks of the chip around it: interrupt lines and clock registers."""

    def __init__(self) -> None:
        self.interrupts: dict[int, bool] = {}
        self.clocks = SimpleNamespace(peri_ctrl=0)

    def set_interrupt(self, irq: int, value: bool) -> None:
        self.interrupts[irq] = value


@pytest.fixture
def fake_chip() -> FakeChip:
    return FakeChip()


@pytest.fixture
def timeline() -> EmulatedTimeline:
    return EmulatedTimeline()


class Wall:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.ns = 1_000 * NS_PER_S

    def monotonic_ns(self) -> int:
        return self.ns


@pytest.fixture
def wall(monkeypatch) -> Wall:
    clock = Wall()
    monkeypatch.setattr(timeline_module, "time", clock)
    return clock
