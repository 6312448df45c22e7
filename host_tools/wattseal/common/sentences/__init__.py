"""Reads what findings, errors and pages say: sentences in data files, one file for each subject.

Each entry stands under a code that never changes its meaning. Blanks such as `{port}` take values.
A file is read when its first sentence is wanted, and once.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Language(StrEnum):
    """The languages that people can read sentences in."""

    ENGLISH = "en"
    GERMAN = "de"


class Entry(NamedTuple):
    """A sentence, what to do about it, and what belongs to it; empty where there is nothing.

    `status` is the exit status of a command that fails by this, or the HTTP status of an answer;
    `severity` a findings.Severity. Of findings of the verification alone: `is_unreadable`, there
    was nothing to judge; `in_cdr`, the severity in a CDR, or `instead_in_cdr`, what a CDR has in
    its place. `also` names values that a finding tells beside those of its blanks.
    """

    en: str = ""
    de: str = ""
    remedy: str = ""
    remedy_de: str = ""
    status: int = 1
    severity: str = "error"
    is_unreadable: bool = False
    in_cdr: str = ""
    instead_in_cdr: str = ""
    also: Sequence[str] = ()

    def text(self, language: Language) -> str:
        """The sentence in a language, with its blanks."""
        return self.de if language is Language.GERMAN else self.en

    @property
    def blanks(self) -> dict[str, str]:
        """The names of the blanks of sentence and remedy, each with its format or nothing."""
        return _blanks(self.en + self.remedy)


@cache
def _blanks(text: str) -> dict[str, str]:
    from string import Formatter  # as below: a command that says nothing needs none

    return {name: form or "" for _, name, form, _ in Formatter().parse(text) if name}


@cache
def read_sentences(subject: str) -> dict[str, Entry]:
    """The entries of a subject by their codes, in the order of the file."""
    return {code: Entry(**fields) for code, fields in _read(subject).items()}


@cache
def read_labels(subject: str, language: Language) -> dict[str, str]:
    """The sentences of a subject in one language, by their codes: words of a page."""
    return {code: entry.text(language) for code, entry in read_sentences(subject).items()}


@cache
def read_phrases(subject: str) -> dict[str, str]:
    """The German of English phrases that fill blanks."""
    return _read(f"{subject}_phrases")


@cache
def month_names(language: Language) -> list[str]:
    """January to December."""
    return list(_read("months")[language])


def _read(name: str) -> dict[str, Any]:
    import tomllib  # a tenth of the time of a command that only shows its help

    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))
