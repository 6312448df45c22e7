"""Serial numbers that nobody prints on a label: placeholders, counts, keys held down.

No rule can know a maker's numbers; these catch what people type to get past a field.
"""

from __future__ import annotations

from wattseal.registry.names import plain

LEAST_CHARACTERS = 4

_PLACEHOLDERS = frozenset(
    (
        *("UNKNOWN", "UNBEKANNT", "NONE", "NULL", "N/A", "TBD", "TODO", "DEFAULT"),
        *("TEST", "DUMMY", "EXAMPLE", "SAMPLE", "SERIAL", "SERIALNUMBER"),
        *("ABCD", "ABCDE", "ABCDEF", "DEADBEEF"),
    )
)
_DIGITS = "01234567890"


def serial_fault(serial: str) -> str | None:
    """What is implausible about a serial number, in words; None if nothing is."""
    if not serial.strip():
        return "it is blank"
    if serial != serial.strip():
        return "it begins or ends with a blank"
    name = plain(serial)
    signs = [character for character in name if character.isalnum()]
    if len(set(signs)) <= 1:
        return "it is one character repeated"
    if name in _PLACEHOLDERS:
        return "it is a placeholder"
    if len(signs) < LEAST_CHARACTERS:
        return f"it has fewer than {LEAST_CHARACTERS} letters and digits"
    if name in _DIGITS or name in _DIGITS[::-1]:
        return "it counts up or down"
    return None
