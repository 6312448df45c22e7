"""What may go wrong before a driver's check begins, said in German where that is asked for.

The rest of the registry speaks English: it is for technicians and programs.
"""

from __future__ import annotations

from starlette.types import Scope

from wattseal.registry.http.answers import ErrorFacts
from wattseal.registry.http.check.language import choose
from wattseal.verify.sentences import Language

PATH = "/check"

GERMAN = {
    "body_too_large": (
        "Was gesendet wurde, ist größer als {limit} Bytes.",
        "So viel braucht kein Paket für einen Monat: Prüfen Sie die Dateien einzeln.",
    ),
    "body_slow": (
        "Die Datei kam nicht innerhalb von {seconds} Sekunden an.",
        "Prüfen Sie die Verbindung und senden Sie die Datei noch einmal.",
    ),
    "too_many_requests": (
        "Von Ihrem Anschluss kamen zu viele Anfragen in einer Minute (Grenze: {limit}).",
        "Warten Sie {seconds} s.",
    ),
    "not_ready": (
        "Das Register kann gerade nicht antworten.",
        "Versuchen Sie es in ein paar Sekunden noch einmal.",
    ),
}
"""Sentence and remedy of each, with the blanks of http/problems.py."""


def in_language_of_driver(error: ErrorFacts, scope: Scope) -> tuple[Language, ErrorFacts]:
    """The error, in German if it is about a check, is known here, and Accept-Language wants it."""
    if scope["path"] != PATH or error.name not in GERMAN:
        return Language.ENGLISH, error
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    language = choose("", accepted)
    if language is not Language.GERMAN:
        return language, error
    sentence, remedy = (text.format(**error.detail) for text in GERMAN[error.name])
    return language, error.model_copy(update={"sentence": sentence, "remedy": remedy})
