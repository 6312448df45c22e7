"""Reads a firmware file: a UF2 (.uf2), a plain image (.bin) or an update bundle (.wsfw).

What was built into an image stands in it as text (`boards/generate.py`): the board, the version,
the rollback number and the vendor's key. A UF2 fills its last page up with zeros, which the module
does not measure; where the image ends is told by the entry BINARY_END of pico-sdk's binary info.
UF2: https://github.com/microsoft/uf2. Binary info: pico-sdk, pico/binary_info/structure.h.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from wattseal.common.errors import ToolError
from wattseal.common.files import read_bounded
from wattseal.device import update_bundle
from wattseal.device.update_bundle import BLOCK_BYTES, PAYLOAD_BYTES, Bundle
from wattseal.wire.firmware_manifest import MAX_IMAGE_BYTES

MAX_FILE_BYTES = MAX_IMAGE_BYTES // PAYLOAD_BYTES * BLOCK_BYTES

MARK = b"WATTSEAL-IMAGE "
"""Stands before the facts in an image."""

_MAX_FACTS_BYTES = 400
_FACTS: dict[str, tuple[type, ...]] = {
    "board": (str,),
    "firmware": (str,),
    "rollback_number": (int,),
    "vendor_key": (str, type(None)),
}
_VENDOR_KEY = re.compile(r"[0-9a-f]{64}")


class ImageFacts(NamedTuple):
    """What was built into an image; `vendor_key` is the SHA-256 of the key in hex, None if none."""

    board: str
    firmware: str
    rollback_number: int
    vendor_key: str | None


@dataclass(frozen=True)
class FirmwareFile:
    """A file whose parts are whole. `kind`: uf2, bin or bundle.

    `base` and `family` are those of a UF2; None where the file tells none.
    """

    path: Path
    kind: str
    image: bytes
    base: int | None = None
    family: int | None = None
    bundle: Bundle | None = None

    @cached_property
    def sha256(self) -> str:
        """The firmware identity, in hex, of a module that runs the image."""
        return hashlib.sha256(self.image).hexdigest()

    @cached_property
    def facts(self) -> ImageFacts | None:
        """What was built into the image; None if it is no image of Wattseal, or an older one."""
        return find_facts(self.image)


def read_firmware(path: Path) -> FirmwareFile:
    """A firmware file, told apart by its content.

    ToolError `file_unreadable`, `firmware_unusable`, `bundle_malformed`.
    """
    data = read_bounded(path, MAX_FILE_BYTES, "firmware_unusable")
    if data.startswith(b"PK"):
        bundle = update_bundle.read_bundle(path)
        return FirmwareFile(path, "bundle", bundle.image, bundle=bundle)
    try:
        if data.startswith(_MAGIC_BYTES) or path.suffix.lower() == ".uf2":
            base, family, image = read_uf2(data)
            return FirmwareFile(path, "uf2", _without_padding(image, base), base, family)
        return FirmwareFile(path, "bin", _whole(data))
    except ValueError as error:
        raise ToolError("firmware_unusable", path=str(path), cause=str(error)) from None


def find_facts(image: bytes) -> ImageFacts | None:
    """The facts in an image; None if there are none, or if it holds different ones."""
    found = set()
    for start in re.finditer(re.escape(MARK), image):
        text = image[start.end() : start.end() + _MAX_FACTS_BYTES].decode("ascii", "replace")
        try:
            facts, _end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            continue
        if _are_facts(facts):
            found.add(ImageFacts(**facts))
    return found.pop() if len(found) == 1 else None


def _are_facts(facts: Any) -> bool:
    return (
        isinstance(facts, dict)
        and facts.keys() == _FACTS.keys()
        and all(isinstance(facts[name], kind) for name, kind in _FACTS.items())
        and (facts["vendor_key"] is None or bool(_VENDOR_KEY.fullmatch(facts["vendor_key"])))
    )


_HEADER = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_BYTES = struct.pack("<I", _MAGIC[0])
_MAGIC_END = struct.pack("<I", 0x0AB16F30)
_HAS_FAMILY = 0x00002000
_MAX_PAYLOAD_BYTES = 476


class _Block(NamedTuple):
    address: int
    number: int
    total: int
    family: int | None
    data: bytes


def read_uf2(data: bytes) -> tuple[int, int | None, bytes]:
    """Base address, family (None for none) and content of a UF2. Raises ValueError with the cause.

    Its blocks must be all there, for one family, and lie one behind the other.
    """
    blocks = sorted(_blocks(data), key=lambda block: block.address)
    _check_complete(blocks)
    if len(families := {block.family for block in blocks}) > 1:
        named = ", ".join(sorted(family_words(family) for family in families))
        raise ValueError(f"its blocks are for more than one chip ({named})")
    for one, after in itertools.pairwise(blocks):
        if one.address + len(one.data) != after.address:
            raise ValueError(f"its blocks leave a gap or overlap before {after.address:#010x}")
    return blocks[0].address, blocks[0].family, b"".join(block.data for block in blocks)


def family_words(family: int | None) -> str:
    """A UF2 family as people write it."""
    return "no family" if family is None else f"{family:#010x}"


def _blocks(data: bytes) -> Iterator[_Block]:
    if not data.startswith(_MAGIC_BYTES):
        raise ValueError("it is no UF2")
    if len(data) % BLOCK_BYTES:
        raise ValueError(
            f"it was cut short: its {len(data)} bytes are no whole number of UF2 blocks"
        )
    for at in range(0, len(data), BLOCK_BYTES):
        block = data[at : at + BLOCK_BYTES]
        *magic, flags, address, size, number, count, family = _HEADER.unpack_from(block)
        position = at // BLOCK_BYTES
        if tuple(magic) != _MAGIC or not block.endswith(_MAGIC_END):
            raise ValueError(f"block {position} lacks the marks of a UF2 block")
        if not (0 < size <= _MAX_PAYLOAD_BYTES and number < count):
            raise ValueError(f"block {position} is damaged")
        content = block[_HEADER.size : _HEADER.size + size]
        yield _Block(address, number, count, family if flags & _HAS_FAMILY else None, content)


def _check_complete(blocks: list[_Block]) -> None:
    count = max(block.total for block in blocks)
    numbers = {block.number for block in blocks}
    if len(numbers) < count:
        missing = next(number for number in range(count) if number not in numbers)
        raise ValueError(
            f"{count - len(numbers)} of its {count} blocks are missing, first {missing}"
        )
    if len(blocks) != count or any(block.total != count for block in blocks):
        raise ValueError("it holds more than one image")


_INFO_HEADER = struct.Struct("<5I")  # start mark, entries from and to, mapping, end mark
_INFO_START = struct.pack("<I", 0x7188EBF2)
_INFO_END = 0xE71AA390
_INFO_WITHIN_BYTES = 4096
_MAX_INFO_ENTRIES = 1024
_BINARY_END = (5, 0x5052, 0x68F465DE)  # a whole number with id, tag "RP", id BINARY_END
_FLASH_BASE = 0x10000000


def image_bytes(image: bytes) -> int | None:
    """How long an image says that it is, by its binary info; None if it tells nothing."""
    at = image.find(_INFO_START, 0, _INFO_WITHIN_BYTES)
    if at < 0 or at + _INFO_HEADER.size > len(image):
        return None
    _start, first, end, _mapping, end_mark = _INFO_HEADER.unpack_from(image, at)
    if end_mark != _INFO_END or not 0 <= end - first <= 4 * _MAX_INFO_ENTRIES:
        return None
    for place in range(first, end, 4):
        pointer = _word_at(image, place)
        entry = image[pointer - _FLASH_BASE :][:12] if pointer and pointer >= _FLASH_BASE else b""
        if len(entry) == 12 and struct.unpack_from("<HHI", entry) == _BINARY_END:
            return int.from_bytes(entry[8:], "little") - _FLASH_BASE
    return None


def _word_at(image: bytes, address: int) -> int | None:
    at = address - _FLASH_BASE
    return int.from_bytes(image[at : at + 4], "little") if 0 <= at <= len(image) - 4 else None


def _whole(image: bytes) -> bytes:
    """The image, unless it is shorter than it says. Raises ValueError."""
    if not image:
        raise ValueError("it is empty")
    size = image_bytes(image)
    if size is not None and len(image) < size:
        raise ValueError(f"it was cut short: {len(image)} of its image's {size} bytes are there")
    return image


def _without_padding(image: bytes, base: int) -> bytes:
    """The image without the zeros that fill its last page up."""
    size = image_bytes(image) if base == _FLASH_BASE else None
    if size is not None and 0 <= len(image) - size < PAYLOAD_BYTES and not any(image[size:]):
        return image[:size]
    return _whole(image)
