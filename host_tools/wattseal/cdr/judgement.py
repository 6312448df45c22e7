"""The verdict on one CDR, and the facts that later CDRs are compared with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct
from msgspec.structs import replace

from wattseal.cdr.findings import Finding

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
        text = _ENCODER.encode(replace(self, facts=UNSET))
        return text if indent is None else msgspec.json.format(text, indent=indent)


def read_judgement(text: str | bytes) -> Judgement:
    """What `to_json` made; other members are ignored. Raises msgspec.DecodeError."""
    return _DECODER.decode(text)


def judged(told: Judgement) -> Judgement:
    """The verdict that follows from the findings, the first error being the reason."""
    errors = [finding for finding in told.findings if finding.effect.is_error]
    return replace(
        told,
        verdict="not_billable" if errors else "billable",
        casts_doubt=any(finding.effect.is_doubt for finding in told.findings),
        reason=errors[0].code if errors else None,
    )


def _finding_of(_kind: type[Finding], told: Any) -> Finding:
    return Finding.model_validate(told)


_ENCODER = msgspec.json.Encoder(enc_hook=Finding.model_dump)
_DECODER = msgspec.json.Decoder(Judgement, dec_hook=_finding_of)
