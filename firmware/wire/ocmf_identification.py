"""Checks who a session is assigned to: OCMF 1.4.1, table 4 and the formats of table 17."""

from . import ocmf_tables
from .errors import WattsealError
from .schema import check_fields
from .shapes import JsonObject

MAX_ID_CHARACTERS = 40
MAX_TARIFF_CHARACTERS = 250

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
        ocmf_tables.IDENTIFICATION_TYPES,
        "optional",
        "What id_tag is (OCMF IT). Default: UNDEFINED with an id_tag, NONE without.",
    ),
    (
        "id_level",
        "choice",
        ocmf_tables.IDENTIFICATION_LEVELS,
        "optional",
        "How sure the assignment is (OCMF IL). Default: left out.",
    ),
    (
        "id_flags",
        "choices",
        (ocmf_tables.MAX_IDENTIFICATION_FLAGS, ocmf_tables.IDENTIFICATION_FLAGS),
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

_DIGITS = "0123456789"
_HEX = _DIGITS + "ABCDEFabcdef"
_LETTERS_AND_DIGITS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_FORMATS = (
    ("ISO14443", (8, 14), _HEX, "4 or 7 bytes in hexadecimal"),
    ("ISO15693", (16,), _HEX, "8 bytes in hexadecimal"),
    ("EMAID", (14, 15), _LETTERS_AND_DIGITS, "14 or 15 letters and digits"),
    ("EVCCID", (1, 2, 3, 4, 5, 6), _HEX, "1 to 6 hexadecimal digits"),
    ("ISO7812", (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19), _DIGITS, "8 to 19 digits"),
)
"""Type, allowed lengths, alphabet and both in words. Where table 17 says less than the standard
it names, the narrower form that every verifier takes."""


def check_user(user: JsonObject) -> JsonObject:
    """The user's fields with `id_type` filled in.

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


def _require(holds: bool, field: str, limit: str) -> None:
    if not holds:
        raise WattsealError("out_of_range", field=field, limit=limit)
