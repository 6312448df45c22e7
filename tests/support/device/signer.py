"""Key pairs that sign OCMF, on every curve."""

import hashlib
from functools import cache

import ecdsa
import ecdsa.util
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wattseal.ocmf.public_key import CURVES, Curve, PublicKey


class Signer:
    """A private key on an OCMF curve."""

    def __init__(self, curve: Curve, seed: int):
        secret = int.from_bytes(hashlib.sha512(f"{curve.name} {seed}".encode()).digest(), "big")
        self._key = ecdsa.SigningKey.from_secret_exponent(
            secret % (curve.order - 1) + 1, curve.python, hashlib.sha256
        )
        self.curve = curve
        self.public = PublicKey(curve, self._key.verifying_key.to_string("uncompressed"))

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 in DER, deterministic."""
        digest = hashlib.sha256(message).digest()
        return self._key.sign_digest_deterministic(
            digest, hashlib.sha256, ecdsa.util.sigencode_der, allow_truncate=True
        )

    def seal(self, payload: bytes, algorithm: str | None = None) -> bytes:
        """The signature section over a payload."""
        algorithm = algorithm or f"ECDSA-{self.curve.name}-SHA256"
        signature = self.sign(payload).hex().upper()
        return f'{{"SA":"{algorithm}","SE":"hex","SD":"{signature}"}}'.encode()

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        """The private key for `cryptography`; of secp256r1 alone."""
        assert self.curve.name == "secp256r1"
        return ec.derive_private_key(self._key.privkey.secret_multiplier, ec.SECP256R1())

    def pem(self) -> bytes:
        """The private key as PKCS #8 PEM, without a password."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def record(self, payload: str, algorithm: str | None = None) -> str:
        """The whole OCMF string of a payload."""
        return f"OCMF|{payload}|{self.seal(payload.encode(), algorithm).decode()}"


@cache
def signer(name: str = "secp256r1", seed: int = 1) -> Signer:
    """The same key for the same curve and seed."""
    return Signer(next(curve for curve in CURVES if curve.name == name), seed)
