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


TABLE = "registry_problems"


class Problem(RegistryError):  # noqa: N818
    """What goes wrong before the service is asked."""

    table = TABLE


def of_failure(error: RegistryError) -> tuple[int, ErrorBody, dict[str, str]]:
    """HTTP status, body and headers of an answer that is no success."""
    facts = ErrorFacts(
        name=error.name, sentence=error.sentence, remedy=error.remedy, detail=error.detail
    )
    return error.status, ErrorBody(error=facts), _headers(error.status, error.detail)


def _headers(status: int, detail: dict[str, str | int]) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="wattseal registry"'}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return {"Retry-After": str(detail["seconds"])}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": "5"}
    return {}
