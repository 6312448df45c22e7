"""Makes the module tables.js: what the check in the browser shares with the one in Python.

Sentences, codes, limits, the curves and OCMF's tables stand in Python alone. There is no file of
them that could be out of date: the service makes the module when a browser first asks for it.
"""

from __future__ import annotations

import json
from enum import Enum
from functools import cache
from typing import Any, get_args

from pyocmf.enums.crypto import SignatureEncodingType, SignatureMethod, SignatureMimeType
from pyocmf.enums.identifiers import (
    ChargePointIdentificationType,
    IdentificationFlag,
    IdentificationType,
    UserAssignmentStatus,
)
from pyocmf.enums.reading import MeterReadingReason, MeterStatus, ReadingType, TimeStatus
from pyocmf.enums.units import OCMFUnit, ResistanceUnit

from wattseal.public_key import CURVES, MAX_KEY_TEXT_BYTES, Curve
from wattseal.registry.http.check import describe, trust, uploads, words
from wattseal.verify import Code, Severity, bundle, container, findings, records_check, sentences

_HEAD = "/** What the check here shares with the one on the server, which made this module. */\n"


@cache
def tables_module() -> str:
    """The text of the module: a constant of JSON for each table."""
    tables = {
        "CODES": [code.value for code in Code],
        "WARNINGS": [code.value for code in Code if code.severity is Severity.WARNING],
        "UNREADABLE": [code.value for code in Code if code.is_unreadable],
        "SENTENCES": {
            code.value: sentence._asdict() for code, sentence in sentences.SENTENCES.items()
        },
        "SENTENCE_WORDS": sentences.WORDS,
        "ABSENT": {"en": sentences.ABSENT, "de": _german_absent()},
        "PAGE_WORDS": {name: sentence._asdict() for name, sentence in words.WORDS.items()},
        "MONTHS": {language.value: months for language, months in words.MONTHS.items()},
        "LIMITS": _limits(),
        "CURVES": [_curve(curve) for curve in CURVES],
        "OCMF": _ocmf(),
    }
    parts = [
        f"export const {name} = {json.dumps(value, ensure_ascii=False)};\n"
        for name, value in tables.items()
    ]
    return _HEAD + "".join(parts)


def _german_absent() -> str:
    template = sentences.say(
        Code.METER_STATUS,
        {"reading": "", "expected": "", "found": sentences.ABSENT},
        sentences.Language.GERMAN,
    )
    return template[template.index("(") : template.index(")") + 1]


def _limits() -> dict[str, int]:
    return {
        "formBytes": uploads.MAX_FORM_BYTES,
        "fileBytes": container.MAX_FILE_BYTES,
        "records": container.MAX_RECORDS,
        "shownCharacters": findings.MAX_SHOWN_CHARACTERS,
        "causeCharacters": findings.MAX_CAUSE_CHARACTERS,
        "nameCharacters": describe.MAX_NAME_CHARACTERS,
        "keyTextCharacters": MAX_KEY_TEXT_BYTES,
        "otherKeys": records_check.MAX_OTHER_KEYS,
        "valuesForRecovery": records_check.MAX_VALUES_FOR_RECOVERY,
        "bundleEntries": bundle.MAX_ENTRIES,
        "bundleFiles": bundle.MAX_RECORD_FILES,
        "bundleBytes": bundle.MAX_BYTES,
        "toleranceMs": trust.TOLERANCE_MS,
    }


def _curve(curve: Curve) -> dict[str, Any]:
    parameters, generator = curve.python.curve, curve.python.generator
    numbers = {
        "p": parameters.p(),
        "a": parameters.a() % parameters.p(),
        "b": parameters.b() % parameters.p(),
        "gx": generator.x(),
        "gy": generator.y(),
        "n": curve.order,
    }
    return {
        "name": curve.name,
        "synonyms": list(curve.synonyms),
        "oid": ".".join(str(part) for part in curve.oid),
        **{name: f"0x{int(number):x}" for name, number in numbers.items()},
    }


def _ocmf() -> dict[str, list[str]]:
    """The values that OCMF knows for each member, as pyocmf lists them."""
    kinds: dict[str, tuple[type[Enum], ...]] = {
        "IL": (UserAssignmentStatus,),
        "IF": get_args(IdentificationFlag),
        "IT": (IdentificationType,),
        "CT": (ChargePointIdentificationType,),
        "TX": (MeterReadingReason,),
        "ST": (MeterStatus,),
        "RT": (ReadingType,),
        "RU": get_args(OCMFUnit),
        "LU": (ResistanceUnit,),
        "SA": (SignatureMethod,),
        "SE": (SignatureEncodingType,),
        "SM": (SignatureMimeType,),
        "time_status": (TimeStatus,),
    }
    return {name: [one.value for kind in kinds[name] for one in kind] for name in kinds}
