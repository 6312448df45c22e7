"""The short way past sessions about which there is nothing to say, against the walk of all."""

from __future__ import annotations

import random

import pytest
from seen_day import CPO, MSP
from wattseal.cdr.rules import Rules
from wattseal.cdr.seen import walk as walk_module
from wattseal.cdr.seen.walk import Seen, Told, walk

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


@pytest.mark.parametrize("rules", [CPO, MSP])
def test_the_short_way_leaves_nothing_out(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(11)
    days = [
        [seen for key in range(dice.randrange(1, 4)) for seen in _key(dice, bytes([key]))]
        for _day in range(4000)
    ]
    short = [list(walk(map(tuple, day), rules)) for day in days]
    monkeypatch.setattr(walk_module, "_just_follows", lambda *_: False)
    monkeypatch.setattr(walk_module._Behind, "is_only", lambda *_: False)
    whole: list[list[Told]] = [list(walk(day, rules)) for day in days]
    assert short == whole
    codes = {told.code for each in whole for told in each}
    gaps = {"counter_gap"} if rules is CPO else set()
    assert codes == gaps | {
        *("pagination_reused", "sessions_interleaved"),
        *("energy_went_back", "time_went_back"),
    }
