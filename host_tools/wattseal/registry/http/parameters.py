"""What paths and queries hold, read in one way by all routes."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Query, Request
from pydantic import ValidationError

from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.registry.http.moments import FORMS, read_moment
from wattseal.registry.http.problems import Problem
from wattseal.registry.records import MeterRef
from wattseal.wire.strict_json import MAX_INTEGER

MAX_COUNT = 256


async def _moment(
    at: Annotated[
        str | None,
        Query(
            max_length=40,
            description=f"The time that is asked about: {FORMS}. Without it, now.",
            examples=["2026-11-21T10:00:05Z"],
        ),
    ] = None,
) -> int | None:
    return None if at is None else read_moment(at)


async def _evse_id(
    evse_id: Annotated[
        str,
        Path(
            min_length=1,
            max_length=50,
            description="An EVSE-ID in any spelling of ISO 15118 or DIN 91286.",
            examples=["DE*ABC*E0001"],
        ),
    ],
) -> str:
    try:
        return read_evse_id(evse_id).text
    except EvseIdError as error:
        raise Problem("request_malformed", cause=str(error).rstrip(".")) from None


async def _meter(
    request: Request,
    manufacturer: Annotated[
        str, Path(max_length=50, description="As on the meter's label.", examples=["Eastron"])
    ],
    serial: Annotated[
        str, Path(max_length=50, description="As on the meter's label.", examples=["19285703"])
    ],
) -> MeterRef:
    """From the path as it was sent, where the slash of a name is an escaped one."""
    *_others, manufacturer, serial = request.scope["raw_path"].decode("latin-1").split("/")
    try:
        return MeterRef(manufacturer=unquote(manufacturer), serial=unquote(serial))
    except ValidationError as error:
        cause = f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}"
        raise Problem("request_malformed", cause=cause) from None


At = Annotated[int | None, Depends(_moment)]
EvseIdPath = Annotated[str, Depends(_evse_id)]
MeterPath = Annotated[MeterRef, Depends(_meter)]
EntryPath = Annotated[int, Path(ge=0, le=MAX_INTEGER, description="Number of the entry, from 0.")]
FingerprintPath = Annotated[
    str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the SubjectPublicKeyInfo, in hex.")
]
ChipIdPath = Annotated[
    str,
    Path(
        pattern="^(?:[0-9a-f]{2})+$",
        min_length=16,
        max_length=64,
        description="Identity of the module's chip in hex, as `wattseal device status` shows it.",
    ),
]
KeyIdPath = Annotated[
    str, Path(pattern="^[a-z2-7]{12}$", description="The middle part of `wsk_..._...`: public.")
]
Size = Annotated[
    int | None,
    Query(ge=1, le=MAX_INTEGER, description="Size of the log. Default: the entry's number + 1."),
]
First = Annotated[int, Query(ge=0, le=MAX_INTEGER, description="Number of the first entry.")]
Count = Annotated[int, Query(ge=1, le=MAX_COUNT, description="How many at most.")]
SearchText = Annotated[
    str,
    Query(
        min_length=1,
        max_length=400,
        description="What a name begins with; 50 of each kind are told at most.",
        examples=["DE*ABC"],
    ),
]
