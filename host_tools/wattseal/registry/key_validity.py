"""How long a key signs for a charge point, as the states of the key tell it.

It begins with the first state in which the key is active there, and ends with the first after that
in which it is not: superseded, deactivated, or active at another charge point. What changes in
between, the meter say, ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from wattseal.public_key import DEFAULT_ALGORITHM
from wattseal.registry.requests import KeyAnswer, KeyState, KeyValidity


class Moment(Protocol):
    """What a state of a key says of its validity; a row of the table of keys does too."""

    @property
    def status(self) -> str:
        """active, or why it is not."""

    @property
    def evse_id(self) -> str:
        """Where it signs, or signed last."""

    @property
    def since_unix_ms(self) -> int:
        """When that began."""


class Period(NamedTuple):
    """From when until when; `until_unix_ms` None: it still does."""

    from_unix_ms: int
    until_unix_ms: int | None


def period_at(states: Iterable[Moment], place: int) -> Period:
    """The period that the state at this place belongs to: a key's last one, if it has ended.

    states: all of one key, oldest first.
    """
    evse_id: str | None = None
    period = Period(0, None)
    for number, state in enumerate(states):
        here = state.evse_id if state.status == "active" else None
        if here != evse_id:
            if evse_id is not None:
                period = period._replace(until_unix_ms=state.since_unix_ms)
            if number > place:
                return period
            if here is not None:
                period = Period(state.since_unix_ms, None)
            evse_id = here
    return period


def key_answer(state: KeyState, period: Period) -> KeyAnswer:
    """A state of a key with the period that it belongs to."""
    members = {name: getattr(state, name) for name in KeyState.model_fields}
    return KeyAnswer(**members, **_told(period))


def key_validity(fingerprint: str, period: Period) -> KeyValidity:
    """A period of a key."""
    return KeyValidity(fingerprint=fingerprint, **_told(period))


def _told(period: Period) -> dict[str, Any]:
    return {
        "algorithm": DEFAULT_ALGORITHM,
        "valid_from_unix_ms": period.from_unix_ms,
        "valid_until_unix_ms": period.until_unix_ms,
    }
