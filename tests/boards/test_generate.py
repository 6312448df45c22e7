"""boards/generate.py: what it makes of the boards here, and which boards it refuses."""

import datetime
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "firmware/release.toml"
BOARDS = sorted(path.parent.name for path in ROOT.glob("boards/*/board.toml"))


def generate(
    target: str | Path, out: Path, *options: str | Path, release: Path = RELEASE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "boards.generate", target, out, "--release", release, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("board", BOARDS)
def test_areas_of_the_header_do_not_overlap(board: str, tmp_path: Path) -> None:
    assert generate(board, tmp_path).returncode == 0
    header = (tmp_path / "wattseal_board.h").read_text()
    numbers = {
        name: int(value, 0)
        for name, value in re.findall(r"#define WS_FLASH_(\w+) (0x[0-9a-f]+|\d+)u", header)
    }
    end = 0
    for area in ("KEYS", "SETTINGS", "STATEMENTS", "EVENTS", "JOURNAL"):
        assert numbers[f"{area}_OFFSET"] >= end
        end = numbers[f"{area}_OFFSET"] + numbers[f"{area}_SECTORS"] * numbers["SECTOR_SIZE"]
    assert end <= numbers["SIZE"]


def frozen(out: Path, module: str) -> dict[str, object]:
    """The names of a generated module."""
    scope: dict[str, object] = {}
    exec((out / "frozen" / f"{module}.py").read_text(), scope)  # noqa: S102  # what we just made
    return scope


def test_pins_of_the_rp2040_board_are_in_the_module(tmp_path: Path) -> None:
    generate("rp2040", tmp_path)
    scope = frozen(tmp_path, "board")
    assert scope["NAME"] == "rp2040"
    assert scope["LINK_UART"] != scope["METER_LINE_UART"]
    assert scope["METER_LINE_ECHO"] is False


def test_unchanged_board_keeps_the_time_stamp(tmp_path: Path) -> None:
    made = ("wattseal_board.h", "frozen/board.py", "frozen/release.py")
    generate("rp2040", tmp_path)
    before = [(tmp_path / name).stat().st_mtime_ns for name in made]
    generate("rp2040", tmp_path)
    assert [(tmp_path / name).stat().st_mtime_ns for name in made] == before


@pytest.mark.parametrize(
    ("target", "name"),
    [("rp2040-usb", "rp2040-usb"), ("rp2040-lab", "rp2040-lab"), ("rp2040-next", "rp2040")],
)
def test_the_name_tells_the_variant_but_not_the_release(
    target: str, name: str, tmp_path: Path
) -> None:
    generate(target, tmp_path)
    assert frozen(tmp_path, "board")["NAME"] == name


def pem_of(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_the_release_is_a_module(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = tmp_path / "key.pem"
    pem.write_bytes(pem_of(key))
    generate("rp2040", tmp_path, "--vendor-key", pem)
    release = frozen(tmp_path, "release")
    told = tomllib.loads(RELEASE.read_text())
    day = datetime.datetime.combine(told["date"], datetime.time(), datetime.UTC)
    assert release["VERSION"] == told["version"]
    assert release["ROLLBACK_NUMBER"] == told["rollback_number"]
    assert release["DATE_UNIX_MS"] == day.timestamp() * 1000
    assert release["VENDOR_KEY"] == key.public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def test_without_a_vendor_key_there_is_none(tmp_path: Path) -> None:
    generate("rp2040", tmp_path)
    assert frozen(tmp_path, "release")["VENDOR_KEY"] == b""


BAD_KEYS = {
    "no pem": b"hello",
    "another curve": pem_of(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "another kind": pem_of(Ed25519PrivateKey.generate().public_key()),
    "no base64": b"-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----\n",
    "a private key": ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_bad_vendor_key_is_refused(name: str, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(BAD_KEYS[name])
    refused(generate("rp2040", tmp_path / "out", "--vendor-key", pem), "no public key on secp256r1")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('version = ""\nrollback_number = 1', "version must be"),
        ('version = "1|2"\nrollback_number = 1', "version must be"),
        ('version = "1+2"\nrollback_number = 1', "version must be"),
        (f'version = "{"1" * 26}"\nrollback_number = 1', "version must be"),
        ('version = "1"\nrollback_number = -1', "rollback_number must be"),
        ('version = "1"\nrollback_number = 65536', "rollback_number must be"),
        ('version = "1"\nrollback_number = true', "rollback_number must be"),
        ('version = "1"', "rollback_number"),
        ('version = "1"\nrollback_number = 1', "date"),
        ('version = "1"\nrollback_number = 1\ndate = "2026-01-31"', "date must be"),
        ('version = "1"\nrollback_number = 1\ndate = 2026-01-31T00:00:00', "date must be"),
        ("version = 1\nrollback_number = 1", "version must be"),
    ],
)
def test_a_bad_release_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    bad = tmp_path / "release.toml"
    bad.write_text(text)
    refused(generate("rp2040", tmp_path / "out", release=bad), reason)
    assert not (tmp_path / "out").exists()


def refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    """Refused with one line that says why."""
    assert done.returncode == 2
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_bad_board_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "rp2040_copy"
    folder.mkdir()
    good = (ROOT / "boards/rp2040/board.toml").read_text()
    (folder / "board.toml").write_text(good)
    refused(generate(folder, tmp_path / "out"), "board.toml:3: name is 'rp2040'")
    assert not (tmp_path / "out").exists()


def test_missing_board_is_one_line(tmp_path: Path) -> None:
    refused(generate(tmp_path / "none", tmp_path), "there is no board.toml in")
