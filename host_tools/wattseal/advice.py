"""What a module's state means, and what a technician does next."""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.device_models import Status

SETTINGS_IN_WORDS = {
    "gateway_id": "name of this signing system: --gateway-id",
    "gateway_serial": "its serial number, from the module's label: --gateway-serial",
    "meter_profile": "meter model: --meter-profile",
    "meter_serial": "meter's serial number, from its label: --meter-serial",
    "meter_unit": "meter's Modbus unit number: --meter-unit",
    "line": "meter's line: --meter-baud, --meter-parity and --meter-stop-bits",
    "charge_point_type": "kind of charge point name: --charge-point-type EVSEID",
    "charge_point_id": "EVSE-ID: --charge-point-id",
    "registry_name": "name of the public-key registry's log: --registry-name",
    "registry_key": "key of that log, as the registry publishes it: --registry-key",
    "owner_key": "owner's public key, as `wattseal owner show` tells it: --owner-key",
}
"""Every setting that `seal` may miss, and the option of `wattseal device configure` for it."""


@dataclass(frozen=True)
class Advice:
    """`meaning`: the state in one sentence. `steps`: what to do next, in order."""

    meaning: str
    steps: tuple[str, ...]


def advise(status: Status) -> Advice:
    """The advice for a module in this state."""
    if status.state == "fault":
        return _fault(status)
    if status.state == "blank":
        return Advice(
            "The module was decommissioned: it has no key and signs nothing.",
            ("Switch it off and on: it then makes a new key and can be commissioned anew.",),
        )
    if status.state == "operational":
        return _operational(status)
    return _sealed(status) if status.sealed else _open(status)


def _fault(status: Status) -> Advice:
    cause = status.cause
    meaning = "The module has stopped signing because of a fault."
    if cause is None:
        return Advice(meaning, ("Read the records out and replace the module.",))
    return Advice(f"{meaning} {cause.sentence}", (cause.remedy,))


def _operational(status: Status) -> Advice:
    session = status.session
    if session is not None and session.recovery:
        return Advice(
            "A power failure cut a session, and the module is about to end it.",
            ("Check that the meter has power: the module ends the session by itself.",),
        )
    if session is not None:
        return Advice("The module signs, and a session is open.", ())
    steps = []
    if status.clock.unix_ms is None:
        steps.append("Set the clock: `wattseal device time`.")
    if status.events.full:
        steps.append("Archive the events to make room: `wattseal device archive-events --out DIR`.")
    if steps:
        return Advice("The module is commissioned, but cannot begin a session yet.", tuple(steps))
    return Advice("The module is commissioned and ready to sign sessions.", _pending(status))


def _open(status: Status) -> Advice:
    if status.missing:
        wanted = tuple(f"Set the {_in_words(name)}" for name in status.missing)
        return Advice(
            "The module has a key, but its settings are not complete. It signs no session.",
            (*wanted, "All of that goes to `wattseal device configure`, or into a --file for it."),
        )
    return Advice(
        "All settings are there, but the seal is open. The module signs no session.",
        (
            "Compare settings and labels: `wattseal device configure`, `wattseal device read`.",
            "Close the seal: `wattseal device seal`.",
        ),
    )


def _sealed(status: Status) -> Advice:
    return Advice(
        "The module is sealed, but it has seen no proof yet that its key is published as it is "
        "set up. It signs no session.",
        (
            "Answer the registry's challenge: `wattseal device prove --challenge HEX --out FILE`.",
            "Register with that file, and bring the registry's answer: "
            "`wattseal device publish FILE`.",
            *_pending(status),
        ),
    )


def _pending(status: Status) -> tuple[str, ...]:
    if status.update is None:
        return ()
    version = status.update.firmware
    return (f"An update to firmware {version} was accepted and does not run: repeat it.",)


def _in_words(name: str) -> str:
    return SETTINGS_IN_WORDS.get(name, name)
