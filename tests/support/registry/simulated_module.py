"""A signing module's life as a registry sees it: real keys, statements, proofs and records.

No link and no flash: what a module would say is signed here at once. Everything follows from the
module's name, so a test that runs twice registers the same bytes.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wattseal.registry.api_models import DeactivationRequest, RegistrationRequest, TestChargeRequest
from wattseal.registry.records import (
    Meter,
    MeterRef,
    Possession,
    Scenario,
    Signature,
    Statement,
)
from wattseal.wire import statements
from wattseal.wire.ocmf_payload import build_payload, build_record
from wattseal.wire.reading import Reading

START_MS = 1_795_251_600_000  # 2026-11-21 10:00:00 +01:00
DAY_MS = 86_400_000
EVSE_ID = "DE*ABC*E1234*5"
MODEL = "Wattseal WS-1"
METER = Meter(
    manufacturer="EMH",
    model="ED300L",
    serial="1EMH0012345678",
    calibration_mark="DE-M 26 0102",
    calibration_year=2026,
)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def digest(name: str) -> str:
    """SHA-256 of a name in hex: an image's identity, a chain value."""
    return hashlib.sha256(name.encode()).hexdigest()


class SimulatedKey:
    """A P-256 key pair with the given secret number; signs with the nonce of RFC 6979."""

    def __init__(self, secret: int) -> None:
        self._key = ec.derive_private_key(secret, ec.SECP256R1())
        self.spki = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def named(cls, name: str) -> SimulatedKey:
        """The same key for the same name."""
        return cls(int(digest(f"simulated key: {name}"), 16) % (ORDER - 1) + 1)

    @property
    def hex(self) -> str:
        """SubjectPublicKeyInfo as statements and records have it."""
        return self.spki.hex()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo in hex."""
        return hashlib.sha256(self.spki).hexdigest()

    def sign(self, message: bytes) -> str:
        """ECDSA with SHA-256, DER in hex."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        return self._key.sign(message, algorithm).hex()


class SimulatedModule:
    """Born, configured and sealed; `key` overrides its first key."""

    def __init__(
        self,
        name: str = "module 1",
        *,
        evse_id: str = EVSE_ID,
        meter: Meter = METER,
        clock_ms: int | None = START_MS,
        key: SimulatedKey | None = None,
    ) -> None:
        self.name = name
        self.chip_id = digest(f"chip: {name}")[:16]
        self.gateway_serial = f"WS-{digest(name)[:12].upper()}"
        self.evse_id = evse_id
        self.meter = meter
        self.clock_ms = clock_ms
        self.commissioning = 1
        self.settings = "settings"
        self.firmware, self.firmware_identity = "0.1.0", digest("image 0.1.0")
        self.rollback_number = 1
        self.key_number = 1
        self.key = key or SimulatedKey.named(f"{name}, 1")
        self.records = 0
        self.energy_wh = 1_000_000
        self.statements: list[Statement] = []
        self._state_birth()

    @property
    def fingerprint(self) -> str:
        """Of the present key."""
        return self.key.fingerprint

    @property
    def meter_ref(self) -> MeterRef:
        """Of the meter that it is configured for."""
        return MeterRef(manufacturer=self.meter.manufacturer, serial=self.meter.serial)

    # What may happen to it.

    def commission(self, evse_id: str | None = None, meter: Meter | None = None) -> None:
        """The seal is opened and closed over other settings."""
        self.evse_id, self.meter = evse_id or self.evse_id, meter or self.meter
        self.commissioning += 1

    def wait(self, milliseconds: int = 60_000) -> None:
        """Time passes."""
        assert self.clock_ms is not None
        self.clock_ms += milliseconds

    def update(
        self, firmware: str = "0.2.0", *, next_firmware: str | None = None, **changes: Any
    ) -> None:
        """The key is handed over and another image runs. `changes` bend the roll-over.

        next_firmware: another one that was meant, until the owner called it off.
        """
        text = self.hand_over(next_firmware or firmware).statement
        handed_over = {
            "handover": len(self.statements),
            "handover_sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
        self._roll_over(firmware, [], {**handed_over, **changes})

    def flash(self, firmware: str = "0.2.0") -> None:
        """Another image is put in past the module, and finds the old key."""
        nothing = {"handover": None, "handover_sha256": None}
        self._roll_over(firmware, [(self.key_number, self.key)], nothing)

    def hand_over(self, firmware: str = "0.2.0") -> Statement:
        """The owner permits an update."""
        return self._end(
            "handover",
            next_firmware=firmware,
            next_firmware_identity=digest(f"image {firmware}"),
            next_rollback_number=self.rollback_number,
            commissioning=self.commissioning,
        )

    def decommission(self) -> Statement:
        """The key says farewell."""
        return self._end("farewell")

    def _roll_over(
        self, firmware: str, signers: list[tuple[int, SimulatedKey]], more: dict[str, Any]
    ) -> None:
        old, old_identity = self.key, self.firmware_identity
        self.key_number += 1
        self.key = SimulatedKey.named(f"{self.name}, {self.key_number}")
        self.firmware, self.firmware_identity = firmware, digest(f"image {firmware}")
        facts = {
            "old_key_number": self.key_number - 1,
            "old_public_key": old.hex,
            "old_firmware_identity": old_identity,
            **self._image(),
            "rollback_number": self.rollback_number,
            "last_pagination": self.records,
            "after_unix_ms": self.clock_ms,
        }
        self._keep("rollover", {**facts, **more}, [*signers, (self.key_number, self.key)])

    def _end(self, kind: str, **more: Any) -> Statement:
        facts = self._image() | {
            "last_pagination": self.records,
            "unix_ms": self.clock_ms,
            "event_number": 98,
            "event_chain": digest("event"),
        }
        del facts["firmware"]
        return self._keep(kind, facts | more, [(self.key_number, self.key)])

    def restart(self) -> None:
        """After a farewell: the next key is born."""
        self.key_number += 1
        self.key = SimulatedKey.named(f"{self.name}, {self.key_number}")
        self._state_birth()

    # What it answers.

    def prove(self, challenge: str, **changes: Any) -> Possession:
        """The proof of possession; `changes` bend what it says, and are signed too."""
        facts = {
            "challenge": challenge,
            "evse_id": self.evse_id,
            "gateway_serial": self.gateway_serial,
            "meter_serial": self.meter.serial,
            "meter_vendor": self.meter.manufacturer,
            "meter_model": self.meter.model,
            **self._image(),
            "commissioning": self.commissioning,
            "settings_sha256": digest(f"{self.settings} {self.commissioning}"),
            "unix_ms": self.clock_ms,
        }
        text = statements.build_statement("possession", **{**facts, **changes})
        return Possession(statement=text, signature=self.key.sign(statements.signed_bytes(text)))

    def session(self) -> tuple[str, str]:
        """The records of a charging session, begin and end."""
        return self._record("B", 0), self._record("E", 1500)

    # What its technician sends.

    def registration(
        self, challenge: str, scenario: Scenario | str = Scenario.INITIAL, **changes: Any
    ) -> RegistrationRequest:
        """The request that registers it as it is; `changes` replace members."""
        members = {
            "scenario": Scenario(scenario),
            "possession": self.prove(challenge),
            "statements": list(self.statements),
            "module_model": MODEL,
            "meter": self.meter,
        }
        return RegistrationRequest(**{**members, **changes})

    def deactivation(
        self, farewell: Statement | None = None, reason: str = "decommissioned", note: str = ""
    ) -> DeactivationRequest:
        """The request that ends its key at its charge point."""
        return DeactivationRequest.model_validate(
            {"evse_id": self.evse_id, "reason": reason, "farewell": farewell, "note": note}
        )

    def test_charge(self) -> TestChargeRequest:
        """The request that keeps a session charged now."""
        begin, end = self.session()
        return TestChargeRequest(evse_id=self.evse_id, begin=begin, end=end)

    # How it says it.

    def _image(self) -> dict[str, Any]:
        return {
            "chip_id": self.chip_id,
            "key_number": self.key_number,
            "public_key": self.key.hex,
            "firmware": self.firmware,
            "firmware_identity": self.firmware_identity,
        }

    def _state_birth(self) -> None:
        facts = self._image() | {
            "rollback_number": self.rollback_number,
            "last_pagination": self.records,
            "after_unix_ms": None,
        }
        self._keep("birth", facts, [(self.key_number, self.key)])

    def _keep(
        self, kind: str, facts: dict[str, Any], signers: list[tuple[int, SimulatedKey]]
    ) -> Statement:
        text = statements.build_statement(kind, **{"chip_id": self.chip_id, **facts})
        message = statements.signed_bytes(text)
        signatures = [
            Signature(key_number=number, signature=key.sign(message)) for number, key in signers
        ]
        self.statements.append(Statement(statement=text, signatures=signatures))
        return self.statements[-1]

    def _record(self, reason: str, charged_wh: int) -> str:
        self.wait()
        self.records += 1
        self.energy_wh += charged_wh
        station = {
            "format_version": "1.3",
            "gateway_id": MODEL,
            "gateway_serial": self.gateway_serial,
            "gateway_version": self.firmware,
            "meter_vendor": self.meter.manufacturer,
            "meter_model": self.meter.model,
            "meter_serial": self.meter.serial,
            "charge_point_type": "EVSEID",
            "charge_point_id": self.evse_id,
            "current_type": "AC",
        }
        user = {"id_tag": "1F2D3A4F5506C7", "id_type": "ISO14443"}
        statement = {
            "unix_ms": self.clock_ms,
            "utc_offset_min": 60,
            "synchronisation": "S",
            "reason": reason,
        }
        reading = Reading(self.energy_wh, 0)
        payload = build_payload(station, user, self.records, [(reading, statement)])
        signature = self.key.sign(payload).upper()
        section = f'{{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"{signature}"}}'
        return build_record(payload, section.encode()).decode()
