"""Questions about the present and the past, open to everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import StringConstraints, TypeAdapter, ValidationError

from wattseal.common.times import unix_ms_now
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.registry import api_models as api
from wattseal.registry.failures import NotFound
from wattseal.registry.log_client import write_states
from wattseal.registry.records import ChipId, Hash, KeyId, MeterRef
from wattseal.registry.states import history_lines
from wattseal.registry.web import openapi
from wattseal.registry.web.callers import (
    OPERATOR_ONLY,
    Actor,
    Administrator,
    LongWork,
    Service,
    Writing,
    ask,
)
from wattseal.registry.web.metrics import Metrics
from wattseal.registry.web.openapi import (
    ADMINISTRATION,
    FINDING,
    PUBLIC,
    RECORDING,
    REPEATED,
    Responses,
    as_json,
    errors,
)
from wattseal.registry.web.problems import Health, Problem
from wattseal.registry.web.templates import FORMS, read_moment
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
FingerprintPath = Annotated[Hash, Path(description="SHA-256 of the SubjectPublicKeyInfo, in hex.")]
ChipIdPath = Annotated[
    ChipId,
    Path(description="Identity of the module's chip in hex, as `wattseal device status` shows it."),
]
KeyIdPath = Annotated[KeyId, Path(description="The middle part of `wsk_..._...`: public.")]
Size = Annotated[
    int | None,
    Query(ge=1, le=MAX_INTEGER, description="Size of the log. Default: the entry's number + 1."),
]
First = Annotated[int, Query(ge=0, le=MAX_INTEGER, description="Number of the first, from 0.")]
Count = Annotated[int, Query(ge=1, le=MAX_COUNT, description="How many at most.")]
Names = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=400)]],
    Query(
        min_length=1,
        max_length=50,
        description="Names in the index: kind and name, with blanks between (docs/registry.md).",
        examples=["evse DEABCE0001"],
    ),
]
SeenSize = Annotated[
    int,
    Query(ge=0, le=MAX_INTEGER, description="Size of the newest checkpoint seen; 0: none."),
]
SearchText = Annotated[
    str,
    Query(
        min_length=1,
        max_length=400,
        description="What a name begins with; 50 of each kind are told at most.",
        examples=["DE*ABC"],
    ),
]


access_router = APIRouter(prefix="/v1/access", tags=["access keys"])

_CHANGING = {**ADMINISTRATION, 404: RECORDING[404], 422: RECORDING[422]}


@access_router.post(
    "", status_code=status.HTTP_201_CREATED, responses=_CHANGING, summary="Make an access key"
)
async def grant(
    body: Annotated[api.AccessRequest, openapi.body("access")],
    actor: Administrator,
    registry: Service,
    writing: Writing,
) -> api.Confirmation:
    """The answer shows the key this once; the registry keeps its hash alone."""
    return await writing.run(registry.grant, body, actor)


@access_router.get("", responses=ADMINISTRATION, summary="List the access keys")
def access_keys(
    _actor: Administrator, registry: Service, first: First = 0, count: Count = MAX_COUNT
) -> list[api.AccessState]:
    """All that there ever were, the revoked and expired ones too, oldest first."""
    return registry.access_keys()[first : first + count]


@access_router.delete("/{key_id}", responses=_CHANGING, summary="Revoke an access key")
async def revoke(
    key_id: KeyIdPath, actor: Administrator, registry: Service, writing: Writing
) -> api.Confirmation:
    """From now on it is good for nothing."""
    return await writing.run(registry.revoke, key_id, actor)


entries_router = APIRouter(prefix="/v1", tags=["log"])

_RECORDS = TypeAdapter(list[api.RecordLine])

FOR_EVER = "public, max-age=31536000, immutable"
"""Cache-Control of what never changes."""


@entries_router.get("/entries/{number}", responses=FINDING, summary="An entry and its record")
async def entry(number: EntryPath, registry: Service, response: Response) -> api.RecordLine:
    """The entry as it is in the log, and the record that it commits to."""
    line = await ask(registry.record, number)
    response.headers["Cache-Control"] = FOR_EVER
    return line


@entries_router.get(
    "/entries/{number}/publication", responses=FINDING, summary="Proof of publication"
)
async def publication(
    number: EntryPath, registry: Service, response: Response, size: Size = None
) -> api.PublicationAnswer:
    """The file that `wattseal device publish` takes: inclusion proof and signed checkpoint."""
    answer = await ask(registry.publication, number, size)
    response.headers["Cache-Control"] = FOR_EVER
    return answer


@entries_router.get("/heads", responses=PUBLIC, summary="The newest signed notes")
async def heads(registry: Service, response: Response) -> api.Heads:
    """The checkpoint of the log and the root of its index, both of one size."""
    response.headers["Cache-Control"] = "no-cache"
    return await ask(registry.heads)


@entries_router.get(
    "/evidence",
    responses=PUBLIC,
    response_model=api.Evidence,
    summary="Proof of all that is recorded about things",
)
def evidence(registry: Service, name: Names, seen: SeenSize = 0, first: First = 0) -> Response:
    """Every entry that touched them, with its record and proofs, and proof that these are all.

    Records are told 256 at most: ask again with `first` one more than the number of the last.
    """
    return _json(registry.evidence(list(dict.fromkeys(name)), seen, first).model_dump_json())


# These two give texts that are made at once: an auditor reads the whole log with them, and the
# framework would go through every member twice.


@entries_router.get(
    "/records",
    responses=PUBLIC,
    response_model=list[api.RecordLine],
    summary="Records in the order of the log",
)
async def records(
    registry: Service, long_work: LongWork, first: First = 0, count: Count = 256
) -> Response:
    """From that entry on; none where the log has no more."""
    made = await long_work.run(lambda: _RECORDS.dump_json(registry.records(first, count)))
    return _json(made)


@entries_router.get(
    "/states",
    responses=PUBLIC,
    response_model=list[list[api.State]],
    summary="What each record made of the state",
)
async def states(
    registry: Service, long_work: LongWork, first: First = 0, count: Count = 256
) -> Response:
    """For each entry the states that begin with it, as the tables hold them; for auditors."""
    return _json(await long_work.run(lambda: write_states(registry.states(first, count))))


def _json(content: bytes | str) -> Response:
    return Response(content, media_type="application/json")


operation_router = APIRouter(tags=["operation"])

_METRICS: Responses = {
    **as_json(errors(401)),
    200: {"description": "Prometheus's text format.", "content": {"text/plain": {}}},
}


class _Text(Response):
    media_type = CONTENT_TYPE_LATEST


@operation_router.get("/health", summary="Is the process alive?")
async def health() -> Health:
    """Asks nothing of the database: a process that answers is not to be restarted."""
    return Health()


@operation_router.get("/ready", responses=PUBLIC, summary="Can it serve?")
def ready(registry: Service) -> Health:
    """Asks the database; 503 while it does not answer, or while a clock is wrong."""
    registry.ready()
    return Health()


@operation_router.get(
    "/metrics",
    response_class=_Text,
    responses=_METRICS,
    dependencies=[OPERATOR_ONLY],
    summary="Prometheus metrics",
)
def metrics(request: Request, registry: Service) -> Response:
    """Counters of all workers; from another computer with an access key."""
    counted: Metrics = request.app.state.metrics
    return _Text(counted.text(registry.facts().size))


questions_router = APIRouter(prefix="/v1", tags=["questions"])

_State = TypeVar("_State")


@questions_router.get("/registry", responses=PUBLIC, summary="Who the registry is")
async def facts(registry: Service) -> api.RegistryFacts:
    """Its name and keys, as modules and clients of the log are configured with them."""
    return await ask(registry.facts)


@questions_router.get("/evse/{evse_id}", responses=FINDING, summary="A charge point")
async def evse(evse_id: EvseIdPath, at: At, registry: Service) -> api.EvseState:
    """Its state now, or at a time."""
    return _found(await ask(registry.evse, evse_id, at), "charge point", evse_id)


@questions_router.get("/evse/{evse_id}/key", responses=FINDING, summary="The key of a charge point")
async def key_of_evse(evse_id: EvseIdPath, at: At, registry: Service) -> api.KeyAnswer:
    """The key that is valid for it now, or was at a time; check a session's records with it.

    `valid_until_unix_ms` is what is known now, also when a time of the past is asked for: null
    while the key signs for this charge point, else when it ended.
    """
    found = await ask(registry.key_valid, evse_id, unix_ms_now() if at is None else at)
    return _found(found, "valid key for", evse_id)


@questions_router.get(
    "/evse/{evse_id}/history", responses=FINDING, summary="A charge point's history"
)
async def history(
    evse_id: EvseIdPath,
    registry: Service,
    long_work: LongWork,
    first: First = 0,
    count: Count = MAX_COUNT,
) -> list[api.HistoryLine]:
    """Every record that touched it, oldest first, with the key that signs after it."""

    def read() -> list[api.HistoryLine]:
        records = registry.history(evse_id)
        return history_lines(evse_id, _found(records or None, "charge point", evse_id))

    return (await long_work.run(read))[first : first + count]


@questions_router.get(
    "/evse/{evse_id}/eligibility", responses=PUBLIC, summary="May it be published as compliant?"
)
async def eligibility(evse_id: EvseIdPath, registry: Service) -> api.Eligibility:
    """Whether the POI may be published, whether sessions may be authorised, and why not."""
    return await ask(registry.eligibility, evse_id)


@questions_router.get("/keys/{fingerprint}", responses=FINDING, summary="A key")
async def key(fingerprint: FingerprintPath, at: At, registry: Service) -> api.KeyAnswer:
    """A public key by its fingerprint, where it signs or signed last, and how long it did there.

    Its status is that of the time that is asked for; `valid_until_unix_ms` is what is known now.
    """
    return _found(await ask(registry.key, fingerprint, at), "key", fingerprint)


@questions_router.get("/modules/{chip_id}", responses=FINDING, summary="A signing module")
async def module(chip_id: ChipIdPath, at: At, registry: Service) -> api.ModuleState:
    """A signing module by its chip's id."""
    return _found(await ask(registry.module, chip_id, at), "module", chip_id)


# The names as they come may hold slashes; the parameters above take them apart.
@questions_router.get(
    "/meters/{manufacturer:path}/{serial:path}", responses=FINDING, summary="A meter"
)
async def meter(meter: MeterPath, at: At, registry: Service) -> api.MeterState:
    """A meter by what its label says; capitals and blanks make no difference."""
    name = f"{meter.manufacturer} {meter.serial}"
    return _found(await ask(registry.meter, meter, at), "meter", name)


@questions_router.post("/time", responses=PUBLIC, summary="Get the time, signed for a module")
def time(
    body: Annotated[api.TimeRequest, openapi.body("time")], registry: Service
) -> api.SignedTime:
    """What `wattseal device time --registry` brings to it; 503 while a clock is wrong."""
    return registry.sign_time(body)


@questions_router.get("/search", responses=PUBLIC, summary="Search")
async def search(q: SearchText, registry: Service, long_work: LongWork) -> api.SearchResult:
    """By what EVSE-IDs, serial numbers, chip ids, keys and fingerprints begin with."""
    return await long_work.run(registry.search, q)


def _found(state: _State | None, what: str, name: str) -> _State:
    if state is None:
        raise NotFound("not_found", what=what, name=name)
    return state


recording_router = APIRouter(prefix="/v1", tags=["recording"])

_Route = TypeVar("_Route", bound=Callable[..., Any])

RegistrationBody = Annotated[api.RegistrationRequest, openapi.body("registration")]


_Record = Callable[[api.RegistrationRequest | api.RequestAboutEvse], Awaitable[api.Confirmation]]


async def _recorder(
    actor: Actor, registry: Service, writing: Writing, response: Response
) -> _Record:
    """What records a request: its answer is 201 for a new entry, 200 for one that there was."""

    async def record(req: api.RegistrationRequest | api.RequestAboutEvse) -> api.Confirmation:
        if isinstance(req, api.RegistrationRequest):
            done = await writing.run(registry.register, req, actor)
        else:
            done = await writing.run(registry.record_about_evse, req, actor)
        if done.repeated:
            response.status_code = status.HTTP_200_OK
        response.headers["Location"] = f"/v1/entries/{done.entry}"
        return done

    return record


Recorder = Annotated[_Record, Depends(_recorder)]


def _recording(path: str, summary: str) -> Callable[[_Route], _Route]:
    """A route by which something is recorded."""
    return recording_router.post(
        path,
        status_code=status.HTTP_201_CREATED,
        responses={**RECORDING, 200: {"model": api.Confirmation, "description": REPEATED}},
        summary=summary,
    )


@recording_router.post("/challenges", responses=PUBLIC, summary="Get a challenge")
def challenge(registry: Service) -> api.Challenge:
    """What a module signs with `wattseal device prove`; good for an hour."""
    return registry.challenge()


@_recording("/registrations", "Register a key")
async def register(body: RegistrationBody, record: Recorder) -> api.Confirmation:
    """Every scenario in which a key begins to sign for a charge point."""
    return await record(body)


@recording_router.post(
    "/registrations/check",
    responses={key: RECORDING[key] for key in RECORDING if key != 422},
    summary="Judge a registration without making it",
)
async def check(
    body: RegistrationBody, actor: Actor, registry: Service, writing: Writing
) -> list[api.Reason]:
    """All that speaks against it; empty if it would be taken."""
    return list(map(api.Reason.of, await writing.run(registry.judge, body, actor)))


@_recording("/deactivations", "Deactivate a key")
async def deactivate(
    body: Annotated[api.DeactivationRequest, openapi.body("deactivation")], record: Recorder
) -> api.Confirmation:
    """The charge point is given up, or its key is not to be trusted any more."""
    return await record(body)


@_recording("/hardware-exchanges", "Note an exchange of station hardware")
async def exchange_hardware(
    body: Annotated[api.HardwareExchangeRequest, openapi.body("hardware_exchange")],
    record: Recorder,
) -> api.Confirmation:
    """The station around the meter is another; meter, module and EVSE-ID stay."""
    return await record(body)


@_recording("/consents", "Consent to a take-over")
async def consent(
    body: Annotated[api.ConsentRequest, openapi.body("consent")], record: Recorder
) -> api.Confirmation:
    """Let another operator take over this charge point's meter and module."""
    return await record(body)


@_recording("/test-charges", "Keep a test charge")
async def keep_test_charge(
    body: Annotated[api.TestChargeRequest, openapi.body("test_charge")], record: Recorder
) -> api.Confirmation:
    """The records of the session charged after commissioning, for the commissioning document."""
    return await record(body)
