"""What each finding says, in English and in German, with blanks for its values.

`{name}` takes a value as it is. `{name:word}` takes one of our own English words or phrases, which
German says in its own way; a phrase that is not in WORDS, such as the complaint of a parser, stays
English there. Both languages have the same blanks. Where two things disagree, their blanks are
`expected` and `found`, or `begin` and `end`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from wattseal.common.text import printable


class Severity(StrEnum):
    """Whether a finding costs the file its verdict."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Every finding there is, in the order of importance."""

    # Nothing could be judged.
    FILE_UNREADABLE = "file_unreadable"
    FILE_TOO_LARGE = "file_too_large"
    XML_MALFORMED = "xml_malformed"
    NO_RECORD = "no_record"
    TOO_MANY_RECORDS = "too_many_records"
    RECORD_MALFORMED = "record_malformed"
    # The key.
    KEY_MISSING = "key_missing"
    KEY_UNREADABLE = "key_unreadable"
    KEY_WRONG_CURVE = "key_wrong_curve"
    KEY_NOT_SIGNER = "key_not_signer"
    KEY_DIFFERS = "key_differs"
    # The signature.
    ALGORITHM_UNSUPPORTED = "algorithm_unsupported"
    SIGNATURE_MALFORMED = "signature_malformed"
    SIGNATURE_MISMATCH = "signature_mismatch"
    # The payload of an authentic record.
    PAYLOAD_MALFORMED = "payload_malformed"
    PAYLOAD_AMBIGUOUS = "payload_ambiguous"
    # Which readings there are.
    BEGIN_MISSING = "begin_missing"
    BEGIN_REPEATED = "begin_repeated"
    BEGIN_HOLDS_END = "begin_holds_end"
    END_MISSING = "end_missing"
    END_REPEATED = "end_repeated"
    END_HOLDS_BEGIN = "end_holds_begin"
    CONTEXT_MISMATCH = "context_mismatch"
    REGISTER_NOT_BILLABLE = "register_not_billable"
    # What begin and end must share.
    GATEWAY_SERIAL_DIFFERS = "gateway_serial_differs"
    METER_SERIAL_DIFFERS = "meter_serial_differs"
    REGISTER_DIFFERS = "register_differs"
    UNIT_DIFFERS = "unit_differs"
    EVENT_COUNTER_DIFFERS = "event_counter_differs"
    PAGINATION_CONTEXT_DIFFERS = "pagination_context_differs"
    PAGINATION_REVERSED = "pagination_reversed"
    # What the readings say.
    UNIT_NOT_ENERGY = "unit_not_energy"
    VALUE_MISSING = "value_missing"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    ENERGY_DECREASED = "energy_decreased"
    TIME_REVERSED = "time_reversed"
    TIME_STATUS_WRONG = "time_status_wrong"
    METER_STATUS = "meter_status"
    ENERGY_ERROR_FLAG = "energy_error_flag"
    IDENTIFICATION_LEVEL = "identification_level"
    # Warnings.
    TRANSACTION_INCOMPLETE = "transaction_incomplete"
    IDENTIFICATION_DIFFERS = "identification_differs"
    PAGINATION_REPEATED = "pagination_repeated"
    PAGINATION_GAP = "pagination_gap"
    PAGINATION_UNREADABLE = "pagination_unreadable"
    EXCEPTION_READING = "exception_reading"
    TIME_ERROR_FLAG = "time_error_flag"
    TIME_NOT_SYNCHRONISED = "time_not_synchronised"
    TRANSACTION_ID_NOT_INTEGER = "transaction_id_not_integer"
    RECORD_REPEATED = "record_repeated"
    HASH_LABEL_IGNORED = "hash_label_ignored"
    FORMAT_DEVIATION = "format_deviation"

    @property
    def severity(self) -> Severity:
        """The severity is the code's, so that no code means two things."""
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR

    @property
    def is_unreadable(self) -> bool:
        """Whether the code says that there was nothing to judge."""
        return self in _UNREADABLE


_ORDER = list(Code)
_WARNINGS = frozenset(_ORDER[_ORDER.index(Code.TRANSACTION_INCOMPLETE) :])
_UNREADABLE = frozenset(_ORDER[: _ORDER.index(Code.KEY_MISSING)])


class Language(StrEnum):
    """The languages that people can read the findings in."""

    ENGLISH = "en"
    GERMAN = "de"


class Sentence(NamedTuple):
    """One sentence in both languages."""

    en: str
    de: str


SENTENCES: dict[Code, Sentence] = {
    # Nothing could be judged.
    Code.FILE_UNREADABLE: Sentence(
        "The file cannot be read: {cause:word}.",
        "Die Datei kann nicht gelesen werden ({cause:word}).",
    ),
    Code.FILE_TOO_LARGE: Sentence(
        "The file is larger than {limit}.",
        "Die Datei ist größer als {limit}.",
    ),
    Code.XML_MALFORMED: Sentence(
        "The XML cannot be read: {cause:word}.",
        "Das XML kann nicht gelesen werden ({cause:word}).",
    ),
    Code.NO_RECORD: Sentence(
        "There is no OCMF record here: neither an OCMF string, nor its hex or base64, nor XML "
        "with a signed value.",
        "Hier ist kein OCMF-Datensatz: weder ein OCMF-Text noch dessen Hex- oder Base64-Form noch "
        "XML mit einem signierten Messwert.",
    ),
    Code.TOO_MANY_RECORDS: Sentence(
        "The file holds more than {limit} records; split it.",
        "Die Datei enthält mehr als {limit} Datensätze; teilen Sie sie auf.",
    ),
    Code.RECORD_MALFORMED: Sentence(
        "The record cannot be read: {cause:word}.",
        "Der Datensatz kann nicht gelesen werden ({cause:word}).",
    ),
    # The key.
    Code.KEY_MISSING: Sentence(
        "There is no public key with the record; give the published key of the signing module.",
        "Dem Datensatz liegt kein öffentlicher Schlüssel bei; geben Sie den veröffentlichten "
        "Schlüssel des Signiermoduls an.",
    ),
    Code.KEY_UNREADABLE: Sentence(
        "The public key cannot be read: {cause:word}.",
        "Der öffentliche Schlüssel kann nicht gelesen werden ({cause:word}).",
    ),
    Code.KEY_WRONG_CURVE: Sentence(
        "The record is signed on the curve {expected}, the key is on {found}: it is not the "
        "signer's key.",
        "Der Datensatz ist auf der Kurve {expected} signiert, der Schlüssel liegt auf {found}: Er "
        "gehört nicht zu dieser Signatur.",
    ),
    Code.KEY_NOT_SIGNER: Sentence(
        "The record is unaltered, but its key is wrong: it was signed with the key {found}, not "
        "with {expected}.",
        "Der Datensatz ist unverändert, aber der Schlüssel ist falsch: Signiert wurde mit dem "
        "Schlüssel {found}, nicht mit {expected}.",
    ),
    Code.KEY_DIFFERS: Sentence(
        "The public key with the record, {found}, is not the expected one, {expected}.",
        "Der öffentliche Schlüssel beim Datensatz, {found}, ist nicht der erwartete, {expected}.",
    ),
    # The signature.
    Code.ALGORITHM_UNSUPPORTED: Sentence(
        "The signature algorithm {algorithm} is none of OCMF's: ECDSA with SHA-256 on one of its "
        "curves.",
        "Das Signaturverfahren {algorithm} ist keines von OCMF: ECDSA mit SHA-256 auf einer seiner "
        "Kurven.",
    ),
    Code.SIGNATURE_MALFORMED: Sentence(
        "The signature cannot be read: {cause:word}.",
        "Die Signatur kann nicht gelesen werden ({cause:word}).",
    ),
    Code.SIGNATURE_MISMATCH: Sentence(
        "The signature does not fit: the payload or the signature was altered, or another key made "
        "it.",
        "Die Signatur passt nicht: Die Messdaten oder die Signatur wurden verändert, oder sie "
        "stammt von einem anderen Schlüssel.",
    ),
    # The payload of an authentic record.
    Code.PAYLOAD_MALFORMED: Sentence(
        "The payload of the record cannot be read: {cause:word}.",
        "Der Inhalt des Datensatzes kann nicht gelesen werden ({cause:word}).",
    ),
    Code.PAYLOAD_AMBIGUOUS: Sentence(
        "The payload holds {field} twice: readers may disagree.",
        "Der Inhalt des Datensatzes führt {field} zweimal: Er lässt sich verschieden lesen.",
    ),
    # Which readings there are.
    Code.BEGIN_MISSING: Sentence(
        "The transaction has no begin reading.",
        "Dem Ladevorgang fehlt der Startwert.",
    ),
    Code.BEGIN_REPEATED: Sentence(
        "There are {count} begin readings; one is allowed.",
        "Es gibt {count} Startwerte; nur einer ist erlaubt.",
    ),
    Code.BEGIN_HOLDS_END: Sentence(
        "One of several records of the transaction holds both begin and end.",
        "Einer von mehreren Datensätzen des Ladevorgangs enthält Startwert und Endwert zugleich.",
    ),
    Code.END_MISSING: Sentence(
        "The transaction has no end reading.",
        "Dem Ladevorgang fehlt der Endwert.",
    ),
    Code.END_REPEATED: Sentence(
        "There are {count} end readings; one is allowed.",
        "Es gibt {count} Endwerte; nur einer ist erlaubt.",
    ),
    Code.END_HOLDS_BEGIN: Sentence(
        "The end record of the transaction holds a begin reading, too.",
        "Der Datensatz zum Ende des Ladevorgangs enthält auch einen Startwert.",
    ),
    Code.CONTEXT_MISMATCH: Sentence(
        "The record is given as that of the {expected:word} reading, but holds the {found:word} "
        "reading.",
        "Der Datensatz ist als {expected:word} bezeichnet, enthält aber den {found:word}.",
    ),
    Code.REGISTER_NOT_BILLABLE: Sentence(
        "The {reading:word} reading is of register {register}, which is not for billing.",
        "Der {reading:word} stammt aus dem Register {register}, nach dem nicht abgerechnet wird.",
    ),
    # What begin and end must share.
    Code.GATEWAY_SERIAL_DIFFERS: Sentence(
        "The serial number of the signing module changes from {begin} to {end}.",
        "Die Seriennummer des Signiermoduls wechselt von {begin} zu {end}.",
    ),
    Code.METER_SERIAL_DIFFERS: Sentence(
        "The serial number of the meter changes from {begin} to {end}.",
        "Die Seriennummer des Zählers wechselt von {begin} zu {end}.",
    ),
    Code.REGISTER_DIFFERS: Sentence(
        "The register changes from {begin} to {end}.",
        "Das Register (OBIS-Kennzahl) wechselt von {begin} zu {end}.",
    ),
    Code.UNIT_DIFFERS: Sentence(
        "The unit changes from {begin} to {end}.",
        "Die Einheit wechselt von {begin} zu {end}.",
    ),
    Code.EVENT_COUNTER_DIFFERS: Sentence(
        "The event counter changes from {begin} to {end}.",
        "Der Ereigniszähler wechselt von {begin} zu {end}.",
    ),
    Code.PAGINATION_CONTEXT_DIFFERS: Sentence(
        "The paginations {expected} and {found} count in different contexts: T is for "
        "transactions, F is fiscal.",
        "Die Paginierungen {expected} und {found} zählen Verschiedenes: T zählt Ladevorgänge, F "
        "eichrechtliche Ablesungen.",
    ),
    Code.PAGINATION_REVERSED: Sentence(
        "By its pagination, the end {end} comes before the begin {begin}.",
        "Nach der Paginierung kommt das Ende {end} vor dem Beginn {begin}.",
    ),
    # What the readings say.
    Code.UNIT_NOT_ENERGY: Sentence(
        "The {reading:word} reading is in {unit}; energy is in kWh or Wh.",
        "Der {reading:word} hat die Einheit {unit}; Energie steht in kWh oder Wh.",
    ),
    Code.VALUE_MISSING: Sentence(
        "The {reading:word} reading has no value.",
        "Der {reading:word} enthält keinen Zählerstand.",
    ),
    Code.VALUE_OUT_OF_RANGE: Sentence(
        "The value of the {reading:word} reading, {value}, is no meter's.",
        "Der Zählerstand beim {reading:word}, {value}, kann von keinem Zähler stammen.",
    ),
    Code.ENERGY_DECREASED: Sentence(
        "The energy went back from {begin} to {end}.",
        "Der Zählerstand ist von {begin} auf {end} gesunken.",
    ),
    Code.TIME_REVERSED: Sentence(
        "By their times, the end does not follow the begin: {begin} is the begin, {end} the end.",
        "Nach den Zeitangaben folgt das Ende nicht auf den Beginn: {begin} ist der Beginn, {end} "
        "das Ende.",
    ),
    Code.TIME_STATUS_WRONG: Sentence(
        "The time of the {reading:word} reading cannot be judged: {cause:word}.",
        "Die Zeitangabe beim {reading:word} lässt sich nicht beurteilen: {cause:word}.",
    ),
    Code.METER_STATUS: Sentence(
        "The meter's status at the {reading:word} reading is {found}, not {expected} (good).",
        "Der Zähler meldet beim {reading:word} den Status {found}, nicht {expected} (in Ordnung).",
    ),
    Code.ENERGY_ERROR_FLAG: Sentence(
        "The {reading:word} reading is flagged: energy not usable for billing (EF E).",
        "Der {reading:word} trägt ein Fehlerkennzeichen: Die Energie darf nicht abgerechnet "
        "werden (EF E).",
    ),
    Code.IDENTIFICATION_LEVEL: Sentence(
        "The user's assignment failed: IL is {level} at the {reading:word} reading.",
        "Der Ladevorgang ließ sich keinem Nutzer zuordnen: IL ist {level} beim {reading:word}.",
    ),
    # Warnings.
    Code.TRANSACTION_INCOMPLETE: Sentence(
        "There is no {reading:word} reading here: energy needs begin and end.",
        "Hier fehlt der {reading:word}: Die Energie ergibt sich erst aus Startwert und Endwert.",
    ),
    Code.IDENTIFICATION_DIFFERS: Sentence(
        "The {field:word} changes from {begin} to {end}.",
        "Die {field:word} wechselt von {begin} zu {end}.",
    ),
    Code.PAGINATION_REPEATED: Sentence(
        "Two records have one pagination, {pagination}; each should have its own.",
        "Zwei Datensätze haben dieselbe Paginierung, {pagination}; jeder sollte eine eigene haben.",
    ),
    Code.PAGINATION_GAP: Sentence(
        "Between {begin} and {end}, {count} record(s) are not here: intermediate readings, or "
        "another session.",
        "Zwischen {begin} und {end} fehlen hier Datensätze, und zwar {count}: Zwischenwerte oder "
        "ein anderer Ladevorgang.",
    ),
    Code.PAGINATION_UNREADABLE: Sentence(
        "The pagination {pagination} is not T or F and a number.",
        "Die Paginierung {pagination} besteht nicht aus T oder F und einer Zahl.",
    ),
    Code.EXCEPTION_READING: Sentence(
        "An error during charging is recorded (TX X): see the operator's records.",
        "Während des Ladens ist ein Fehler aufgezeichnet (TX X): Näheres weiß der Betreiber.",
    ),
    Code.TIME_ERROR_FLAG: Sentence(
        "The {reading:word} reading is flagged: time not usable for billing (EF t).",
        "Der {reading:word} trägt ein Fehlerkennzeichen: Nach der Zeit darf nicht abgerechnet "
        "werden (EF t).",
    ),
    Code.TIME_NOT_SYNCHRONISED: Sentence(
        "The clock at the {reading:word} reading is {state:word}, not synchronised: do not bill by "
        "time.",
        "Die Uhr war beim {reading:word} {state:word}: Nach der Zeit sollte nicht abgerechnet "
        "werden.",
    ),
    Code.TRANSACTION_ID_NOT_INTEGER: Sentence(
        "The transactionId {found} is not an integer, which other verifiers refuse.",
        "Die transactionId {found} ist keine ganze Zahl; andere Prüfprogramme lehnen das ab.",
    ),
    Code.RECORD_REPEATED: Sentence(
        "The value is the same as value {number}.",
        "Der Messwert ist derselbe wie Messwert {number}.",
    ),
    Code.HASH_LABEL_IGNORED: Sentence(
        "The record names the hash {found}; OCMF signs over {expected}.",
        "Der Datensatz nennt das Hashverfahren {found}; OCMF signiert über {expected}.",
    ),
    Code.FORMAT_DEVIATION: Sentence(
        "The record deviates from the OCMF standard, which the field tolerates: {cause:word}.",
        "Der Datensatz weicht vom OCMF-Standard ab, was allgemein geduldet wird ({cause:word}).",
    ),
}
"""The sentence of every code."""

WORDS: dict[str, str] = {
    # readings
    "begin": "Startwert",
    "end": "Endwert",
    # members
    "identification": "Identifikation",
    "type of the identification": "Art der Identifikation",
    # clock
    "unknown": "in unbekanntem Zustand",
    "informative": "nur informativ und nicht synchronisiert",
    # times
    "the letter of the clock's status is missing": ("Der Buchstabe für den Zustand der Uhr fehlt"),
    "its offset from UTC is missing": "Der Abstand zu UTC fehlt",
    "it is not relative (R), but that of the begin is": (
        "Sie ist nicht relativ (R), die beim Startwert aber schon"
    ),
    # records
    "it is not of the form OCMF|payload|signature": ("er hat nicht die Form OCMF|Inhalt|Signatur"),
    "it holds characters that no encoding can carry": "er enthält unzulässige Zeichen",
    "its signature section is not well-formed JSON": (
        "sein Signaturteil ist unvollständig oder kein gültiges JSON"
    ),
    "its signature section is not a JSON object": "sein Signaturteil ist kein JSON-Objekt",
    "it is not well-formed JSON": "er ist unvollständig oder kein gültiges JSON",
    "it is not a JSON object": "er ist kein JSON-Objekt",
    "it does not follow OCMF": "er folgt nicht dem OCMF-Standard",
    # files
    "No such file or directory": "es gibt sie nicht",
    "Is a directory": "sie ist ein Verzeichnis",
    "Permission denied": "der Zugriff auf sie ist nicht erlaubt",
    "it is a damaged zip file, or one of an unknown kind": (
        "sie ist eine beschädigte Zip-Datei oder eine von unbekannter Art"
    ),
    "it is an encrypted zip file; unpack it first": (
        "sie ist eine verschlüsselte Zip-Datei; entpacken Sie sie zuerst"
    ),
    "it is a zip file of more files than a bundle has; unpack it first": (
        "sie ist eine Zip-Datei mit mehr Dateien, als ein Paket hat; entpacken Sie sie zuerst"
    ),
    "a file in the zip file is larger than signed readings are": (
        "eine Datei in der Zip-Datei ist größer, als signierte Messwerte sind"
    ),
    "two files in the zip file have one name": (
        "zwei Dateien in der Zip-Datei haben denselben Namen"
    ),
    "it is a zip file without .xml and .ocmf files": (
        "sie ist eine Zip-Datei ohne .xml- und .ocmf-Dateien"
    ),
    "it declares a document type or entities, which is refused": (
        "es vereinbart einen Dokumenttyp oder Entitäten, was abgelehnt wird"
    ),
    "its encoding is unknown": "seine Zeichencodierung ist unbekannt",
    # keys and signatures
    "it is empty": "er ist leer",
    "it is neither hex nor base64 nor PEM": "er ist weder Hex noch Base64 noch PEM",
    "it is not a key for elliptic curves": "er ist kein Schlüssel für elliptische Kurven",
    "it is not SubjectPublicKeyInfo in DER": (
        "er ist unvollständig oder kein SubjectPublicKeyInfo in DER"
    ),
    "bytes follow the end of the key": "nach seinem Ende folgen weitere Bytes",
    "its point is in no form that SEC 1 defines": "sein Punkt hat keine Form von SEC 1",
    "it is not an ECDSA signature in DER": "sie ist keine ECDSA-Signatur in DER",
    "SD is not hex": "SD ist kein Hex",
    "SD is not base64": "SD ist kein Base64",
}
"""German for our own words and phrases; causes follow the gender of what they are about."""


ABSENT = "(none)"
"""How a value that is not there is shown."""

_GERMAN_ABSENT = "(keine Angabe)"


class _EnglishBlank(str):
    """A value on its way into a blank, where the words of a finding are English already."""

    __slots__ = ()

    def __format__(self, _spec: str) -> str:
        return str(self)


class _GermanBlank(str):
    """A value on its way into a blank; `{name:word}` has it translated."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if self == ABSENT:
            return _GERMAN_ABSENT
        return WORDS.get(self, str(self)) if spec == "word" else str(self)


def say(code: Code, values: Mapping[str, str], language: Language = Language.ENGLISH) -> str:
    """The code's sentence with its blanks filled."""
    blank = _GermanBlank if language is Language.GERMAN else _EnglishBlank
    template: str = getattr(SENTENCES[code], language.value)
    return template.format_map({name: blank(value) for name, value in values.items()})


def blanks(template: str) -> dict[str, str]:
    """The names of a sentence's blanks, each with `word` or nothing."""
    return {name: spec or "" for _, name, spec, _ in Formatter().parse(template) if name}


BLANKS = {code: frozenset(blanks(sentence.en)) for code, sentence in SENTENCES.items()}
"""What a finding of each code must tell."""


__all__ = ["Code", "Finding", "Severity", "found", "shown"]

MAX_SHOWN_CHARACTERS = 60
MAX_CAUSE_CHARACTERS = 200


class Finding(BaseModel):
    """What was found, and the values that it is about, as short printable texts.

    Where two things disagree, the values are named `expected` and `found`, or `begin` and `end`.
    `message` is the English sentence.
    """

    model_config = ConfigDict(frozen=True)

    code: Code
    severity: Severity
    values: dict[str, str] = {}
    message: str

    def __hash__(self) -> int:
        return hash((self.code, self.message))

    def sentence(self, language: Language) -> str:
        """What the finding says, in the given language."""
        return say(self.code, self.values, language)


def found(code: Code, **values: object) -> Finding:
    """A finding with the severity of its code, and its values made fit to be shown.

    Raises TypeError unless the values are exactly those that the code's sentence has blanks for.
    """
    if values.keys() != BLANKS[code]:
        raise TypeError(f"{code} takes {sorted(BLANKS[code])}, not {sorted(values)}")
    texts = {
        name: shown(value, MAX_CAUSE_CHARACTERS if name == "cause" else MAX_SHOWN_CHARACTERS)
        for name, value in values.items()
    }
    return Finding(code=code, severity=code.severity, values=texts, message=say(code, texts))


def shown(value: object, most_characters: int = MAX_SHOWN_CHARACTERS) -> str:
    """A value from a file as a message may quote it: short and free of control characters."""
    text = printable(ABSENT if value is None else str(value))
    return text if len(text) <= most_characters else text[: most_characters - 3] + "..."
