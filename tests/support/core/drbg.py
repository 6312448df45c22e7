"""HMAC-DRBG with SHA-256, from SP 800-90A, section 10.1.2."""

import hmac


class Reference:
    """Seeded from the material; `key` and `value` are its state."""

    def __init__(self, material: bytes) -> None:
        self.key, self.value = bytes(32), b"\x01" * 32
        self._update(material)

    def _mac(self, data: bytes) -> bytes:
        return hmac.digest(self.key, data, "sha256")

    def _update(self, material: bytes) -> None:
        for separator in (b"\x00", b"\x01")[: 2 if material else 1]:
            self.key = self._mac(self.value + separator + material)
            self.value = self._mac(self.value)

    def generate(self, size: int) -> bytes:
        out = b""
        while len(out) < size:
            self.value = self._mac(self.value)
            out += self.value
        self._update(b"")
        return out[:size]
