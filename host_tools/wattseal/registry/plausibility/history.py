"""The statements that a registration brings, and which of them are new to the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattseal.device_models import StoredStatement
from wattseal.errors import ToolError
from wattseal.key_history import Checked, check_alone, check_history
from wattseal.quick_text import read_statement
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.records import Statement
from wattseal.registry.requests import ModuleState, Reason


@dataclass(frozen=True)
class History:
    """Statements that follow one another; `before` counts those that come before the first."""

    before: int
    given: tuple[Statement, ...]
    checked: list[Checked]

    @property
    def count(self) -> int:
        """Of all statements up to the last that is given."""
        return self.before + len(self.given)

    def text_of(self, number: int) -> str | None:
        """A statement's text; None if it is not among those given. Numbers count from 1."""
        at = number - self.before - 1
        return self.given[at].statement if 0 <= at < len(self.given) else None

    def after(self, number: int) -> list[Checked]:
        """Those that follow a number."""
        return self.checked[max(number - self.before, 0) :]

    def to_record(self, recorded: int) -> tuple[int, list[Statement]]:
        """How a record states it where so many are recorded: `(before, statements)`.

        The new ones; where there are none, the newest again.
        """
        first = min(recorded, self.count - 1)
        return first, list(self.given[first - self.before :])


def read_history(
    given: Sequence[Statement], chip_id: str, before: Checked | None = None
) -> tuple[History | None, list[Reason]]:
    """The statements, every signature checked. before: the one that they follow, None at birth."""
    passed = before.number if before else 0
    stored = [_stored(number, statement) for number, statement in enumerate(given, passed + 1)]
    try:
        checked = check_history(stored, chip_id, before)
    except ToolError as error:
        return None, [reason("history_broken", **error.detail)]
    return History(passed, tuple(given), checked), []


def read_repeated(given: Statement, number: int) -> tuple[History | None, list[Reason]]:
    """The newest recorded statement, as a record repeats it that brings no new one."""
    try:
        checked = check_alone(_stored(number, given))
    except ToolError as error:
        return None, [reason("history_broken", **error.detail)]
    return History(number - 1, (given,), [checked]), []


def _stored(number: int, statement: Statement) -> StoredStatement:
    return StoredStatement.model_validate({"number": number, **statement.model_dump()})


def recorded_end(module: ModuleState) -> Checked:
    """The newest statement that is recorded of a module; it was checked when it was recorded."""
    members = read_statement(module.last_statement)
    return Checked(module.statements, members)
