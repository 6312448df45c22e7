"""Keeps the keys of the charge points asked for last, and those that are not listed too."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from wattseal.cdr.keys import KeyPeriod
from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.public_key import KeyUnreadableError, read_public_key
from wattseal.registry import exported

Periods = tuple[KeyPeriod, ...]

MAX_CHARGE_POINTS = 8192


class KeyCache:
    """A bounded memory between a source of keys and those who ask. It is pickled empty.

    `load` is given the EVSE-ID's canonical name. `max_age_s` None: what was loaded once is good
    for ever. `clock` counts seconds.
    """

    def __init__(
        self,
        load: Callable[[str], Periods | None],
        *,
        size: int = MAX_CHARGE_POINTS,
        max_age_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._size = size
        self._max_age_s = max_age_s
        self._clock = clock
        self._names: OrderedDict[str, str | None] = OrderedDict()
        self._kept: OrderedDict[str, tuple[float, Periods | None]] = OrderedDict()

    def periods(self, evse_id: str) -> Periods | None:
        """As KeySource; a text that is no EVSE-ID names no charge point."""
        name = self._name(evse_id)
        if name is None:
            return None
        kept = self._kept.get(name)
        if kept is not None and self._is_fresh(kept[0]):
            self._kept.move_to_end(name)
            return kept[1]
        periods = self._load(name)
        self._kept[name] = (self._clock() if self._max_age_s is not None else 0.0, periods)
        self._kept.move_to_end(name)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return periods

    def _is_fresh(self, loaded_s: float) -> bool:
        return self._max_age_s is None or self._clock() - loaded_s < self._max_age_s

    def _name(self, evse_id: str) -> str | None:
        """The canonical name, remembered for each spelling."""
        if evse_id in self._names:
            return self._names[evse_id]
        try:
            name = read_evse_id(evse_id).canonical
        except EvseIdError:
            name = None
        self._names[evse_id] = name
        if len(self._names) > self._size:
            self._names.popitem(last=False)
        return name


def loaded_periods(told: exported.KeyPeriod) -> Periods:
    """A key's period as a registry tells it, one for each of its meters. ValueError if the key
    cannot be read."""
    try:
        key = read_public_key(told.public_key)
    except KeyUnreadableError as error:
        raise ValueError(f"the key {told.fingerprint[:16]} is none: {error}") from None
    ends = [*(meter.from_unix_ms for meter in told.meters[1:]), told.valid_until_unix_ms]
    last = len(told.meters) - 1
    return tuple(
        [
            KeyPeriod(
                key=key,
                from_ms=meter.from_unix_ms,
                until_ms=end,
                was_deactivated=place == last and told.ended_as == "deactivated",
                gateway_serial=told.gateway_serial,
                meter_serial=meter.serial,
                entry=meter.entry,
            )
            for place, (meter, end) in enumerate(zip(told.meters, ends, strict=True))
        ]
    )
