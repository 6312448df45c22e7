"""A NOR flash that behaves, and fails on purpose."""

import random
from collections.abc import Callable
from dataclasses import dataclass

CHIP_ID = bytes.fromhex("e661385283744b2f").ljust(32, b"\0")
"""As a slot has it: zeros after its end."""

Tear = Callable[[bytes, bytes], bytes]


@dataclass(frozen=True)
class Cut:
    """Power fails in a program or erase, counted from 0 over both.

    `tear(before, after)` tells what the cells hold then: `before` and `after` are those the
    operation touches, as they are and as they would be. `alive`: the flash refuses this one
    operation and works again, as a chip does that reports a failure.
    """

    operation: int
    tear: Tear
    alive: bool = False


def untouched(before: bytes, after: bytes) -> bytes:
    """Cut before anything happened."""
    return before


def finished(before: bytes, after: bytes) -> bytes:
    """Cut after everything happened, before the answer."""
    return after


def prefix(share: float) -> Tear:
    """Cut when the first part of the bytes was done."""

    def tear(before: bytes, after: bytes) -> bytes:
        done = int(len(before) * share)
        return after[:done] + before[done:]

    return tear


def some_bits(seed: int, share: float) -> Tear:
    """Cut when a random part of the bits that change had changed."""

    def tear(before: bytes, after: bytes) -> bytes:
        chance = random.Random(seed)
        return bytes(
            old ^ ((old ^ new) & sum(1 << bit for bit in range(8) if chance.random() < share))
            for old, new in zip(before, after, strict=True)
        )

    return tear


def all_but_one_bit(seed: int) -> Tear:
    """Cut when one bit was still to change."""

    def tear(before: bytes, after: bytes) -> bytes:
        chance = random.Random(seed)
        changed = [
            8 * i + bit
            for i, (old, new) in enumerate(zip(before, after, strict=True))
            for bit in range(8)
            if (old ^ new) >> bit & 1
        ]
        torn = bytearray(after)
        if changed:
            last = chance.choice(changed)
            torn[last // 8] ^= 1 << last % 8
        return bytes(torn)

    return tear


TEARS: dict[str, Tear] = {
    "before": untouched,
    "first_byte": prefix(1 / 256),
    "quarter": prefix(0.25),
    "half": prefix(0.55),
    "few_bits": some_bits(1, 0.02),
    "half_the_bits": some_bits(2, 0.5),
    "most_bits": some_bits(3, 0.98),
    "all_but_one_bit": all_but_one_bit(4),
    "after": finished,
}


class NorFlash:
    """Programs clear bits of erased pages; erases set a sector to ones; misuse is an assertion.

    A raised exception would be lost in the C frames between, so misuse is kept in `misuse` and
    `operations` (a list of names) for the test to look at.
    """

    def __init__(
        self,
        sector_size: int = 4096,
        page_size: int = 256,
        sector_count: int = 2,
        chip_id: bytes = CHIP_ID,
    ) -> None:
        self.sector_size = sector_size
        self.page_size = page_size
        self.sector_count = sector_count
        self.chip_id = chip_id
        self.memory = bytearray(b"\xff" * sector_size * sector_count)
        self.operations: list[str] = []
        self.misuse: list[str] = []
        self.cut: Cut | None = None
        self.dead = False
        self.reads_fail = False
        self.refuse_erase = False
        self.stuck_bits: dict[int, int] = {}

    def power_up(self) -> "NorFlash":
        """The same cells under a new supply."""
        flash = NorFlash(self.sector_size, self.page_size, self.sector_count, self.chip_id)
        flash.memory[:] = self.memory
        return flash

    def read(self, offset: int, size: int) -> bytes | None:
        """Bytes of the cells; None when the flash does not answer."""
        if offset + size > len(self.memory):
            self.misuse.append(f"read of {size} bytes at {offset} leaves the area")
            return None
        if self.dead or self.reads_fail:
            return None
        return bytes(self.memory[offset : offset + size])

    def program(self, offset: int, data: bytes) -> bool:
        """Clear bits of erased pages, or all bits of any; whether the flash says it did."""
        area = self.memory[offset : offset + len(data)]
        if offset % self.page_size or len(data) % self.page_size or not data:
            self.misuse.append(f"program of {len(data)} bytes at {offset} is not whole pages")
        if len(area) != len(data):
            self.misuse.append(f"program of {len(data)} bytes at {offset} leaves the area")
        if area.count(0xFF) != len(area) and any(data) and area != data:
            self.misuse.append(f"program at {offset} over pages that are not erased")
        return self._operate("program", offset, data)

    def erase(self, sector: int) -> bool:
        """Set a sector to ones; whether the flash says it did."""
        if sector >= self.sector_count:
            self.misuse.append(f"erase of sector {sector}")
            return False
        if self.refuse_erase:
            self.operations.append("erase")
            return False
        return self._operate("erase", sector * self.sector_size, b"\xff" * self.sector_size)

    def _operate(self, name: str, offset: int, after: bytes) -> bool:
        if self.dead:
            return False
        place = slice(offset, offset + len(after))
        before = bytes(self.memory[place])
        cut = self.cut if self.cut and self.cut.operation == len(self.operations) else None
        self.operations.append(name)
        self.memory[place] = cut.tear(before, after) if cut else after
        for bit_offset, value in self.stuck_bits.items():
            mask = 1 << bit_offset % 8
            cell = self.memory[bit_offset // 8]
            self.memory[bit_offset // 8] = cell | mask if value else cell & ~mask
        if cut and not cut.alive:
            self.dead = True
        return cut is None
