"""Entries of the log with the records behind them, for proofs and for auditors."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from wattseal.registry.http.callers import Service, ask
from wattseal.registry.http.descriptions import FINDING, PUBLIC
from wattseal.registry.http.parameters import Count, EntryPath, First, Size
from wattseal.registry.log_source import write_states
from wattseal.registry.requests import PublicationAnswer, RecordLine, State

router = APIRouter(prefix="/v1", tags=["log"])

_RECORDS = TypeAdapter(list[RecordLine])

FOR_EVER = "public, max-age=31536000, immutable"
"""Cache-Control of what never changes."""


@router.get("/entries/{number}", responses=FINDING, summary="An entry and its record")
async def entry(number: EntryPath, registry: Service, response: Response) -> RecordLine:
    """The entry as it is in the log, and the record that it commits to."""
    leaf, record = await ask(registry.record, number)
    response.headers["Cache-Control"] = FOR_EVER
    return RecordLine(number=number, leaf=leaf, record=record)


@router.get("/entries/{number}/publication", responses=FINDING, summary="Proof of publication")
async def publication(
    number: EntryPath, registry: Service, response: Response, size: Size = None
) -> PublicationAnswer:
    """The file that `wattseal device publish` takes: inclusion proof and signed checkpoint."""
    answer = await ask(registry.publication, number, size)
    response.headers["Cache-Control"] = FOR_EVER
    return answer


# These two give texts that are made at once: an auditor reads the whole log with them, and the
# framework would go through every member twice.


@router.get(
    "/records",
    responses=PUBLIC,
    response_model=list[RecordLine],
    summary="Records in the order of the log",
)
def records(registry: Service, first: First = 0, count: Count = 256) -> Response:
    """From that entry on; none where the log has no more."""
    return _json(_RECORDS.dump_json(registry.records(first, count)))


@router.get(
    "/states",
    responses=PUBLIC,
    response_model=list[list[State]],
    summary="What each record made of the state",
)
def states(registry: Service, first: First = 0, count: Count = 256) -> Response:
    """For each entry the states that begin with it, as the tables hold them; for auditors."""
    return _json(write_states(registry.states(first, count)))


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
