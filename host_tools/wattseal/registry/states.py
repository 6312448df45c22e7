"""The states that a record makes: they follow from the record alone.

So the tables can be computed again from the log at any time, and an auditor compares them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from wattseal.common.text import normalized
from wattseal.ocmf.evse_id import read_evse_id
from wattseal.ocmf.public_key import DEFAULT_ALGORITHM
from wattseal.registry.api_models import (
    AccessState,
    ConsentState,
    EvseState,
    HistoryLine,
    KeyAnswer,
    KeyState,
    KeyValidity,
    MeterState,
    ModuleState,
    State,
)
from wattseal.registry.records import (
    AccessGranted,
    AccessRevoked,
    Consent,
    Deactivation,
    Ended,
    HardwareExchange,
    Meter,
    MeterRef,
    Record,
    Registration,
    TestCharge,
)

if TYPE_CHECKING:
    from wattseal.registry.api_models import ModuleState
    from wattseal.registry.records import MeterRef


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


def key_answer(state: KeyState, period: Period) -> KeyAnswer:
    """A state of a key with the period that it belongs to."""
    members = {name: getattr(state, name) for name in KeyState.model_fields}
    return KeyAnswer(**members, **_told(period))


def key_validity(fingerprint: str, period: Period) -> KeyValidity:
    """A period of a key."""
    return KeyValidity(fingerprint=fingerprint, **_told(period))


def _told(period: Period) -> dict[str, Any]:
    return {
        "algorithm": DEFAULT_ALGORITHM,
        "valid_from_unix_ms": period.from_unix_ms,
        "valid_until_unix_ms": period.until_unix_ms,
    }


def has_serial(module: ModuleState, name: str) -> bool:
    """Whether a module is at a charge point under this normalized serial number."""
    return module.evse_id is not None and normalized(module.gateway_serial) == name


def evse_name(evse_id: str) -> str:
    """Of a charge point, whatever separators are written. EvseIdError if it is no EVSE-ID."""
    return read_evse_id(evse_id).canonical


def meter_name(meter: MeterRef) -> tuple[str, str]:
    """Of a meter: manufacturer and serial number."""
    return normalized(meter.manufacturer), normalized(meter.serial)


def states_of(number: int, record: Record) -> list[State]:
    """Every state that is another after this record, the entry of that number."""
    return list(_States(number, record.unix_ms).of(record))


def touched_evses(record: Record) -> list[str]:
    """The charge points that a record is about, as names.evse_name gives them."""
    if isinstance(record, (AccessGranted, AccessRevoked)):
        return []
    names = [evse_name(record.evse_id)]
    if isinstance(record, (Registration, Deactivation)):
        names += [evse_name(one.evse_id) for one in record.ended.evses]
    return list(dict.fromkeys(names))


def fingerprint_of(public_key: str) -> str:
    """SHA-256 in hex of a SubjectPublicKeyInfo in hex."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()


def ref_of(meter: Meter) -> MeterRef:
    """What names a meter."""
    return MeterRef(manufacturer=meter.manufacturer, serial=meter.serial)


def possession_time(record: Registration) -> int | None:
    """When the module made its proof of possession, by its clock; None if that was not set."""
    unix_ms: int | None = json.loads(record.possession.statement)["unix_ms"]
    return unix_ms


class _States:
    def __init__(self, number: int, unix_ms: int) -> None:
        self._entry = number
        self._ms = unix_ms

    def of(self, record: Record) -> Iterator[State]:
        if isinstance(record, Registration):
            yield from self._ended(record.ended)
            yield from self._registered(record)
        elif isinstance(record, Deactivation):
            yield from self._ended(record.ended)
        elif isinstance(record, Consent):
            yield self._consent(record.evse_id, record.to_operator, record.until_unix_ms)
        elif isinstance(record, (AccessGranted, AccessRevoked)):
            yield self._access(record)
        else:
            assert isinstance(record, (HardwareExchange, TestCharge))  # noqa: S101 - no state

    def _ended(self, ended: Ended) -> Iterator[State]:
        for key in ended.keys:
            yield KeyState(
                fingerprint=fingerprint_of(key.public_key),
                **key.model_dump(exclude={"meter"}),
                meter=key.meter,
                entry=self._entry,
                since_unix_ms=self._ms,
            )
        for evse in ended.evses:
            yield EvseState(
                evse_id=evse.evse_id,
                operator=read_evse_id(evse.evse_id).operator,
                status=evse.status,
                chip_id=None,
                meter=None,
                fingerprint=None,
                entry=self._entry,
                since_unix_ms=self._ms,
            )
        for module in ended.modules:
            yield ModuleState(
                evse_id=None, entry=self._entry, since_unix_ms=self._ms, **module.model_dump()
            )
        for meter in ended.meters:
            yield self._meter(meter, None)

    def _registered(self, record: Registration) -> Iterator[State]:
        evse = read_evse_id(record.evse_id)
        meter, fingerprint = ref_of(record.meter), fingerprint_of(record.public_key)
        yield EvseState(
            evse_id=evse.text,
            operator=evse.operator,
            status="active",
            chip_id=record.chip_id,
            meter=meter,
            fingerprint=fingerprint,
            entry=self._entry,
            since_unix_ms=self._ms,
        )
        yield KeyState(
            fingerprint=fingerprint,
            public_key=record.public_key,
            key_number=record.key_number,
            firmware_identity=record.firmware_identity,
            chip_id=record.chip_id,
            evse_id=evse.text,
            meter=meter,
            status="active",
            entry=self._entry,
            since_unix_ms=self._ms,
        )
        yield self._module(record, evse.text, fingerprint)
        yield self._meter(record.meter, evse.text)
        if record.consent is not None:
            given_up = [one for one in record.ended.evses if one.status == "taken_over"]
            for one in given_up:
                yield self._consent(one.evse_id, record.operator, record.unix_ms, used=True)

    def _module(self, record: Registration, evse_id: str, fingerprint: str) -> ModuleState:
        return ModuleState(
            chip_id=record.chip_id,
            model=record.module_model,
            gateway_serial=record.gateway_serial,
            evse_id=evse_id,
            fingerprint=fingerprint,
            commissioning=record.commissioning,
            possession_unix_ms=possession_time(record),
            statements=record.statements_before + len(record.statements),
            last_statement=record.statements[-1].statement,
            entry=self._entry,
            since_unix_ms=self._ms,
        )

    def _meter(self, meter: Meter, evse_id: str | None) -> MeterState:
        return MeterState(meter=meter, evse_id=evse_id, entry=self._entry, since_unix_ms=self._ms)

    def _consent(
        self, evse_id: str, to_operator: str, until_unix_ms: int, *, used: bool = False
    ) -> ConsentState:
        return ConsentState(
            evse_id=evse_id,
            to_operator=to_operator,
            until_unix_ms=until_unix_ms,
            used=used,
            entry=self._entry,
            since_unix_ms=self._ms,
        )

    def _access(self, record: AccessGranted | AccessRevoked) -> AccessState:
        return AccessState(
            key_id=record.key_id,
            role=record.role,
            operators=record.operators,
            label=record.label,
            secret_sha256=record.secret_sha256,
            until_unix_ms=record.until_unix_ms,
            revoked=isinstance(record, AccessRevoked),
            entry=self._entry,
            since_unix_ms=self._ms,
        )


def history_lines(evse_id: str, history: list[tuple[int, Record]]) -> list[HistoryLine]:
    """Lines for the records that touched a charge point, oldest first."""
    name = evse_name(evse_id)
    states: dict[str, list[KeyState]] = {}
    signing: list[tuple[str, int] | None] = []
    key: str | None = None
    for number, record in history:
        for state in states_of(number, record):
            if isinstance(state, KeyState):
                states.setdefault(state.fingerprint, []).append(state)
            elif isinstance(state, EvseState) and evse_name(state.evse_id) == name:
                key = state.fingerprint
        signing.append(None if key is None else (key, len(states[key]) - 1))
    return [
        HistoryLine(number=number, record=record, key=_validity(states, place))
        for (number, record), place in zip(history, signing, strict=True)
    ]


def _validity(
    states: dict[str, list[KeyState]], place: tuple[str, int] | None
) -> KeyValidity | None:
    """place: a key, and which of its states it is in."""
    if place is None:
        return None
    fingerprint, at = place
    return key_validity(fingerprint, period_at(states[fingerprint], at))


class Ledger(Protocol):
    """The newest state of each thing, None if it was never recorded.

    evse_id in any spelling that evse_id.py reads; fingerprint: SHA-256 of the SPKI, in hex.
    """

    def evse(self, evse_id: str) -> EvseState | None:
        """A charge point."""

    def key(self, fingerprint: str) -> KeyState | None:
        """A public key."""

    def module(self, chip_id: str) -> ModuleState | None:
        """A signing module."""

    def module_with_serial(self, gateway_serial: str) -> ModuleState | None:
        """The module at a charge point that has this serial number, without case and blanks."""

    def meter(self, meter: MeterRef) -> MeterState | None:
        """A meter; manufacturers and serial numbers are compared without case and blanks."""

    def consent(self, evse_id: str, to_operator: str) -> ConsentState | None:
        """The newest consent about that charge point to that operator."""

    def access(self, key_id: str) -> AccessState | None:
        """An access key."""
