"""What can be wrong with a CDR: codes that stay, what each costs, and its sentences.

A code that wattseal.verify has too (a signature that does not fit, say) means the same here and
has its sentences there; what it costs is decided here, because a bill asks for more than the
check of a single file does.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "de"]


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
