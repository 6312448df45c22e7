"""Checks plain JSON values against rows of the method table.

A row is `(name, kind, bounds, presence, sentence)`:

| kind     | value                                   | bounds                                |
|----------|-----------------------------------------|---------------------------------------|
| int      | an integer                              | `(least, greatest)`                   |
| bool     | true or false                           | `()`                                  |
| text     | printable ASCII, no '|'                 | `(fewest, most)` characters           |
| string   | printable ASCII                         | `(fewest, most)` characters           |
| hex      | lowercase hexadecimal digits, in pairs  | `(fewest, most)` characters           |
| choice   | one of the texts or integers            | the texts, or the integers            |
| choices  | a list of distinct texts of those       | `(most, texts)`                       |
| object   | an object                               | its rows                              |
| list     | a list of one kind                      | `(most, row of an item)`              |
| free     | an object of any members                | `()`                                  |

presence is "required", "optional" (may be absent) or "nullable" (present, but may be null).
"""

from .errors import WattsealError
from .shapes import Json, JsonObject, Row
from .strict_json import MAX_INTEGER

_HEX_DIGITS = b"0123456789abcdef"


def check_fields(
    rows: tuple[Row, ...], fields: JsonObject, error: str = "invalid_params"
) -> JsonObject:
    """A copy of the fields if the rows allow them all.

    Raises the WattsealError of that name otherwise, with detail `field`, `limit` and `found`.
    """
    return _Check(error).fields(rows, fields, "")


def limit_in_words(row: Row) -> str:
    """What a row allows, for messages and for the documentation."""
    kind, bounds = row[1], row[2]
    if kind == "int":
        greatest = "2**53-1" if bounds[1] == MAX_INTEGER else bounds[1]
        return f"an integer from {bounds[0]} to {greatest}"
    if kind in ("text", "string", "hex"):
        what = {
            "text": "printable ASCII characters without '|'",
            "string": "printable ASCII characters",
            "hex": "lowercase hexadecimal digits",
        }[kind]
        if bounds[0] == bounds[1]:
            return f"{bounds[0]} {what}"
        return f"{bounds[0]} to {bounds[1]} {what}" + (", in pairs" if kind == "hex" else "")
    if kind == "choice":
        return "one of " + ", ".join(str(option) for option in bounds)
    if kind == "choices":
        return f"at most {bounds[0]} different ones of " + ", ".join(bounds[1])
    if kind == "list":
        return f"a list of at most {bounds[0]}, each {limit_in_words(bounds[1])}"
    return {"bool": "true or false", "object": "an object", "free": "an object"}[kind]


class _Check:
    """One run of the checks; `error` is the name of the error that it raises."""

    def __init__(self, error: str):
        self._error = error

    def fields(self, rows: tuple[Row, ...], fields: JsonObject, prefix: str) -> JsonObject:
        """The fields of one object; prefix is the path to it, with a point at its end."""
        self._require(isinstance(fields, dict), prefix[:-1] or "params", "an object", fields)
        if sum(1 for row in rows if row[0] in fields) != len(fields):
            known = [row[0] for row in rows]
            unknown = next(name for name in fields if name not in known)
            self._require(False, prefix + str(unknown)[:40], "no such field", fields[unknown])
        cleaned: JsonObject = {}
        for row in rows:
            name, presence = row[0], row[3]
            if name not in fields:
                self._require(presence == "optional", prefix + name, "required", None)
            elif fields[name] is None and presence == "nullable":
                cleaned[name] = None
            else:
                cleaned[name] = self._value(row, fields[name], prefix + name)
        return cleaned

    def _value(self, row: Row, value: Json, path: str) -> Json:
        """The value if the row allows it, lists and objects copied."""
        kind, bounds = row[1], row[2]
        if kind == "object":
            return self.fields(bounds, value, path + ".")
        if kind == "list":
            fits = isinstance(value, (list, tuple)) and len(value) <= bounds[0]
            self._require(fits, path, row, value)
            return [self._value(bounds[1], item, f"{path}[{n}]") for n, item in enumerate(value)]
        self._require(_fits(kind, bounds, value), path, row, value)
        return list(value) if kind == "choices" else value

    def _require(self, holds: bool, field: str, limit: str | Row, found: Json) -> None:
        """Raise unless it holds; a row given as the limit is put into words only then."""
        if not holds:
            limit = limit if isinstance(limit, str) else limit_in_words(limit)
            raise WattsealError(self._error, field=field, limit=limit, found=_in_short(found))


def _in_short(found: Json) -> str:
    """What was found, in printable ASCII and at most 40 characters."""
    if isinstance(found, (dict, list, tuple)):
        return "an object" if isinstance(found, dict) else f"a list of {len(found)}"
    text = f'"{found[:50]}"' if isinstance(found, str) else str(found)
    text = "".join(c if 0x20 <= ord(c) <= 0x7E else "?" for c in text)
    return text if len(text) <= 40 else text[:37] + "..."


def _fits(kind: str, bounds: Row, value: Json) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return type(value) is int and bounds[0] <= value <= bounds[1]
    if kind == "choices":
        return (
            isinstance(value, (list, tuple))
            and len(value) <= bounds[0]
            and all(isinstance(item, str) and item in bounds[1] for item in value)
            and len(set(value)) == len(value)
        )
    if kind == "choice":  # the type too, because True == 1
        return type(value) is type(bounds[0]) and value in bounds
    if kind == "free":
        return isinstance(value, dict)
    if not isinstance(value, str):
        return False
    return bounds[0] <= len(value) <= bounds[1] and _has_only(kind, value)


def _has_only(kind: str, text: str) -> bool:
    """Whether every character is of the kind's alphabet.

    Goes over bytes: MicroPython interns each character of a text that is gone through.
    """
    if kind == "hex":
        return len(text) % 2 == 0 and all(byte in _HEX_DIGITS for byte in text.encode())
    for byte in text.encode():
        if not 0x20 <= byte <= 0x7E or (byte == 0x7C and kind == "text"):
            return False
    return True
