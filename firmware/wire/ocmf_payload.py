"""Builds the payload of an OCMF record: the exact bytes that are signed, stored and sent.

Source: OCMF 1.4.1, tables 1 to 7 for the fields, 10 to 21 for the closed lists, 17 for the formats
of a user's identification, 25 for that of the reading. The text is compact JSON in printable ASCII
without '|', its fields in one fixed order, every reading complete in itself (some verifiers inherit
nothing). Numbers are written from integers, so RV shows exactly the digits that the meter has.
"""

from .errors import WattsealError
from .ocmf_tables import (
    CHARGE_POINT_TYPES,
    CURRENT_TYPES,
    FORMAT_VERSIONS,
    IDENTIFICATION_FLAGS,
    IDENTIFICATION_LEVELS,
    IDENTIFICATION_TYPES,
    MAX_IDENTIFICATION_FLAGS,
    METER_STATES,
    SYNCHRONISATIONS,
    TRANSACTION_REASONS,
)
from .reading import Reading
from .schema import check_fields
from .shapes import JsonObject, const

# As in strict_json.py: MicroPython builds a tuple with a name from elsewhere in RAM.
MAX_INTEGER = const((1 << 53) - 1)

ERROR_FLAGS = ("", "t", "E", "Et")
"""EF: "t" says that the time cannot be billed, "E" that the energy cannot. A verifier fails any
transaction that has an "E": give it only to a reading that must not be billed."""

_OBIS_OF_FORMAT = {"1.3": "1-0:1.8.0", "1.4": "01-00:B0.08.00*FF"}
"""Total imported active energy, in the spelling that the verifiers of each version accept: all of
them read the older one; the newer one is table 25's total import at the mains meter."""

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

MAX_ID_CHARACTERS = const(40)
MAX_TARIFF_CHARACTERS = const(250)

USER = (
    (
        "id_tag",
        "text",
        (1, MAX_ID_CHARACTERS),
        "optional",
        "Who charges (OCMF ID). Without it the record says that no user is assigned.",
    ),
    (
        "id_type",
        "choice",
        IDENTIFICATION_TYPES,
        "optional",
        "What id_tag is (OCMF IT). Default: UNDEFINED with an id_tag, NONE without.",
    ),
    (
        "id_level",
        "choice",
        IDENTIFICATION_LEVELS,
        "optional",
        "How sure the assignment is (OCMF IL). Default: left out.",
    ),
    (
        "id_flags",
        "choices",
        (MAX_IDENTIFICATION_FLAGS, IDENTIFICATION_FLAGS),
        "optional",
        "How the user was assigned (OCMF IF). Default: none.",
    ),
    (
        "tariff_text",
        "text",
        (0, MAX_TARIFF_CHARACTERS),
        "optional",
        "The tariff's name (OCMF TT). Default: left out.",
    ),
)

_UNASSIGNED_TYPES = ("NONE", "DENIED")

_DIGITS = const("0123456789")
_HEX = const("0123456789ABCDEFabcdef")
_LETTERS_AND_DIGITS = const("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

_FORMATS = (
    ("ISO14443", (8, 14), _HEX, "4 or 7 bytes in hexadecimal"),
    ("ISO15693", (16,), _HEX, "8 bytes in hexadecimal"),
    ("EMAID", (14, 15), _LETTERS_AND_DIGITS, "14 or 15 letters and digits"),
    ("EVCCID", (1, 2, 3, 4, 5, 6), _HEX, "1 to 6 hexadecimal digits"),
    ("ISO7812", (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19), _DIGITS, "8 to 19 digits"),
)
"""Type, allowed lengths, alphabet and both in words. Where table 17 says less than the standard
it names, the narrower form that every verifier takes."""

_STATEMENT = (
    ("unix_ms", "int", (0, MAX_INTEGER), "required", "TM"),
    ("utc_offset_min", "int", (-840, 840), "required", "TM"),
    ("synchronisation", "choice", SYNCHRONISATIONS, "required", "TM"),
    ("reason", "choice", TRANSACTION_REASONS, "required", "TX"),
    ("error_flags", "choice", ERROR_FLAGS, "optional", "EF"),
    ("meter_state", "choice", METER_STATES, "optional", "ST"),
)

_MS_PER_DAY = 86400000


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
        is_number = type(pagination) is int and 1 <= pagination <= MAX_INTEGER
        _require(is_number, "pagination", "an integer from 1")
        self._before_readings = "{" + ",".join(_fields(station, user, pagination)) + ',"RD":['
        identification = (
            _member("RI", _OBIS_OF_FORMAT[station["format_version"]]),
            _member("RU", "kWh"),
            _member("RT", station["current_type"]),
        )
        self._after_value = ",".join(identification)

    def complete(self, readings: list[tuple[Reading, JsonObject]]) -> bytes:
        """The payload with these readings, each a Reading and its statement.

        A statement has `unix_ms`, `utc_offset_min`, `synchronisation`, `reason`, and optionally
        `error_flags` (default "") and `meter_state` (default "G"). WattsealError `out_of_range`
        as above.
        """
        _require(len(readings) > 0, "readings", "at least one")
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
            f'{self._after_value},"EF":"{flags}","ST":"{state}"}}'
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
    user = check_user(user)
    assigned = "id_tag" in user
    flags = ",".join(_quoted(flag) for flag in user.get("id_flags", ()))
    fields = ['"IS":true' if assigned else '"IS":false']
    fields += _optional(user, ("IL", "id_level"))
    fields.append(f'"IF":[{flags}]')
    fields.append(_member("IT", user["id_type"]))
    fields.append(_member("ID", user.get("id_tag", "")))
    fields += _optional(user, ("TT", "tariff_text"))
    return fields


def check_user(user: JsonObject) -> JsonObject:
    """The fields that say who a session is assigned to (table 4), with `id_type` filled in.

    WattsealError `out_of_range` names the field and what it may hold. Level and flags need an
    id_tag, because without one they have no significance (table 11).
    """
    user = check_fields(USER, user, error="out_of_range")
    if "id_tag" not in user:
        user.setdefault("id_type", "NONE")
        _require(user["id_type"] in _UNASSIGNED_TYPES, "id_type", "NONE or DENIED without id_tag")
        for field in ("id_level", "id_flags"):
            _require(not user.get(field), field, "only together with id_tag")
        return user
    user.setdefault("id_type", "UNDEFINED")
    _require(user["id_type"] not in _UNASSIGNED_TYPES, "id_type", "a type that has an id_tag")
    _check_format(user["id_type"], user["id_tag"])
    return user


def _check_format(kind: str, tag: str) -> None:
    """The types that have a fixed form; the others are free text."""
    for name, lengths, alphabet, words in _FORMATS:
        if kind == name:
            fits = len(tag) in lengths and _all_in(tag, alphabet)
            _require(fits, "id_tag", f"{words} for {kind}")
    if kind == "PHONE_NUMBER":
        fits = tag[:1] == "+" and 2 <= len(tag) <= 16 and _all_in(tag[1:], _DIGITS)
        _require(fits, "id_tag", "a plus sign and 1 to 15 digits for PHONE_NUMBER")


def _all_in(text: str, alphabet: str) -> bool:
    allowed = alphabet.encode()
    return all(byte in allowed for byte in text.encode())


def time_text(unix_ms: int, utc_offset_min: int, synchronisation: str) -> str:
    """TM of a reading (table 7): `2018-07-24T13:22:04,000+0200 S`.

    Local time with milliseconds, offset from UTC, and the letter of table 19. Verifiers accept
    exactly this form; with any other they silently stop comparing times.

    WattsealError `out_of_range` if the local year is not 2000 to 2099.
    """
    local_ms = unix_ms + utc_offset_min * 60000
    days, ms = divmod(local_ms, _MS_PER_DAY)
    year, month, day = date_of(days)
    _require(2000 <= year <= 2099, "unix_ms", "the local years 2000 to 2099")
    seconds, ms = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign = "-" if utc_offset_min < 0 else "+"
    offset_hour, offset_minute = divmod(abs(utc_offset_min), 60)
    return (
        f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d},{ms:03d}"
        f"{sign}{offset_hour:02d}{offset_minute:02d} {synchronisation}"
    )


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month, day of the proleptic Gregorian calendar, days counted from 1970-01-01.

    Computed here, because MicroPython's epoch and range differ from port to port. Counts from
    0000-03-01, so that the leap day is the last day of a year, and every 400 years are alike.
    """
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    year = 400 * era + year_of_era + (1 if month <= 2 else 0)
    return year, month, day


def _check_together(fields: JsonObject, one: str, other: str) -> None:
    missing = one if other in fields else other
    _require((one in fields) == (other in fields), missing, f"{one} and {other} go together")


def _optional(fields: JsonObject, *names: tuple[str, str]) -> list[str]:
    return [_member(key, fields[name]) for key, name in names if name in fields]


def _member(key: str, text: str) -> str:
    return f'"{key}":{_quoted(text)}'


def _quoted(text: str) -> str:
    """The JSON string of a printable ASCII text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _require(holds: bool, field: str, limit: str) -> None:
    if not holds:
        raise WattsealError("out_of_range", field=field, limit=limit)
