"""A whole flash area looked through: what is erased, and which sector has the highest number."""

import random

import pytest
from support.core.flash import NorFlash
from support.core.library import Core

MAGIC = b"WSLG"
OFFSET = 8
LIMIT = 1 << 30


def numbered(numbers: list[int | None]) -> NorFlash:
    """A flash whose sectors have these numbers, and no magic where there is None."""
    flash = NorFlash(sector_count=len(numbers))
    for sector, number in enumerate(numbers):
        if number is not None:
            start = sector * flash.sector_size
            flash.memory[start : start + 12] = (
                MAGIC + b"\x01\x4a\x00\x00" + number.to_bytes(4, "little")
            )
    return flash


def test_any_bit_that_is_not_erased_is_seen(core: Core) -> None:
    flash = NorFlash()
    end = len(flash.memory)
    assert core.scan_is_erased(flash, 0, end) == ("ok", True)
    for place in (0, 1, 3, 255, 256, 4095, 4096, end - 1, *random.Random(1).sample(range(end), 50)):
        flash.memory[place] ^= 1 << place % 8
        assert core.scan_is_erased(flash, 0, end) == ("ok", False), place
        assert core.scan_is_erased(flash, place, 1) == ("ok", False)
        assert core.scan_is_erased(flash, 0, place) == ("ok", True)
        assert core.scan_is_erased(flash, place + 1, end - place - 1) == ("ok", True)
        flash.memory[place] = 0xFF
    assert flash.operations == flash.misuse == []


@pytest.mark.parametrize(
    ("offset", "size"), [(0, 8193), (8192, 1), (8193, 0), (0xFFFFFFFF, 1), (1, 0xFFFFFFFFFFFFFFFF)]
)
def test_a_range_beyond_the_area_is_refused(core: Core, offset: int, size: int) -> None:
    flash = NorFlash()
    assert core.scan_is_erased(flash, offset, size) == ("argument", False)
    assert flash.misuse == []


def test_flash_that_does_not_answer_is_neither_erased_nor_without_numbers(core: Core) -> None:
    flash = NorFlash()
    flash.reads_fail = True
    assert core.scan_is_erased(flash, 0, 4096) == ("storage", False)
    assert core.scan_highest(flash, MAGIC, OFFSET, LIMIT)[0] == "storage"


def test_numbers_are_told_from_the_highest_down(core: Core) -> None:
    flash = numbered([4, None, 0, 7, None, 5, LIMIT - 1, LIMIT, 0xFFFFFFFF])
    found, below = [], LIMIT
    while (number := core.scan_highest(flash, MAGIC, OFFSET, below)[1]) >= 0:
        found.append(number)
        below = number
    assert found == [LIMIT - 1, 7, 5, 4, 0]


def test_a_number_counts_only_after_the_whole_magic(core: Core) -> None:
    flash = numbered([3, 9])
    for place in range(4):
        flash.memory[4096 + place] ^= 0x10
        assert core.scan_highest(flash, MAGIC, OFFSET, LIMIT) == ("ok", 3)
        flash.memory[4096 + place] ^= 0x10
    assert core.scan_highest(flash, MAGIC, OFFSET, LIMIT) == ("ok", 9)
    assert core.scan_highest(NorFlash(), MAGIC, OFFSET, LIMIT) == ("ok", -1)


def test_a_pattern_that_is_none_is_refused(core: Core) -> None:
    flash = numbered([3, 9])
    for magic, offset, below in (
        (b"", OFFSET, LIMIT),
        (bytes(65), OFFSET, LIMIT),
        (MAGIC, 61, LIMIT),
        (MAGIC, 0xFFFFFFFF, LIMIT),
        (MAGIC, OFFSET, LIMIT + 1),
    ):
        assert core.scan_highest(flash, magic, offset, below) == ("argument", -1)
    assert core.scan_highest(flash, bytes(64), 60, LIMIT) == ("ok", -1)
    assert flash.misuse == []
