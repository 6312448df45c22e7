"""Reads and compares public keys on the curves of OCMF (1.4.1, tables 22, 23), and verifies.

pyocmf 0.6 and `cryptography` each lack some of these curves (brainpool384r1 and secp192k1), and
`cryptography` has announced that it will drop more. So a key is taken apart here, OpenSSL does the
arithmetic where it has the curve, and the pure-Python `ecdsa` package where it does not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product, starmap
from typing import Any

import ecdsa  # type: ignore[import-untyped]
import ecdsa.der  # type: ignore[import-untyped]
import ecdsa.ellipticcurve  # type: ignore[import-untyped]
import ecdsa.errors  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

MAX_KEY_TEXT_BYTES = 4096

DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
"""OCMF's name (1.4.1, table 22) of how Wattseal signs, and of what a record without `SA` means."""

_EC_PUBLIC_KEY_OID = (1, 2, 840, 10045, 2, 1)
_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())
_NO_SPKI = "it is not SubjectPublicKeyInfo in DER"
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)


class KeyUnreadableError(ValueError):
    """The text or bytes are no public key that OCMF knows; the message says why."""


class SignatureMalformedError(ValueError):
    """The bytes are no ECDSA signature in DER; the message says why."""


def _secp192k1() -> ecdsa.curves.Curve:
    """secp192k1 (SEC 2 version 2.0, section 2.2.1), which neither library brings."""
    field_prime = 2**192 - 2**32 - 2**12 - 2**8 - 2**7 - 2**6 - 2**3 - 1
    curve = ecdsa.ellipticcurve.CurveFp(field_prime, 0, 3, 1)
    generator = ecdsa.ellipticcurve.PointJacobi(
        curve,
        0xDB4FF10EC057E9AE26B07D0280B7F4341DA5D1B1EAE06C7D,
        0x9B2F2F6D9C5628A7844163D015BE86344082AA88D95E2F9D,
        1,
        0xFFFFFFFFFFFFFFFFFFFFFFFE26F2FC170F69466A74DEFD8D,
        generator=True,
    )
    return ecdsa.curves.Curve("SECP192k1", curve, generator, (1, 3, 132, 0, 31))


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve under its name in table 23, with the spelling of RFC 5639 as a synonym.

    There is one object of each, in CURVES, so that they are compared as objects.
    """

    name: str
    python: ecdsa.curves.Curve = field(repr=False)
    openssl_class: str = ""
    synonyms: tuple[str, ...] = ()

    @property
    def oid(self) -> tuple[int, ...]:
        """Object identifier of the named curve."""
        return tuple(self.python.oid)

    @property
    def order(self) -> int:
        """Number of points; r and s of a signature lie between 1 and order - 1."""
        return int(self.python.order)

    @cached_property
    def spki_head(self) -> bytes:
        """What stands before an uncompressed point in SubjectPublicKeyInfo."""
        point = bytes(self.point_bytes)
        return self.spki_of(point).removesuffix(point)

    def spki_of(self, point: bytes) -> bytes:
        """SubjectPublicKeyInfo in DER (RFC 5480) of an encoded point."""
        algorithm = ecdsa.der.encode_sequence(
            ecdsa.der.encode_oid(*_EC_PUBLIC_KEY_OID), ecdsa.der.encode_oid(*self.oid)
        )
        bits = ecdsa.der.encode_bitstring(point, 0)
        return bytes(ecdsa.der.encode_sequence(algorithm, bits))

    @property
    def point_bytes(self) -> int:
        """Length of an uncompressed point."""
        return 1 + 2 * int(self.python.baselen)

    def number_of(self, message: bytes) -> int:
        """What is signed: the leftmost bits of the SHA-256, as many as the order has."""
        digest = hashlib.sha256(message).digest()
        return int.from_bytes(digest) >> max(0, 8 * len(digest) - self.order.bit_length())

    def read_point(self, encoded: bytes) -> Any:
        """The point, proven to lie on the curve. Raises MalformedPointError of `ecdsa`."""
        forms = ("uncompressed", "compressed")
        read = ecdsa.ellipticcurve.PointJacobi.from_bytes
        found = read(self.python.curve, encoded, valid_encodings=forms)
        x, y = found.x(), found.y()
        if max(x, y) >= self.python.curve.p() or not self.python.curve.contains_point(x, y):
            raise ecdsa.errors.MalformedPointError
        return found

    def sum_of(self, u: int, v: int, point: Any) -> Any:
        """u times the generator and v times the point; None if that is the point at infinity."""
        generator = self.python.generator
        found = generator.mul_add(u % self.order, point, v % self.order)
        return None if found == ecdsa.ellipticcurve.INFINITY else found

    def openssl(self) -> ec.EllipticCurve | None:
        """The curve of `cryptography`, None where that package does not name it."""
        curve_class = getattr(ec, self.openssl_class, None) if self.openssl_class else None
        return curve_class() if curve_class else None

    def __reduce__(self) -> tuple[Callable[[str], Curve | None], tuple[str]]:
        """Pickle the curve as its name."""
        return curve_named, (self.name,)


CURVES = (
    Curve("secp192k1", _secp192k1()),
    Curve("secp256k1", ecdsa.SECP256k1, "SECP256K1"),
    Curve("secp192r1", ecdsa.NIST192p, "SECP192R1"),
    Curve("secp256r1", ecdsa.NIST256p, "SECP256R1"),
    Curve("secp384r1", ecdsa.NIST384p, "SECP384R1"),
    Curve("brainpool256r1", ecdsa.BRAINPOOLP256r1, "BrainpoolP256R1", ("brainpoolP256r1",)),
    Curve("brainpool384r1", ecdsa.BRAINPOOLP384r1, "BrainpoolP384R1", ("brainpoolP384r1",)),
)


def curve_named(name: str) -> Curve | None:
    """The curve that a record calls by this name, under either spelling; None if OCMF has none."""
    return next((curve for curve in CURVES if name in (curve.name, *curve.synonyms)), None)


@dataclass(frozen=True)
class PublicKey:
    """A point on one of the OCMF curves; equal keys are equal whatever form they were read from.

    `point` is the uncompressed point (SEC 1, section 2.3.3): 04, X, Y.
    """

    curve: Curve
    point: bytes

    @cached_property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo in DER (RFC 5480), named curve, uncompressed point."""
        return self.curve.spki_head + self.point

    def __reduce__(self) -> tuple[type[PublicKey], tuple[Curve, bytes]]:
        """Pickle the key as its point: OpenSSL's object cannot be pickled."""
        return PublicKey, (self.curve, self.point)

    @property
    def hex(self) -> str:
        """The SPKI in uppercase hex, the form that every OCMF verifier takes."""
        return self.spki.hex().upper()

    @property
    def pem(self) -> str:
        """The SPKI as PEM, for OpenSSL."""
        text = base64.b64encode(self.spki).decode("ascii")
        lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
        return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the SPKI in lowercase hex, to compare two keys by eye."""
        return hashlib.sha256(self.spki).hexdigest()

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the DER signature is this key's ECDSA with SHA-256 over the message.

        Raises SignatureMalformedError when the bytes are no signature on this curve at all.
        """
        if self.openssl is not None:
            try:
                self.openssl.verify(signature, message, _ECDSA_SHA256)
            except InvalidSignature:
                signature_numbers(self.curve, signature)
                return False
            return True
        return self._verify_in_python(message, *signature_numbers(self.curve, signature))

    def verify_all(self, signed: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether each message's DER signature is this key's; also False if one is none at all.

        Faster than `verify` of each: nothing is done beside the arithmetic.
        """
        try:
            if (openssl := self.openssl) is None:
                return all(starmap(self.verify, signed))
            for message, signature in signed:
                openssl.verify(signature, message, _ECDSA_SHA256)
        except (InvalidSignature, SignatureMalformedError):
            return False
        return True

    @cached_property
    def openssl(self) -> ec.EllipticCurvePublicKey | None:
        """The key for OpenSSL; None where `cryptography` or its OpenSSL lacks the curve.

        Raises ValueError where the point is not on the curve.
        """
        curve = self.curve.openssl()
        if curve is None:
            return None
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, self.point)
        except UnsupportedAlgorithm:
            return None

    def _verify_in_python(self, message: bytes, r: int, s: int) -> bool:
        """SEC 1, 4.1.4; no signature belongs to the point at infinity."""
        curve = self.curve
        inverse = pow(s, -1, curve.order)
        point = curve.read_point(self.point)
        found = curve.sum_of(curve.number_of(message) * inverse, r * inverse, point)
        return found is not None and int(found.x()) % curve.order == r


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """When a key signed a meter's readings at a charge point, as a registry lists it.

    `until_ms` is None while it does; times are Unix milliseconds. `was_deactivated`: it ended by a
    deactivation (removed, lost, compromised ...), not by a successor. `gateway_serial` and
    `meter_serial` are those registered with it; `entry` is that of the registry's log.
    """

    key: PublicKey
    from_ms: int
    until_ms: int | None
    was_deactivated: bool
    gateway_serial: str | None
    meter_serial: str
    entry: int

    def covers(self, begin_ms: int, end_ms: int, tolerance_ms: int) -> bool:
        """Whether the key signed from begin to end, by a clock that is right but for so much."""
        return self.from_ms - tolerance_ms <= begin_ms and (
            self.until_ms is None or end_ms <= self.until_ms + tolerance_ms
        )


def signature_numbers(curve: Curve, signature: bytes) -> tuple[int, int]:
    """r and s, each between 1 and the curve's order - 1. Raises SignatureMalformedError."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise SignatureMalformedError("it is not an ECDSA signature in DER") from None
    if not (0 < r < curve.order and 0 < s < curve.order):
        raise SignatureMalformedError(f"its numbers do not fit the curve {curve.name}")
    return r, s


def possible_signers(curve: Curve, message: bytes, signature: bytes) -> set[PublicKey]:
    """The public keys under which a signature over a message would verify (SEC 1, 4.1.6).

    Any signature has some, also a made-up one; only a key that two records share says anything.
    """
    try:
        r, s = signature_numbers(curve, signature)
    except SignatureMalformedError:
        return set()
    inverse = pow(r, -1, curve.order)
    keys = set()
    for head, x in product((b"\2", b"\3"), (r, r + curve.order)):
        with suppress(ecdsa.errors.MalformedPointError, OverflowError):  # the abscissa of no point
            point = curve.read_point(head + x.to_bytes(curve.point_bytes // 2))
            found = curve.sum_of(-curve.number_of(message) * inverse, s * inverse, point)
            if found is not None:
                keys.add(PublicKey(curve, bytes(found.to_bytes("uncompressed"))))
    return keys


def read_public_key(source: str | bytes) -> PublicKey:
    """A public key from SPKI DER, or from its hex, base64 or PEM with any blanks between.

    Raises KeyUnreadableError.
    """
    if len(source) > MAX_KEY_TEXT_BYTES:
        raise KeyUnreadableError(f"it is longer than {MAX_KEY_TEXT_BYTES} bytes")
    if isinstance(source, bytes):
        if source[:1] == b"\x30" and not source.isascii():
            return _read_spki(source)
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise KeyUnreadableError("it is neither text nor SubjectPublicKeyInfo DER") from None
    return _read_spki(_decode_key_text(source))


@lru_cache(maxsize=256)
def recall_public_key(source: str) -> PublicKey:
    """As read_public_key, with a cache for the texts that many statements repeat."""
    return read_public_key(source)


def _decode_key_text(text: str) -> bytes:
    armour = _PEM.search(text)
    if armour:
        if armour[1] != "PUBLIC KEY":
            raise KeyUnreadableError(f"it is a PEM {armour[1].lower()}, not a public key")
        text = armour[2]
    compact = "".join(text.split())
    if not compact:
        raise KeyUnreadableError("it is empty")
    try:
        if re.fullmatch("[0-9A-Fa-f]+", compact):
            return bytes.fromhex(compact)
        return base64.b64decode(compact, validate=True)
    except (ValueError, binascii.Error):
        raise KeyUnreadableError("it is neither hex nor base64 nor PEM") from None


def _read_spki(der: bytes) -> PublicKey:
    """The common form is recognised by its first bytes; other forms are taken apart.

    Only the one form that DER has for a key is one: verifiers disagree about any other.
    """
    for known in CURVES:
        head = known.spki_head
        if len(der) == len(head) + known.point_bytes and der.startswith(head):
            return _checked_key(known, der[len(head) :])
    kind, oid, point = _split_spki(der)
    if kind != _EC_PUBLIC_KEY_OID:
        raise KeyUnreadableError("it is not a key for elliptic curves")
    curve = next((curve for curve in CURVES if curve.oid == oid), None)
    if curve is None:
        dotted = ".".join(str(part) for part in oid)
        raise KeyUnreadableError(f"its curve {dotted} is not one that OCMF knows")
    if der != curve.spki_of(point):
        raise KeyUnreadableError(_NO_SPKI)
    return _checked_key(curve, point)


def _split_spki(der: bytes) -> tuple[tuple[int, ...], tuple[int, ...], bytes]:
    """Kind of key, named curve and encoded point of a SubjectPublicKeyInfo."""
    try:
        outer, rest = ecdsa.der.remove_sequence(der)
        algorithm, bits = ecdsa.der.remove_sequence(outer)
        kind, parameters = ecdsa.der.remove_object(algorithm)
        if tuple(kind) != _EC_PUBLIC_KEY_OID:
            return tuple(kind), (), b""
        oid, more = ecdsa.der.remove_object(parameters)
        point, behind = ecdsa.der.remove_bitstring(bits, 0)
    except (ecdsa.der.UnexpectedDER, ValueError, IndexError):
        raise KeyUnreadableError(_NO_SPKI) from None
    if rest or more or behind:
        raise KeyUnreadableError("bytes follow the end of the key")
    return tuple(kind), tuple(oid), bytes(point)


def _checked_key(curve: Curve, point: bytes) -> PublicKey:
    """The key of an encoded point that is proven to lie on the curve."""
    if point[:1] == b"\x04" and len(point) == curve.point_bytes:
        key = PublicKey(curve, point)
        try:
            if key.openssl is not None:
                return key
        except ValueError:
            raise _not_on(curve) from None
    return PublicKey(curve, _checked_point(curve, point))


def _checked_point(curve: Curve, point: bytes) -> bytes:
    """The uncompressed form of an encoded point that is proven to lie on the curve."""
    if point[:1] not in (b"\x02", b"\x03", b"\x04"):
        raise KeyUnreadableError("its point is in no form that SEC 1 defines")
    try:
        return bytes(curve.read_point(point).to_bytes("uncompressed"))
    except (ecdsa.errors.MalformedPointError, ValueError):
        raise _not_on(curve) from None


def _not_on(curve: Curve) -> KeyUnreadableError:
    return KeyUnreadableError(f"its point does not lie on the curve {curve.name}")
