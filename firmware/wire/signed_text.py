"""Texts that are signed: JSON objects of fixed members in a fixed order, one text for one meaning.

A form is `(type, most characters, rows)`, rows as in schema.py with none optional. Its text is
compact JSON in printable ASCII: `type` and `version` first, then the members in the order of the
rows. Any other spelling of the same facts is refused, so that a signature over the text is a
signature over what it says. What is signed is a prefix that ends in a line feed, then the text:
the prefix keeps the signatures of one purpose from passing for those of another.
"""

from . import strict_json
from .errors import WattsealError
from .schema import check_fields
from .shapes import Json, JsonObject, Row
from .strict_json import MAX_INTEGER

_VERSIONS = {"rollover": 2}
"""Of the forms that have changed, so that old signatures keep their meaning; else it is 1."""

# Rows of the facts that more than one form states.
CHIP_ID = ("chip_id", "hex", (16, 64), "required", "")
KEY_NUMBER = ("key_number", "int", (1, 1000), "required", "")
PUBLIC_KEY = ("public_key", "hex", (182, 182), "required", "")
FIRMWARE = ("firmware", "text", (1, 25), "required", "")
FIRMWARE_IDENTITY = ("firmware_identity", "hex", (64, 64), "required", "")
ROLLBACK_NUMBER = ("rollback_number", "int", (0, 65535), "required", "")
EVSE_ID = ("evse_id", "text", (1, 50), "required", "")
GATEWAY_SERIAL = ("gateway_serial", "text", (1, 50), "required", "")
METER_SERIAL = ("meter_serial", "text", (1, 50), "required", "")
COMMISSIONING = ("commissioning", "int", (1, MAX_INTEGER), "required", "")
EVENT_NUMBER = ("event_number", "int", (0, MAX_INTEGER), "required", "")
UNIX_MS_OR_NULL = ("unix_ms", "int", (0, MAX_INTEGER), "nullable", "")


class TextError(ValueError):
    """The text is not of its form; the message says what is wrong with it."""


def build(form: Row, facts: JsonObject) -> str:
    """The text of a form that says these facts; TextError naming the member that is not allowed."""
    kind, most_characters, rows = form
    facts = _checked(rows, facts)
    members = [_member("type", kind), _member("version", version_of(kind))]
    members += [_member(row[0], facts[row[0]]) for row in rows]
    text = "{" + ",".join(members) + "}"
    if len(text) > most_characters:
        raise TextError(f"longer than {most_characters} characters")
    return text


def read(form: Row, text: str) -> JsonObject:
    """The members of a text of that form, `type` and `version` among them; TextError otherwise."""
    kind, most_characters, _ = form
    members = read_object(text, most_characters)
    if members.get("type") != kind:
        raise TextError(f"the type is not {kind}")
    if members.get("version") != version_of(kind):
        raise TextError(f"the version is not {version_of(kind)}")
    facts = {name: members[name] for name in members if name not in ("type", "version")}
    if build(form, facts) != text:
        raise TextError("the members are not in their order, or not written in the one way")
    return members


def version_of(kind: str) -> int:
    """The version of the form of that type."""
    return _VERSIONS.get(kind, 1)


def members_of(form: Row) -> tuple[str, ...]:
    """The names of the members of a form's texts, in their order."""
    return tuple(["type", "version"] + [row[0] for row in form[2]])


def read_object(text: str, most_characters: int) -> JsonObject:
    """The JSON object of a text, of whatever form; TextError if it is none."""
    if len(text) > most_characters:
        raise TextError(f"longer than {most_characters} characters")
    try:
        data = text.encode()
    except UnicodeError:  # half of a pair, which other JSON readers let through
        data = b"\xff"
    if not all(0x20 <= byte <= 0x7E for byte in data):
        raise TextError("a character that is not printable ASCII")
    try:
        members = strict_json.loads(data)
    except strict_json.JsonError as error:
        raise TextError(f"not the JSON of the link: {error}") from None
    if not isinstance(members, dict):
        raise TextError("no JSON object")
    return members


def signed_bytes(prefix: bytes, text: str) -> bytes:
    """The message that a signature with that prefix is over."""
    return prefix + text.encode()


def _checked(rows: tuple[Row, ...], facts: JsonObject) -> JsonObject:
    try:
        return check_fields(rows, facts)
    except WattsealError as refused:
        wrong = refused.detail
        raise TextError(f"{wrong['field']}: {wrong['limit']}; found {wrong['found']}") from None


def _member(name: str, value: Json) -> str:
    return (strict_json.dumps(name) + b":" + strict_json.dumps(value)).decode()
