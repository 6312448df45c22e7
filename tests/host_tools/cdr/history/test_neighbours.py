"""About usual stretches there is nothing to say: held against the walk, which says it all."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from support.cdr.day_of_sessions import CPO, MSP
from wattseal.cdr.history.neighbours import _PLACE, fits, stretches
from wattseal.cdr.history.walk import Seen, walk
from wattseal.cdr.rules import Rules

_WH = ("0", "1", "1.0", "2", "10", "9.99999999999999999999", "100000000000000000000.1")
_REGISTERS = ("1-0:1.8.0", "1-0:1.8.0", "1-0:1.8.1", "1-0:B2.8.0")


def _key(dice: random.Random, key: bytes) -> list[Seen]:
    """Sessions of a key, most as they should be; in the order in which the store gives them."""
    sessions, page, wh, ms = [], dice.randrange(5, 9), 0, 0
    for number in range(dice.randrange(1, 9)):
        odd = dice.random() < 0.3
        first = page + 1 + (dice.choice((-2, -1, 0, 1)) if odd else 0)
        last = first + dice.choice((0, 1, 1, 1, 4))
        begin_wh, end_wh = (dice.choice(_WH) for _ in range(2)) if odd else (f"{wh}", f"{wh + 1}")
        sessions.append(
            Seen(
                key=key,
                context="T",
                first=first,
                last=last,
                content=bytes([first, number if dice.random() < 0.9 else 0]),
                id=number,
                cdr=f"CDR-{number}",
                is_billable=int(dice.random() < 0.8),
                between=None if last < first + 2 else f"{first + 2}",
                meter_serial="M" if dice.random() < 0.9 else "N",
                register_code=dice.choice(_REGISTERS),
                begin_wh=begin_wh,
                end_wh=end_wh,
                begin_ms=ms + (dice.choice((-2, 0)) if odd else 0),
                end_ms=ms + 1,
                time_is_good=int(dice.random() < 0.8),
                is_own=int(dice.random() < 0.6),
                is_told=int(dice.random() < 0.1),
            )
        )
        page, wh, ms = last, wh + 1, ms + 1
    return sorted(sessions, key=lambda seen: (seen.first, seen.last, seen.content, seen.id))


def _places(sessions: list[Seen]) -> list[tuple[object, ...]]:
    return [tuple(getattr(seen, name) for name in _PLACE) for seen in sessions]


def _is_usual(own: list[Seen], others: list[Seen], rules: Rules) -> bool:
    knows_all = rules.side == "cpo"
    [(stretch, follow)] = stretches(_places(own), knows_all)
    return follow and fits(stretch, _places(others), knows_all)


def _around(own: list[Seen], others: list[Seen]) -> list[Seen]:
    """The sessions of others from the one before those of the run to the one after them."""
    low, high = own[0].first, own[-1].first
    before = [(seen.last, -seen.first) for seen in others if seen.first < low]
    start = -max(before)[1] if before else low
    stop = min((seen.first for seen in others if seen.first > high), default=high)
    return [seen for seen in others if start <= seen.first <= stop]


@pytest.mark.parametrize("rules", [CPO, MSP], ids=["cpo", "msp"])
def test_of_what_is_usual_the_walk_says_nothing(rules: Rules) -> None:
    dice = random.Random(11)
    codes: Counter[str] = Counter()
    for _day in range(6000):
        day = _key(dice, b"key")
        own = [seen for seen in day if seen.is_own]
        if not own:
            continue
        others = _around(own, [seen for seen in day if not seen.is_own])
        rows = [seen for seen in day if seen in own or seen in others]
        said = [told.code for told in walk(rows, rules)]
        if _is_usual(own, others, rules):
            assert said == []
            codes["usual"] += 1
        codes.update(said)
    gaps = {"counter_gap"} if rules is CPO else set()
    assert set(codes) == gaps | {
        *("pagination_reused", "sessions_interleaved"),
        *("energy_went_back", "time_went_back", "usual"),
    }
    assert codes["usual"] > 1000
