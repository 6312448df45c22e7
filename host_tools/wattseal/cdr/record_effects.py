"""What the findings of wattseal.verify cost a bill, and which of them follow from which.

`wattseal verify` judges a file that somebody holds in his hands, and is lenient where records of
other makers deviate and still are evidence. Who bills must be able to tell one session from all
others, so identification and pagination are errors here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wattseal.cdr.findings import Effect, Finding
from wattseal.verify.codes import Code
from wattseal.verify.findings import Finding as VerifyFinding
from wattseal.verify.sentences import Language

_NOTES = (
    Code.KEY_UNREADABLE,  # of the key in the CDR: the registered one judges
    Code.TIME_ERROR_FLAG,  # where time is billed, time_not_billable takes its place
    Code.TIME_NOT_SYNCHRONISED,  # likewise
    Code.RECORD_REPEATED,
    Code.HASH_LABEL_IGNORED,
    Code.FORMAT_DEVIATION,
)
_ERRORS = (
    Code.RECORD_MALFORMED,
    Code.KEY_WRONG_CURVE,
    Code.KEY_NOT_SIGNER,
    Code.ALGORITHM_UNSUPPORTED,
    Code.SIGNATURE_MALFORMED,
    Code.SIGNATURE_MISMATCH,
    Code.PAYLOAD_MALFORMED,
    Code.PAYLOAD_AMBIGUOUS,
    Code.BEGIN_MISSING,
    Code.BEGIN_REPEATED,
    Code.BEGIN_HOLDS_END,
    Code.END_MISSING,
    Code.END_REPEATED,
    Code.END_HOLDS_BEGIN,
    Code.REGISTER_NOT_BILLABLE,
    Code.GATEWAY_SERIAL_DIFFERS,
    Code.METER_SERIAL_DIFFERS,
    Code.REGISTER_DIFFERS,
    Code.UNIT_DIFFERS,
    Code.EVENT_COUNTER_DIFFERS,
    Code.IDENTIFICATION_DIFFERS,
    Code.PAGINATION_CONTEXT_DIFFERS,
    Code.PAGINATION_REVERSED,
    Code.PAGINATION_GAP,
    Code.PAGINATION_UNREADABLE,
    Code.UNIT_NOT_ENERGY,
    Code.VALUE_MISSING,
    Code.VALUE_OUT_OF_RANGE,
    Code.TIME_REVERSED,
    Code.TIME_STATUS_WRONG,
    Code.METER_STATUS,
    Code.ENERGY_ERROR_FLAG,
    Code.IDENTIFICATION_LEVEL,
    Code.EXCEPTION_READING,
)
_ERRORS_AND_DOUBTS = (
    Code.PAGINATION_REPEATED,  # a module that counts twice has done so before, perhaps
    Code.ENERGY_DECREASED,
)

EFFECTS: dict[Code, Effect] = {
    **dict.fromkeys(_ERRORS, Effect.ERROR),
    **dict.fromkeys(_ERRORS_AND_DOUBTS, Effect.ERROR_AND_DOUBT),
    **dict.fromkeys(_NOTES, Effect.NOTE),
}
"""Every finding of wattseal.verify that a CDR can have, and what it costs."""

ELSEWHERE: dict[Code, str] = {
    Code.FILE_UNREADABLE: "A CDR is no file of records.",
    Code.FILE_TOO_LARGE: "`cdr_malformed`",
    Code.XML_MALFORMED: "A CDR holds no XML.",
    Code.NO_RECORD: "`record_malformed`",
    Code.TOO_MANY_RECORDS: "`cdr_malformed`",
    Code.KEY_MISSING: "`key_unregistered`: the registered key judges.",
    Code.KEY_DIFFERS: "`key_not_registered_one`",
    Code.CONTEXT_MISMATCH: "`nature_wrong`",
    Code.TRANSACTION_INCOMPLETE: "`begin_missing`, `end_missing`",
    Code.TRANSACTION_ID_NOT_INTEGER: "A CDR's signed values have no transactionId.",
}
"""The other findings of wattseal.verify, and what says the same of a CDR."""

_OTHER_SESSION = ("pagination_reversed", "pagination_gap", "pagination_context_differs")
_OTHER_SIGNER = ("gateway_serial_differs", "meter_serial_differs")
_NO_PAIR = (
    *("begin_missing", "begin_repeated", "begin_holds_end"),
    *("end_missing", "end_repeated", "end_holds_begin", "register_not_billable"),
)
_OTHER_ORDER = (*_NO_PAIR, "intermediate_outside")
_OTHER_REGISTER = ("register_differs", "unit_differs")
_NO_ENERGY = ("register_differs", "unit_differs", "unit_not_energy", "energy_decreased")

EXPLAINED_BY: Mapping[str, frozenset[str]] = {
    code: frozenset(causes)
    for code, causes in {
        # Of another module or meter: nothing else of the two records need agree.
        "meter_serial_differs": ("gateway_serial_differs",),
        "register_differs": _OTHER_SIGNER,
        "unit_differs": (*_OTHER_SIGNER, "register_differs", "unit_not_energy"),
        "event_counter_differs": _OTHER_SIGNER,
        "pagination_reversed": _OTHER_SIGNER,
        "pagination_gap": (*_OTHER_SIGNER, *_OTHER_ORDER),
        "pagination_repeated": _OTHER_SIGNER,
        "pagination_context_differs": _OTHER_SIGNER,
        "gateway_serial_unregistered": _OTHER_SIGNER,
        "meter_serial_unregistered": (*_OTHER_SIGNER, "gateway_serial_unregistered"),
        # Of another session: neither user nor readings need agree.
        "identification_differs": (*_OTHER_SIGNER, *_OTHER_SESSION),
        "energy_decreased": (*_OTHER_SIGNER, *_OTHER_SESSION, *_OTHER_ORDER, *_OTHER_REGISTER),
        "time_reversed": (
            *(*_OTHER_SIGNER, *_OTHER_SESSION, *_OTHER_ORDER),
            "time_status_wrong",
        ),
        "time_status_wrong": (*_OTHER_SIGNER, *_OTHER_SESSION),
        # No begin or end to speak of.
        "intermediate_outside": (*_NO_PAIR, "pagination_reversed", "pagination_context_differs"),
        "nature_wrong": _NO_PAIR,
        "record_repeated": _NO_PAIR,
        # The CDR against what was signed.
        "energy_differs": (*_OTHER_SIGNER, *_OTHER_SESSION, *_NO_ENERGY),
        "begin_time_differs": (*_OTHER_SIGNER, *_OTHER_SESSION, "time_reversed"),
        "end_time_differs": (*_OTHER_SIGNER, *_OTHER_SESSION, "time_reversed"),
        # The same, said twice.
        "time_not_synchronised": ("time_error_flag", "time_not_billable", "time_status_wrong"),
        "time_error_flag": ("time_not_billable",),
        "time_not_billable": ("time_status_wrong",),
        "format_deviation": ("pagination_unreadable", "unit_not_energy", "value_missing"),
    }.items()
}
"""Finding -> those that it may be a mere consequence of: beside one of them it is left out."""


def of_verify(finding: VerifyFinding, subject: str | None = None) -> Finding:
    """A finding of wattseal.verify as one of a CDR. KeyError for those that no CDR can have."""
    values = dict(finding.values)
    reading = values.pop("reading", None)
    expected = values.pop("expected", None) or values.pop("begin", None)
    others = [text for name, text in values.items() if name not in ("found", "end", "field")]
    said = values.get("found") or values.get("end") or next(iter(others), None)
    return Finding(
        code=finding.code.value,
        effect=EFFECTS[finding.code],
        subject=subject or reading,
        expected=expected,
        found=said,
        sentence_en=finding.message,
        sentence_de=finding.sentence(Language.GERMAN),
    )


def one_for_each_fault(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without mere consequences, and with what was found at several places said once."""
    merged: dict[str, Finding] = {}
    for finding in findings:
        known = merged.setdefault(finding.code, finding)
        if known is not finding and finding.subject and finding.subject != known.subject:
            merged[finding.code] = known.model_copy(update={"subject": _both(known, finding)})
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
