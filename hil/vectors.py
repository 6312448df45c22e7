"""Run a Wycheproof ECDSA P-256 verification file through the core as built for a target.

Usage: python -m hil.vectors FILE [--target unix|rp2040]
Prints one line for each test, "TCID accepted" or "TCID rejected"; it does not judge. Exit status
0 when every test was run, 2 when the file cannot be read or is of another curve.

Schemas of the C2SP Wycheproof project: ecdsa_verify_schema.json (DER signatures) and
ecdsa_p1363_verify_schema.json (r and s side by side), in their present and older forms.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hil.images import build_on_demand
from hil.lab import Lab, open_lab

SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
P256_NAMES = ("secp256r1", "p-256", "p256", "prime256v1")
COORDINATE_BYTES = 32
DIGEST_BYTES_OF_SHAKE = {"shake128": 32, "shake256": 64}


class VectorFileError(Exception):
    """A file that is no ECDSA P-256 verification file; the message names the entry."""


class Test(NamedTuple):
    """One verification: what the core is asked, ready to send; None if it need not be asked."""

    tc_id: int
    public_key: bytes
    digest: bytes
    signature: bytes | None


def digest_of(name: str, message: bytes) -> bytes:
    """Hash a message with a Wycheproof hash name such as SHA-256, SHA-512/224 or SHAKE128."""
    python_name = name.lower().replace("/", "_")
    python_name = python_name.replace("-", "_" if python_name.startswith("sha3") else "")
    try:
        shake_bytes = DIGEST_BYTES_OF_SHAKE.get(python_name)
        if shake_bytes:
            return hashlib.new(python_name, message).digest(shake_bytes)  # type: ignore[call-arg]
        return hashlib.new(python_name, message).digest()
    except ValueError:
        raise VectorFileError(f"unknown hash '{name}'") from None


def public_key_of(group: dict[str, Any]) -> bytes:
    """SubjectPublicKeyInfo of a test group's key."""
    key = group.get("publicKey") or group.get("key") or {}
    if str(key.get("curve", "")).lower() not in P256_NAMES:
        raise VectorFileError(f"curve '{key.get('curve')}' is not P-256 (secp256r1)")
    if "uncompressed" in key:
        return SPKI_PREFIX + bytes.fromhex(key["uncompressed"])
    return bytes.fromhex(group.get("publicKeyDer") or group.get("keyDer") or "")


def der_integer(raw: bytes) -> bytes:
    """Minimal DER INTEGER of an unsigned big-endian number."""
    number = int.from_bytes(raw, "big")
    body = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes((0x02, len(body))) + body


def der_from_p1363(signature: bytes) -> bytes | None:
    """DER of r || s; None for a length that no P-256 signature has."""
    if len(signature) != 2 * COORDINATE_BYTES:
        return None
    body = der_integer(signature[:COORDINATE_BYTES]) + der_integer(signature[COORDINATE_BYTES:])
    return bytes((0x30, len(body))) + body


def tests_of(document: dict[str, Any]) -> Iterator[Test]:
    """Every test of a parsed file; raises VectorFileError, KeyError, ValueError."""
    for group in document["testGroups"]:
        key = public_key_of(group)
        p1363 = "P1363" in str(group.get("type", "")) + str(document.get("schema", ""))
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            yield Test(
                int(test["tcId"]),
                key,
                digest_of(group["sha"], bytes.fromhex(test["msg"])),
                der_from_p1363(signature) if p1363 else signature,
            )


def run(tests: list[Test], lab: Lab) -> Iterator[tuple[int, bool]]:
    """Ask the core about each test; (tcId, accepted)."""
    lab.execute("import _wattseal")
    for test in tests:
        accepted = False
        if test.signature is not None:
            answer = lab.execute(
                f"print(_wattseal.verify_digest({test.public_key!r},"
                f"{test.digest!r},{test.signature!r}))"
            )
            accepted = {"True": True, "False": False}[answer.strip()]
        yield test.tc_id, accepted


def main(arguments: list[str] | None = None) -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(prog="./dev vectors", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="a Wycheproof JSON file")
    parser.add_argument("--target", choices=("unix", "rp2040"), default="unix")
    options = parser.parse_args(arguments)
    try:
        tests = list(tests_of(json.loads(options.file.read_bytes())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, VectorFileError) as error:
        reason = f"no entry {error}" if isinstance(error, KeyError) else str(error)
        print(f"vectors: {options.file}: {reason}", file=sys.stderr)
        return 2
    build_on_demand()
    with open_lab(options.target) as lab:
        for tc_id, accepted in run(tests, lab):
            print(tc_id, "accepted" if accepted else "rejected", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
