"""Reads EVSE-IDs in every spelling in use, and gives one spelling to compare them by.

ISO 15118-2, annex H, and eMI3: country (2 letters), operator (3 letters or digits), `E`, and the
operator's own part, such as `DE*ABC*E1234*5`; separators around the operator may be left out.
DIN SPEC 91286: country code of the telephone, operator (3 to 6 digits), the operator's own part,
such as `+49*823*1234567*1`. Separators are stars; hyphens are read too. Case means nothing.

Separators inside the operator's own part do mean something: operators number station and charge
point there, and `E1*11` is not `E11*1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARACTERS = 50
MAX_OWN_CHARACTERS = 30

_ISO = re.compile(r"([A-Z]{2})\*?([A-Z0-9]{3})\*?E([A-Z0-9*]+)")
_DIN = re.compile(r"\+?([1-9][0-9]{0,2})\*([0-9]{3,6})\*([0-9*]+)")
_ISO_OPERATOR = re.compile(r"([A-Z]{2})\*?([A-Z0-9]{3})")
_DIN_OPERATOR = re.compile(r"\+?([1-9][0-9]{0,2})\*([0-9]{3,6})")


class EvseIdError(ValueError):
    """The text is no EVSE-ID, or names no operator; the message says what is wrong with it."""


@dataclass(frozen=True)
class EvseId:
    """An EVSE-ID that was read. Equal ones name the same charge point.

    operator: with a star, `DE*ABC` or `+49*823`. own: the operator's own part, in capitals.
    """

    operator: str
    own: str

    @property
    def is_din(self) -> bool:
        """Whether it is one of DIN SPEC 91286."""
        return self.operator.startswith("+")

    @property
    def text(self) -> str:
        """The EVSE-ID with all its stars."""
        return f"{self.operator}*{self.own}" if self.is_din else f"{self.operator}*E{self.own}"

    @property
    def canonical(self) -> str:
        """The spelling to compare by: without the separators that mean nothing."""
        if self.is_din:
            return self.text
        return f"{self.operator.replace('*', '')}E{self.own}"

    def __str__(self) -> str:
        return self.text


def read_evse_id(text: str) -> EvseId:
    """Read an EVSE-ID in any spelling. EvseIdError says what is wrong."""
    stars = _with_stars(text)
    if stars[:1] in "+0123456789":
        return _read_din(stars)
    found = _ISO.fullmatch(stars)
    if not found:
        raise EvseIdError(_iso_fault(stars))
    return EvseId(f"{found[1]}*{found[2]}", _checked_own(found[3]))


@lru_cache(maxsize=8192)
def canonical_name(text: str) -> str | None:
    """One name for all spellings of an EVSE-ID; None for a text that is none."""
    try:
        return read_evse_id(text).canonical
    except EvseIdError:
        return None


def read_operator(text: str) -> str:
    """The operator's part of EVSE-IDs, such as `de-abc`, with a star: `DE*ABC`, `+49*823`."""
    stars = _with_stars(text)
    if found := _ISO_OPERATOR.fullmatch(stars):
        return f"{found[1]}*{found[2]}"
    if found := _DIN_OPERATOR.fullmatch(stars):
        return f"+{found[1]}*{found[2]}"
    raise EvseIdError("it is no operator such as DE*ABC or +49*823")


def _with_stars(text: str) -> str:
    if not text:
        raise EvseIdError("it is empty")
    if len(text) > MAX_CHARACTERS:
        raise EvseIdError(f"it is longer than {MAX_CHARACTERS} characters")
    if not text.isascii() or not text.isprintable():
        raise EvseIdError("it has characters that no EVSE-ID has")
    if "*" in text and "-" in text:
        raise EvseIdError("it mixes stars and hyphens")
    return text.upper().replace("-", "*")


def _read_din(stars: str) -> EvseId:
    found = _DIN.fullmatch(stars)
    if not found:
        raise EvseIdError(
            "after the country's telephone code there must be a star, the operator's 3 to 6 "
            "digits, a star, and digits"
        )
    return EvseId(f"+{found[1]}*{found[2]}", _checked_own(found[3]))


def _iso_fault(stars: str) -> str:
    """Which part of an ISO 15118 EVSE-ID is the first that is wrong."""
    if not re.match(r"[A-Z]{2}", stars):
        return "it does not begin with the country's two letters"
    if not re.match(r"[A-Z]{2}\*?[A-Z0-9]{3}", stars):
        return "the operator's three letters or digits do not follow the country"
    if not re.match(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E", stars):
        return "an E does not follow the operator"
    if re.fullmatch(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E", stars):
        return "nothing follows the E"
    return "after the E there are characters other than letters, digits and separators"


def _checked_own(own: str) -> str:
    if own.startswith("*") or own.endswith("*") or "**" in own:
        raise EvseIdError("a separator stands where no character follows or precedes it")
    if len(own.replace("*", "")) > MAX_OWN_CHARACTERS:
        raise EvseIdError(f"the operator's own part is longer than {MAX_OWN_CHARACTERS} characters")
    return own
