"""Reads an OCMF record: framing, payload, signature section (OCMF 1.4.1, JSON format).

The three parts are read apart, because of a payload that was damaged after signing the finding
should be that the signature does not fit, not what a parser says. pyocmf has the models of payload
and signature section; it tolerates what the field's reference verifier tolerates, and what it
tolerates is reported here as a warning.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import pydantic
from pyocmf import Payload, Signature, SpecWarning

from wattseal.common.exact_json import DECODER, JsonError, exact_decoder
from wattseal.common.findings import Finding
from wattseal.ocmf.findings import found, shown
from wattseal.ocmf.plain_models import (
    VERSIONS,
    AnyPayload,
    AnySignature,
    PlainSignature,
    plain_payload,
)

HEADER = "OCMF"

_SURROGATE = re.compile("[\ud800-\udfff]")
_ONE_AT_A_TIME = threading.Lock()

_Times = tuple[str | None, ...]
_Parsed = TypeVar("_Parsed")


class RecordMalformedError(ValueError):
    """The text is not `OCMF|payload|signature`; the message says what is wrong."""


class Record(NamedTuple):
    """A record whose framing and signature section could be read.

    `payload_text` is exactly what was signed (as UTF-8). `payload` is None, and a finding says why,
    when that text is no OCMF payload. `times` are the TM texts of the readings as written.
    """

    text: str
    payload_text: str
    signature: AnySignature
    payload: AnyPayload | None
    appended_key: str | None = None
    times: _Times = ()
    findings: tuple[Finding, ...] = ()

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that the signature is over."""
        return self.payload_text.encode("utf-8")


def read_record(text: str) -> Record:
    """Take a record apart. Raises RecordMalformedError if it has no signature to check."""
    text = text.strip()
    header, *sections = text.split("|", 3)
    if header != HEADER or len(sections) < 2:
        raise RecordMalformedError("it is not of the form OCMF|payload|signature")
    if not text.isascii() and _SURROGATE.search(text):
        raise RecordMalformedError("it holds characters that no encoding can carry")
    signature, payload, times, findings = _read_plainly(*sections[:2]) or _read(*sections[:2])
    appended_key = sections[2].strip() or None if len(sections) == 3 else None
    return Record(text, sections[0], signature, payload, appended_key, times, findings)


_Parts = tuple[AnySignature, AnyPayload | None, _Times, tuple[Finding, ...]]


def _read_plainly(payload_text: str, signature_text: str) -> _Parts | None:
    """The parts of a record without a deviation; None for any other, of which _read says more."""
    try:
        signature = PlainSignature.model_validate(DECODER.decode(signature_text))
        payload = plain_payload(DECODER.decode(payload_text))
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return signature, payload, tuple(reading.TM for reading in payload.RD), ()


def _read(payload_text: str, signature_text: str) -> _Parts:
    """The parts of any record, with what is wrong and what is tolerated."""
    signature, notes = _read_signature(signature_text)
    payload, times, payload_notes = _read_payload(payload_text)
    return signature, payload, times, tuple(dict.fromkeys(notes + payload_notes))


def _read_signature(text: str) -> tuple[Signature, list[Finding]]:
    try:
        section, repeated = _load_json(text)
        signature, notes = _with_notes(lambda: Signature.model_validate(section))
    except Exception as error:
        raise RecordMalformedError(f"its signature section {_in_words(error)}") from None
    if repeated:
        raise RecordMalformedError(f"its signature section holds {shown(repeated[0])} twice")
    return signature, notes


def _read_payload(text: str) -> tuple[Payload | None, _Times, list[Finding]]:
    try:
        data, repeated = _load_json(text)
        payload, notes = _with_notes(lambda: Payload.model_validate(data))
        notes += [found("format_deviation", cause=note) for note in _missed(data, payload)]
        times = _times(data)
    except Exception as error:
        # The models are given whatever a file holds, and raise errors of many kinds; no file may
        # end the verification of the others.
        return None, (), [found("payload_malformed", cause=f"it {_in_words(error)}")]
    if repeated:
        notes.insert(0, found("payload_ambiguous", field=repeated[0]))
    return payload, times, notes


def _missed(data: dict[str, Any], payload: Payload) -> Iterator[str]:
    """What pyocmf takes without a word, though OCMF asks for it (tables 1, 3 and 4)."""
    if not payload.MS:
        yield "Meter Serial (MS) is mandatory"
    if data.get("IT") is None and not str(payload.PG).startswith("F"):
        yield "Identification Type (IT) is mandatory"
    if not isinstance(data.get("IS"), bool | None):
        yield "Identification Status (IS) must be true or false"
    if payload.FV is not None and payload.FV not in VERSIONS:
        yield f"Format Version (FV) '{payload.FV}' is no version of OCMF"


def _times(data: dict[str, Any]) -> _Times:
    """TM of each reading as written, inherited from the reading before where left out."""
    times: list[str | None] = []
    for reading in data["RD"]:
        inherited = times[-1] if times else None
        written = reading.get("TM", inherited)
        times.append(written if isinstance(written, str) else None)
    return tuple(times)


def _load_json(text: str) -> tuple[dict[str, Any], list[str]]:
    """A JSON object with exact numbers, and the keys that stand twice in one. Raises JsonError."""
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                repeated.append(key)
            found[key] = value
        return found

    try:
        value = exact_decoder(members).decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        raise JsonError("is not well-formed JSON") from None
    if not isinstance(value, dict):
        raise JsonError("is not a JSON object")
    return value, repeated


def _with_notes(parse: Callable[[], _Parsed]) -> tuple[_Parsed, list[Finding]]:
    """The pyocmf model of some input, and the deviations that it tolerated."""
    # Warnings are caught for all threads at once.
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parsed = parse()
    notes = [str(one.message) for one in caught if issubclass(one.category, SpecWarning)]
    return parsed, [found("format_deviation", cause=note) for note in notes]


def _in_words(error: Exception) -> str:
    """The first complaint of a parser or a model, completing `it ...`."""
    if isinstance(error, JsonError):
        return str(error)
    if isinstance(error, pydantic.ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"does not follow OCMF at {shown(where or 'its top')}: {shown(first['msg'])}"
    return "does not follow OCMF"
