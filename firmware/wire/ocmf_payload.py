"""Builds the payload of an OCMF record: the exact bytes that are signed, stored and sent.

Source: OCMF 1.4.1, tables 1 to 7 for the fields, 10 to 21 for the closed lists, 25 for the
reading's identification. The text is compact JSON in printable ASCII without '|', its fields in
one fixed order, every reading complete in itself (some verifiers inherit nothing). Numbers are
written from integers, so RV shows exactly the digits that the meter has.
"""

from . import ocmf_identification
from .errors import WattsealError
from .ocmf_tables import (
    CHARGE_POINT_TYPES,
    CURRENT_TYPES,
    FORMAT_VERSIONS,
    METER_STATES,
    SYNCHRONISATIONS,
    TRANSACTION_REASONS,
)
from .ocmf_time import time_text
from .reading import Reading
from .schema import check_fields
from .shapes import JsonObject
from .strict_json import MAX_INTEGER

ERROR_FLAGS = ("", "t", "E", "Et")
"""EF: "t" says that the time cannot be billed, "E" that the energy cannot. A verifier fails any
transaction that has an "E": give it only to a reading that must not be billed."""

_OBIS_OF_FORMAT = {"1.3": "1-0:1.8.0", "1.4": "01-00:B0.08.00*FF"}
"""Total imported active energy, in the spelling that the verifiers of each version know: the
older one is read by everybody, the newer one is table 25's total import at the mains meter."""

_STATION = (
    ("format_version", "choice", FORMAT_VERSIONS, "required", "FV"),
    ("gateway_id", "text", (1, 50), "required", "GI"),
    ("gateway_serial", "text", (1, 50), "required", "GS"),
    ("gateway_version", "text", (1, 50), "required", "GV"),
    ("meter_vendor", "text", (1, 50), "required", "MV"),
    ("meter_model", "text", (1, 50), "required", "MM"),
    ("meter_serial", "text", (1, 50), "required", "MS"),
    ("meter_firmware", "text", (1, 50), "optional", "MF"),
    ("controller_firmware", "text", (0, 25), "optional", "CF"),
    ("charge_point_type", "choice", CHARGE_POINT_TYPES, "optional", "CT"),
    ("charge_point_id", "text", (1, 50), "optional", "CI"),
    ("current_type", "choice", CURRENT_TYPES, "required", "RT"),
)

_STATEMENT = (
    ("unix_ms", "int", (0, MAX_INTEGER), "required", "TM"),
    ("utc_offset_min", "int", (-840, 840), "required", "TM"),
    ("synchronisation", "choice", SYNCHRONISATIONS, "required", "TM"),
    ("reason", "choice", TRANSACTION_REASONS, "required", "TX"),
    ("error_flags", "choice", ERROR_FLAGS, "optional", "EF"),
    ("meter_state", "choice", METER_STATES, "optional", "ST"),
)


def build_payload(
    station: JsonObject,
    user: JsonObject,
    pagination: int,
    readings: list[tuple[Reading, JsonObject]],
) -> bytes:
    """The payload section of one record in the transaction context.

    Parameters and errors are those of `Draft` and of its `complete`.
    """
    return Draft(station, user, pagination).complete(readings)


class Draft:
    """A payload that lacks only its readings, so that most of it can be built before there are any.

    `station` names the signing system and its meter, `user` is what `begin` was given (empty:
    nobody is assigned). WattsealError `out_of_range` names the field that the format does not
    allow.
    """

    def __init__(self, station: JsonObject, user: JsonObject, pagination: int) -> None:
        station = check_fields(_STATION, station, error="out_of_range")
        _check_together(station, "charge_point_type", "charge_point_id")
        if type(pagination) is not int or not 1 <= pagination <= MAX_INTEGER:
            raise WattsealError("out_of_range", field="pagination", limit="an integer from 1")
        self._before_readings = "{" + ",".join(_fields(station, user, pagination)) + ',"RD":['
        identification = (
            _member("RI", _OBIS_OF_FORMAT[station["format_version"]]),
            _member("RU", "kWh"),
            _member("RT", station["current_type"]),
        )
        self._behind_value = ",".join(identification)

    def complete(self, readings: list[tuple[Reading, JsonObject]]) -> bytes:
        """The payload with these readings, each a Reading and its statement.

        A statement has `unix_ms`, `utc_offset_min`, `synchronisation`, `reason`, and optionally
        `error_flags` (default "") and `meter_state` (default "G"). WattsealError `out_of_range`
        as above.
        """
        if not readings:
            raise WattsealError("out_of_range", field="readings", limit="at least one")
        texts = [self._reading_text(reading, statement) for reading, statement in readings]
        return (self._before_readings + ",".join(texts) + "]}").encode()

    def _reading_text(self, reading: Reading, statement: JsonObject) -> str:
        """One object of RD (table 7); of what varies in it nothing needs to be escaped."""
        statement = check_fields(_STATEMENT, statement, error="out_of_range")
        time = time_text(
            statement["unix_ms"], statement["utc_offset_min"], statement["synchronisation"]
        )
        reason, value = statement["reason"], reading.to_text_kwh()
        flags, state = statement.get("error_flags", ""), statement.get("meter_state", "G")
        return (
            f'{{"TM":"{time}","TX":"{reason}","RV":{value},'
            f'{self._behind_value},"EF":"{flags}","ST":"{state}"}}'
        )


def build_record(payload: bytes, signature_section: bytes) -> bytes:
    """The whole record: header, payload and signature section, parted by '|'."""
    return b"OCMF|" + payload + b"|" + signature_section


def _fields(station: JsonObject, user: JsonObject, pagination: int) -> list[str]:
    """The fields before RD (tables 1 to 6)."""
    fields = [
        _member("FV", station["format_version"]),
        _member("GI", station["gateway_id"]),
        _member("GS", station["gateway_serial"]),
        _member("GV", station["gateway_version"]),
        _member("PG", f"T{pagination}"),
        _member("MV", station["meter_vendor"]),
        _member("MM", station["meter_model"]),
        _member("MS", station["meter_serial"]),
    ]
    fields += _optional(station, ("MF", "meter_firmware"))
    fields += _identification(user)
    fields += _optional(
        station,
        ("CF", "controller_firmware"),
        ("CT", "charge_point_type"),
        ("CI", "charge_point_id"),
    )
    return fields


def _identification(user: JsonObject) -> list[str]:
    """IS, IL, IF, IT, ID and TT (table 4); IF is an array even when it is empty."""
    user = ocmf_identification.check_user(user)
    assigned = "id_tag" in user
    flags = ",".join(_quoted(flag) for flag in user.get("id_flags", ()))
    fields = ['"IS":true' if assigned else '"IS":false']
    fields += _optional(user, ("IL", "id_level"))
    fields.append(f'"IF":[{flags}]')
    fields.append(_member("IT", user["id_type"]))
    fields.append(_member("ID", user.get("id_tag", "")))
    fields += _optional(user, ("TT", "tariff_text"))
    return fields


def _check_together(fields: JsonObject, one: str, other: str) -> None:
    if (one in fields) != (other in fields):
        missing = one if other in fields else other
        raise WattsealError("out_of_range", field=missing, limit=f"{one} and {other} go together")


def _optional(fields: JsonObject, *names: tuple[str, str]) -> list[str]:
    return [_member(key, fields[name]) for key, name in names if name in fields]


def _member(key: str, text: str) -> str:
    return f'"{key}":{_quoted(text)}'


def _quoted(text: str) -> str:
    """The JSON string of a printable ASCII text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
