"""Prepares text from outside for display and for comparison."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with question marks for what is not printable, such as a terminal's commands."""
    return "".join(character if character.isprintable() else "?" for character in text)


def normalized(label: str) -> str:
    """A label or a serial number in capitals and without blanks, to be compared with another."""
    return "".join(label.split()).upper()
