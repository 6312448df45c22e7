"""Turn a board.toml and a release.toml into what the firmware is built with.

Writes OUT_DIR/wattseal_board.h (flash areas), OUT_DIR/frozen/board.py (name, pins and lines) and
OUT_DIR/frozen/release.py (version, rollback number, date, the vendor's public key).
"""

import argparse
import base64
import binascii
import datetime
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from boards.facts import BoardError
from boards.models import Board
from boards.targets import Target, find

MAX_VERSION_LENGTH = 25  # the protocol's limit of the text
MAX_ROLLBACK_NUMBER = 65535

SPKI_BYTES = 91
SPKI_HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""SubjectPublicKeyInfo of a key on secp256r1, uncompressed, up to the coordinates."""


def load_release(path: Path) -> dict[str, Any]:
    """Read and check one release.toml; raises BoardError."""
    release = tomllib.loads(path.read_text(encoding="ascii"))
    version, number = release["version"], release["rollback_number"]
    if not re.fullmatch(
        rf"[0-9A-Za-z.-]{{1,{MAX_VERSION_LENGTH}}}", version if type(version) is str else ""
    ):
        raise BoardError(
            f"{path}: version must be 1 to {MAX_VERSION_LENGTH} letters, digits, dots and hyphens"
        )
    if type(number) is not int or not 0 <= number <= MAX_ROLLBACK_NUMBER:
        raise BoardError(f"{path}: rollback_number must be from 0 to {MAX_ROLLBACK_NUMBER}")
    if type(release["date"]) is not datetime.date:
        raise BoardError(f"{path}: date must be a date without a time, as 2026-01-31")
    return release


def load_vendor_key(path: Path) -> bytes:
    """SubjectPublicKeyInfo (91 bytes) of a public key in a PEM file; raises BoardError."""
    pem = re.search(
        r"-----BEGIN PUBLIC KEY-----\s(.+?)-----END PUBLIC KEY-----",
        path.read_text(encoding="ascii"),
        re.DOTALL,
    )
    try:
        spki = base64.b64decode("".join(pem[1].split()), validate=True) if pem else b""
    except binascii.Error:
        spki = b""
    if len(spki) != SPKI_BYTES or not spki.startswith(SPKI_HEADER):
        raise BoardError(
            f"{path}: no public key on secp256r1 in PEM; name the public half of the vendor's key"
        )
    return spki


def c_header(board: Board) -> str:
    """Flash geometry for the storage port, offsets and sizes in bytes."""
    flash = board.flash
    lines = [
        f"// Generated from the board.toml of {board.name}; edit that file instead.",
        "#pragma once",
        f"#define WS_FLASH_SIZE {flash.size_bytes:#x}u",
        f"#define WS_FLASH_SECTOR_SIZE {flash.sector_bytes}u",
        f"#define WS_FLASH_PAGE_SIZE {flash.page_bytes}u",
    ]
    if board.noise is not None:
        lines.append(f"#define WS_NOISE_SAMPLE_PERIOD_US {board.noise.sample_period_us}u")
    for name, area in flash.areas:
        lines.append(f"#define WS_FLASH_{name.upper()}_OFFSET {area.offset:#x}u")
        lines.append(f"#define WS_FLASH_{name.upper()}_SECTORS {area.sectors}u")
    return "\n".join(lines) + "\n"


def board_module(target: Target) -> str:
    """The frozen module `board`: NAME with its variant, and the pins and lines if it has any.

    Pins are in no other file, so that another pin has this module compiled and nothing else.
    """
    board = target.board
    lines = [
        f"# Generated from the board.toml of {board.name}; edit that file instead.",
        f"NAME = {target.image_name!r}",
    ]
    for table, wired in (("link", board.link), ("meter_line", board.meter_line)):
        if wired is not None:
            told = {
                **wired.model_dump(),
                **({"transport": target.transport} if table == "link" else {}),
            }
            lines += [f"{table.upper()}_{key.upper()} = {value!r}" for key, value in told.items()]
    return "\n".join(lines) + "\n"


def release_module(release: dict[str, Any], vendor_key: bytes) -> str:
    """The frozen module `release`: VERSION, ROLLBACK_NUMBER, DATE_UNIX_MS, VENDOR_KEY.

    VENDOR_KEY is b"" if there is none.
    """
    days = (release["date"] - datetime.date(1970, 1, 1)).days
    return (
        "# Generated from release.toml and the vendor's public key; edit that file instead.\n"
        f"VERSION = {release['version']!r}\n"
        f"ROLLBACK_NUMBER = {release['rollback_number']!r}\n"
        f"DATE_UNIX_MS = {days * 86_400_000}\n"
        f"VENDOR_KEY = {vendor_key!r}\n"
    )


def write_if_changed(path: Path, text: str) -> None:
    """Keep the time stamp of an unchanged file, so that make rebuilds nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="ascii") != text:
        path.write_text(text, encoding="ascii")


def main(arguments: list[str]) -> int:
    """Command line; 0 on success, 2 with one line on standard error otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m boards.generate", description=__doc__.splitlines()[0]
    )
    parser.add_argument("target", metavar="TARGET", help="BOARD, BOARD-VARIANT or a folder's path")
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--release", type=Path, metavar="TOML", help="instead of the variant's")
    parser.add_argument("--vendor-key", type=Path, metavar="PEM", help="checks updates")
    options = parser.parse_args(arguments)
    try:
        target = find(options.target, Path.cwd())
        release = load_release(options.release or target.release)
        vendor_key = load_vendor_key(options.vendor_key) if options.vendor_key else b""
    except (BoardError, KeyError, OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        print(f"boards/generate.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    frozen = options.out / "frozen"
    write_if_changed(options.out / "wattseal_board.h", c_header(target.board))
    write_if_changed(frozen / "board.py", board_module(target))
    write_if_changed(frozen / "release.py", release_module(release, vendor_key))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
