"""One thing that a verification found: a code for programs, a sentence for people."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from wattseal.printable_text import printable
from wattseal.verify.codes import Code, Severity
from wattseal.verify.sentences import ABSENT, BLANKS, Language, say

__all__ = ["Code", "Finding", "Severity", "found", "shown"]

MAX_SHOWN_CHARACTERS = 60
MAX_CAUSE_CHARACTERS = 200


class Finding(BaseModel):
    """What was found, and the values that it is about, as short printable texts.

    Where two things disagree, the values are named `expected` and `found`, or `begin` and `end`.
    `message` is the English sentence.
    """

    model_config = ConfigDict(frozen=True)

    code: Code
    severity: Severity
    values: dict[str, str] = {}
    message: str

    def __hash__(self) -> int:
        return hash((self.code, self.message))

    def sentence(self, language: Language) -> str:
        """What the finding says, in the given language."""
        return say(self.code, self.values, language)


def found(code: Code, **values: object) -> Finding:
    """A finding with the severity of its code, and its values made fit to be shown.

    Raises TypeError unless the values are exactly those that the code's sentence has blanks for.
    """
    if values.keys() != BLANKS[code]:
        raise TypeError(f"{code} takes {sorted(BLANKS[code])}, not {sorted(values)}")
    texts = {
        name: shown(value, MAX_CAUSE_CHARACTERS if name == "cause" else MAX_SHOWN_CHARACTERS)
        for name, value in values.items()
    }
    return Finding(code=code, severity=code.severity, values=texts, message=say(code, texts))


def shown(value: object, most_characters: int = MAX_SHOWN_CHARACTERS) -> str:
    """A value from a file as a message may quote it: short and free of control characters."""
    text = printable(ABSENT if value is None else str(value))
    return text if len(text) <= most_characters else text[: most_characters - 3] + "..."
