"""The states that a record makes: they follow from the record alone.

So the tables can be computed again from the log at any time, and an auditor compares them.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from wattseal.common.text import normalized
from wattseal.ocmf.evse_id import read_evse_id
from wattseal.ocmf.public_key import DEFAULT_ALGORITHM
from wattseal.registry import api_models as api
from wattseal.registry import records

AnyState = TypeVar(
    "AnyState",
    api.EvseState,
    api.KeyState,
    api.ModuleState,
    api.MeterState,
    api.ConsentState,
    api.AccessState,
)


class Moment(Protocol):
    """What a state of a key says of its validity; a row of the table of keys does too."""

    @property
    def status(self) -> str:
        """active, or why it is not."""

    @property
    def evse_id(self) -> str:
        """Where it signs, or signed last."""

    @property
    def since_unix_ms(self) -> int:
        """When that began."""


class Period(NamedTuple):
    """From when until when; `until_unix_ms` None: it still does."""

    from_unix_ms: int
    until_unix_ms: int | None


def period_at(states: Iterable[Moment], place: int) -> Period:
    """The period that the state at this place belongs to: a key's last one, if it has ended.

    states: all of one key, oldest first.
    """
    evse_id: str | None = None
    period = Period(0, None)
    for number, state in enumerate(states):
        here = state.evse_id if state.status == "active" else None
        if here != evse_id:
            if evse_id is not None:
                period = period._replace(until_unix_ms=state.since_unix_ms)
            if number > place:
                return period
            if here is not None:
                period = Period(state.since_unix_ms, None)
            evse_id = here
    return period


def key_answer(state: api.KeyState, period: Period) -> api.KeyAnswer:
    """A state of a key with the period that it belongs to."""
    return api.KeyAnswer.copied_from(state, **_told(period))


def _told(period: Period) -> dict[str, Any]:
    return {
        "algorithm": DEFAULT_ALGORITHM,
        "valid_from_unix_ms": period.from_unix_ms,
        "valid_until_unix_ms": period.until_unix_ms,
    }


def has_serial(module: api.ModuleState, name: str) -> bool:
    """Whether a module is at a charge point under this normalized serial number."""
    return module.evse_id is not None and normalized(module.gateway_serial) == name


def evse_name(evse_id: str) -> str:
    """Of a charge point, whatever separators are written. EvseIdError if it is no EVSE-ID."""
    return read_evse_id(evse_id).canonical


def meter_name(meter: records.MeterRef | records.Meter) -> tuple[str, str]:
    """Of a meter: manufacturer and serial number."""
    return normalized(meter.manufacturer), normalized(meter.serial)


def states_of(number: int, record: records.Record) -> list[api.State]:
    """Every state that is another after this record, the entry of that number."""
    return list(_states(record, {"entry": number, "since_unix_ms": record.unix_ms}))


def touched_evses(record: records.Record) -> list[str]:
    """The charge points that a record is about, as evse_name gives them."""
    if isinstance(record, records.AccessRecord):
        return []
    names = [evse_name(record.evse_id)]
    if isinstance(record, (records.Registration, records.Deactivation)):
        names += [evse_name(one.evse_id) for one in record.ended.evses]
    return list(dict.fromkeys(names))


def index_names(number: int, record: records.Record) -> list[str]:
    """The names in the index of everything that a record, the entry of that number, is about."""
    names = [index_name("evse", evse) for evse in touched_evses(record)]
    for state in states_of(number, record):
        if kind := _INDEXED.get(type(state)):
            names.append(index_name(kind, *name_of(state)))
    return list(dict.fromkeys(names))


def index_name(kind: str, *parts: str) -> str:
    """As the index knows a thing: kind and name with one blank between, since names have none.

    kind, parts: evse and evse_name, key and fingerprint, module and chip id, meter and meter_name.
    """
    return " ".join((kind, *parts))


_INDEXED: dict[type[api.State], str] = {
    api.KeyState: "key",
    api.ModuleState: "module",
    api.MeterState: "meter",
}
"""Kinds of things beside charge points, which are indexed by all records that touch them."""


def fingerprint_of(public_key: str) -> str:
    """SHA-256 in hex of a SubjectPublicKeyInfo in hex."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()


def ref_of(meter: records.Meter) -> records.MeterRef:
    """What names a meter."""
    return records.MeterRef(manufacturer=meter.manufacturer, serial=meter.serial)


def possession_time(record: records.Registration) -> int | None:
    """When the module made its proof of possession, by its clock; None if that was not set."""
    unix_ms: int | None = json.loads(record.possession.statement)["unix_ms"]
    return unix_ms


def _states(record: records.Record, at: dict[str, int]) -> Iterator[api.State]:
    """at: the members of a state that say which record made it."""
    if isinstance(record, records.Registration):
        yield from _ended(record.ended, at)
        yield from _registered(record, at)
    elif isinstance(record, records.Deactivation):
        yield from _ended(record.ended, at)
    elif isinstance(record, records.Consent):
        yield api.ConsentState.copied_from(record, used=False, **at)
    elif isinstance(record, records.AccessRecord):
        yield api.AccessState.copied_from(
            record, revoked=isinstance(record, records.AccessRevoked), **at
        )
    else:
        assert isinstance(record, (records.HardwareExchange, records.TestCharge))  # noqa: S101 - no state


def _ended(ended: records.Ended, at: dict[str, int]) -> Iterator[api.State]:
    for key in ended.keys:
        yield api.KeyState.copied_from(key, fingerprint=fingerprint_of(key.public_key), **at)
    for evse in ended.evses:
        operator = read_evse_id(evse.evse_id).operator
        nothing = dict.fromkeys(("chip_id", "meter", "fingerprint", "settings_sha256"))
        yield api.EvseState.copied_from(evse, operator=operator, **nothing, **at)
    for module in ended.modules:
        yield api.ModuleState.copied_from(module, evse_id=None, **at)
    for meter in ended.meters:
        yield api.MeterState(meter=meter, evse_id=None, **at)


def _registered(record: records.Registration, at: dict[str, int]) -> Iterator[api.State]:
    evse = read_evse_id(record.evse_id)
    fingerprint = fingerprint_of(record.public_key)
    signing = {"meter": ref_of(record.meter), "status": "active", "fingerprint": fingerprint}
    here: dict[str, Any] = {"evse_id": evse.text, **at}
    yield api.EvseState.copied_from(record, operator=evse.operator, **signing, **here)
    yield api.KeyState.copied_from(record, **signing, **here)
    yield api.ModuleState.copied_from(
        record,
        model=record.module_model,
        fingerprint=fingerprint,
        possession_unix_ms=possession_time(record),
        statements=record.statements_before + len(record.statements),
        last_statement=record.statements[-1].statement,
        **here,
    )
    yield api.MeterState(meter=record.meter, **here)
    if record.consent is not None:
        for given_up in record.ended.evses:
            if given_up.status == "taken_over":
                yield api.ConsentState(
                    evse_id=given_up.evse_id,
                    to_operator=record.operator,
                    until_unix_ms=record.unix_ms,
                    used=True,
                    **at,
                )


def history_lines(evse_id: str, history: list[tuple[int, records.Record]]) -> list[api.HistoryLine]:
    """Lines for the records that touched a charge point, oldest first."""
    name = evse_name(evse_id)
    states: dict[str, list[api.KeyState]] = {}
    signing: list[tuple[str, int] | None] = []
    key: str | None = None
    for number, record in history:
        for state in states_of(number, record):
            if isinstance(state, api.KeyState):
                states.setdefault(state.fingerprint, []).append(state)
            elif isinstance(state, api.EvseState) and evse_name(state.evse_id) == name:
                key = state.fingerprint
        signing.append(None if key is None else (key, len(states[key]) - 1))
    return [
        api.HistoryLine(number=number, record=record, key=_validity(states, place))
        for (number, record), place in zip(history, signing, strict=True)
    ]


def _validity(
    states: dict[str, list[api.KeyState]], place: tuple[str, int] | None
) -> api.KeyValidity | None:
    """place: a key, and which of its states it is in."""
    if place is None:
        return None
    fingerprint, at = place
    return api.KeyValidity(fingerprint=fingerprint, **_told(period_at(states[fingerprint], at)))


class Ledger(ABC):
    """The newest state of each thing, None if it was never recorded.

    evse_id in any spelling that evse_id.py reads; fingerprint: SHA-256 of the SPKI, in hex.
    """

    @abstractmethod
    def newest(self, model: type[AnyState], *name: str) -> AnyState | None:
        """The newest state of the thing of that name, as `name_of` gives it."""

    @abstractmethod
    def module_with_serial(self, gateway_serial: str) -> api.ModuleState | None:
        """The module at a charge point that has this serial number, without case and blanks."""

    def evse(self, evse_id: str) -> api.EvseState | None:
        """A charge point."""
        return self._about_evse(api.EvseState, evse_id)

    def key(self, fingerprint: str) -> api.KeyState | None:
        """A public key."""
        return self.newest(api.KeyState, fingerprint)

    def module(self, chip_id: str) -> api.ModuleState | None:
        """A signing module."""
        return self.newest(api.ModuleState, chip_id)

    def meter(self, meter: records.MeterRef) -> api.MeterState | None:
        """A meter; manufacturers and serial numbers are compared without case and blanks."""
        return self.newest(api.MeterState, *meter_name(meter))

    def consent(self, evse_id: str, to_operator: str) -> api.ConsentState | None:
        """The newest consent about that charge point to that operator."""
        return self._about_evse(api.ConsentState, evse_id, to_operator)

    def access(self, key_id: str) -> api.AccessState | None:
        """An access key."""
        return self.newest(api.AccessState, key_id)

    def _about_evse(self, model: type[AnyState], evse_id: str, *more: str) -> AnyState | None:
        """EvseIdError if it is no EVSE-ID."""
        return self.newest(model, read_evse_id(evse_id).text, *more)


def name_of(state: api.State) -> tuple[str, ...]:
    """What a ledger knows the thing by that a state is of. EvseIdError."""
    match state:
        case api.EvseState():
            return (read_evse_id(state.evse_id).text,)
        case api.KeyState():
            return (state.fingerprint,)
        case api.ModuleState():
            return (state.chip_id,)
        case api.MeterState():
            return meter_name(state.meter)
        case api.ConsentState():
            return read_evse_id(state.evse_id).text, state.to_operator
        case api.AccessState():
            return (state.key_id,)
