"""How the registry says no: one table of names, each with what happened and what to do.

What speaks against a request is told by reasons (api_models.Reason) instead, all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattseal.registry.api_models import Reason

FAILURES = {
    # Who asks.
    "access_unknown": (
        "The registry knows no such access key.",
        "Give the whole key as it was shown when it was made; an administrator makes a new one.",
    ),
    "access_expired": (
        "The access key {key_id} was good until {until}.",
        "Ask the registry's administrator for a new one.",
    ),
    "access_revoked": (
        "The access key {key_id} was revoked.",
        "Ask the registry's administrator for a new one.",
    ),
    "access_denied": (
        "The access key {key_id} is not an administrator's.",
        "Have an administrator of the registry do it.",
    ),
    # What is asked for.
    "not_found": (
        "The registry has no {what} {name}.",
        "Check the spelling; the search finds what begins alike.",
    ),
    "not_in_log": (
        "The log has {size} entries; what was asked for lies beyond them.",
        "Take the newest checkpoint and ask within its size.",
    ),
    # The registry itself.
    "state_broken": (
        "What the registry keeps about entry {entry} contradicts itself: {cause}.",
        "Its operator is to audit it and to restore the last good backup.",
    ),
    "clock_behind": (
        "By this computer's clock, the registry's newest record was made {seconds} s from now.",
        "The registry's operator is to set its computers' clocks; until then it only answers.",
    ),
    "clock_differs": (
        "The clocks of this computer and of the registry's database server differ by {seconds} s.",
        "The registry's operator is to set both clocks; until then it only answers.",
    ),
    "not_ready": ("The registry cannot serve now: {cause}.", "Try again in a moment."),
}


class RegistryError(Exception):
    """`name` for programs, `sentence` and `remedy` for people, `detail` what fills the blanks."""

    def __init__(self, name: str, /, **detail: str | int) -> None:
        sentence, remedy = FAILURES[name]
        super().__init__(name)
        self.name = name
        self.sentence = sentence.format(**detail)
        self.remedy = remedy.format(**detail)
        self.detail = dict(detail)

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}"


class AccessError(RegistryError):
    """Names `access_...`: the access key is none, is good no more, or may not do this."""


class NotFound(RegistryError):  # noqa: N818
    """Names `not_found`, `not_in_log`."""


class StateBroken(RegistryError):  # noqa: N818
    """Name `state_broken`: what is stored contradicts itself, so it is not served."""


class ClockWrong(RegistryError):  # noqa: N818
    """Names `clock_...`: no record can be made, for its time would not be true."""


class Refused(Exception):  # noqa: N818
    """The registry does not record this; `reasons` says all that speaks against it."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons
