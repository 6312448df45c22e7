"""`./dev vectors`: Wycheproof files in each form of their schema, and files it must refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hil import vectors

MESSAGE = b"one session"
KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(
    serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
)
SPKI = KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)


def group(sha: str, algorithm: hashes.HashAlgorithm) -> dict[str, Any]:
    good = KEY.sign(MESSAGE, ec.ECDSA(algorithm))
    signatures = [good, good[:-1], good + b"\0", b"", b"\x30\x81" + good[1:]]
    tests = [
        {"tcId": number, "msg": MESSAGE.hex(), "sig": signature.hex()}
        for number, signature in enumerate(signatures, 1)
    ]
    tests.append({"tcId": 6, "msg": b"another".hex(), "sig": good.hex()})
    return {
        "type": "EcdsaVerify",
        "publicKey": {"curve": "secp256r1", "uncompressed": POINT.hex()},
        "sha": sha,
        "tests": tests,
    }


def run(document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(document))
    assert vectors.main([str(file), "--target", "unix"]) == 0
    return capsys.readouterr().out.splitlines()


ONLY_THE_FIRST = ["1 accepted", *(f"{number} rejected" for number in range(2, 7))]


@pytest.mark.parametrize(
    ("sha", "algorithm"),
    [
        ("SHA-224", hashes.SHA224()),
        ("SHA-256", hashes.SHA256()),
        ("SHA-384", hashes.SHA384()),
        ("SHA-512", hashes.SHA512()),
        ("SHA-512/256", hashes.SHA512_256()),
        ("SHA3-256", hashes.SHA3_256()),
    ],
)
def test_der_signatures_over_each_hash(
    sha: str,
    algorithm: hashes.HashAlgorithm,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run({"testGroups": [group(sha, algorithm)]}, tmp_path, capsys) == ONLY_THE_FIRST


def test_older_form_with_the_key_as_der(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = group("SHA-256", hashes.SHA256())
    del old["publicKey"]
    old |= {"key": {"curve": "secp256r1"}, "keyDer": SPKI.hex()}
    assert run({"testGroups": [old]}, tmp_path, capsys) == ONLY_THE_FIRST


def test_p1363_signatures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    r, s = decode_dss_signature(KEY.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
    good = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    p1363 = group("SHA-256", hashes.SHA256()) | {"type": "EcdsaP1363Verify"}
    p1363["tests"] = [
        {"tcId": number, "msg": MESSAGE.hex(), "sig": signature.hex()}
        for number, signature in enumerate([good, good[:-1], b"\0" + good, bytes(64)], 1)
    ]
    lines = run({"testGroups": [p1363]}, tmp_path, capsys)
    assert lines == ["1 accepted", "2 rejected", "3 rejected", "4 rejected"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting"),
        ("{}", "testGroups"),
        ('{"testGroups":[{"publicKey":{"curve":"secp256k1"},"tests":[]}]}', "not P-256"),
        ('{"testGroups":[{"publicKey":{"curve":"secp256r1","uncompressed":"zz"}}]}', "hexadecimal"),
        ("[1]", "indices"),
    ],
)
def test_other_files_are_refused_in_one_line(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    assert vectors.main([str(file)]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
