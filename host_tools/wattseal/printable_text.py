"""Texts from a module, a file or the network, made fit for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with everything that could steer a terminal replaced by question marks."""
    return "".join(character if character.isprintable() else "?" for character in text)
