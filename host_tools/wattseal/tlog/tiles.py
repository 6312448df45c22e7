"""How a transparency log is laid out as files: tiles of hashes, and bundles of entries.

C2SP tlog-tiles. A tile holds up to 256 hashes of one level; a hash of level l is the root of a
whole subtree of 256**l leaves. A bundle holds the entries whose hashes are in the tile of level 0
with the same number. Tiles and bundles at the right edge are partial and say their width.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 256
MAX_LEVEL = 5
MAX_ENTRY_BYTES = 0xFFFF

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-5])/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)
_MAX_PATH_CHARACTERS = 64


class TileError(ValueError):
    """The path names no tile, or the bytes are no bundle; the message says why."""


@dataclass(frozen=True)
class Tile:
    """A file of the log; `level` None is the bundle of entries. `width` is 1 to 256."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is, below the log's prefix."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_number_path(self.number)}{partial}"


def read_path(path: str) -> Tile:
    """The tile that a path names, in its one spelling. Raises TileError."""
    found = _PATH.fullmatch(path) if len(path) <= _MAX_PATH_CHARACTERS else None
    if found is None:
        raise TileError("that is no path of a tile")
    level = None if found["level"] == "entries" else int(found["level"])
    number = int(found["number"].replace("/", "").replace("x", ""))
    tile = Tile(level, number, int(found["width"] or WIDTH))
    if tile.path != path or not 1 <= tile.width <= WIDTH:
        raise TileError("that is not how the path of a tile is written")
    return tile


def width_at(level: int, number: int, size: int) -> int:
    """How many hashes a tile has in a log of that size; 0 if there is no such tile yet."""
    hashes: int = size // WIDTH**level
    return max(0, min(WIDTH, hashes - number * WIDTH))


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle: each entry after its length, two bytes, most significant first."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileError(f"an entry is longer than {MAX_ENTRY_BYTES} bytes")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def split_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle. Raises TileError if one is cut short."""
    entries, at = [], 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if at > len(bundle) or start > len(bundle):
            raise TileError("an entry of the bundle is cut short")
        entries.append(bundle[start:at])
    return entries


def _number_path(number: int) -> str:
    """1234067 is `x001/x234/067`."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
