"""Looks at a module again and again, also while it is away: state, key, meter, records, faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from wattseal.common.errors import ToolError
from wattseal.common.times import unix_ms_now
from wattseal.device.device import Device, key_of
from wattseal.device.models import Hello, MeterReading, Status

Connect = Callable[[], AbstractContextManager[tuple[Device, Hello]]]


@dataclass(frozen=True)
class Sample:
    """What a module said at one moment; None for what it did not say.

    `error`: why it could not be asked at all. `meter_error`: why its meter could not be read.
    """

    unix_ms: int
    hello: Hello | None = None
    status: Status | None = None
    key_sha256: str | None = None
    reading: MeterReading | None = None
    meter_error: ToolError | None = None
    error: ToolError | None = None


@dataclass(frozen=True)
class Watch:
    """`interval_s`: from one look to the next. The port is free in between."""

    connect: Connect
    interval_s: float
    with_meter: bool = True
    now_s: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def samples(self, count: int | None = None) -> Iterator[Sample]:
        """So many samples, or without end."""
        taken = 0
        while count is None or taken < count:
            began_s = self.now_s()
            yield self.look()
            taken += 1
            if count is None or taken < count:
                self.pause(max(0.0, self.interval_s - (self.now_s() - began_s)))

    def look(self) -> Sample:
        """One sample."""
        at = unix_ms_now()
        try:
            with self.connect() as (device, hello):
                status = device.status()
                key = None
                if status.key_number is not None and status.state != "fault":
                    found = device.key_number().public_key
                    key = key_of(found, "public_key").fingerprint
                reading, meter_error = self._reading(device)
        except ToolError as error:
            return Sample(at, error=error)
        return Sample(at, hello, status, key, reading, meter_error)

    def _reading(self, device: Device) -> tuple[MeterReading | None, ToolError | None]:
        if not self.with_meter:
            return None, None
        try:
            return device.read_meter(), None
        except ToolError as error:
            if error.name == "port_lost":
                raise
            return None, error
