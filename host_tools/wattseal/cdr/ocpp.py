"""Signed meter values of OCPP 1.6, 2.0.1 and 2.1, made and read.

As the note of the Open Charge Alliance on signed meter values 1.0 says: `signedMeterData` is base64
of the OCMF string, `signingMethod` is empty because OCMF says it itself, `publicKey` is base64 of
`oca:base16:asn1:` and the key in hex. OCPP 1.6 has no field for the object: it is the text of
`value`. Two records have the contexts Transaction.Begin and Transaction.End, a combined one End
alone. A key that travels with the records proves nothing by itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from wattseal.cdr import build
from wattseal.cdr.ocpi import ENCODING_METHOD
from wattseal.cdr.signers import OCPP_KEY_PREFIX
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.ocmf.public_key import KeyUnreadableError, PublicKey, read_public_key

PublicKeyWith = Literal["Never", "OncePerTransaction", "EveryMeterValue"]
"""Values of the configuration key `PublicKeyWithSignedMeterValue`."""

CONTEXTS = {"Start": "Transaction.Begin", "End": "Transaction.End", "Intermediate": "Other"}
MEASURAND = "Energy.Active.Import.Register"
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class SignedMeterValue:
    """What a charging station sent: the OCMF string, the context, and the key if it came along."""

    text: str
    context: str | None
    key: PublicKey | None


def meter_values(
    session: build.SessionRecords, form: str, public_key: PublicKeyWith = "OncePerTransaction"
) -> list[dict[str, Any]]:
    """The MeterValue objects of a session: `transactionData` of 1.6, `meterValue` of 2.x.

    `form` is one of build.OCPP. ToolError `cdr_field_too_long`.
    """
    limits = build.OCPP[form]
    records = build.fitting_records(session, limits.signed_data, build.in_base64)
    with_key = {"Never": 0, "OncePerTransaction": 1, "EveryMeterValue": len(records)}[public_key]
    for one in records:
        field = f"signedMeterData of the {one.nature} value"
        build.check_length(field, build.in_base64(one), limits.signed_data, form)
    return [
        _meter_value(one, session.key if number < with_key else None, limits, form)
        for number, one in enumerate(records)
    ]


def key_text(key: PublicKey) -> str:
    """`publicKey` of a key."""
    return base64.b64encode(f"{OCPP_KEY_PREFIX}{key.hex}".encode()).decode()


def read_key_text(text: str) -> PublicKey | None:
    """The key of `publicKey`, None if it is empty. Hex alone is read too: so some stations send it.

    Raises KeyUnreadableError.
    """
    if not text.strip():
        return None
    try:
        told = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return read_public_key(text)
    if ":" in told:
        prefix, _, digits = told.rpartition(":")
        if f"{prefix.lower()}:" != OCPP_KEY_PREFIX:
            raise KeyUnreadableError(f"its form {prefix[:40]!r} is not {OCPP_KEY_PREFIX[:-1]}")
        return read_public_key(digits)
    return read_public_key(told)


def read_meter_values(data: bytes, origin: str) -> list[SignedMeterValue]:
    """The signed values in an OCPP message or a part of one, whatever the version, in its order.

    ToolError `ocpp_malformed`.
    """
    try:
        message = _load(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ToolError("ocpp_malformed", path=origin, cause="it is not in UTF-8") from None
    except JsonError as error:
        raise ToolError("ocpp_malformed", path=origin, cause=f"it {error}") from None
    found = [_read_value(one, context, origin) for one, context in _objects(message, None, 0)]
    if not found:
        raise ToolError("ocpp_malformed", path=origin, cause="there is no signed meter value in it")
    return found


def _meter_value(
    signed: build.Signed, key: PublicKey | None, limits: build.Limits, form: str
) -> dict[str, Any]:
    told = key_text(key) if key else ""
    build.check_length("publicKey", told, limits.public_key, form)
    value = {
        "signedMeterData": build.in_base64(signed),
        "signingMethod": "",
        "encodingMethod": ENCODING_METHOD,
        "publicKey": told,
    }
    sampled: dict[str, Any] = {"context": CONTEXTS[signed.nature], "measurand": MEASURAND}
    if limits.version == "1.6":
        text = json.dumps(value, separators=(",", ":"))
        sampled |= {"format": "SignedData", "location": "Outlet", "unit": "kWh", "value": text}
    else:
        sampled |= {
            "location": "Outlet",
            "value": signed.moment.register_kwh,
            "unitOfMeasure": {"unit": "kWh"},
            "signedMeterValue": value,
        }
    return {"timestamp": build.rfc_3339(signed.moment.at), "sampledValue": [sampled]}


def _objects(
    part: Any, context: str | None, depth: int
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Every SignedMeterValueType in a message, and the context beside it."""
    if depth > MAX_DEPTH:
        return
    if isinstance(part, list):
        for one in part:
            yield from _objects(one, context, depth + 1)
    elif isinstance(part, dict):
        if "signedMeterData" in part:
            yield part, context
            return
        told = part.get("context")
        context = told if isinstance(told, str) else context
        if part.get("format") == "SignedData" and isinstance(part.get("value"), str):
            yield from _objects(_inner(part["value"]), context, depth + 1)
            return
        for one in part.values():
            yield from _objects(one, context, depth + 1)


def _inner(text: str) -> Any:
    """The object that OCPP 1.6 has as a text; nothing if it is none."""
    try:
        return _load(text)
    except JsonError:
        return None


def _load(text: str) -> Any:
    """Any JSON value: messages of OCPP are arrays. Raises JsonError."""
    return load_object(f'{{"message":{text}}}')["message"]


def _read_value(value: dict[str, Any], context: str | None, origin: str) -> SignedMeterValue:
    method = value.get("encodingMethod")
    if method != ENCODING_METHOD:
        cause = f"its encodingMethod is {str(method)[:50]!r}, not {ENCODING_METHOD}"
        raise ToolError("ocpp_malformed", path=origin, cause=cause)
    try:
        text = base64.b64decode(str(value["signedMeterData"]), validate=True).decode("ascii")
    except ValueError:  # no base64, or no ASCII in it
        cause = "its signedMeterData is no base64 of an OCMF string"
        raise ToolError("ocpp_malformed", path=origin, cause=cause) from None
    try:
        key = read_key_text(str(value.get("publicKey") or ""))
    except KeyUnreadableError as error:
        cause = f"its publicKey cannot be read, {error}"
        raise ToolError("ocpp_malformed", path=origin, cause=cause) from None
    return SignedMeterValue(text, context, key)
