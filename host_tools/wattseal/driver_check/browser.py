"""The check as it runs in a browser: its scripts, the tables it shares, and the page in one file.

Sentences, codes, limits, the curves and OCMF's tables stand in Python alone. There is no file of
them that could be out of date: the service makes the module tables.js when a browser first asks
for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from pyocmf.enums import identifiers
from pyocmf.enums.crypto import SignatureEncodingType, SignatureMethod, SignatureMimeType
from pyocmf.enums.reading import MeterReadingReason, MeterStatus, ReadingType, TimeStatus
from pyocmf.enums.units import OCMFUnit, ResistanceUnit

from wattseal.common.findings import Severity
from wattseal.common.sentences import (
    Entry,
    Language,
    month_names,
    read_labels,
    read_phrases,
    read_sentences,
)
from wattseal.driver_check import trust
from wattseal.driver_check.page import MAX_FORM_BYTES, MAX_NAME_CHARACTERS
from wattseal.driver_check.words import PAGE
from wattseal.ocmf import container, findings, verify
from wattseal.ocmf.plain_models import VERSIONS
from wattseal.ocmf.public_key import CURVES, MAX_KEY_TEXT_BYTES, Curve
from wattseal.ocmf.transaction import CLOCK_STEP_MS, MAX_POWER_KW, UNTIMED_MS

_HEAD = "/** What the check here shares with the one on the server, which made this module. */\n"


@cache
def tables_module() -> str:
    """The text of the module: a constant of JSON for each table."""
    sentences = read_sentences(findings.TABLE)
    tables = {
        "CODES": list(sentences),
        "WARNINGS": [code for code, one in sentences.items() if one.severity == Severity.WARNING],
        "UNREADABLE": [code for code, one in sentences.items() if one.is_unreadable],
        "SENTENCES": _in_both_languages(sentences),
        "SENTENCE_WORDS": read_phrases(findings.TABLE),
        "ABSENT": {"en": findings.ABSENT, "de": findings.GERMAN_ABSENT},
        "PAGE_WORDS": _in_both_languages(read_sentences(PAGE)),
        "MONTHS": {language.value: month_names(language) for language in Language},
        "LIMITS": _limits(),
        "CURVES": [_curve(curve) for curve in CURVES],
        "OCMF": _ocmf(),
    }
    parts = [
        f"export const {name} = {json.dumps(value, ensure_ascii=False)};\n"
        for name, value in tables.items()
    ]
    return _HEAD + "".join(parts)


def _in_both_languages(sentences: dict[str, Entry]) -> dict[str, dict[str, str]]:
    return {code: {"en": one.en, "de": one.de} for code, one in sentences.items()}


def _limits() -> dict[str, int]:
    return {
        "formBytes": MAX_FORM_BYTES,
        "fileBytes": container.MAX_FILE_BYTES,
        "records": container.MAX_RECORDS,
        "shownCharacters": findings.MAX_SHOWN_CHARACTERS,
        "causeCharacters": findings.MAX_CAUSE_CHARACTERS,
        "nameCharacters": MAX_NAME_CHARACTERS,
        "keyTextCharacters": MAX_KEY_TEXT_BYTES,
        "otherKeys": verify.MAX_OTHER_KEYS,
        "valuesForRecovery": verify.MAX_VALUES_FOR_RECOVERY,
        "bundleEntries": container.MAX_ENTRIES,
        "bundleFiles": container.MAX_RECORD_FILES,
        "bundleBytes": container.MAX_BYTES,
        "toleranceMs": trust.TOLERANCE_MS,
        "powerKw": MAX_POWER_KW,
        "clockStepMs": CLOCK_STEP_MS,
        "untimedMs": UNTIMED_MS,
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
        "IL": (identifiers.UserAssignmentStatus,),
        "IF": get_args(identifiers.IdentificationFlag),
        "IT": (identifiers.IdentificationType,),
        "CT": (identifiers.ChargePointIdentificationType,),
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
    listed = {name: [one.value for kind in kinds[name] for one in kind] for name in kinds}
    return {**listed, "FV": list(VERSIONS)}


CHECK_FILES = files("wattseal.driver_check").joinpath("static")
"""Scripts and style of the check; a web server gives them out under /static/check."""
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def offline_page(language: Language, site_style: str) -> dict[str, object]:
    """What the template of the whole file is filled with; `site_style`: the style of all pages."""
    style = site_style + CHECK_FILES.joinpath("check.css").read_text("utf-8")
    script = _script("page")
    return {
        "lang": language.value,
        "words": read_labels(PAGE, language),
        "is_offline": True,
        "style": style,
        "script": script,
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
    }


@cache
def _script(main: str) -> str:
    """All modules that the main one needs, each after those that it needs itself."""
    modules: dict[str, str] = {}
    _collect(main, modules)
    return "".join(modules.values())


def _collect(name: str, modules: dict[str, str]) -> None:
    """Put a module as a function that returns its exports into `modules`, after its imports.

    What could end the script or begin a comment in HTML is written otherwise.
    """
    if name in modules:
        return
    if name == "tables":
        text = tables_module()
    else:
        text = CHECK_FILES.joinpath(f"{name}.js").read_text("utf-8")
    for imported in _IMPORT.finditer(text):
        _collect(imported[2], modules)
    exports = ", ".join(found[2] for found in _EXPORT.finditer(text))
    text = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = in_{found[2]};\n", text)
    text = _EXPORT.sub(r"\1", text)
    text = text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    modules[name] = f"const in_{name} = (() => {{\n{text}return {{ {exports} }};\n}})();\n"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
