"""Text from outside: made fit to be shown, and to be compared."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with everything that could steer a terminal replaced by question marks."""
    return "".join(character if character.isprintable() else "?" for character in text)


def normalized(label: str) -> str:
    """A label or a serial number without case and blanks, as two of them are compared."""
    return "".join(label.split()).upper()
