"""The steps in their order, one after the other, each noted in the job when it is through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wattseal.commissioning import documents, registering, setting_up, test_charge
from wattseal.commissioning.workplace import Step, StepResult, Workplace
from wattseal.errors import ToolError

SET_UP = (
    Step("module", "Checking the module", setting_up.check_module),
    Step("settings", "Settings", setting_up.configure),
    Step("meter", "Checking the meter", setting_up.check_meter),
    Step("clock", "Clock", setting_up.set_clock),
    Step("seal", "Seal", setting_up.close_seal),
)
EXPORT = Step("request", "Request for the registry", registering.export_request)
REGISTER = Step("registration", "Registration", registering.register)
HAND_OVER = Step("publication", "Proof of publication", registering.hand_over)
TEST_CHARGE = Step(test_charge.STEP, "Test charge", test_charge.charge_once)
DOCUMENT = Step("document", "Commissioning document", documents.print_document)

ONLINE = (*SET_UP, REGISTER, HAND_OVER, TEST_CHARGE, DOCUMENT)
"""With the registry at hand."""
ON_SITE = (*SET_UP, EXPORT)
"""Without it: what is sent is written to a file."""
BACK_ON_SITE = (SET_UP[0], SET_UP[3], HAND_OVER, TEST_CHARGE)
"""With the answer that came back."""

Tell = Callable[[Step, StepResult | None], None]
"""Called with a step when it begins (None), and with what it found when it is through."""


def without_test_charge(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, when nobody can charge."""
    return tuple(step for step in steps if step is not TEST_CHARGE)


def go_through(work: Workplace, steps: Sequence[Step], tell: Tell) -> None:
    """Go through the steps; ToolError from the first that fails, its name in `step`.

    Whatever was done stays done: another run of the same job goes on from there.
    """
    work.job.check_writable()
    work.job.begin(work.station.as_dict())
    for step in steps:
        tell(step, None)
        try:
            result = step.run(work)
        except ToolError as error:
            error.step = step.name
            raise
        work.job.note(
            step.name, {**work.job.noted(step.name), **result.facts}, changed=result.changed
        )
        tell(step, result)
