"""What things are compared by: two spellings of one name are one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattseal.evse_id import read_evse_id

if TYPE_CHECKING:
    from wattseal.registry.records import MeterRef
    from wattseal.registry.requests import ModuleState


def plain(text: str) -> str:
    """A name from a label without case and blanks."""
    return "".join(text.split()).upper()


def has_serial(module: ModuleState, name: str) -> bool:
    """Whether a module is at a charge point under a serial number, given as `plain` writes it."""
    return module.evse_id is not None and plain(module.gateway_serial) == name


def evse_name(evse_id: str) -> str:
    """Of a charge point, whatever separators are written. EvseIdError if it is no EVSE-ID."""
    return read_evse_id(evse_id).canonical


def meter_name(meter: MeterRef) -> tuple[str, str]:
    """Of a meter: manufacturer and serial number."""
    return plain(meter.manufacturer), plain(meter.serial)
