"""Which answers besides success each kind of route may give, for the API's description."""

from __future__ import annotations

from typing import Any

from wattseal.registry.http.answers import ErrorBody, RefusedBody

Responses = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "The request cannot be read.",
    401: "The access key is missing, unknown, expired or revoked.",
    403: "The access key may not do this.",
    404: "The registry knows no such thing.",
    413: "The body is too large.",
    429: "Too many requests; the header Retry-After says how long to wait.",
    503: "The registry cannot serve now.",
}


def errors(*statuses: int) -> Responses:
    """These, and what any route may answer."""
    return {
        status: {"model": ErrorBody, "description": _MEANINGS[status]}
        for status in sorted({400, 413, 429, 503, *statuses})
    }


def as_json(responses: Responses) -> Responses:
    """The same for a route whose success is no JSON: its errors are JSON nevertheless."""
    return {
        status: {
            "description": told["description"],
            "content": {"application/json": {"schema": {"$ref": _schema(told["model"])}}},
        }
        for status, told in responses.items()
    }


def _schema(model: type) -> str:
    return f"#/components/schemas/{model.__name__}"


PUBLIC = errors()
FINDING = errors(404)
ADMINISTRATION = errors(401, 403)
RECORDING: Responses = {
    **errors(401, 404),
    403: {"model": RefusedBody, "description": "The charge point is not this access key's."},
    422: {"model": RefusedBody, "description": "A rule speaks against it; all reasons are told."},
}
REPEATED = "It was recorded before; this is the entry that there is."
