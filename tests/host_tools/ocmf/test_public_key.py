"""Keys on every OCMF curve: what is read, what is refused, and that both back ends agree."""

import base64
import pickle
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from support.device.signer import signer
from wattseal.ocmf.public_key import (
    CURVES,
    MAX_KEY_TEXT_BYTES,
    Curve,
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    curve_named,
    possible_signers,
    read_public_key,
)

EVERY_CURVE = pytest.mark.parametrize("name", [curve.name for curve in CURVES])
OPENSSL_NAMES = {
    "secp192r1": "prime192v1",
    "secp256r1": "prime256v1",
    "brainpool256r1": "brainpoolP256r1",
    "brainpool384r1": "brainpoolP384r1",
}


@EVERY_CURVE
def test_altered_message_or_signature_or_key_fails(name: str) -> None:
    one, other = signer(name, 1), signer(name, 2)
    signature = one.sign(b"message")
    assert one.public.verify(b"message", signature)
    assert not one.public.verify(b"messagf", signature)
    assert not one.public.verify(b"message", one.sign(b"another"))
    assert not other.public.verify(b"message", signature)


@EVERY_CURVE
def test_both_back_ends_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = signer(name)
    signature = one.sign(b"message")
    messages = (b"message", b"messagf")
    usual = [one.public.verify(message, signature) for message in messages]
    monkeypatch.setattr(Curve, "openssl", lambda _self: None)
    assert usual == [one.public.verify(message, signature) for message in messages]


@EVERY_CURVE
@pytest.mark.parametrize("has_openssl", [True, False])
def test_all_of_some_signatures_have_to_be_right(
    name: str, has_openssl: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_openssl:
        monkeypatch.setattr(Curve, "openssl", lambda _self: None)
    one = signer(name)
    signed = [(message, one.sign(message)) for message in (b"begin", b"end")]
    assert one.public.verify_all(signed)
    assert not one.public.verify_all([signed[0], (b"other", signed[1][1])])
    assert not one.public.verify_all([(b"begin", b"no signature"), signed[1]])


@EVERY_CURVE
def test_a_key_in_another_process_is_the_same(name: str) -> None:
    one = signer(name)
    signature = one.sign(b"message")
    assert one.public.verify(b"message", signature)
    there = pickle.loads(pickle.dumps(one.public))  # noqa: S301 - its own
    assert there == one.public
    assert there.curve is one.public.curve
    assert there.verify(b"message", signature)
    assert not there.verify(b"messagf", signature)


@EVERY_CURVE
def test_a_point_beside_the_curve_is_no_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spki = bytearray(signer(name).public.spki)
    spki[-1] ^= 1
    for _back_end in ("OpenSSL", "Python"):
        with pytest.raises(KeyUnreadableError, match="does not lie on the curve"):
            read_public_key(spki.hex())
        monkeypatch.setattr(Curve, "openssl", lambda _self: None)


@EVERY_CURVE
def test_openssl_verifies_what_we_verify(name: str, tmp_path: Path) -> None:
    one = signer(name)
    listed = subprocess.run(
        ["openssl", "ecparam", "-list_curves"], capture_output=True, text=True, check=True
    ).stdout
    if OPENSSL_NAMES.get(name, name) not in listed:
        pytest.skip(f"this OpenSSL does not have {name}")
    (tmp_path / "key.pem").write_text(one.public.pem)
    (tmp_path / "signature").write_bytes(one.sign(b"message"))
    (tmp_path / "message").write_bytes(b"message")
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"]
    result = subprocess.run(
        [*command, "message"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.stdout == "Verified OK\n", result.stderr


@EVERY_CURVE
def test_signer_is_among_the_possible_ones(name: str) -> None:
    one = signer(name)
    assert one.public in possible_signers(one.curve, b"message", one.sign(b"message"))
    assert one.public not in possible_signers(one.curve, b"messagf", one.sign(b"message"))


@EVERY_CURVE
def test_signature_that_nobody_can_have_made_has_no_signers(name: str) -> None:
    curve = signer(name).curve
    found = [possible_signers(curve, b"message", encode_dss_signature(r, 1)) for r in range(1, 40)]
    assert set() in found  # about half of all numbers are the abscissa of no point
    assert any(found)
    assert possible_signers(curve, b"message", b"no DER") == set()


@EVERY_CURVE
def test_every_form_of_a_key_is_the_same_key(name: str) -> None:
    key = signer(name).public
    spaced = " ".join(key.hex[at : at + 4] for at in range(0, len(key.hex), 4))
    for form in (
        key.hex,
        key.hex.lower(),
        f"\n  {spaced}\r\n",
        base64.b64encode(key.spki).decode(),
        base64.encodebytes(key.spki).decode(),
        key.pem,
        key.spki,
        key.pem.encode(),
        key.hex.encode(),
        "\ufeff".encode() + key.hex.encode(),
    ):
        assert read_public_key(form) == key, form


def test_compressed_point_is_the_same_key() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    compressed = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    whole = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    assert read_public_key(header + compressed) == read_public_key(whole)


def test_spki_is_that_of_cryptography() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert read_public_key(der).spki == der
    assert read_public_key(der).pem == pem.decode()


def _foreign(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


GOOD = signer().public.spki


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (b"", "empty"),
        ("0x" + GOOD.hex(), "not SubjectPublicKeyInfo"),
        ("zz", "neither hex nor base64"),
        (b"\xff\xfe\xfd", "neither text nor"),
        (GOOD.hex()[:-2], "not SubjectPublicKeyInfo"),
        (GOOD.hex() + "00", "bytes follow"),
        (GOOD[26:].hex(), "not SubjectPublicKeyInfo"),  # the bare point
        (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "does not lie on the curve"),
        (GOOD[:26] + bytes(65), "in no form"),
        (GOOD[:26] + b"\x06" + GOOD[27:], "in no form"),  # the hybrid form
        (_foreign(ec.generate_private_key(ec.SECP521R1()).public_key()), "not one that OCMF"),
        (_foreign(rsa.generate_private_key(65537, 2048).public_key()), "elliptic"),
        ("30" * MAX_KEY_TEXT_BYTES, "longer than"),
    ],
)
def test_what_is_no_key_is_refused_with_its_cause(source: str | bytes, complaint: str) -> None:
    with pytest.raises(KeyUnreadableError, match=complaint):
        read_public_key(source)


def test_private_key_is_refused_and_not_shown() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(KeyUnreadableError, match="private key, not a public key") as caught:
        read_public_key(pem)
    assert pem.decode().splitlines()[1] not in str(caught.value)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_bytes_do_more_than_be_refused(source: str | bytes) -> None:
    try:
        key = read_public_key(source)
    except KeyUnreadableError:
        return
    assert isinstance(key, PublicKey)


@given(st.data())
def test_no_mutated_key_does_more_than_be_refused(data: st.DataObject) -> None:
    mutated = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    try:
        key = read_public_key(bytes(mutated).hex())
    except KeyUnreadableError:
        return
    assert key.curve.name == "secp256r1"


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x30\x00",
        bytes(64),  # raw r and s
        bytes.fromhex("30060201010201"),  # cut
        bytes.fromhex("300602010102010100"),  # longer than it says
        bytes.fromhex("30070202000102010101"),  # r not minimal
        bytes.fromhex("3006020100020101"),  # r is 0
        bytes.fromhex("30060201ff020101"),  # r is negative
    ],
)
def test_broken_signature_is_not_a_wrong_one(signature: bytes) -> None:
    with pytest.raises(SignatureMalformedError):
        signer().public.verify(b"message", signature)


def test_signature_numbers_beyond_the_curve_are_malformed() -> None:
    with pytest.raises(SignatureMalformedError, match="do not fit the curve secp192r1"):
        signer("secp192r1").public.verify(b"message", signer("secp384r1").sign(b"message"))


def test_curve_names_of_both_spellings() -> None:
    for name in ("brainpool256r1", "brainpoolP256r1"):
        assert curve_named(name) == curve_named("brainpool256r1") is not None
    for name in ("brainpool384r1", "brainpoolP384r1"):
        assert curve_named(name) == curve_named("brainpool384r1") is not None
    assert curve_named("secp521r1") is None
    assert curve_named("") is None
