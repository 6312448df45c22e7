"""Firmware bundles: what a good one holds, and why others are refused."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from support.device.fake_key_life import BOARD, VENDOR
from support.device.signer import signer
from wattseal.common.errors import ToolError
from wattseal.device import update_bundle as bundles
from wattseal.device.update_bundle import Bundle, ManifestError, describe, read_bundle

IMAGE = bytes(range(256)) * 5
MANIFEST = describe(IMAGE, BOARD, "0.2.0", 3)
SIGNATURE = VENDOR.sign(MANIFEST.signed_bytes)
GOOD = Bundle(MANIFEST, IMAGE, SIGNATURE).to_bytes()
MEMBERS = {"manifest.json": MANIFEST.text, "image.bin": IMAGE, "signature.der": SIGNATURE}


def _zip(members: object, compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def _cause(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "x.wsfw"
    path.write_bytes(data)
    with pytest.raises(ToolError) as caught:
        read_bundle(path)
    assert caught.value.name == "bundle_malformed"
    return str(caught.value)


def _with(**changes: object) -> list[tuple[str, object]]:
    names = {name.replace(".", "_"): name for name in MEMBERS}
    return list({**MEMBERS, **{names[name]: value for name, value in changes.items()}}.items())


def test_a_good_bundle(tmp_path: Path) -> None:
    path = tmp_path / "x.wsfw"
    path.write_bytes(GOOD)
    bundle = read_bundle(path)
    assert (bundle.image, bundle.manifest, bundle.signature) == (IMAGE, MANIFEST, SIGNATURE)
    bundle.check_signature(path, VENDOR.public)
    assert bundle.to_bytes() == GOOD
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == list(MEMBERS)


def test_any_zip_tool_may_have_made_it(tmp_path: Path) -> None:
    (tmp_path / "x.wsfw").write_bytes(_zip(reversed(_with())))
    assert read_bundle(tmp_path / "x.wsfw").image == IMAGE


def test_before_it_is_signed(tmp_path: Path) -> None:
    path = tmp_path / "x.wsfw"
    path.write_bytes(Bundle(MANIFEST, IMAGE).to_bytes())
    with pytest.raises(ToolError, match="is not signed yet"):
        read_bundle(path).check_signature(path, VENDOR.public)


@pytest.mark.parametrize(
    "signature", [b"0", b"\x30" * 70, signer(seed=9).sign(b""), SIGNATURE[:-1]]
)
def test_a_signature_that_is_not_the_vendors(tmp_path: Path, signature: bytes) -> None:
    path = tmp_path / "x.wsfw"
    path.write_bytes(Bundle(MANIFEST, IMAGE, signature).to_bytes())
    with pytest.raises(ToolError) as caught:
        read_bundle(path).check_signature(path, VENDOR.public)
    assert caught.value.name == "bundle_forged"


def test_a_signature_over_another_manifest(tmp_path: Path) -> None:
    path = tmp_path / "x.wsfw"
    lower = describe(IMAGE, BOARD, "0.2.0", 9)
    path.write_bytes(Bundle(lower, IMAGE, SIGNATURE).to_bytes())
    with pytest.raises(ToolError, match="is not signed by the vendor key"):
        read_bundle(path).check_signature(path, VENDOR.public)


@pytest.mark.parametrize(
    "keep", [0, 1, 30, 200, 700, len(GOOD) - 300, len(GOOD) - 22, len(GOOD) - 1]
)
def test_cut_short(tmp_path: Path, keep: int) -> None:
    assert "not a whole ZIP file" in _cause(tmp_path, GOOD[:keep])


def test_every_changed_byte_of_the_image_is_noticed(tmp_path: Path) -> None:
    start = GOOD.index(IMAGE)
    for at in range(start, start + len(IMAGE), 97):
        _cause(tmp_path, GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :])


def test_another_image_under_the_same_manifest(tmp_path: Path) -> None:
    same_size = IMAGE[::-1]
    assert "not the one whose SHA-256" in _cause(tmp_path, _zip(_with(image_bin=same_size)))
    assert "its manifest says 1280" in _cause(tmp_path, _zip(_with(image_bin=IMAGE + b"x")))


@pytest.mark.parametrize(
    "members",
    [
        [],
        _with()[:1],
        _with()[1:],
        [*_with(), ("extra.txt", "x")],
        [*_with(), ("../../etc/passwd", "x")],
        [*_with()[:2], ("Signature.der", SIGNATURE)],
        [("sub/manifest.json", MANIFEST.text), *_with()[1:]],
        [*_with()[:2], ("signature.der/", "")],
    ],
)
def test_other_members_than_the_three(tmp_path: Path, members: list[tuple[str, object]]) -> None:
    assert "does not hold exactly" in _cause(tmp_path, _zip(members))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", list(MEMBERS))
def test_a_member_twice(tmp_path: Path, name: str) -> None:
    assert "does not hold exactly" in _cause(tmp_path, _zip([*_with(), (name, MEMBERS[name])]))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: int
) -> None:
    bomb = _zip(_with(image_bin=bytes(1 << 22)), compression)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    assert "compressed or encrypted" in _cause(tmp_path, bomb)


def test_a_stored_member_that_claims_another_size_than_it_takes(tmp_path: Path) -> None:
    directory = GOOD.rindex(b"PK\x01\x02", 0, GOOD.rindex(b"image.bin"))
    lying = bytearray(GOOD)
    struct.pack_into("<I", lying, directory + 24, 1 << 30)
    assert "image.bin is not 1 to" in _cause(tmp_path, bytes(lying))


def test_an_encrypted_member(tmp_path: Path) -> None:
    directory = GOOD.rindex(b"PK\x01\x02", 0, GOOD.rindex(b"image.bin"))
    locked = bytearray(GOOD)
    locked[directory + 8] |= 1
    assert "compressed or encrypted" in _cause(tmp_path, bytes(locked))


@pytest.mark.parametrize(
    "changes", [{"manifest_json": "x" * 601}, {"signature_der": b"x" * 73}, {"image_bin": b""}]
)
def test_members_that_are_too_long_or_empty(tmp_path: Path, changes: dict[str, object]) -> None:
    assert "bytes long" in _cause(tmp_path, _zip(_with(**changes)))


def test_a_file_that_is_too_large_is_not_even_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "_MAX_BYTES", len(GOOD) - 1)
    assert "larger than" in _cause(tmp_path, GOOD)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "x",
        "\u00e9",
        MANIFEST.text + " ",
        MANIFEST.text.replace('"version":1', '"version":2'),
        MANIFEST.text.replace('"size":1280', '"size":1280.0'),
        MANIFEST.text[:-1] + ',"more":1}',
        MANIFEST.text.replace('"type":"firmware"', '"type":"owner"'),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    assert text != MANIFEST.text
    assert "its manifest cannot be read" in _cause(tmp_path, _zip(_with(manifest_json=text)))


@pytest.mark.parametrize(
    ("board", "firmware", "number", "image"),
    [
        ("", "0.2.0", 1, IMAGE),
        (BOARD, "0.2.0 \u00e4", 1, IMAGE),
        (BOARD, "v" * 26, 1, IMAGE),
        (BOARD, "0.2.0", -1, IMAGE),
        (BOARD, "0.2.0", 65536, IMAGE),
        (BOARD, "0.2.0", 1, b""),
    ],
)
def test_what_no_manifest_can_say(board: str, firmware: str, number: int, image: bytes) -> None:
    with pytest.raises(ManifestError):
        describe(image, board, firmware, number)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be read"):
        read_bundle(tmp_path / "none.wsfw")
