"""One finding: what any check has to say, of a record, a CDR, a request or the registry's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wattseal.common.sentences import Language, read_sentences


class Severity(StrEnum):
    """What a finding costs.

    error: the record is not verified, the session is not billable, the request is refused. doubt:
    the session is billable, and earlier sessions of the module are in doubt. error_and_doubt:
    both. warning and note: somebody should know; the verification says warning, a CDR note.
    """

    ERROR = "error"
    ERROR_AND_DOUBT = "error_and_doubt"
    DOUBT = "doubt"
    WARNING = "warning"
    NOTE = "note"

    @property
    def is_error(self) -> bool:
        """Whether what was checked cannot be used."""
        return self in (Severity.ERROR, Severity.ERROR_AND_DOUBT)

    @property
    def is_doubt(self) -> bool:
        """Whether earlier sessions have to be looked at again."""
        return self in (Severity.DOUBT, Severity.ERROR_AND_DOUBT)


@dataclass(frozen=True)
class Finding:
    """What was found, with the values that it is about and its sentences, the blanks filled.

    Where two things disagree, the values are named `expected` and `found`, or `begin` and `end`.
    `subject` says where: a CDR's field, or `begin`, `end` or `value 3` for a signed value; `entry`
    is the number in the registry's log. German and remedy are empty where there is none.
    """

    code: str
    severity: Severity
    values: Mapping[str, str | int | None] = field(hash=False)
    sentence_en: str
    sentence_de: str = ""
    remedy: str = ""
    subject: str | None = None
    entry: int | None = None

    def sentence(self, language: Language) -> str:
        """What the finding says, in the given language."""
        return self.sentence_de if language is Language.GERMAN else self.sentence_en


class _Blank(str):
    """A value on its way into a blank, whatever form the blank asks for."""

    __slots__ = ()

    def __format__(self, _form: str) -> str:
        return str(self)


def make_finding(
    table: str,
    code: str,
    values: Mapping[str, str | int | None],
    *,
    german: Mapping[str, str] | None = None,
    subject: str | None = None,
    entry: int | None = None,
) -> Finding:
    """A finding of a table of sentences. `german`: the values that German says in other words.

    Raises TypeError unless the values are exactly those that sentence and remedy have blanks for,
    and those that the table names beside them.
    """
    told = read_sentences(table)[code]
    wanted = {*told.blanks, *told.also}
    if values.keys() != wanted:
        raise TypeError(f"{code} takes {sorted(wanted)}, not {sorted(values)}")
    blanks = {name: _Blank(value) for name, value in values.items()}
    in_german = {name: _Blank(value) for name, value in german.items()} if german else {}
    return Finding(
        code=code,
        severity=Severity(told.severity),
        values=values,
        sentence_en=told.en.format_map(blanks),
        sentence_de=told.de.format_map(blanks | in_german),
        remedy=told.remedy.format_map(blanks),
        subject=subject,
        entry=entry,
    )
