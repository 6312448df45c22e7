"""Turn a board.toml and a release.toml into what the firmware is built with.

Writes OUT_DIR/wattseal_board.h (flash areas, USB), OUT_DIR/frozen/board.py (name, pins and lines)
and OUT_DIR/frozen/release.py (version, rollback number, date, the vendor's public key).
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

AREAS = ("keys", "settings", "statements", "events", "journal")


USB_TEXT = re.compile(r"[ !#-\[\]-~]{1,40}")
"""A string descriptor: printable ASCII without quotes and backslashes; MicroPython takes 40."""

MAX_VERSION_LENGTH = 25  # the protocol's limit of the text
MAX_ROLLBACK_NUMBER = 65535

SPKI_BYTES = 91
SPKI_HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""SubjectPublicKeyInfo of a key on secp256r1, uncompressed, up to the coordinates."""


class BoardError(Exception):
    """An input that cannot be built from; the message names the entry and the remedy."""


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


def load(path: Path) -> dict[str, Any]:
    """Read and check one board.toml; raises BoardError."""
    board = tomllib.loads(path.read_text(encoding="ascii"))
    flash = board["flash"]
    sector, size = flash["sector_bytes"], flash["size_bytes"]
    if tuple(flash["areas"]) != AREAS:
        raise BoardError(f"{path}: flash.areas must be {', '.join(AREAS)}, in this order")
    free_from = flash["image_limit_bytes"]
    for name, area in flash["areas"].items():
        if area["offset"] % sector or area["offset"] < free_from or area["sectors"] < 2:
            raise BoardError(
                f"{path}: flash area '{name}' overlaps what lies before it, is not aligned to "
                f"{sector} bytes or has fewer than 2 sectors; move it to {free_from:#x} or later"
            )
        free_from = area["offset"] + area["sectors"] * sector
    if free_from > size:
        raise BoardError(f"{path}: the areas end at {free_from:#x}, past the flash ({size:#x})")
    if "usb" in board:
        check_usb(path, board["usb"])
    return board


def check_usb(path: Path, usb: dict[str, Any]) -> None:
    """BoardError unless this is what a module can call itself on USB."""
    for name in ("vid", "pid"):
        if type(usb[name]) is not int or not 0 < usb[name] <= 0xFFFF:
            raise BoardError(f"{path}: usb.{name} must be a number from 1 to 0xffff")
    for name in ("manufacturer", "product"):
        if type(usb[name]) is not str or not USB_TEXT.fullmatch(usb[name]):
            raise BoardError(
                f"{path}: usb.{name} must be 1 to 40 printable ASCII characters without quotes "
                "and backslashes"
            )


def c_header(board: dict[str, Any]) -> str:
    """Flash geometry for the storage port, offsets and sizes in bytes; what USB is told."""
    flash = board["flash"]
    lines = [
        f"// Generated from the board.toml of {board['name']}; edit that file instead.",
        "#pragma once",
        f"#define WS_FLASH_SIZE {flash['size_bytes']:#x}u",
        f"#define WS_FLASH_SECTOR_SIZE {flash['sector_bytes']}u",
        f"#define WS_FLASH_PAGE_SIZE {flash['page_bytes']}u",
    ]
    if "noise" in board:
        lines.append(f"#define WS_NOISE_SAMPLE_PERIOD_US {board['noise']['sample_period_us']}u")
    if "usb" in board:
        usb = board["usb"]
        lines += [
            f"#define WS_USB_VID {usb['vid']:#06x}",
            f"#define WS_USB_PID {usb['pid']:#06x}",
            f'#define WS_USB_MANUFACTURER "{usb["manufacturer"]}"',
            f'#define WS_USB_PRODUCT "{usb["product"]}"',
        ]
    for name, area in flash["areas"].items():
        lines.append(f"#define WS_FLASH_{name.upper()}_OFFSET {area['offset']:#x}u")
        lines.append(f"#define WS_FLASH_{name.upper()}_SECTORS {area['sectors']}u")
    return "\n".join(lines) + "\n"


def board_module(board: dict[str, Any], variant: str) -> str:
    """The frozen module `board`: NAME with its variant, and the pins and lines if it has any."""
    name = "_".join(filter(None, (board["name"], variant.lower())))
    lines = [
        f"# Generated from the board.toml of {board['name']}; edit that file instead.",
        f"NAME = {name!r}",
    ]
    for table in ("link", "meter_line"):
        for key, value in board.get(table, {}).items():
            lines.append(f"{table.upper()}_{key.upper()} = {value!r}")
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
    parser = argparse.ArgumentParser(prog="boards/generate.py", description=__doc__.splitlines()[0])
    parser.add_argument("board", type=Path, metavar="BOARD_TOML")
    parser.add_argument("release", type=Path, metavar="RELEASE_TOML")
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--variant", default="", help="end of the board's name: uart, lab")
    parser.add_argument("--vendor-key", type=Path, metavar="PEM", help="checks updates")
    options = parser.parse_args(arguments)
    try:
        board = load(options.board)
        release = load_release(options.release)
        vendor_key = load_vendor_key(options.vendor_key) if options.vendor_key else b""
    except (BoardError, KeyError, OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        print(f"boards/generate.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    frozen = options.out / "frozen"
    write_if_changed(options.out / "wattseal_board.h", c_header(board))
    write_if_changed(frozen / "board.py", board_module(board, options.variant))
    write_if_changed(frozen / "release.py", release_module(release, vendor_key))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
