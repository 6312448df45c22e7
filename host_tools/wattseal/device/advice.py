"""What a module's state means, and what a technician does next."""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.device.models import Status

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
        return Advice(
            "The module has a key, but its settings are not complete. It signs no session.",
            (
                "Complete the settings with these options of `wattseal device configure`:",
                "Then close the seal: `wattseal device seal`.",
            ),
            tuple(OPTIONS.get(name, (name, "")) for name in status.missing),
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
            "Answer the registry's challenge: `wattseal device prove --challenge HEX --out DIR`.",
            "Register with the file written there, and bring the registry's answer: "
            "`wattseal device publish FILE`.",
            *_pending(status),
        ),
    )


def _pending(status: Status) -> tuple[str, ...]:
    if status.update is None:
        return ()
    version = status.update.firmware
    return (f"An update to firmware {version} was accepted and does not run: repeat it.",)
