"""The log as clients of tile logs read it (C2SP tlog-tiles), below /log."""

from __future__ import annotations

import gzip
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from wattseal.registry.failures import NotFound
from wattseal.registry.web.api import FOR_EVER
from wattseal.registry.web.callers import Service, ask
from wattseal.registry.web.openapi import FINDING, PUBLIC, Responses, as_json
from wattseal.tlog.tiles import TileError, read_path

router = APIRouter(prefix="/log", tags=["log"])

OCTETS = "application/octet-stream"
_BYTES: dict[str, Any] = {OCTETS: {"schema": {"type": "string", "format": "binary"}}}
_TILE: Responses = {
    **as_json(FINDING),
    200: {"description": "Hashes of 32 bytes, or entries after their lengths.", "content": _BYTES},
}
_CHECKPOINT: Responses = {
    **as_json(PUBLIC),
    200: {"description": "A signed note.", "content": {"text/plain": {}}},
}


TilePath = Annotated[
    str, Path(description="Level and number of the tile.", examples=["0/x001/067", "entries/000"])
]


class _Octets(Response):
    media_type = OCTETS


class _Note(Response):
    media_type = "text/plain"


@router.get(
    "/checkpoint", response_class=_Note, responses=_CHECKPOINT, summary="The newest checkpoint"
)
async def checkpoint(registry: Service) -> Response:
    """Size and root of the log, signed by both of the registry's keys."""
    return _Note(await ask(registry.checkpoint), headers={"Cache-Control": "no-cache"})


@router.get(
    "/tile/{path:path}", response_class=_Octets, responses=_TILE, summary="A tile or entry bundle"
)
async def tile(path: TilePath, request: Request, registry: Service) -> Response:
    """`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`, numbers such as `x001/x234/067`."""
    try:
        asked = read_path(f"tile/{path}")
    except TileError:
        raise NotFound("not_found", what="tile", name=path[:100]) from None
    data = await ask(registry.tile, asked)
    headers = {"Cache-Control": FOR_EVER}
    if asked.level is None:
        headers["Vary"] = "Accept-Encoding"
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            # Entries are texts that repeat themselves.
            data = await ask(partial(gzip.compress, data, compresslevel=6, mtime=0))
            headers["Content-Encoding"] = "gzip"
    return _Octets(data, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding names gzip, or everything, and not with the weight 0."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
