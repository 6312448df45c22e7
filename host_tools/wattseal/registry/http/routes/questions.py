"""Questions about the present and the past, open to everybody."""

from __future__ import annotations

from typing import TypeVar

from fastapi import APIRouter

from wattseal.computer_clock import unix_ms_now
from wattseal.registry.failures import NotFound
from wattseal.registry.history_lines import history_lines
from wattseal.registry.http.callers import Service, ask
from wattseal.registry.http.descriptions import FINDING, PUBLIC
from wattseal.registry.http.parameters import (
    At,
    ChipIdPath,
    EvseIdPath,
    FingerprintPath,
    MeterPath,
    SearchText,
)
from wattseal.registry.requests import (
    Eligibility,
    EvseState,
    HistoryLine,
    KeyAnswer,
    MeterState,
    ModuleState,
    RegistryFacts,
    SearchResult,
)

router = APIRouter(prefix="/v1", tags=["questions"])

_State = TypeVar("_State")


@router.get("/registry", responses=PUBLIC, summary="Who the registry is")
async def facts(registry: Service) -> RegistryFacts:
    """Its name and keys, as modules and clients of the log are configured with them."""
    return await ask(registry.facts)


@router.get("/evse/{evse_id}", responses=FINDING, summary="A charge point")
async def evse(evse_id: EvseIdPath, at: At, registry: Service) -> EvseState:
    """Its state now, or at a time."""
    return _found(await ask(registry.evse, evse_id, at), "charge point", evse_id)


@router.get("/evse/{evse_id}/key", responses=FINDING, summary="The key of a charge point")
async def key_of_evse(evse_id: EvseIdPath, at: At, registry: Service) -> KeyAnswer:
    """The key that is valid for it now, or was at a time; check a session's records with it.

    `valid_until_unix_ms` is what is known now, also when a time of the past is asked for: null
    while the key signs for this charge point, else when it ended.
    """
    found = await ask(registry.key_valid, evse_id, unix_ms_now() if at is None else at)
    return _found(found, "valid key for", evse_id)


@router.get("/evse/{evse_id}/history", responses=FINDING, summary="A charge point's history")
async def history(evse_id: EvseIdPath, registry: Service) -> list[HistoryLine]:
    """Every record that touched it, oldest first, with the key that signs after it."""
    records = await ask(registry.history, evse_id)
    if not records:
        raise NotFound("not_found", what="charge point", name=evse_id)
    return history_lines(evse_id, records)


@router.get(
    "/evse/{evse_id}/eligibility", responses=PUBLIC, summary="May it be published as compliant?"
)
async def eligibility(evse_id: EvseIdPath, registry: Service) -> Eligibility:
    """Whether the POI may be published, whether sessions may be authorised, and why not."""
    return await ask(registry.eligibility, evse_id)


@router.get("/keys/{fingerprint}", responses=FINDING, summary="A key")
async def key(fingerprint: FingerprintPath, at: At, registry: Service) -> KeyAnswer:
    """A public key by its fingerprint, where it signs or signed last, and how long it did there.

    Its status is that of the time that is asked for; `valid_until_unix_ms` is what is known now.
    """
    return _found(await ask(registry.key, fingerprint, at), "key", fingerprint)


@router.get("/modules/{chip_id}", responses=FINDING, summary="A signing module")
async def module(chip_id: ChipIdPath, at: At, registry: Service) -> ModuleState:
    """A signing module by its chip's id."""
    return _found(await ask(registry.module, chip_id, at), "module", chip_id)


# The names as they come may hold slashes; parameters.py takes them apart.
@router.get("/meters/{manufacturer:path}/{serial:path}", responses=FINDING, summary="A meter")
async def meter(meter: MeterPath, at: At, registry: Service) -> MeterState:
    """A meter by what its label says; capitals and blanks make no difference."""
    name = f"{meter.manufacturer} {meter.serial}"
    return _found(await ask(registry.meter, meter, at), "meter", name)


@router.get("/search", responses=PUBLIC, summary="Search")
async def search(q: SearchText, registry: Service) -> SearchResult:
    """By what EVSE-IDs, serial numbers, chip ids, keys and fingerprints begin with."""
    return await ask(registry.search, q)


def _found(state: _State | None, what: str, name: str) -> _State:
    if state is None:
        raise NotFound("not_found", what=what, name=name)
    return state
