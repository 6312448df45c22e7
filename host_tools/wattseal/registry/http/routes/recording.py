"""Requests that write: each makes one entry of the log, and is answered once it is public."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response, status

from wattseal.registry.http import examples
from wattseal.registry.http.callers import Actor, Service
from wattseal.registry.http.descriptions import PUBLIC, RECORDING, REPEATED, Responses
from wattseal.registry.requests import (
    Challenge,
    Confirmation,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
    Reason,
    RegistrationRequest,
    TestChargeRequest,
)

router = APIRouter(prefix="/v1", tags=["recording"])

_REPEATED: Responses = {200: {"model": Confirmation, "description": REPEATED}}

RegistrationBody = Annotated[
    RegistrationRequest, Body(openapi_examples=examples.of_body("registration"))
]


def _told(done: Confirmation, response: Response) -> Confirmation:
    """201 for a new entry, 200 for one that there was."""
    if done.repeated:
        response.status_code = status.HTTP_200_OK
    response.headers["Location"] = f"/v1/entries/{done.entry}"
    return done


@router.post("/challenges", responses=PUBLIC, summary="Get a challenge")
def challenge(registry: Service) -> Challenge:
    """What a module signs with `wattseal device prove`; good for an hour."""
    return registry.challenge()


@router.post(
    "/registrations",
    status_code=status.HTTP_201_CREATED,
    responses={**RECORDING, **_REPEATED},
    summary="Register a key",
)
def register(
    body: RegistrationBody, actor: Actor, registry: Service, response: Response
) -> Confirmation:
    """Every scenario in which a key begins to sign for a charge point."""
    return _told(registry.register(body, actor), response)


@router.post(
    "/registrations/check",
    responses={key: RECORDING[key] for key in RECORDING if key != 422},
    summary="Judge a registration without making it",
)
def check(body: RegistrationBody, actor: Actor, registry: Service) -> list[Reason]:
    """All that speaks against it; empty if it would be taken."""
    return registry.judge(body, actor)


@router.post(
    "/deactivations",
    status_code=status.HTTP_201_CREATED,
    responses={**RECORDING, **_REPEATED},
    summary="Deactivate a key",
)
def deactivate(
    body: Annotated[DeactivationRequest, Body(openapi_examples=examples.of_body("deactivation"))],
    actor: Actor,
    registry: Service,
    response: Response,
) -> Confirmation:
    """The charge point is given up, or its key is not to be trusted any more."""
    return _told(registry.deactivate(body, actor), response)


@router.post(
    "/hardware-exchanges",
    status_code=status.HTTP_201_CREATED,
    responses={**RECORDING, **_REPEATED},
    summary="Note an exchange of station hardware",
)
def exchange_hardware(
    body: Annotated[
        HardwareExchangeRequest, Body(openapi_examples=examples.of_body("hardware_exchange"))
    ],
    actor: Actor,
    registry: Service,
    response: Response,
) -> Confirmation:
    """The station around the meter is another; meter, module and EVSE-ID stay."""
    return _told(registry.exchange_hardware(body, actor), response)


@router.post(
    "/consents",
    status_code=status.HTTP_201_CREATED,
    responses={**RECORDING, **_REPEATED},
    summary="Consent to a take-over",
)
def consent(
    body: Annotated[ConsentRequest, Body(openapi_examples=examples.of_body("consent"))],
    actor: Actor,
    registry: Service,
    response: Response,
) -> Confirmation:
    """Let another operator take over this charge point's meter and module."""
    return _told(registry.consent(body, actor), response)


@router.post(
    "/test-charges",
    status_code=status.HTTP_201_CREATED,
    responses={**RECORDING, **_REPEATED},
    summary="Keep a test charge",
)
def keep_test_charge(
    body: Annotated[TestChargeRequest, Body(openapi_examples=examples.of_body("test_charge"))],
    actor: Actor,
    registry: Service,
    response: Response,
) -> Confirmation:
    """The records of the session charged after commissioning, for the commissioning document."""
    return _told(registry.keep_test_charge(body, actor), response)
