"""What a station file leaves open and is known elsewhere: to the module, or to the registry.

Only what is missing is filled in, and only about things that are named: a meter's mark comes from
the registry for the very serial number that was typed.
"""

from __future__ import annotations

from dataclasses import replace

from wattseal.commissioning.station import Station
from wattseal.device import Device
from wattseal.registry.records import Registration
from wattseal.registry_client import RegistryClient


def from_module(station: Station, device: Device) -> Station:
    """With the settings that the module holds already."""
    held = device.configuration().settings
    settings = {**held, **station.settings}
    meter = dict(station.meter)
    if "meter_serial" in settings:
        meter.setdefault("serial", settings["meter_serial"])
    return replace(station, settings=settings, meter=meter)


def from_registry(
    station: Station, registry: RegistryClient, vendor: str | None, chip_id: str
) -> Station:
    """With what the registry knows of this meter and of this module."""
    serial = station.meter.get("serial")
    known = registry.meter(vendor, serial) if vendor and serial else None
    if known is not None:
        station = replace(station, meter={**known.meter.model_dump(), **station.meter})
    module = registry.module(chip_id) if station.module_model is None else None
    return station if module is None else replace(station, module_model=module.model)


def from_record(record: Registration, device: Device) -> Station:
    """The station that was registered, as the module has it."""
    return Station(
        settings=device.configuration().settings,
        meter=record.meter.model_dump(),
        module_model=record.module_model,
        scenario=record.scenario,
    )
