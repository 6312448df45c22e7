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

    def __str__(self) -> str:
        return f"{self.kind} #{self.index} of {self.size} bytes at {self.offset:#x}"


@dataclass(frozen=True, slots=True)
class FlashState:
    """Flash as a power cut in an operation leaves it; `acknowledged` operations came before."""

    operation: FlashOperation
    moment: Moment
    image: bytes

    def __str__(self) -> str:
        return f"{self.moment.value} {self.operation}"


def apply(image: bytearray | memoryview, operation: FlashOperation, moment: Moment) -> None:
    """Do to the image what the operation does until that moment."""
    if moment is Moment.BEFORE:
        return
    start, end = operation.offset, operation.offset + operation.size
    old = bytes(image[start:end])
    # NOR flash: programming only clears bits, erasing sets them all.
    new = (
        bytes(was & wanted for was, wanted in zip(old, operation.data, strict=True))
        if operation.kind == "program"
        else b"\xff" * operation.size
    )
    if moment is Moment.HALF:
        new = new[: operation.size // 2] + old[operation.size // 2 :]
    elif moment is Moment.WEAK:
        new = bytes(
            a ^ ((a ^ b) & mask) for a, b, mask in zip(old, new, _mask(operation), strict=True)
        )
    image[start:end] = new


def _mask(operation: FlashOperation) -> bytes:
    """Bits that have changed in time: arbitrary, but the same in every run."""
    seed = f"{operation.kind} {operation.index} {operation.offset}".encode()
    return hashlib.shake_128(seed).digest(operation.size)


def states(
    first: bytes,
    operations: Sequence[FlashOperation],
    moments: Sequence[Moment] = (Moment.BEFORE, Moment.HALF, Moment.WEAK, Moment.AFTER),
) -> Iterator[FlashState]:
    """Every distinct state that a power cut could have left, in the order of the operations."""
    seen = set()
    image = bytearray(first)
    for operation in operations:
        for moment in moments:
            cut = bytearray(image)
            apply(cut, operation, moment)
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
