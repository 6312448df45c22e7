"""What can be wrong with a CDR: its findings, and the verdict that follows from them.

A code that wattseal.ocmf has too (a signature that does not fit, say) means the same here and
has its sentences there; what it costs is decided by its `in_cdr`, because a bill asks for more than
the check of a single file does.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import UNSET, Meta, Struct
from msgspec.structs import replace

from wattseal.common.findings import Finding, Severity, make_finding
from wattseal.common.sentences import read_sentences
from wattseal.ocmf.findings import TABLE as VERIFICATION

TABLE = "cdr"
"""The sentences of the findings that only a CDR can have."""


class FindingInJson(TypedDict):
    """A finding as judgements and reports write it: `expected` and `found` are what disagrees."""

    code: str
    effect: Severity
    subject: str | None
    expected: str | None
    found: str | None
    sentence_en: str
    sentence_de: str


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """The members of a finding in a judgement and in a report."""
    return {
        "code": finding.code,
        "effect": finding.severity.value,
        "subject": finding.subject,
        "expected": finding.values.get("expected"),
        "found": finding.values.get("found"),
        "sentence_en": finding.sentence_en,
        "sentence_de": finding.sentence_de,
    }


def _read_finding(told: FindingInJson) -> Finding:
    return Finding(
        code=told["code"],
        severity=told["effect"],
        values=_values(told["expected"], told["found"]),
        sentence_en=told["sentence_en"],
        sentence_de=told["sentence_de"],
        subject=told["subject"],
    )


def found(
    code: str,
    *,
    subject: str | None = None,
    expected: object = None,
    found: object = None,
    found_german: str | None = None,
) -> Finding:
    """A finding of cdr.toml. `found_german`: what the German sentence says for `found`.

    TypeError unless what is given of `expected` and `found` is what the sentence has blanks for.
    """
    german = {"found": found_german} if found_german else None
    return make_finding(TABLE, code, _values(expected, found), german=german, subject=subject)


def _values(expected: object, found: object) -> dict[str, str]:
    pairs = (("expected", expected), ("found", found))
    return {name: str(value) for name, value in pairs if value is not None}


Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class SessionFacts(Struct, frozen=True, gc=False):
    """What a store of seen sessions keeps. Only of authentic records: what no key signed, no
    module said.

    `context` and `paginations` are of all records in the order signed (T1, T2 ...: `T`, 1, 2).
    `begin_wh`, `end_wh`: the register in watt hours as decimal text, exact. Times are Unix
    milliseconds as signed; `time_is_good` False where the clock was not set (U).
    `key_fingerprint` is a SHA-256 in hex; `content` tells the records' texts (session.content_of).
    """

    key_fingerprint: str
    meter_serial: str
    register_code: str
    context: str
    paginations: tuple[int, ...]
    begin_wh: str
    end_wh: str
    begin_ms: int
    end_ms: int
    time_is_good: bool
    content: str


class Judgement(Struct, frozen=True):
    """The verdict.

    `billable`: nothing found is an error. `casts_doubt`: earlier sessions of the module have to be
    looked at again; that is reported apart (`wattseal cdr reconcile`). `reason`: code of the
    weightiest error. `is_checked` False: there was nothing signed to check, and need not be.
    Energy is a decimal text in kWh; times are RFC 3339 as signed. `facts` are not written.
    """

    cdr: str
    evse_id: str
    verdict: Literal["billable", "not_billable"]
    is_checked: bool
    casts_doubt: bool
    reason: str | None
    energy_kwh: str | None
    begin: str | None
    end: str | None
    key_fingerprint: Hash | None
    findings: tuple[Finding, ...]
    facts: SessionFacts | None = None

    def with_findings(self, more: tuple[Finding, ...]) -> Judgement:
        """The verdict after a comparison with other CDRs has found more."""
        return judged(replace(self, findings=(*self.findings, *more))) if more else self

    def to_json(self, indent: int | None = None) -> bytes:
        """As a JSON object in UTF-8; by default on one line."""
        written = [finding_as_json(finding) for finding in self.findings]
        text = _ENCODER.encode(replace(self, findings=written, facts=UNSET))
        return text if indent is None else msgspec.json.format(text, indent=indent)


def read_judgement(text: str | bytes) -> Judgement:
    """What `to_json` made; other members are ignored. Raises msgspec.DecodeError."""
    members = msgspec.json.decode(text, type=dict[str, Any])
    findings = msgspec.convert(members.get("findings"), tuple[FindingInJson, ...])
    judgement = msgspec.convert({**members, "findings": ()}, Judgement)
    return replace(judgement, findings=tuple(map(_read_finding, findings)))


def judged(told: Judgement) -> Judgement:
    """The verdict that follows from the findings, the first error being the reason."""
    errors = [finding for finding in told.findings if finding.severity.is_error]
    return replace(
        told,
        verdict="not_billable" if errors else "billable",
        casts_doubt=any(finding.severity.is_doubt for finding in told.findings),
        reason=errors[0].code if errors else None,
    )


_ENCODER = msgspec.json.Encoder()


def _explained_by() -> dict[str, frozenset[str]]:
    told = tomllib.loads(Path(__file__).with_name("explained_by.toml").read_text("utf-8"))
    groups = told.pop("groups")
    return {
        code: frozenset([one for name in names for one in groups.get(name, (name,))])
        for code, names in told.items()
    }


EXPLAINED_BY: Mapping[str, frozenset[str]] = _explained_by()
"""Finding -> those that it may be a mere consequence of: beside one of them it is left out."""


def of_verify(finding: Finding, subject: str | None = None) -> Finding:
    """A finding of wattseal.ocmf as one of a CDR. ValueError for those that no CDR can have."""
    values = dict(finding.values)
    reading = values.pop("reading", None)
    expected = values.pop("expected", None) or values.pop("begin", None)
    others = [text for name, text in values.items() if name not in ("found", "end", "field")]
    said = values.get("found") or values.get("end") or next(iter(others), None)
    return dataclasses.replace(
        finding,
        severity=Severity(read_sentences(VERIFICATION)[finding.code].in_cdr),
        values=_values(expected, said),
        subject=subject or (None if reading is None else str(reading)),
    )


def one_for_each_fault(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without mere consequences, and with what was found at several places said once."""
    merged: dict[str, Finding] = {}
    for finding in findings:
        known = merged.setdefault(finding.code, finding)
        if known is not finding and finding.subject and finding.subject != known.subject:
            merged[finding.code] = dataclasses.replace(known, subject=_both(known, finding))
    codes = merged.keys()
    return tuple(
        [one for code, one in merged.items() if not (EXPLAINED_BY.get(code, frozenset()) & codes)]
    )


_MAX_SUBJECT_CHARACTERS = 60


def _both(one: Finding, other: Finding) -> str:
    if not one.subject:
        return str(other.subject)
    both = f"{one.subject}, {other.subject}"
    return both if len(both) <= _MAX_SUBJECT_CHARACTERS else one.subject
