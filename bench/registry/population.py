"""Stations by the million: records that an audit finds nothing in, and requests for more of them.

Every key is a key and every signature one of it, so a record takes as long to audit as a real one.
Everything about a station follows from its number.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from multiprocessing.pool import AsyncResult

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wattseal.device.key_history import build_statement
from wattseal.device.owner import offline_challenge
from wattseal.registry.api_models import RegistrationRequest
from wattseal.registry.records import (
    Ended,
    Meter,
    Possession,
    Record,
    Registration,
    Scenario,
    Signature,
    Statement,
    read_record,
    record_text,
)
from wattseal.wire import statements

NAME = "bench.wattseal.example/keys"
OPERATOR = "DE*ABC"
FIRMWARE = "0.1.0"
SETTINGS_SHA256 = hashlib.sha256(b"settings").hexdigest()
IDENTITY = hashlib.sha256(b"image").hexdigest()
MODEL = "Bench module"
CHUNK = 250
CHUNKS_AHEAD = 20
CALIBRATION_YEAR = 2026
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(hashes.SHA256())


def evse_id(number: int) -> str:
    """Of the station of that number."""
    return f"{OPERATOR}*E{number:08}"


@dataclass(frozen=True)
class Station:
    """A module with its key, as it would sign at a time."""

    number: int
    unix_ms: int

    def registration(self, actor: str) -> Registration:
        """The record that a registry would have made of its request."""
        request, facts = self._request()
        return Registration(
            unix_ms=self.unix_ms,
            actor=actor,
            scenario=request.scenario,
            operator=OPERATOR,
            evse_id=facts["evse_id"],
            gateway_serial=facts["gateway_serial"],
            module_model=MODEL,
            chip_id=facts["chip_id"],
            meter=request.meter,
            key_number=1,
            public_key=facts["public_key"],
            firmware=FIRMWARE,
            firmware_identity=IDENTITY,
            commissioning=1,
            settings_sha256=SETTINGS_SHA256,
            possession=request.possession,
            statements_before=0,
            statements=request.statements,
            consent=None,
            ended=Ended(),
        )

    def request(self) -> RegistrationRequest:
        """What a technician would send, over the challenge that needs no network."""
        return self._request()[0]

    def _request(self) -> tuple[RegistrationRequest, dict[str, str]]:
        digest = hashlib.sha256(f"station {self.number}".encode()).hexdigest()
        key = ec.derive_private_key(int(digest, 16) % (_ORDER - 1) + 1, ec.SECP256R1())
        spki = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        image = {
            "chip_id": digest[:16],
            "key_number": 1,
            "public_key": spki.hex(),
            "firmware": FIRMWARE,
            "firmware_identity": IDENTITY,
        }
        birth = build_statement(
            "birth", **image, rollback_number=1, last_pagination=0, after_unix_ms=None
        )
        names = {"evse_id": evse_id(self.number), "gateway_serial": f"WS{self.number:08}"}
        possession = build_statement(
            "possession",
            **image,
            **names,
            challenge=offline_challenge(NAME, digest[:16]),
            meter_serial=f"1EMH{self.number:010}",
            meter_vendor="EMH",
            meter_model="ED300L",
            commissioning=1,
            settings_sha256=SETTINGS_SHA256,
            unix_ms=self.unix_ms,
        )
        request = RegistrationRequest(
            scenario=Scenario.INITIAL,
            possession=Possession(statement=possession, signature=_signed(key, possession)),
            statements=[
                Statement(
                    statement=birth,
                    signatures=[Signature(key_number=1, signature=_signed(key, birth))],
                )
            ],
            module_model=MODEL,
            meter=Meter(
                manufacturer="EMH",
                model="ED300L",
                serial=f"1EMH{self.number:010}",
                calibration_mark="DE-M 26 0102",
                calibration_year=CALIBRATION_YEAR,
            ),
        )
        return request, {**names, "chip_id": digest[:16], "public_key": spki.hex()}


def registrations(count: int, first_ms: int, actor: str) -> Iterator[Record]:
    """The records of so many stations, a millisecond apart; made by all processors."""
    coming: deque[AsyncResult[list[str]]] = deque()
    with Pool() as pool:
        for start in range(0, count, CHUNK):
            chunk = (start, min(CHUNK, count - start), first_ms, actor)
            coming.append(pool.apply_async(_texts, chunk))
            if len(coming) > CHUNKS_AHEAD:
                yield from map(read_record, coming.popleft().get())
        for texts in coming:
            yield from map(read_record, texts.get())


def _texts(start: int, count: int, first_ms: int, actor: str) -> list[str]:
    stations = (Station(number, first_ms + number) for number in range(start, start + count))
    return [record_text(station.registration(actor)) for station in stations]


def _signed(key: ec.EllipticCurvePrivateKey, statement: str) -> str:
    return key.sign(statements.signed_bytes(statement), _ECDSA).hex()
