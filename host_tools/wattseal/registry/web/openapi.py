"""Which answers besides success each kind of route may give, for the API's description."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from fastapi import Body

from wattseal.registry.web.problems import ErrorBody, RefusedBody

_PLACE = "#/components/schemas/"

Responses = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "The request cannot be read.",
    401: "The access key is missing, unknown, expired or revoked.",
    403: "The access key may not do this.",
    404: "The registry knows no such thing.",
    413: "The body is too large.",
    415: "The body is compressed, or not in UTF-8.",
    429: "Too many requests; the header Retry-After says how long to wait.",
    503: "The registry cannot serve now.",
}


def errors(*statuses: int) -> Responses:
    """These, and what any route may answer."""
    return {
        status: {"model": ErrorBody, "description": _MEANINGS[status]}
        for status in sorted({400, 413, 415, 429, 503, *statuses})
    }


def as_json(responses: Responses) -> Responses:
    """The same for a route whose success is no JSON: its errors are JSON nevertheless."""
    return {
        status: {
            "description": told["description"],
            "content": {"application/json": {"schema": {"$ref": _PLACE + told["model"].__name__}}},
        }
        for status, told in responses.items()
    }


PUBLIC = errors()
FINDING = errors(404)
ADMINISTRATION = errors(401, 403)
RECORDING: Responses = {
    **errors(401, 404),
    403: {"model": RefusedBody, "description": "The charge point is not this access key's."},
    422: {"model": RefusedBody, "description": "A rule speaks against it; all reasons are told."},
}
REPEATED = "It was recorded before; this is the entry that there is."


_ALL: dict[str, Any] = json.loads(
    files("wattseal.registry.web").joinpath("examples.json").read_text(encoding="ascii")
)


def body(name: str) -> Any:
    """A route's body, with the examples of that name."""
    return Body(openapi_examples={each["summary"]: each for each in _ALL[name]})


def add_answers(paths: dict[str, Any]) -> None:
    """Give the answers of a finished description their examples.

    The framework drops what is null from examples, but an answer with a member that is null has it.
    """
    for path, answers in _ALL["answers"].items():
        content = paths[path]["get"]["responses"]["200"]["content"]["application/json"]
        content["examples"] = {each["summary"]: each for each in answers}
