"""What a registration says of itself, and what is wrong with it whatever else is recorded.

Signatures, syntax and time: nothing here looks anything up, so it is done before the registry's
lock is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wattseal.errors import ToolError
from wattseal.evse_id import EvseId, EvseIdError, read_evse_id
from wattseal.key_history import check_present_key
from wattseal.public_key import PublicKey
from wattseal.registry.names import plain
from wattseal.registry.plausibility.calibration import calibration_fault, year_of
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.history import History, read_history
from wattseal.registry.plausibility.limits import OFFLINE_DAYS
from wattseal.registry.plausibility.proof import (
    Challenged,
    CheckChallenge,
    Proof,
    challenge_faults,
    key_of,
    read_proof,
)
from wattseal.registry.plausibility.serials import serial_fault
from wattseal.registry.records import Meter, MeterRef, Scenario
from wattseal.registry.requests import Reason, RegistrationRequest


@dataclass(frozen=True)
class Facts:
    """A registration, taken apart. `evse`, `key`, `history` are None where they do not hold.

    meter: its names as the module has signed them, its calibration as the label has it.
    """

    scenario: Scenario
    proof: Proof
    module_model: str
    meter: Meter
    evse: EvseId | None
    key: PublicKey | None
    history: History | None

    @property
    def is_whole(self) -> bool:
        """Whether a record can be made of it."""
        return None not in (self.evse, self.key, self.history)

    @property
    def meter_ref(self) -> MeterRef:
        """What names the meter."""
        return MeterRef(manufacturer=self.meter.manufacturer, serial=self.meter.serial)


def facts(
    req: RegistrationRequest,
    registry_name: str,
    now_ms: int,
    check_challenge: CheckChallenge,
    offline_days: int = OFFLINE_DAYS,
) -> tuple[Facts | None, list[Reason]]:
    """A request taken apart, and all that is wrong with it by itself.

    None if the proof of possession cannot even be read. offline_days: how old a proof over the
    offline challenge may be; with 0 that challenge is unknown.
    """
    proof, found = read_proof(req.possession)
    if proof is None:
        return None, found
    history, broken = read_history(req.statements, proof.chip_id)
    challenge = Challenged(registry_name, now_ms, check_challenge, offline_days)
    return judged(req, proof, history, broken, challenge)


def judged(
    req: RegistrationRequest,
    proof: Proof,
    history: History | None,
    broken: list[Reason],
    challenge: Challenged,
) -> tuple[Facts, list[Reason]]:
    """As `facts`, of a proof and a history that were read."""
    evse, evse_faults = _evse_of(proof)
    key, key_faults = key_of(proof)
    found = [*key_faults, *challenge_faults(proof, challenge)]
    if history and key:
        broken = [*broken, *_present_key_faults(proof, key, history)]
    found += [*broken, *evse_faults, *_name_faults(req, proof)]
    found += _meter_faults(req.meter, proof, challenge.now_ms)
    taken_apart = Facts(
        scenario=req.scenario,
        proof=proof,
        module_model=req.module_model,
        meter=_signed_meter(req.meter, proof),
        evse=evse,
        key=key,
        history=None if broken else history,
    )
    return taken_apart, found


def _present_key_faults(proof: Proof, key: PublicKey, history: History) -> Iterator[Reason]:
    """The history must end in the key that signs, made by the image that runs."""
    last = history.checked[-1]
    try:
        check_present_key(history.checked, proof.members["key_number"], key)
    except ToolError as error:
        yield reason("history_broken", **error.detail)
    else:
        if last.members["firmware_identity"] != proof.members["firmware_identity"]:
            cause = "its firmware_identity is not that of the proof"
            yield reason("history_broken", number=last.number, cause=cause)


def _evse_of(proof: Proof) -> tuple[EvseId | None, list[Reason]]:
    text = proof.members["evse_id"]
    try:
        return read_evse_id(text), []
    except EvseIdError as error:
        return None, [reason("evse_id_syntax", evse_id=text, cause=str(error))]


def _name_faults(req: RegistrationRequest, proof: Proof) -> Iterator[Reason]:
    serials = {
        "serial number of the module": proof.members["gateway_serial"],
        "serial number of the meter": proof.members["meter_serial"],
    }
    for what, serial in serials.items():
        if cause := serial_fault(serial):
            yield reason("serial_syntax", what=what, serial=serial, cause=cause)
    names = {
        "manufacturer of the meter": proof.members["meter_vendor"],
        "model of the meter": proof.members["meter_model"],
        "model of the module": req.module_model,
    }
    for what, name in names.items():
        if not plain(name):
            yield reason("name_missing", what=what)


def _meter_faults(label: Meter, proof: Proof, now_ms: int) -> Iterator[Reason]:
    for what, told, signed in (
        ("manufacturer", label.manufacturer, proof.members["meter_vendor"]),
        ("model", label.model, proof.members["meter_model"]),
        ("serial number", label.serial, proof.members["meter_serial"]),
    ):
        if plain(told) != plain(signed):
            yield reason("meter_facts_differ", what=what, label=told, signed=signed)
    if not plain(label.calibration_mark):
        yield reason("calibration_mark_missing")
    if cause := calibration_fault(label.calibration_year, now_ms):
        year, now = label.calibration_year, year_of(now_ms)
        yield reason("calibration_year_implausible", year=year, now=now, cause=cause)


def _signed_meter(label: Meter, proof: Proof) -> Meter:
    return Meter(
        manufacturer=proof.members["meter_vendor"],
        model=proof.members["meter_model"],
        serial=proof.members["meter_serial"],
        calibration_mark=label.calibration_mark,
        calibration_year=label.calibration_year,
    )
