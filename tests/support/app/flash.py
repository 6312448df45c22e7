"""NOR flash in memory: it keeps the rules of the real one, and its power can be cut at will."""

import random

SECTOR_BYTES = 4096
PAGE_BYTES = 256


class CoreError(Exception):
    """As the signing core's: `args` is `(code, name)`."""


class PowerCutError(BaseException):
    """The power is gone; no handler of the application can see this."""


class FakeFlash:
    """Areas of NOR flash, given as sectors by area number.

    `cut_at` counts the programs and erases from now on: the operation of that index is cut, done
    to the degree that `cut_how` says: "before" (not at all), "torn" (some bits, chosen by the
    seed), "marginal" (every bit that was to change reads as it was or as it was to be, anew at
    each `power_up`, until it is programmed to 0 or its sector erased) or "after" (wholly). After a
    cut every operation raises PowerCutError until `power_up`. `reads` counts the reads.
    """

    def __init__(self, sectors: dict[int, int], seed: int = 0) -> None:
        self.content = {area: bytearray(b"\xff" * SECTOR_BYTES * n) for area, n in sectors.items()}
        self.weak = {area: bytearray(len(content)) for area, content in self.content.items()}
        self.is_marginal = False
        self.noise = random.Random(seed)
        self.operations = 0
        self.reads = 0
        self.cut_at = -1
        self.cut_how = "before"
        self.stuck_pages: set[tuple[int, int]] = set()
        self.dark = False
        self.unreadable = False

    # --- the interface of the signing core ---------------------------------------------------

    def flash_info(self, area: int) -> tuple[int, int, int]:
        return SECTOR_BYTES, PAGE_BYTES, len(self.content[area]) // SECTOR_BYTES

    def flash_read(self, area: int, offset: int, buffer: bytearray | memoryview) -> None:
        self._require_power()
        self.reads += 1
        if self.unreadable:
            raise CoreError(-3, "storage")
        content = self.content[area]
        assert 0 <= offset <= offset + len(buffer) <= len(content), "read outside the area"
        buffer[:] = content[offset : offset + len(buffer)]

    def flash_is_erased(self, area: int, offset: int, length: int) -> bool:
        found = bytearray(length)
        self.flash_read(area, offset, found)
        return found == b"\xff" * length

    def flash_highest(self, area: int, magic: bytes, offset: int, below: int) -> int:
        assert 0 <= below <= 1 << 30
        content = bytearray(len(self.content[area]))
        self.flash_read(area, 0, content)
        starts = [content[place:][:64] for place in range(0, len(content), SECTOR_BYTES)]
        numbers = [
            int.from_bytes(start[offset : offset + 4], "little")
            for start in starts
            if start.startswith(magic)
        ]
        return max((number for number in numbers if number < below), default=-1)

    def flash_program(self, area: int, offset: int, data: bytes) -> None:
        self._require_power()
        old = bytes(self.content[area][offset : offset + len(data)])
        assert len(data) > 0
        assert offset % PAGE_BYTES == len(data) % PAGE_BYTES == 0, "not whole pages"
        assert len(old) == len(data), "program outside the area"
        is_blank, is_cleared = old == b"\xff" * len(data), not any(data)
        assert is_blank or is_cleared or old == data, "page programmed twice without an erase"
        new = bytes(data)
        if (area, offset) in self.stuck_pages:
            new = bytes(new[:40]) + b"\x00" + bytes(new[41:])
        done = self._change(area, offset, old, new, self._torn_program)
        if done and self.is_marginal:
            weak = self.weak[area]
            for index, byte in enumerate(data, offset):
                weak[index] &= byte

    def flash_erase(self, area: int, sector: int) -> None:
        self._require_power()
        offset = sector * SECTOR_BYTES
        old = bytes(self.content[area][offset : offset + SECTOR_BYTES])
        assert len(old) == SECTOR_BYTES, "erase outside the area"
        new = b"\xff" * SECTOR_BYTES
        if self._change(area, offset, old, new, lambda old, _: self._torn_erase(old)):
            self.weak[area][offset : offset + SECTOR_BYTES] = bytes(SECTOR_BYTES)

    # --- for the tests -----------------------------------------------------------------------

    def power_up(self) -> None:
        self.dark = False
        self.cut_at = -1
        self._read_weak_bits()

    def flip_bit(self, area: int, offset: int, bit: int = 0) -> None:
        self.content[area][offset] ^= 1 << bit

    def snapshot(self) -> dict[int, bytes]:
        return {area: bytes(content) for area, content in self.content.items()}

    def restore(self, snapshot: dict[int, bytes]) -> None:
        self.content = {area: bytearray(content) for area, content in snapshot.items()}
        self.weak = {area: bytearray(len(content)) for area, content in snapshot.items()}

    # --- inside ------------------------------------------------------------------------------

    def _require_power(self) -> None:
        if self.dark:
            raise PowerCutError

    def _change(self, area: int, offset: int, old: bytes, new: bytes, torn) -> bool:
        """Do an operation, or as much of it as the cut lets be done; whether it was not cut."""
        cut = self.operations == self.cut_at
        self.operations += 1
        if not cut:
            self.content[area][offset : offset + len(new)] = new
            return True
        self.dark = True
        if self.cut_how == "marginal":
            self.is_marginal = True
            for index, (was, wanted) in enumerate(zip(old, new, strict=True), offset):
                self.weak[area][index] |= was ^ wanted
        new = {"before": old, "marginal": new, "after": new}.get(self.cut_how) or torn(old, new)
        self.content[area][offset : offset + len(new)] = new
        raise PowerCutError

    def _read_weak_bits(self) -> None:
        """Weak cells mostly read all one way or all the other way, sometimes each for itself."""
        if not self.is_marginal:
            return
        for area, weak in self.weak.items():
            ones = self.noise.choice((0x00, 0xFF, None))
            content = self.content[area]
            for index in (index for index, mask in enumerate(weak) if mask):
                read = self.noise.getrandbits(8) if ones is None else ones
                content[index] = content[index] & ~weak[index] | read & weak[index]

    def _torn_program(self, old: bytes, new: bytes) -> bytes:
        """Some of the bits that should fall have fallen: a prefix of the page, or any of them."""
        if self.noise.random() < 0.5:
            edge = self.noise.randrange(len(new) + 1)
            return new[:edge] + self._some_bits(old, new)[edge : edge + 1] + old[edge + 1 :]
        return self._some_bits(old, new)

    def _some_bits(self, old: bytes, new: bytes) -> bytes:
        return bytes(
            was & (wanted | self.noise.getrandbits(8)) for was, wanted in zip(old, new, strict=True)
        )

    def _torn_erase(self, old: bytes) -> bytes:
        """A random mix: an erase first programs every cell, then lifts them one by one."""
        pull = self.noise.choice((0, 1, 2))
        if pull == 0:
            return bytes(byte & self.noise.getrandbits(8) for byte in old)
        if pull == 1:
            return bytes(byte | self.noise.getrandbits(8) for byte in old)
        return bytes(self.noise.getrandbits(8) for _ in old)
