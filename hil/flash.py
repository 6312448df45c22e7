"""Flash operations as facts: what was done to a NOR flash, and what a cut leaves of it.

Both targets record the same operations: the emulated chip as they happen, the unix program as a
log. From a first image and the operations, the flash can be built as it was at any moment.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Moment(Enum):
    """Where in an operation the power fails."""

    BEFORE = "before"
    HALF = "half"
    """The first half of the bytes is done, the rest untouched."""
    WEAK = "weak"
    """All bytes are touched, but about half of the bits that had to change have not."""
    MARGINAL = "marginal"
    """All bits that had to change are in between, see MarginalCells."""
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class FlashOperation:
    """One page program (`data` holds its bytes) or one erase of `size` bytes to 0xFF."""

    index: int
    kind: str
    offset: int
    size: int
    data: bytes = b""
    at_ns: int = 0

    @property
    def end(self) -> int:
        """The offset after its last byte."""
        return self.offset + self.size

    def __str__(self) -> str:
        return f"{self.kind} #{self.index} of {self.size} bytes at {self.offset:#x}"


class MarginalCells:
    """Bits that an interrupted operation left in between: they read either way, anew at each start.

    So a page whose programming was cut may read as whole, as blank or as neither, and a sector
    whose erase was cut may read as blank and give bits back later, also of what was programmed
    over it. A bit holds again when it is programmed to 0 or its sector is erased, without a cut.
    Arbitrary, but the same in every run: `seed` tells one case from another.
    """

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._starts = 0
        self._masks: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._masks)

    def leave(self, image: bytes | bytearray | memoryview, operation: FlashOperation) -> None:
        """The power fails in an operation on that flash."""
        after = _done(bytes(image[operation.offset : operation.end]), operation)
        for offset, new in enumerate(after, operation.offset):
            if changed := image[offset] ^ new:
                self._masks[offset] = self._masks.get(offset, 0) | changed

    def hold(self, operation: FlashOperation) -> None:
        """An operation is completed."""
        for offset in [each for each in self._masks if operation.offset <= each < operation.end]:
            data = operation.data[offset - operation.offset] if operation.data else 0
            self._keep(offset, self._masks[offset] & data)

    def replace(self, old: bytes, new: bytes) -> None:
        """A programmer has put other bytes into the flash."""
        for offset in list(self._masks):
            if old[offset] != new[offset]:
                self._keep(offset, 0)

    def read(self, image: bytes) -> bytes:
        """The flash as it reads from the next start on: all bits one way, or each for itself."""
        if not self._masks:
            return image
        self._starts += 1
        drawn = hashlib.shake_128(f"{self._seed} {self._starts}".encode()).digest(
            len(self._masks) + 1
        )
        ones = (0x00, 0xFF, None)[drawn[0] % 3]
        found = bytearray(image)
        for (offset, mask), own in zip(self._masks.items(), drawn[1:], strict=True):
            found[offset] = found[offset] & ~mask | (own if ones is None else ones) & mask
        return bytes(found)

    def _keep(self, offset: int, mask: int) -> None:
        if mask:
            self._masks[offset] = mask
        else:
            del self._masks[offset]


@dataclass(frozen=True, slots=True)
class FlashState:
    """Flash as a power cut in an operation leaves it; `marginal` are its bits in between, if any.

    A rig changes those as time goes on: they are for one module.
    """

    operation: FlashOperation
    moment: Moment
    image: bytes
    marginal: MarginalCells | None = None

    def __str__(self) -> str:
        return f"{self.moment.value} {self.operation}"


def apply(image: bytearray | memoryview, operation: FlashOperation, moment: Moment) -> None:
    """Do to the image what the operation does until that moment."""
    if moment is Moment.BEFORE:
        return
    old = bytes(image[operation.offset : operation.end])
    new = _done(old, operation)
    if moment is Moment.HALF:
        new = new[: operation.size // 2] + old[operation.size // 2 :]
    elif moment is Moment.WEAK:
        new = bytes(
            a ^ ((a ^ b) & mask) for a, b, mask in zip(old, new, _mask(operation), strict=True)
        )
    image[operation.offset : operation.end] = new


def _done(old: bytes, operation: FlashOperation) -> bytes:
    """What the bytes are after the operation: programming only clears bits, erasing sets all."""
    if operation.kind == "erase":
        return b"\xff" * operation.size
    return bytes(was & wanted for was, wanted in zip(old, operation.data, strict=True))


def _mask(operation: FlashOperation) -> bytes:
    """Bits that have changed in time: arbitrary, but the same in every run."""
    seed = f"{operation.kind} {operation.index} {operation.offset}".encode()
    return hashlib.shake_128(seed).digest(operation.size)


def states(
    first: bytes,
    operations: Sequence[FlashOperation],
    moments: Sequence[Moment] = tuple(Moment),
) -> Iterator[FlashState]:
    """Every distinct state that a power cut could have left, in the order of the operations."""
    seen = set()
    image = bytearray(first)
    for operation in operations:
        for moment in moments:
            cut = bytearray(image)
            apply(cut, operation, moment)
            if moment is Moment.MARGINAL:
                marginal = MarginalCells(str(operation))
                marginal.leave(image, operation)
                if marginal:
                    yield FlashState(operation, moment, bytes(cut), marginal)
                continue
            digest = hashlib.sha256(cut).digest()
            if digest not in seen:
                seen.add(digest)
                yield FlashState(operation, moment, bytes(cut))
        apply(image, operation, Moment.AFTER)


def read_log(path: Path) -> list[FlashOperation]:
    """The operations that the unix program logged: `program OFFSET HEX`, `erase OFFSET SIZE`.

    A last line that a kill cut short is left out: its operation had not begun.
    """
    text = path.read_text(encoding="ascii") if path.exists() else ""
    operations = []
    for index, line in enumerate(text.split("\n")[:-1]):
        kind, offset, rest = line.split(" ")
        if kind == "program":
            data = bytes.fromhex(rest)
            operations.append(FlashOperation(index, kind, int(offset), len(data), data))
        elif kind == "erase":
            operations.append(FlashOperation(index, kind, int(offset), int(rest)))
        else:
            raise ValueError(f"{path}, line {index + 1}: {kind!r} is no flash operation")
    return operations
