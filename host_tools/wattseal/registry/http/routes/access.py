"""Access keys: an administrator makes, lists and revokes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, status

from wattseal.registry.http import examples
from wattseal.registry.http.callers import Administrator, Service
from wattseal.registry.http.descriptions import ADMINISTRATION, RECORDING
from wattseal.registry.http.parameters import KeyIdPath
from wattseal.registry.requests import AccessRequest, AccessState, Confirmation

router = APIRouter(prefix="/v1/access", tags=["access keys"])

_CHANGING = {**ADMINISTRATION, 404: RECORDING[404], 422: RECORDING[422]}


@router.post(
    "", status_code=status.HTTP_201_CREATED, responses=_CHANGING, summary="Make an access key"
)
def grant(
    body: Annotated[AccessRequest, Body(openapi_examples=examples.of_body("access"))],
    actor: Administrator,
    registry: Service,
) -> Confirmation:
    """The answer shows the key this once; the registry keeps its hash alone."""
    return registry.grant(body, actor)


@router.get("", responses=ADMINISTRATION, summary="List the access keys")
def access_keys(_actor: Administrator, registry: Service) -> list[AccessState]:
    """All that there ever were, the revoked and expired ones too."""
    return registry.access_keys()


@router.delete("/{key_id}", responses=_CHANGING, summary="Revoke an access key")
def revoke(key_id: KeyIdPath, actor: Administrator, registry: Service) -> Confirmation:
    """From now on it is good for nothing."""
    return registry.revoke(key_id, actor)
