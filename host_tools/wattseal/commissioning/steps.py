"""Carries out the steps on the module; each compares first and changes only what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wattseal.commissioning import document, registration, test_charge
from wattseal.commissioning.workplace import Step, StepResult, Workplace
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.text import normalized
from wattseal.common.times import computer_time, is_synchronised
from wattseal.device import models
from wattseal.device.advice import advise
from wattseal.device.key_history import check_history, check_present_key
from wattseal.wire.methods import UNSEALED_SETTINGS

CLOCK_TOLERANCE_MS = 3000


def _what_is_sealed(work: Workplace) -> str:
    meter = work.label
    words = f"{meter.manufacturer} {meter.model} {meter.serial}" if meter else "of the settings"
    return (
        f"Module {work.station.settings['gateway_serial']}, meter {words}, charge point "
        f"{work.station.evse_id}: compare the labels. Only the owner's key opens the seal again."
    )


def check_module(work: Workplace) -> StepResult:
    """Check the module's state, its self-test, and its key history up to the present key."""
    status = work.device.status()
    if status.state not in ("unregistered", "operational") or status.key_number is None:
        advice = advise(status)
        step = advice.steps[0] if advice.steps else ""
        raise ToolError("module_unfit", meaning=advice.meaning, step=step)
    failed = work.device.self_test().failed
    if failed:
        raise ToolError("self_test_failed", failed=", ".join(failed))
    key = work.device.public_key()
    history = check_history(work.device.statements(), work.hello.chip_id)
    check_present_key(history, status.key_number, key)
    facts = {
        "chip_id": work.hello.chip_id,
        "firmware": work.hello.firmware,
        "firmware_identity": work.hello.firmware_identity,
        "key_number": status.key_number,
        "fingerprint": key.fingerprint,
        "statements": len(history),
    }
    words = (
        f"chip {work.hello.chip_id}, firmware {work.hello.firmware}, key {status.key_number}; "
        "self-test passed"
    )
    return StepResult(False, words, facts)


def configure(work: Workplace) -> StepResult:
    """Set what differs, opening the seal with the owner's permission where that is needed."""
    wanted = work.station.settings
    before = work.device.configuration().settings
    changes = {name: value for name, value in wanted.items() if before.get(name) != value}
    if not changes:
        return StepResult(False, "as they should be", {"settings": before})
    if work.device.status().sealed and changes.keys() - set(UNSEALED_SETTINGS):
        if work.permit is None:
            raise ToolError("seal_closed", settings=", ".join(changes))
        work.device.by_owner(models.SealState, "unseal", work.permit("unseal"))
    work.device.configure(changes)
    after = work.device.configuration().settings
    lost = [name for name, value in wanted.items() if after.get(name) != value]
    if lost:
        raise ToolError("settings_not_kept", settings=", ".join(lost))
    return StepResult(True, f"set and read back: {', '.join(changes)}", {"settings": after})


def check_meter(work: Workplace) -> StepResult:
    """Read the meter as a session would, and compare it with its label."""
    reading = work.device.read_meter()
    label = work.station.label(reading.meter_vendor, reading.meter_model)
    told = {
        "manufacturer": (label.manufacturer, reading.meter_vendor),
        "model": (label.model, reading.meter_model),
        "serial": (label.serial, reading.meter_serial),
    }
    for name, (labelled, read) in told.items():
        if read is not None and normalized(read) != normalized(labelled):
            raise ToolError("meter_differs", member=name, label=labelled, read=read)
    work.label = label
    facts = {"meter": label.model_dump(), "energy_kwh": reading.energy_kwh}
    words = f"{label.manufacturer} {label.model} {label.serial}, {reading.energy_kwh} kWh"
    note = "This meter cannot tell its serial number: compare its label once more."
    return StepResult(False, words, facts, () if reading.meter_serial else (note,))


def set_clock(work: Workplace) -> StepResult:
    """Set the module's clock from this computer's, and check it."""
    now = computer_time()
    source = "synchronised" if is_synchronised() else "informative"
    work.device.set_time(now.unix_ms, now.utc_offset_min, source)
    clock = work.device.status().clock
    latest_ms = computer_time().unix_ms + CLOCK_TOLERANCE_MS
    if clock.unix_ms is None or not now.unix_ms <= clock.unix_ms <= latest_ms:
        raise ToolError("clock_not_kept", read=clock.unix_ms, computer=now.unix_ms)
    note = "No time service is known to keep this computer's clock: check it."
    notes = () if source == "synchronised" else (note,)
    facts = {"source": source, "unix_ms": now.unix_ms, "utc_offset_min": now.utc_offset_min}
    return StepResult(True, f"set, {source}", facts, notes)


def close_seal(work: Workplace) -> StepResult:
    """Lock the settings; the module compares the meter's serial number once more."""
    status = work.device.status()
    if status.sealed:
        facts = {"commissioning": status.commissioning}
        return StepResult(False, f"closed, commissioning {status.commissioning}", facts)
    if work.confirm is not None:
        work.confirm(_what_is_sealed(work))
    sealing = work.device.seal()
    facts = sealing.model_dump(include={"commissioning", "meter_serial_read"})
    return StepResult(True, f"closed, commissioning {sealing.commissioning}", facts)


SET_UP = (
    Step("module", "Checking the module", check_module),
    Step("settings", "Settings", configure),
    Step("meter", "Checking the meter", check_meter),
    Step("clock", "Clock", set_clock),
    Step("seal", "Seal", close_seal),
)
EXPORT = Step("request", "Request for the registry", registration.export_request)
REGISTER = Step("registration", "Registration", registration.register)
HAND_OVER = Step("publication", "Proof of publication", registration.hand_over)
TEST_CHARGE = Step(test_charge.STEP, "Test charge", test_charge.charge_once)
DOCUMENT = Step("document", "Commissioning document", document.print_document)

ONLINE = (*SET_UP, REGISTER, HAND_OVER, TEST_CHARGE, DOCUMENT)
"""With the registry at hand."""
ON_SITE = (*SET_UP, EXPORT)
"""Without it: what is sent is written to a file."""
BACK_ON_SITE = (SET_UP[0], SET_UP[3], HAND_OVER, TEST_CHARGE)
"""With the answer that came back."""

Tell = Callable[[Step, StepResult], None]
"""Called with each step when it has ended, and its result."""


def without_test_charge(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, when nobody can charge."""
    return tuple(step for step in steps if step is not TEST_CHARGE)


def go_through(work: Workplace, steps: Sequence[Step], tell: Tell) -> None:
    """Go through the steps; ToolError from the first that fails, its name in `step`.

    Whatever was done stays done: another run of the same job goes on from there.
    """
    OutputDirectory(work.job.folder).check_writable()
    work.job.begin(work.station.as_dict())
    for step in steps:
        try:
            result = step.run(work)
        except ToolError as error:
            error.step = step.name
            raise
        facts = {**work.job.noted(step.name), **result.facts}
        work.job.note(step.name, facts, changed=result.changed)
        tell(step, result)
