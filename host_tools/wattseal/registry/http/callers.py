"""What routes ask for: the registry, and whose access key the request brings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from wattseal.registry.failures import AccessError
from wattseal.registry.http import client_address
from wattseal.registry.http.problems import Problem
from wattseal.registry.http.rate_limits import RateLimits
from wattseal.registry.requests import AccessState
from wattseal.registry.service import Registry

MAX_ACCESS_KEY_CHARACTERS = 200

ask = run_in_threadpool
"""Asks the registry, which may wait for its database, in a thread; routes that are asked often do
so themselves, since the framework would go through a second thread to check the answer."""

_bearer = HTTPBearer(
    auto_error=False, scheme_name="access key", description="`wsk_...`, as it was shown once."
)


async def _registry(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


Service = Annotated[Registry, Depends(_registry)]


def _actor(
    request: Request,
    registry: Service,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> AccessState:
    """The access key's state. AccessError, and Problem `access_missing`, `too_many_requests`."""
    if given is None:
        raise Problem("access_missing")
    limits: RateLimits = request.app.state.limits
    address = client_address.of_scope(request.scope)
    limits.check("wrong_key", address)
    try:
        actor = registry.authenticate(given.credentials[:MAX_ACCESS_KEY_CHARACTERS])
    except AccessError:
        limits.count("wrong_key", address)
        raise
    request.state.key_id = actor.key_id
    limits.count("write", actor.key_id)
    return actor


Actor = Annotated[AccessState, Depends(_actor)]


async def _administrator(actor: Actor) -> AccessState:
    """As `_actor`; AccessError `access_denied` unless it is an administrator's."""
    if actor.role != "administrator":
        raise AccessError("access_denied", key_id=actor.key_id)
    return actor


Administrator = Annotated[AccessState, Depends(_administrator)]
