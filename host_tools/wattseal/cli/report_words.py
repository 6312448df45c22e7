"""The words around the findings of a verification report, in English and in German."""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.verify import Language, Severity, Verdict
from wattseal.verify.transaction_parts import END_REASONS


@dataclass(frozen=True)
class ReportWords:
    """One language's words; labels fit the width that say_facts gives them."""

    headlines: dict[Verdict, str]
    marks: dict[Severity, str]
    key_sources: dict[str, str]
    end_reasons: dict[str, str]
    value: str
    transaction: str
    begin: str
    end: str
    energy: str
    meter: str
    module: str
    unknown: str
    identification: str
    key: str


_ENGLISH = ReportWords(
    headlines={
        Verdict.VERIFIED: "VERIFIED",
        Verdict.NOT_VERIFIED: "NOT VERIFIED",
        Verdict.UNREADABLE: "UNREADABLE",
    },
    marks={Severity.ERROR: "error", Severity.WARNING: "warning"},
    key_sources={
        "pinned": "Checked with the given key.",
        "in_file": (
            "Checked with the key inside the file: that shows integrity, not origin. "
            "Give the station's published key with --key to know who signed."
        ),
    },
    end_reasons=END_REASONS,
    value="value",
    transaction="transaction",
    begin="begin",
    end="end",
    energy="energy",
    meter="meter",
    module="module",
    unknown="unknown",
    identification="id",
    key="key",
)

_GERMAN = ReportWords(
    headlines={
        Verdict.VERIFIED: "VERIFIZIERT",
        Verdict.NOT_VERIFIED: "NICHT VERIFIZIERT",
        Verdict.UNREADABLE: "NICHT LESBAR",
    },
    marks={Severity.ERROR: "Fehler", Severity.WARNING: "Hinweis"},
    key_sources={
        "pinned": "Geprüft mit dem angegebenen Schlüssel.",
        "in_file": (
            "Geprüft mit dem Schlüssel aus der Datei: Das zeigt, dass nichts verändert wurde, "
            "aber nicht, wer signiert hat. Dazu mit --key den veröffentlichten Schlüssel der "
            "Ladestation angeben."
        ),
    },
    end_reasons={
        "E": "beendet",
        "L": "vor Ort beendet",
        "R": "aus der Ferne beendet",
        "A": "nach einem Fehler abgebrochen",
        "P": "durch Stromausfall beendet",
    },
    value="Messwert",
    transaction="Vorgang",
    begin="Startwert",
    end="Endwert",
    energy="Energie",
    meter="Zähler",
    module="Signiermodul",
    unknown="unbekannt",
    identification="Nutzer",
    key="Schlüssel",
)

WORDS = {Language.ENGLISH: _ENGLISH, Language.GERMAN: _GERMAN}
