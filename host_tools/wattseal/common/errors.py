"""The host tools' own errors, whose sentences are in errors.toml: what happened and what to do.

What the module refuses comes over the link with its own name, sentence and remedy (wire/errors.py)
and becomes a ToolError too, so that a command has one kind of error to show. What to do about it
is told in this tool's commands instead of the link's methods (module_refusals.toml).
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Any

from wattseal.common.sentences import read_sentences
from wattseal.wire.errors import WattsealError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNCHECKED = 3
"""All is done but for something of which the check itself failed, as a finding says."""

MAX_FACT_CHARACTERS = 300


def batch_status(codes: Container[str], *, is_bad: bool) -> int:
    """The exit status of a command that has found these codes, and something bad or not."""
    return EXIT_UNCHECKED if "check_failed" in codes else EXIT_FAILED if is_bad else 0


class ToolError(Exception):
    """A command failed: `name` for programs, `message` and `remedy` for people.

    Made from errors.toml by name, the facts filling its blanks; `from_module` makes one of a
    refusal that came over the link. `step` names the step of a longer run in which it happened.
    """

    def __init__(self, name: str, **detail: Any) -> None:
        told = read_sentences("errors")[name]
        message, remedy = told.en.format(**detail), told.remedy.format(**detail)
        self._fill(name, message, remedy, told.status, dict(detail))

    @classmethod
    def of_file(cls, name: str, path: Path | str, error: OSError) -> ToolError:
        """The error of a name that takes path and cause: what the operating system refused."""
        return cls(name, path=str(path), cause=error.strerror or str(error))

    @classmethod
    def from_module(cls, refusal: WattsealError) -> ToolError:
        """The module's refusal in the form that commands show."""
        ours = read_sentences("module_refusals").get(refusal.name)
        remedy = refusal.remedy if ours is None else ours.remedy
        detail = dict(refusal.detail)
        error = cls.__new__(cls)
        error._fill(refusal.name, _in_words(refusal), remedy, EXIT_FAILED, detail)
        return error

    def _fill(
        self, name: str, message: str, remedy: str, exit_status: int, detail: dict[str, Any]
    ) -> None:
        self.args = (name,)
        self.name = name
        self.message = message
        self.remedy = remedy
        self.exit_status = exit_status
        self.detail = detail
        self.step: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """It may come from another process."""
        return _copied, (dict(self.__dict__),)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "error": {
                "name": self.name,
                "message": self.message,
                "remedy": self.remedy,
                "detail": self.detail,
            }
        }


def _copied(facts: dict[str, Any]) -> ToolError:
    error = ToolError.__new__(ToolError, facts["name"])
    error.__dict__.update(facts)
    return error


def _in_words(refusal: WattsealError) -> str:
    """What the module refused and why, in one line."""
    facts = {key: _flat(refusal.detail[key]) for key in sorted(refusal.detail)}
    if refusal.name in ("invalid_params", "out_of_range") and {"field", "limit"} <= facts.keys():
        found = f", not {facts['found']}" if "found" in facts else ""
        return f"{facts['field']} must be {facts['limit']}{found}."
    told = ", ".join(f"{key}: {fact}" for key, fact in facts.items())
    return refusal.sentence + (f" ({told})" if told else "")


def _flat(value: Any) -> str:
    """A fact from the module, short enough for a line."""
    text = " ".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_FACT_CHARACTERS else text[: MAX_FACT_CHARACTERS - 3] + "..."
