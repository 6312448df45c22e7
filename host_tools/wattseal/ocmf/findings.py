"""Makes the findings of a verification, whose codes and sentences are in verification.toml.

There, `{name}` takes a value as it is. `{name:word}` takes one of our own English words or phrases,
which German says in its own way; a phrase that is not in verification_phrases.toml, such as the
complaint of a parser, stays English there.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wattseal.common.errors import ToolError
from wattseal.common.findings import Finding, make_finding
from wattseal.common.sentences import read_phrases, read_sentences
from wattseal.common.text import printable

TABLE = "verification"

ABSENT = "(none)"
"""How a value that is not there is shown."""

GERMAN_ABSENT = "(keine Angabe)"

MAX_SHOWN_CHARACTERS = 60
MAX_CAUSE_CHARACTERS = 200


def found(code: str, **values: object) -> Finding:
    """A finding with its values made fit to be shown: short printable texts.

    Raises TypeError unless the values are exactly those that the code's sentence has blanks for.
    """
    texts = {
        name: shown(value, MAX_CAUSE_CHARACTERS if name == "cause" else MAX_SHOWN_CHARACTERS)
        for name, value in values.items()
    }
    return make_finding(TABLE, code, texts, german=_in_german(code, texts))


def check_failed(error: Exception) -> Finding:
    """What to say where a check itself failed, with the place where it did."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
    return found("check_failed", cause=f"{where}: {error}")


@contextmanager
def guarded(findings: list[Finding], *passing: type[Exception]) -> Iterator[None]:
    """Make a finding of whatever fails within: no record may end the check of the others.

    A ToolError passes, and what `passing` names: what all checks need is away, a registry say.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (ToolError, *passing)):
            raise
        findings.append(check_failed(error))


def _in_german(code: str, texts: dict[str, str]) -> dict[str, str]:
    """The values that a German sentence says in other words."""
    blanks, phrases = read_sentences(TABLE)[code].blanks, read_phrases(TABLE)
    german = {name: text for name, text in texts.items() if blanks.get(name) == "word"}
    german = {name: phrases[text] for name, text in german.items() if text in phrases}
    return german | {name: GERMAN_ABSENT for name, text in texts.items() if text == ABSENT}


def shown(value: object, most_characters: int = MAX_SHOWN_CHARACTERS) -> str:
    """A value from a file as a message may quote it: short and free of control characters."""
    text = printable(ABSENT if value is None else str(value))
    return text if len(text) <= most_characters else text[: most_characters - 3] + "..."
