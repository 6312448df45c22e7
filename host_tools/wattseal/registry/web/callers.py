"""What routes ask for: the registry, and whose access key the request brings."""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from wattseal.common.serve import SmallPool
from wattseal.registry.api_models import AccessState
from wattseal.registry.failures import AccessError
from wattseal.registry.rules.proof import OFFLINE_DAYS
from wattseal.registry.service import Registry
from wattseal.registry.web.problems import Problem

_IPV6_NETWORK_BITS = 64


def of_scope(scope: Scope) -> str:
    """The client's address; of IPv6 its /64 network, since one client has all addresses of it."""
    client = scope.get("client")
    if not client:
        return "local"
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address.packed, _IPV6_NETWORK_BITS), strict=False))
    return str(address)


PREFIX = "WATTSEAL_REGISTRY_"

MAX_BODY_BYTES = 512 * 1024
"""The largest request there can be: a key history of 100 statements, and room."""

BODY_SECONDS = 30

_NUMBERS = ("offline_days", "reads_per_minute", "writes_per_minute", "wrong_keys_per_minute")


@dataclass(frozen=True)
class Settings:
    """Where the registry is kept, and how often somebody may ask; 0 is no limit.

    The limits count in each worker process for itself: with N workers, N times as much gets through
    at worst. `reads_per_minute` and `wrong_keys_per_minute` count for each client address,
    `writes_per_minute` for each access key. offline_days: how old a proof over the offline
    challenge may be; 0 takes none. public_url: how others reach it; None: as it listens.
    """

    data: Path = Path("registry-data")
    database_url: str | None = None
    name: str | None = None
    public_url: str | None = None
    offline_days: int = OFFLINE_DAYS
    reads_per_minute: int = 6000
    writes_per_minute: int = 600
    wrong_keys_per_minute: int = 20

    def to_environment(self) -> dict[str, str]:
        """The variables that `from_environment` reads."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            PREFIX + key.upper(): str(value) for key, value in values.items() if value is not None
        }


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from variables such as WATTSEAL_REGISTRY_DATA; ValueError if a number is none."""
    given = {
        each.name: environment[PREFIX + each.name.upper()]
        for each in fields(Settings)
        if environment.get(PREFIX + each.name.upper())
    }
    read: dict[str, Callable[[str], Any]] = {"data": Path, **dict.fromkeys(_NUMBERS, int)}
    return Settings(**{key: read.get(key, str)(text) for key, text in given.items()})


_COSTS = (
    (8, re.compile(r"/v1/(?:records|states)|/stations/.*|/v1/evse/.*/history")),
    (4, re.compile(r"/|/v1/(?:search|evidence)|/log/tile/entries/.*|/v1/entries/.*/publication")),
)


def cost_of(path: str) -> int:
    """What a request counts for in the limit of reads: a look-up is 1."""
    return next((cost for cost, paths in _COSTS if paths.fullmatch(path)), 1)


class RateLimits:
    """Three limits: of reading, of writing, and of trying access keys."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limits = {
            "read": settings.reads_per_minute,
            "write": settings.writes_per_minute,
            "wrong_key": settings.wrong_keys_per_minute,
        }

    def count(self, kind: str, who: str, cost: int = 1) -> None:
        """`cost` more of this kind, a whole minute's at most.

        Problem `too_many_requests`, and then it does not count.
        """
        limit = self._limits[kind]
        if not limit:
            return
        item = RateLimitItemPerMinute(limit)
        if not self._limiter.hit(item, kind, who, cost=min(cost, limit)):
            window = self._limiter.get_window_stats(item, kind, who)
            seconds = max(1, math.ceil(window.reset_time - time.time()))
            raise Problem("too_many_requests", limit=limit, seconds=seconds)


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


async def _long(request: Request) -> SmallPool:
    pool: SmallPool = request.app.state.long_work
    return pool


async def _writing(request: Request) -> SmallPool:
    pool: SmallPool = request.app.state.writing
    return pool


LongWork = Annotated[SmallPool, Depends(_long)]
"""Where lists and uploads are read. PoolFullError."""
Writing = Annotated[SmallPool, Depends(_writing)]
"""Where records are written, which wait for one another. PoolFullError."""


def _actor(
    request: Request,
    registry: Service,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> AccessState:
    """The access key's state. AccessError, and Problem `access_missing`, `too_many_requests`.

    A wrong key counts for its sender's address, and a right one is good behind the same address:
    nobody guesses 256 bits, so nothing is learnt from that.
    """
    if given is None:
        raise Problem("access_missing")
    limits: RateLimits = request.app.state.limits
    try:
        actor = registry.authenticate(given.credentials[:MAX_ACCESS_KEY_CHARACTERS])
    except AccessError:
        limits.count("wrong_key", of_scope(request.scope))
        raise
    request.state.key_id = actor.key_id
    limits.count("write", actor.key_id)
    return actor


def _operator(
    request: Request,
    registry: Service,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Let pass who asks from this computer, through no proxy, or brings an access key."""
    host = request.client.host if request.client else ""
    is_here = host in ("127.0.0.1", "::1", "::ffff:127.0.0.1")
    if not is_here or any(name in request.headers for name in _OF_PROXIES):
        _actor(request, registry, given)


_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
OPERATOR_ONLY = Depends(_operator)


Actor = Annotated[AccessState, Depends(_actor)]


async def _administrator(actor: Actor) -> AccessState:
    """As `_actor`; AccessError `access_denied` unless it is an administrator's."""
    if actor.role != "administrator":
        raise AccessError("access_denied", key_id=actor.key_id)
    return actor


Administrator = Annotated[AccessState, Depends(_administrator)]
