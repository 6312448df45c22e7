"""Bodies of the API that are not models of requests.py."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from wattseal.registry.requests import Reason


class Body(BaseModel):
    """An answer; never changed, never with members that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorFacts(Body):
    """`name` for programs, `sentence` and `remedy` for people, `detail` the values in them."""

    name: str
    sentence: str
    remedy: str
    detail: dict[str, str | int] = {}


class ErrorBody(Body):
    """Every answer that is no success."""

    error: ErrorFacts


class RefusedBody(ErrorBody):
    """A request that speaks against a rule: all that was found, at once."""

    reasons: list[Reason]


class Health(Body):
    """That the process answers."""

    status: str = "ok"
