"""What a check came to, in words of one language: what the template and a browser show alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["verified", "unaltered", "not_verified", "unreadable"]


@dataclass(frozen=True)
class Fact:
    """A label and what it labels; `is_code` is set in the type of keys and numbers."""

    label: str
    value: str
    is_code: bool = False


@dataclass(frozen=True)
class View:
    """One session, or whatever else one verdict is about.

    `origin`: sentences about the key. `proof`: the path of the proof, if there is one. `errors` and
    `warnings`: sentences.
    """

    name: str
    status: Status
    headline: str
    why: str
    facts: list[Fact] = field(default_factory=list)
    origin: list[str] = field(default_factory=list)
    proof: str = ""
    proof_words: str = ""
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """`summary` is empty for one session; `remark` tells what the check did not look at."""

    views: list[View]
    summary: str
    remark: str
