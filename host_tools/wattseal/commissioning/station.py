"""Reads what a technician gives of a station: module settings, meter label, case.

A station file is the settings file of `wattseal device configure` with a few members more:

    module_model = "Wattseal WS-1"
    scenario = "initial"
    [meter]
    manufacturer = "Eastron"
    model = "SDM630"
    serial = "19285703"
    calibration_mark = "DE-M 26 0102"
    calibration_year = 2026
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.device.device import Device
from wattseal.ocmf.public_key import MAX_KEY_TEXT_BYTES, KeyUnreadableError, read_public_key
from wattseal.registry.api_models import RegistryFacts
from wattseal.registry.client import RegistryClient
from wattseal.registry.records import Meter, Registration, Scenario
from wattseal.wire.errors import WattsealError
from wattseal.wire.methods import check_params

KEY_SETTINGS = ("registry_key", "owner_key")

QUESTIONS = {
    "gateway_id": "Name of this signing system",
    "gateway_serial": "Serial number on the module's label",
    "module_model": "Model on the module's label",
    "meter_profile": "Register profile of the meter, such as sdm630",
    "charge_point_id": "EVSE-ID",
    "registry_name": "Name of the registry's log",
    "registry_key": "Key of the registry (hex or file)",
    "owner_key": "Owner's public key (hex or file)",
    "meter.serial": "Serial number on the meter's label",
    "meter.calibration_mark": "Calibration mark on the meter",
    "meter.calibration_year": "Year of that mark",
}
"""What is needed to seal and register a module, as a person is asked for it."""

_WHOLE_LABEL = {
    "manufacturer": "M",
    "model": "M",
    "serial": "1",
    "calibration_mark": "M",
    "calibration_year": 2000,
}


@dataclass(frozen=True)
class Station:
    """`settings` as `configure` takes them; `meter` holds what is known of its label."""

    settings: dict[str, Any] = field(default_factory=dict)
    meter: dict[str, Any] = field(default_factory=dict)
    module_model: str | None = None
    scenario: Scenario = Scenario.INITIAL

    @property
    def evse_id(self) -> str:
        """The charge point's name, exactly as the module signs it."""
        return str(self.settings["charge_point_id"])

    @property
    def slug(self) -> str:
        """A name for files: module and charge point, with nothing that a file system minds."""
        words = f"{self.settings.get('gateway_serial', 'module')}-{self.evse_id}"
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in words).strip("-.")

    def missing(self) -> list[str]:
        """Keys of QUESTIONS that have no answer yet, in the order of asking."""
        known = {*self.settings, *(f"meter.{name}" for name in self.meter)}
        if self.module_model is not None:
            known.add("module_model")
        return [name for name in QUESTIONS if name not in known]

    def with_answer(self, name: str, answer: str) -> Station:
        """This station with one more of QUESTIONS answered. ToolError `station_malformed`."""
        if name == "module_model":
            return replace(self, module_model=answer)
        if not name.startswith("meter."):
            return station_of({**self.as_dict(), name: answer}, Path(), name)
        value: str | int = answer
        if name == "meter.calibration_year":
            value = int(answer) if answer.isdecimal() and len(answer) < 6 else answer
        meter = {**self.meter, name.removeprefix("meter."): value}
        return station_of({**self.as_dict(), "meter": meter}, Path(), name)

    def of_registry(self, facts: RegistryFacts) -> Station:
        """This station with the registry that is asked. ToolError `registry_differs`."""
        told = {"registry_name": facts.name, "registry_key": facts.registry_key}
        for name, value in told.items():
            if self.settings.get(name, value) != value:
                raise ToolError("registry_differs", setting=name, registry=facts.name)
        return replace(self, settings={**self.settings, **told})

    def label(self, vendor: str, model: str) -> Meter:
        """The meter's label; manufacturer and model are by default those of its profile.

        ToolError `station_malformed`.
        """
        return _label({"manufacturer": vendor, "model": model, **self.meter}, "the station")

    def as_dict(self) -> dict[str, Any]:
        """All of it, as a station file has it."""
        model = {} if self.module_model is None else {"module_model": self.module_model}
        meter = {"meter": self.meter} if self.meter else {}
        return {**self.settings, **model, "scenario": self.scenario.value, **meter}


def station_of(values: dict[str, Any], folder: Path, origin: str) -> Station:
    """A station from the members of a station file.

    folder: where key files with relative names are. origin: what to call the values in an error.
    ToolError `station_malformed`, `key_unreadable`.
    """
    rest = dict(values)
    meter = rest.pop("meter", {})
    model = rest.pop("module_model", None)
    case = str(rest.pop("scenario", Scenario.INITIAL)).replace("-", "_")
    if case not in list(Scenario):
        raise _malformed(origin, f"scenario must be one of {', '.join(Scenario)}")
    if not isinstance(meter, dict) or meter.keys() - _WHOLE_LABEL.keys():
        raise _malformed(origin, f"meter may hold {', '.join(_WHOLE_LABEL)}")
    _label({**_WHOLE_LABEL, **meter}, origin)  # to check the members that are given
    if model is not None and not isinstance(model, str):
        raise _malformed(origin, "module_model must be a text")
    for name in KEY_SETTINGS:
        if name in rest:
            rest[name] = _spki(rest[name], folder, name)
    meter, settings = _one_serial(meter, rest, origin)
    return Station(_checked(settings, origin), meter, model, Scenario(case))


def _label(members: dict[str, Any], origin: str) -> Meter:
    try:
        return Meter.model_validate(members)
    except ValidationError as error:
        raise _malformed(origin, "meter." + first_fault(error)) from None


def _one_serial(
    meter: dict[str, Any], settings: dict[str, Any], origin: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Label and settings with the meter's serial number in both, if it is given in either."""
    serials = {str(one) for one in (meter.get("serial"), settings.get("meter_serial")) if one}
    if len(serials) > 1:
        raise _malformed(origin, "meter_serial and meter.serial differ")
    for serial in serials:
        meter, settings = {**meter, "serial": serial}, {**settings, "meter_serial": serial}
    if "charge_point_id" in settings:
        settings = {"charge_point_type": "EVSEID", **settings}
    return meter, settings


def _checked(settings: dict[str, Any], origin: str) -> dict[str, Any]:
    try:
        return dict(check_params("configure", settings))
    except WattsealError as error:
        detail = error.detail
        cause = f"{detail.get('field', 'a setting')} must be {detail.get('limit', 'another')}"
        raise _malformed(origin, cause) from None


def _spki(given: Any, folder: Path, name: str) -> str:
    """A public key, given as text or as a file's name, as settings hold it."""
    source: str | bytes = str(given)
    path = folder / str(given)
    try:
        if len(str(given)) < 200 and path.is_file():
            with path.open("rb") as file:
                source = file.read(MAX_KEY_TEXT_BYTES + 1)
        return read_public_key(source).spki.hex()
    except (OSError, ValueError) as error:
        cause = str(error) if isinstance(error, KeyUnreadableError) else "no such file"
        raise ToolError("key_unreadable", option=name, cause=cause) from None


def _malformed(origin: str, cause: str) -> ToolError:
    return ToolError("station_malformed", origin=origin, cause=cause)


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
    """With what is registered of this meter and of this module."""
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
