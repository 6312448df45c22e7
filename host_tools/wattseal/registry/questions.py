"""What the registry knows about charge points, keys, modules and meters: now, or at a time past."""

from __future__ import annotations

from wattseal.evse_id import EvseIdError
from wattseal.registry import log_store, sql_ledger
from wattseal.registry.eligibility import eligibility
from wattseal.registry.failures import NotFound
from wattseal.registry.names import evse_name
from wattseal.registry.published_log import PublishedLog
from wattseal.registry.records import MeterRef, Record
from wattseal.registry.requests import (
    AccessState,
    Eligibility,
    EvseState,
    KeyAnswer,
    MeterState,
    ModuleState,
    SearchResult,
)
from wattseal.registry.search import search
from wattseal.registry.sql_ledger import SqlLedger

MAX_FOUND = 50


class Questions(PublishedLog):
    """Each answer is of one moment; `at_unix_ms` None is now."""

    def evse(self, evse_id: str, at_unix_ms: int | None = None) -> EvseState | None:
        """A charge point, in any spelling of its EVSE-ID."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).evse(evse_id)

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> KeyAnswer | None:
        """A public key, by the SHA-256 of its SPKI in hex."""
        with self._database.ask() as connection:
            return sql_ledger.key_of_fingerprint(connection, fingerprint, at_unix_ms)

    def module(self, chip_id: str, at_unix_ms: int | None = None) -> ModuleState | None:
        """A signing module."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).module(chip_id)

    def meter(self, meter: MeterRef, at_unix_ms: int | None = None) -> MeterState | None:
        """A meter."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).meter(meter)

    def key_valid(self, evse_id: str, at_unix_ms: int) -> KeyAnswer | None:
        """The key that was good for this charge point at this time; None if none was."""
        with self._database.ask() as connection:
            return sql_ledger.key_valid(connection, evse_id, at_unix_ms)

    def history(self, evse_id: str) -> list[tuple[int, Record]]:
        """Every record that touched a charge point, oldest first, each with its place."""
        try:
            name = evse_name(evse_id)
        except EvseIdError:
            return []
        with self._database.read() as connection:
            return [
                (number, log_store.read_one_record(connection, number))
                for number in sql_ledger.touching_entries(connection, name)
            ]

    def search(self, text: str, limit: int = MAX_FOUND) -> SearchResult:
        """Whatever has an EVSE-ID, serial number, key, fingerprint or chip id that begins so."""
        with self._database.read() as connection:
            return search(connection, text, limit)

    def eligibility(self, evse_id: str) -> Eligibility:
        """Whether a charge point may be published and used. NotFound if it is no EVSE-ID."""
        with self._database.read() as connection:
            try:
                return eligibility(evse_id, SqlLedger(connection), self._clock())
            except EvseIdError:
                raise NotFound("not_found", what="charge point", name=evse_id) from None

    def access_keys(self) -> list[AccessState]:
        """All access keys, oldest first."""
        with self._database.ask() as connection:
            return sql_ledger.access_keys(connection)
