"""The challenge for a technician without network: the same one for a module, at every time.

It keeps a proof of possession for one registry and one module apart from all others, but says
nothing about when the proof was made. The registry therefore wants the proof's own time to be
within days, and later than that of the last proof (docs/registry.md).
"""

from __future__ import annotations

import hashlib

PREFIX = "wattseal.offline-challenge.v1\n"


def offline_challenge(registry_name: str, chip_id: str) -> str:
    """The challenge in hex. chip_id: as `wattseal device status` and the statements tell it."""
    return hashlib.sha256(f"{PREFIX}{registry_name}\n{chip_id}".encode()).hexdigest()
