"""What can be wrong with a CDR: codes that stay, what each costs, and its sentences.

A code that wattseal.ocmf has too (a signature that does not fit, say) means the same here and
has its sentences there; what it costs is decided here, because a bill asks for more than the
check of a single file does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict

from wattseal.ocmf.findings import Code, Language
from wattseal.ocmf.findings import Finding as VerifyFinding

LanguageCode = Literal["en", "de"]


class Effect(StrEnum):
    """What a finding costs.

    error: the session is not billable. doubt: it is billable, and earlier sessions of the module
    are in doubt. error_and_doubt: both. note: somebody should know.
    """

    ERROR = "error"
    DOUBT = "doubt"
    ERROR_AND_DOUBT = "error_and_doubt"
    NOTE = "note"

    @property
    def is_error(self) -> bool:
        """Whether the session cannot be billed."""
        return self in (Effect.ERROR, Effect.ERROR_AND_DOUBT)

    @property
    def is_doubt(self) -> bool:
        """Whether earlier sessions have to be looked at again."""
        return self in (Effect.DOUBT, Effect.ERROR_AND_DOUBT)


class Finding(BaseModel):
    """One thing found: `expected` and `found` are the two values that disagree, as short texts.

    `subject` says where: a CDR's field, or `begin`, `end` or `value 3` for a signed value.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    effect: Effect
    subject: str | None = None
    expected: str | None = None
    found: str | None = None
    sentence_en: str
    sentence_de: str


_ERROR = Effect.ERROR
EFFECTS_AND_SENTENCES: dict[str, tuple[Effect, str, str]] = {
    # The CDR as such.
    "cdr_malformed": (
        _ERROR,
        "The CDR cannot be read: {found}.",
        "Der CDR ist nicht lesbar ({found}).",
    ),
    "encoding_unsupported": (
        _ERROR,
        "The signed data are in {found}, not in {expected}.",
        "Die signierten Daten liegen als {found} vor, nicht als {expected}.",
    ),
    "signed_data_missing": (
        _ERROR,
        "The CDR has no signed data, but the registry lists {found} as calibrated: look into the"
        " POI data, their synchronisation and their source.",
        "Der CDR enthält keine signierten Daten, obwohl das Register {found} als eichrechtskonform"
        " führt: POI-Daten, Synchronisation und Quelle prüfen.",
    ),
    "station_not_listed": (
        Effect.NOTE,
        "The registry does not list {found}; without signed data nothing was checked.",
        "Das Register führt {found} nicht; ohne signierte Daten wurde nichts geprüft.",
    ),
    "nature_wrong": (
        _ERROR,
        "The value called {found} holds the {expected} reading.",
        "Der als {found} bezeichnete Wert enthält den {expected}-Messwert.",
    ),
    "intermediate_outside": (
        _ERROR,
        "The intermediate value {found} does not lie between begin and end, {expected}.",
        "Der Zwischenwert {found} liegt nicht zwischen Beginn und Ende, {expected}.",
    ),
    # The key.
    "key_unregistered": (
        _ERROR,
        "The registry has no key for {found}.",
        "Das Register hat keinen Schlüssel für {found}.",
    ),
    "key_not_valid_yet": (
        _ERROR,
        "The key is valid from {expected}; the record is of {found}.",
        "Der Schlüssel gilt ab {expected}; der Datensatz ist vom {found}.",
    ),
    "key_superseded": (
        _ERROR,
        "The key was valid until {expected}; the record is of {found}.",
        "Der Schlüssel galt bis {expected}; der Datensatz ist vom {found}.",
    ),
    "key_used_after_deactivation": (
        Effect.ERROR_AND_DOUBT,
        "The key was deactivated at {expected}, and has signed at {found}.",
        "Der Schlüssel wurde am {expected} deaktiviert und hat am {found} noch signiert.",
    ),
    "key_not_registered_one": (
        _ERROR,
        "The key in the CDR, {found}, is not the registered one, {expected}.",
        "Der Schlüssel im CDR, {found}, ist nicht der registrierte, {expected}.",
    ),
    "signed_with_two_keys": (
        _ERROR,
        "The records are signed with different keys, {expected} and {found}: no verifier takes them"
        " as one session.",
        "Die Datensätze sind mit verschiedenen Schlüsseln signiert, {expected} und {found}: Kein"
        " Prüfprogramm nimmt sie als einen Ladevorgang.",
    ),
    "gateway_serial_unregistered": (
        _ERROR,
        "The key is registered for signing module {expected}; the record names {found}.",
        "Der Schlüssel ist für das Signiermodul {expected} registriert; der Datensatz nennt"
        " {found}.",
    ),
    "meter_serial_unregistered": (
        _ERROR,
        "The key is registered for meter {expected}; the record names {found}.",
        "Der Schlüssel ist für den Zähler {expected} registriert; der Datensatz nennt {found}.",
    ),
    # The CDR against what was signed.
    "evse_differs": (
        _ERROR,
        "The CDR is of charge point {expected}; {found} was signed.",
        "Der CDR gilt für den Ladepunkt {expected}; signiert wurde {found}.",
    ),
    "energy_differs": (
        _ERROR,
        "The CDR bills {found} kWh; the signed readings give {expected} kWh.",
        "Der CDR rechnet {found} kWh ab; die signierten Werte ergeben {expected} kWh.",
    ),
    "begin_time_differs": (
        _ERROR,
        "The CDR begins at {found}; {expected} was signed.",
        "Der CDR beginnt um {found}; signiert wurde {expected}.",
    ),
    "end_time_differs": (
        _ERROR,
        "The CDR ends at {found}; {expected} was signed.",
        "Der CDR endet um {found}; signiert wurde {expected}.",
    ),
    "time_not_billable": (
        _ERROR,
        "The CDR bills time, but the clock at {found} was not good for it.",
        "Der CDR rechnet Zeit ab, aber die Uhr war dafür nicht geeignet: {found}.",
    ),
    # The CDR against the other CDRs.
    "cdr_repeated": (
        _ERROR,
        "The CDR was received before, with the same content.",
        "Der CDR ist schon einmal mit gleichem Inhalt eingegangen.",
    ),
    "cdr_changed": (
        _ERROR,
        "A CDR of the same name was received before, with other signed data.",
        "Ein CDR gleichen Namens ist schon mit anderen signierten Daten eingegangen.",
    ),
    "record_replayed": (
        _ERROR,
        "The signed data were billed before, by CDR {expected}.",
        "Die signierten Daten wurden schon mit dem CDR {expected} abgerechnet.",
    ),
    "pagination_reused": (
        Effect.ERROR_AND_DOUBT,
        "Pagination {found} was used before, by CDR {expected}, for another record.",
        "Die Paginierung {found} wurde schon im CDR {expected} für einen anderen Datensatz"
        " verwendet.",
    ),
    "sessions_interleaved": (
        Effect.ERROR_AND_DOUBT,
        "The session's paginations lie within those of CDR {expected}.",
        "Die Paginierungen des Ladevorgangs liegen innerhalb derer des CDR {expected}.",
    ),
    "counter_gap": (
        Effect.DOUBT,
        "Pagination {expected} should follow; {found} does. Records in between are missing.",
        "Auf die bekannte Paginierung müsste {expected} folgen, es folgt {found}. Dazwischen"
        " fehlen Datensätze.",
    ),
    "energy_went_back": (
        Effect.ERROR_AND_DOUBT,
        "The meter was at {expected} before, and is at {found} when the session begins.",
        "Der Zähler stand zuvor bei {expected} und steht zu Beginn des Ladevorgangs bei {found}.",
    ),
    "time_went_back": (
        Effect.ERROR_AND_DOUBT,
        "The session before ended at {expected}; this one begins at {found}.",
        "Der vorige Ladevorgang endete um {expected}; dieser beginnt um {found}.",
    ),
}
"""Code -> effect, English sentence, German sentence; the blanks are the finding's members."""


def found(
    code: str,
    *,
    subject: str | None = None,
    expected: object = None,
    found: object = None,
    found_german: str | None = None,
) -> Finding:
    """A finding of the table above. `found_german`: what the German sentence says for `found`."""
    effect, english, german = EFFECTS_AND_SENTENCES[code]
    values = {
        "expected": None if expected is None else str(expected),
        "found": None if found is None else str(found),
    }
    return Finding(
        code=code,
        effect=effect,
        subject=subject,
        sentence_en=english.format(**values),
        sentence_de=german.format(**values | ({"found": found_german} if found_german else {})),
        **values,
    )


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
"""Every finding of wattseal.ocmf that a CDR can have, and what it costs."""

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
"""The other findings of wattseal.ocmf, and what says the same of a CDR."""

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
    """A finding of wattseal.ocmf as one of a CDR. KeyError for those that no CDR can have."""
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
