"""Key files: who may read them, what opens them, and that OpenSSL knows the form."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from wattseal.common.errors import ToolError
from wattseal.common.files import MAX_BYTES, read_private, write_private
from wattseal.device.owner import ROUNDS, create_key, is_locked, load_key

PASSWORD = "correct horse battery"  # noqa: S105
FEW_ROUNDS = 1000


def _pem(key: object, encryption: object = None) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )


def _refused(name: str, path: Path, password: str | None = PASSWORD) -> str:
    with pytest.raises(ToolError) as caught:
        load_key(path, password)
    assert caught.value.name == name
    told = f"{caught.value} {caught.value.as_json()}"
    assert PASSWORD not in told
    return told


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "owner.pem"
    create_key(path, PASSWORD, FEW_ROUNDS)
    return path


def test_a_key_that_was_made_can_be_loaded_and_signs(tmp_path: Path) -> None:
    made = create_key(tmp_path / "k.pem", PASSWORD, FEW_ROUNDS)
    loaded = load_key(tmp_path / "k.pem", PASSWORD)
    assert loaded.public == made.public
    assert made.public.verify(b"text", loaded.sign(b"text"))
    assert is_locked(tmp_path / "k.pem")


def test_the_file_is_for_its_owner_alone(key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_neither_file_nor_object_shows_the_key(key_file: Path) -> None:
    loaded = load_key(key_file, PASSWORD)
    number = loaded._private.private_numbers().private_value
    assert number.to_bytes(32, "big") not in key_file.read_bytes()
    assert "private" not in repr(loaded).lower()
    assert str(number) not in repr(loaded)


def test_openssl_reads_the_file_and_finds_many_rounds(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    made = create_key(path, PASSWORD)
    command = ["openssl", "pkey", "-in", path, "-passin", f"pass:{PASSWORD}", "-pubout"]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert shown == made.public.pem
    parsed = subprocess.run(["openssl", "asn1parse", "-in", path], capture_output=True, check=True)
    assert f"INTEGER           :{ROUNDS:06X}".encode() in parsed.stdout


@pytest.mark.parametrize("password", ["", "wrong horse battery", PASSWORD.upper(), None])
def test_wrong_password(key_file: Path, password: str | None) -> None:
    told = _refused("password_wrong", key_file, password)
    assert not password or password not in told


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    _refused("secret_exposed", key_file)


def test_a_short_password_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        create_key(tmp_path / "k.pem", "elevenchars")
    assert caught.value.name == "password_weak"
    assert "elevenchars" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_no_key_is_ever_overwritten(key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(ToolError) as caught:
        create_key(key_file, PASSWORD, FEW_ROUNDS)
    assert caught.value.name == "file_exists"
    assert key_file.read_bytes() == before


@pytest.mark.parametrize("keep", range(0, 300, 23))
def test_a_file_cut_short(key_file: Path, keep: int) -> None:
    key_file.write_bytes(key_file.read_bytes()[:keep])
    with pytest.raises(ToolError) as caught:
        load_key(key_file, PASSWORD)
    assert caught.value.name in ("password_wrong", "secret_unreadable")


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"-----BEGIN PUBLIC KEY-----\n", b"x" * 999])
def test_what_is_no_key(tmp_path: Path, content: bytes) -> None:
    write_private(tmp_path / "k.pem", content)
    assert "no private key" in _refused("secret_unreadable", tmp_path / "k.pem", None)


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]
)
def test_keys_of_other_kinds(tmp_path: Path, key: object) -> None:
    write_private(tmp_path / "k.pem", _pem(key))
    assert "secp256r1" in _refused("secret_unreadable", tmp_path / "k.pem", None)


def test_a_key_without_password_is_told_apart(tmp_path: Path) -> None:
    write_private(tmp_path / "k.pem", _pem(ec.generate_private_key(ec.SECP256R1())))
    assert not is_locked(tmp_path / "k.pem")
    assert load_key(tmp_path / "k.pem", None).public.curve.name == "secp256r1"


def test_a_key_locked_by_other_software(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = _pem(key, serialization.BestAvailableEncryption(PASSWORD.encode()))
    write_private(tmp_path / "k.pem", locked)
    assert load_key(tmp_path / "k.pem", PASSWORD).public


def test_missing_directory_and_endless_files(tmp_path: Path) -> None:
    _refused("secret_unreadable", tmp_path / "none.pem")
    _refused("secret_unreadable", tmp_path)
    write_private(tmp_path / "big", b"x" * (MAX_BYTES + 1))
    with pytest.raises(ToolError, match="larger than"):
        read_private(tmp_path / "big")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="cannot be written"):
        write_private(tmp_path / "file" / "k.pem", b"secret")
