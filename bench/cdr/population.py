"""CDRs by the hundred thousand, of many modules: all of them good, keys and signatures real.

Everything about a session follows from its number. The sessions of a module lie apart in a file, as
they do in one that a day of many stations makes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wattseal.common.times import utc_text
from wattseal.ocmf.public_key import DEFAULT_ALGORITHM
from wattseal.registry.api_models import ChargePoint, Export, ExportedKey, MeterFrom, SettingsFrom
from wattseal.registry.records import Meter
from wattseal.wire.ocmf_payload import build_payload
from wattseal.wire.reading import Reading

BEGAN_MS = 1_795_251_600_000  # 2026-11-21 09:00:00 UTC
HOUR_MS = 3_600_000
YEAR_MS = 366 * 24 * HOUR_MS
SESSIONS_OF_MODULE = 50
CHUNK = 500
OPERATOR = "DE*ABC"
ENERGY_WH = 11_525
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(hashes.SHA256())
_IDENTITY = hashlib.sha256(b"image").hexdigest()
_USER = {"id_tag": "04A2B1C3", "id_type": "ISO14443", "id_level": "HEARSAY"}


def modules_of(cdrs: int) -> int:
    """So many modules have made these CDRs."""
    return max(1, cdrs // SESSIONS_OF_MODULE)


def cdr_line(number: int, modules: int) -> bytes:
    """CDR `number` as a line of JSON, OCPI 2.2.1."""
    module, session = number % modules, number // modules
    begin_ms = BEGAN_MS + 2 * session * HOUR_MS
    page, register = 2 * session + 1, 1_000_000 + session * ENERGY_WH
    records = [
        _record(module, page, register, begin_ms, "B"),
        _record(module, page + 1, register + ENERGY_WH, begin_ms + HOUR_MS, "E"),
    ]
    values = [
        {"nature": nature, "plain_data": "", "signed_data": record}
        for nature, record in zip(("Start", "End"), records, strict=True)
    ]
    energy = ENERGY_WH / 1000
    begin, end = utc_text(begin_ms), utc_text(begin_ms + HOUR_MS)
    dimensions = [{"type": "ENERGY", "volume": energy}, {"type": "TIME", "volume": 1}]
    price = {"type": "ENERGY", "price": 0.49, "vat": 19.0, "step_size": 1}
    cdr = {
        "country_code": "DE",
        "party_id": "ABC",
        "id": f"CDR-{module:06}-{session:06}",
        "start_date_time": begin,
        "end_date_time": end,
        "session_id": f"S-{module:06}-{session:06}",
        "cdr_token": {"country_code": "DE", "party_id": "MSP", "uid": "04A2B1C3", "type": "RFID"},
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": f"LOC{module}",
            "evse_uid": str(module),
            "evse_id": evse_id(module),
            "connector_id": "1",
        },
        "currency": "EUR",
        "tariffs": [{"id": "T1", "currency": "EUR", "elements": [{"price_components": [price]}]}],
        "charging_periods": [{"start_date_time": begin, "dimensions": dimensions}],
        "signed_data": {
            "encoding_method": "OCMF",
            "public_key": _spki(module).hex(),
            "signed_values": values,
        },
        "total_cost": {"excl_vat": 5.65},
        "total_energy": energy,
        "total_time": 1,
        "last_updated": end,
    }
    return json.dumps(cdr, separators=(",", ":")).encode() + b"\n"


def evse_id(module: int) -> str:
    """The charge point of a module."""
    return f"{OPERATOR}*E{module:08}"


def write_cdrs(path: Path, cdrs: int) -> None:
    """So many CDRs, a line each; made by all processors."""
    modules = modules_of(cdrs)
    chunks = [(first, min(first + CHUNK, cdrs), modules) for first in range(0, cdrs, CHUNK)]
    with Pool() as pool, path.open("wb") as file:
        for lines in pool.imap(_lines, chunks):
            file.write(lines)


def write_export(path: Path, cdrs: int) -> None:
    """The registry's export with the keys of all these modules."""
    modules = modules_of(cdrs)
    with Pool() as pool:
        points = pool.map(_charge_point, range(modules), CHUNK)
    export = Export(
        registry="bench.wattseal.example/keys",
        size=modules,
        root="00" * 32,
        at_unix_ms=BEGAN_MS,
        evses=points,
    )
    path.write_text(export.model_dump_json())


def records(cdrs: int, modules: int) -> Iterator[tuple[ec.EllipticCurvePublicKey, bytes, bytes]]:
    """Key, signed bytes and signature of the records of these CDRs, for the bare verification."""
    for number in range(cdrs):
        cdr = json.loads(cdr_line(number, modules))
        for value in cdr["signed_data"]["signed_values"]:
            _header, payload, signature = value["signed_data"].split("|")
            yield (
                _public_key(number % modules),
                payload.encode(),
                bytes.fromhex(json.loads(signature)["SD"]),
            )


def _lines(chunk: tuple[int, int, int]) -> bytes:
    first, end, modules = chunk
    return b"".join(cdr_line(number, modules) for number in range(first, end))


def _record(module: int, page: int, register_wh: int, unix_ms: int, reason: str) -> str:
    station = {
        "format_version": "1.3",
        "gateway_id": "Wattseal WS-1",
        "gateway_serial": f"WS{module:06}",
        "gateway_version": "0.1.0+0123456789abcdef",
        "meter_vendor": "EMH",
        "meter_model": "ED300L",
        "meter_serial": f"1EMH{module:010}",
        "charge_point_type": "EVSEID",
        "charge_point_id": evse_id(module),
        "current_type": "AC",
    }
    taken = {
        "unix_ms": unix_ms,
        "utc_offset_min": 60,
        "synchronisation": "S",
        "reason": reason,
        "error_flags": "",
    }
    payload = build_payload(station, _USER, page, [(Reading(register_wh, 0), taken)])
    signature = _key(module).sign(payload, _ECDSA).hex()
    section = f'{{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"{signature}"}}'
    return f"OCMF|{payload.decode()}|{section}"


@lru_cache(maxsize=10_000)
def _key(module: int) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha256(f"module {module}".encode()).hexdigest()
    return ec.derive_private_key(int(digest, 16) % (_ORDER - 1) + 1, ec.SECP256R1())


@lru_cache(maxsize=10_000)
def _public_key(module: int) -> ec.EllipticCurvePublicKey:
    return _key(module).public_key()


@lru_cache(maxsize=10_000)
def _spki(module: int) -> bytes:
    return _public_key(module).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _charge_point(module: int) -> ChargePoint:
    spki = _spki(module)
    serial = f"1EMH{module:010}"
    meter = MeterFrom(
        manufacturer="EMH", serial=serial, from_unix_ms=BEGAN_MS - YEAR_MS, entry=module + 1
    )
    settings = SettingsFrom(
        settings_sha256=_IDENTITY, from_unix_ms=meter.from_unix_ms, entry=meter.entry
    )
    key = ExportedKey(
        public_key=spki.hex(),
        fingerprint=hashlib.sha256(spki).hexdigest(),
        algorithm=DEFAULT_ALGORITHM,
        key_number=1,
        firmware_identity=_IDENTITY,
        chip_id=f"{module:016x}",
        gateway_serial=f"WS{module:06}",
        valid_from_unix_ms=BEGAN_MS - YEAR_MS,
        valid_until_unix_ms=None,
        ended_as=None,
        meters=[meter],
        settings=[settings],
    )
    return ChargePoint(
        evse_id=evse_id(module),
        operator=OPERATOR,
        status="active",
        since_unix_ms=BEGAN_MS - YEAR_MS,
        meter=Meter(
            manufacturer="EMH",
            model="ED300L",
            serial=serial,
            calibration_mark="DE-M 26 0102",
            calibration_year=2026,
        ),
        keys=[key],
    )
