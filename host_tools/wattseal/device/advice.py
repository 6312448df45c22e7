"""What a module's state means, and what a technician does next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wattseal.common.sentences import read_sentences
from wattseal.device.models import Status, Update

TABLE = "device_advice"

OPTIONS = {
    "gateway_id": ("--gateway-id", "name of this signing system"),
    "gateway_serial": ("--gateway-serial", "serial number on the module's label"),
    "meter_profile": ("--meter-profile", "model of the meter, such as sdm630"),
    "meter_serial": ("--meter-serial", "serial number on the meter's label"),
    "meter_unit": ("--meter-unit", "the meter's Modbus unit number"),
    "line": ("--meter-baud", "the meter's line, with --meter-parity and --meter-stop-bits"),
    "charge_point_type": ("--charge-point-type", "EVSEID"),
    "charge_point_id": ("--charge-point-id", "the EVSE-ID"),
    "registry_name": ("--registry-name", "name of the public-key registry's log"),
    "registry_key": ("--registry-key", "key of that log, as the registry publishes it"),
    "owner_key": ("--owner-key", "owner's public key, as `wattseal owner show` tells it"),
}
"""Every setting that `seal` may miss: its option of `wattseal device configure`, and what it is."""


@dataclass(frozen=True)
class Advice:
    """`meaning`: the state in one sentence. `steps`: what to do next, in order.

    `wanted`: the options that the first step needs, each with what to give.
    """

    meaning: str
    steps: tuple[str, ...]
    wanted: tuple[tuple[str, str], ...] = ()


def advise(status: Status) -> Advice:
    """The advice for a module in this state."""
    if status.state == "fault":
        return _fault(status)
    if status.state == "blank":
        return _waiting(status.update) if status.update else _advice("blank")
    if status.state == "operational":
        return _operational(status)
    if status.sealed:
        return _advice("not_published")
    if status.missing:
        wanted = tuple(OPTIONS.get(name, (name, "")) for name in status.missing)
        return replace(_advice("settings_missing"), wanted=wanted)
    return _advice("seal_open")


def _advice(state: str) -> Advice:
    told = read_sentences(TABLE)[state]
    return Advice(told.en, tuple(told.remedy.splitlines()))


def _waiting(update: Update) -> Advice:
    advice = _advice("update_pending")
    return replace(advice, meaning=advice.meaning.format(version=update.firmware))


def _fault(status: Status) -> Advice:
    advice, cause = _advice("fault"), status.cause
    if cause is None:
        return advice
    return Advice(f"{advice.meaning} {cause.sentence}", (cause.remedy,))


def _operational(status: Status) -> Advice:
    if status.session is not None:
        return _advice("session_recovering" if status.session.recovery else "session_open")
    needed = {
        "clock_not_set": status.clock.unix_ms is None,
        "events_full": status.events.full,
    }
    steps = [read_sentences(TABLE)[name].remedy for name, is_needed in needed.items() if is_needed]
    return replace(_advice("not_ready"), steps=tuple(steps)) if steps else _advice("ready")
