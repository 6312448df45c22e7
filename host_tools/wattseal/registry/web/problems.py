"""What goes wrong between a client and the registry: names, HTTP statuses, sentences, remedies."""

from __future__ import annotations

from http import HTTPStatus

from wattseal.registry.api_models import Reason
from wattseal.registry.failures import RegistryError
from wattseal.registry.records import Model


class ErrorFacts(Model):
    """`name` for programs, `sentence` and `remedy` for people, `detail` the values in them."""

    name: str
    sentence: str
    remedy: str
    detail: dict[str, str | int] = {}


class ErrorBody(Model):
    """Every answer that is no success."""

    error: ErrorFacts


class RefusedBody(ErrorBody):
    """A request that speaks against a rule: all that was found, at once."""

    reasons: list[Reason]


class Health(Model):
    """That the process answers."""

    status: str = "ok"


PROBLEMS = {
    "request_malformed": (
        HTTPStatus.BAD_REQUEST,
        "The registry cannot read the request: {cause}.",
        "/openapi.json tells what it takes, with examples.",
    ),
    "access_missing": (
        HTTPStatus.UNAUTHORIZED,
        "This takes an access key, and the request brings none.",
        "Send the header `Authorization: Bearer wsk_...`; an administrator makes access keys.",
    ),
    "page_unknown": (
        HTTPStatus.NOT_FOUND,
        "There is nothing at {path}.",
        "/openapi.json tells what there is.",
    ),
    "method_unknown": (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "{path} does not know the method {method}.",
        "/openapi.json tells what there is.",
    ),
    "body_slow": (
        HTTPStatus.REQUEST_TIMEOUT,
        "The request's body did not come within {seconds} seconds.",
        "Check the connection and send it again.",
    ),
    "body_too_large": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request's body is larger than {limit} bytes.",
        "No request needs as much; check what is sent.",
    ),
    "too_many_requests": (
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests of this kind within a minute (limit: {limit}).",
        "Wait {seconds} s.",
    ),
    "internal_error": (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The registry met a condition that it was not written for.",
        "Tell its operator the request's number {request_id}; the log says more.",
    ),
}

STATUSES = {
    "access_unknown": HTTPStatus.UNAUTHORIZED,
    "access_expired": HTTPStatus.UNAUTHORIZED,
    "access_revoked": HTTPStatus.UNAUTHORIZED,
    "access_denied": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "not_in_log": HTTPStatus.NOT_FOUND,
    "state_broken": HTTPStatus.INTERNAL_SERVER_ERROR,
    "clock_behind": HTTPStatus.SERVICE_UNAVAILABLE,
    "clock_differs": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_ready": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The HTTP status of each name of failures.py."""

REFUSED = "The registry does not record this; `reasons` says why."
REFUSED_REMEDY = "Do what the reasons tell, then send it again."


class Problem(Exception):  # noqa: N818
    """An answer that is no success: `status`, the body that says why, and further headers."""

    def __init__(self, name: str, /, **detail: str | int) -> None:
        super().__init__(name)
        status, sentence, remedy = PROBLEMS[name]
        self.name = name
        self.status = int(status)
        self.body = ErrorBody(
            error=ErrorFacts(
                name=name,
                sentence=sentence.format(**detail),
                remedy=remedy.format(**detail),
                detail=dict(detail),
            )
        )
        self.headers = _headers(self.status, detail)


def of_failure(error: RegistryError) -> tuple[int, ErrorBody, dict[str, str]]:
    """HTTP status, body and headers of what the service itself raises."""
    status = int(STATUSES[error.name])
    facts = ErrorFacts(
        name=error.name, sentence=error.sentence, remedy=error.remedy, detail=error.detail
    )
    return status, ErrorBody(error=facts), _headers(status, error.detail)


def _headers(status: int, detail: dict[str, str | int]) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="wattseal registry"'}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return {"Retry-After": str(detail["seconds"])}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": "5"}
    return {}
