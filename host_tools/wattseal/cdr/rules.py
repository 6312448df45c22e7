"""What one side asks of a CDR: the tolerances, and what it can know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["cpo", "msp"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Tolerances and knowledge.

    side: a CPO sees all sessions of its modules, so a number left out is a gap; an MSP sees those
        of its own customers only, and gaps are nothing to it.
    energy_decimals: decimals of a kWh that the billed energy is rounded to.
    time_tolerance_s: how far the CDR's begin and end may be from the signed ones.
    key_tolerance_s: how far a module's clock may be from the registry's, where a key begins or
        ends to be valid.
    """

    side: Side = "cpo"
    energy_decimals: int = 3
    time_tolerance_s: int = 60
    key_tolerance_s: int = 300
