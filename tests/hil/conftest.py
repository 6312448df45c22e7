"""What the rig's own tests share."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hil.timeline import EmulatedTimeline


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
