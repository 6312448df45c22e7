"""Reads and verifies OCMF records with nothing of ours: json and the cryptography package."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

SIGNATURE_ALGORITHM = "ECDSA-secp256r1-SHA256"


@dataclass(frozen=True)
class Record:
    """One record, taken apart."""

    text: str
    payload: dict[str, Any]
    reading: dict[str, Any]
    energy_wh: int

    @property
    def pagination(self) -> int:
        """The number of PG, whose letter is T for transactions."""
        text = self.payload["PG"]
        assert text[0] == "T"  # noqa: S101
        return int(text[1:])


def verified(text: str, public_key_hex: str) -> Record:
    """The record; AssertionError if its signature is not this key's over exactly its payload."""
    marker, payload, section = text.split("|")
    signature = json.loads(section)
    key = load_der_public_key(bytes.fromhex(public_key_hex))
    assert marker == "OCMF"  # noqa: S101
    assert signature["SA"] == SIGNATURE_ALGORITHM  # noqa: S101
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101
    try:
        key.verify(bytes.fromhex(signature["SD"]), payload.encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise AssertionError(f"the signature is not of this key and payload: {text}") from None
    fields = json.loads(payload, parse_float=str)
    reading = fields["RD"][-1]
    assert reading["RU"] == "kWh"  # noqa: S101
    return Record(text, fields, reading, _wh(reading["RV"]))


def _wh(kwh: str | int) -> int:
    """Whole Wh of a number in kWh with three decimals; ValueError for any other form."""
    whole, _, decimals = str(kwh).partition(".")
    if len(decimals) != 3:
        raise ValueError(f"{kwh} kWh does not show Wh")
    return int(whole) * 1000 + int(decimals)
