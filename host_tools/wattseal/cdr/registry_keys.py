"""The keys of a registry that answers over HTTP, asked for one charge point at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wattseal.cdr.key_cache import MAX_CHARGE_POINTS, KeyCache, Periods, loaded_periods
from wattseal.errors import ToolError
from wattseal.registry.export import KeyCollector
from wattseal.registry.names import evse_name
from wattseal.registry_client import RegistryClient

MAX_AGE_S = 300.0
"""A key that was deactivated is known to be after this long, in a process that runs for months."""


class RegistryKeys:
    """A KeySource over a registry's public history of each charge point.

    The history is taken from the registry's own answer, over TLS; whoever wants it proven by the
    log exports the registry and uses ExportKeys. `connect` makes the client, in each process
    anew; it must be picklable if this is to be copied into worker processes.
    """

    def __init__(
        self,
        url: str,
        *,
        connect: Callable[[], RegistryClient] | None = None,
        size: int = MAX_CHARGE_POINTS,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self._connect = connect or partial(RegistryClient, url)
        self._settings = (size, max_age_s)
        self._open()

    def periods(self, evse_id: str) -> Periods | None:
        """As KeySource. ToolError `registry_unreachable`, `registry_busy` and the like."""
        return self._cache.periods(evse_id)

    def __getstate__(self) -> tuple[Callable[[], RegistryClient], tuple[int, float]]:
        return self._connect, self._settings

    def __setstate__(self, state: tuple[Callable[[], RegistryClient], tuple[int, float]]) -> None:
        self._connect, self._settings = state
        self._open()

    def _open(self) -> None:
        size, max_age_s = self._settings
        self._client: RegistryClient | None = None
        self._cache = KeyCache(self._load, size=size, max_age_s=max_age_s)

    def _load(self, name: str) -> Periods | None:
        if self._client is None:
            self._client = self._connect()
        try:
            history = self._client.history(name)
        except ToolError as error:
            if error.name == "registry_not_found":
                return None
            raise
        collector = KeyCollector()
        for line in history:
            collector.take(line.number, line.record)
        told = [
            key
            for evse in collector.charge_points()
            if evse_name(evse.evse_id) == name
            for key in evse.keys
        ]
        try:
            return tuple([period for key in told for period in loaded_periods(key)])
        except ValueError as error:
            raise ToolError("registry_forged", cause=str(error)) from None
