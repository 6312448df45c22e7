"""What the store is told of a CDR that was judged."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.findings import Finding
from wattseal.cdr.judgement import Judgement, SessionFacts

MAX_NUMBER = 2**63 - 1
"""The largest number that a database keeps. A counter beyond it is none that a module has."""

MAX_NAME_CHARACTERS = 200


class Session(Struct, frozen=True):
    """One CDR of a run: `row` is its place there, `cdr` its name (Cdr.name).

    credited: name of the CDR that this one cancels; such a one takes part in nothing. is_billable:
    as judged without the others. facts: None if no record is authentic. doubts: what its own
    judgement says about earlier sessions, to be told when they are reconciled.
    """

    row: int
    cdr: str
    credited: str | None
    is_billable: bool
    facts: SessionFacts | None
    doubts: tuple[Finding, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether a later comparison can need it."""
        return self.is_billable or self.facts is not None or bool(self.doubts)


def session_of(row: int, cdr: Cdr, judgement: Judgement) -> Session:
    """What is kept of a CDR and its judgement."""
    credited = None
    if cdr.credits is not None:
        credited = kept_name(f"{cdr.country_code}*{cdr.party_id}*{cdr.credits}")
    facts, findings = judgement.facts, judgement.findings
    return Session(
        row=row,
        cdr=kept_name(judgement.cdr),
        credited=credited,
        is_billable=judgement.verdict == "billable",
        facts=facts if facts is not None and _fits(facts) else None,
        doubts=tuple([one for one in findings if one.effect.is_doubt]) if findings else (),
    )


def kept_name(name: str) -> str:
    """A name as databases take it: no NUL, no half characters, not of any length."""
    clean = kept_text(name)
    if len(clean) <= MAX_NAME_CHARACTERS:
        return clean
    return f"{clean[:100]}#{hashlib.sha256(clean.encode()).hexdigest()}"


def kept_text(text: str) -> str:
    """A text without what a database refuses."""
    if text.isascii() and "\0" not in text:
        return text  # as nearly all are
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _fits(facts: SessionFacts) -> bool:
    numbers = (*facts.paginations, facts.begin_ms, facts.end_ms)
    return bool(facts.paginations) and -MAX_NUMBER <= min(numbers) <= max(numbers) <= MAX_NUMBER
