"""From the bytes of a file to the OCMF records and keys in it, whatever the file's form.

Taken are OCMF strings (one or several), their hex or base64, and the XML of the S.A.F.E.
transparency software. Everything read is bounded, and XML with a document type is refused, so no
entity can grow or fetch anything.
"""

from __future__ import annotations

import base64
import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from wattseal.verify.codes import Code
from wattseal.verify.findings import Finding, found, shown
from wattseal.verify.signed_value import SignedValue

MAX_FILE_BYTES = 1 << 20
MAX_RECORDS = 2000

_BLANK_BYTES = b" \t\r\n"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BETWEEN_RECORDS = re.compile(r"(?<=\})\s*(?=OCMF\|)")


class ContainerError(ValueError):
    """A file from which no record can be taken; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read_container(data: bytes) -> list[SignedValue]:
    """The signed values of a file, at least one, in file order. Raises ContainerError."""
    if len(data) > MAX_FILE_BYTES:
        limit = f"{MAX_FILE_BYTES >> 10} KiB"
        raise ContainerError(found(Code.FILE_TOO_LARGE, limit=limit))
    values = _read_xml(data) if _is_xml(data) else _read_text(data)
    if len(values) > MAX_RECORDS:
        raise ContainerError(found(Code.TOO_MANY_RECORDS, limit=MAX_RECORDS))
    return values


def decode_ocmf_text(text: str) -> str | None:
    """The OCMF string in a text that holds it plainly, in hex or in base64; None if it does not."""
    text = text.strip().removeprefix("\ufeff").strip()
    if text.startswith("OCMF|"):
        return text
    compact = "".join(text.split())
    for decode in (bytes.fromhex, lambda digits: base64.b64decode(digits, validate=True)):
        try:
            decoded = decode(compact).decode("utf-8").strip()
        except ValueError:
            continue
        if decoded.startswith("OCMF|"):
            return decoded
    return None


def _is_xml(data: bytes) -> bool:
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK_BYTES)
    return start.startswith(b"<") or data.startswith(_UTF16_MARKS)


def _read_text(data: bytes) -> list[SignedValue]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ContainerError(found(Code.NO_RECORD)) from None
    records = decode_ocmf_text(text)
    if records is None:
        raise ContainerError(found(Code.NO_RECORD))
    return [SignedValue(part) for part in _BETWEEN_RECORDS.split(records)]


def _read_xml(data: bytes) -> list[SignedValue]:
    try:
        root = fromstring(data.lstrip(_BLANK_BYTES), forbid_dtd=True)
    except DefusedXmlException:
        raise _malformed("it declares a document type or entities, which is refused") from None
    except ParseError as error:
        line, column = error.position
        raise _malformed(f"it is not well-formed, line {line}, column {column + 1}") from None
    except (ValueError, LookupError, RecursionError):
        raise _malformed("its encoding is unknown") from None
    values = [_read_value(element) for element in root.iter() if _name(element) == "value"]
    if not values:
        raise ContainerError(found(Code.NO_RECORD))
    return values


def _malformed(cause: str) -> ContainerError:
    return ContainerError(found(Code.XML_MALFORMED, cause=cause))


def _read_value(element: Element) -> SignedValue:
    signed = _child(element, "signedData")
    if signed is None or not (signed.text or "").strip():
        signed = _child(element, "encodedData")
    key = _child(element, "publicKey")
    written = (signed.text or "").strip() if signed is not None else ""
    return SignedValue(
        text=decode_ocmf_text(written) or written,
        public_key=(key.text or "").strip() or None if key is not None else None,
        transaction_id=_attribute(element, "transactionId"),
        context=_attribute(element, "context"),
    )


def _name(element: Element) -> str:
    """The element's name without a namespace; comments have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(element: Element, name: str) -> Element | None:
    """The one child of that name; of two, another reader might take the other."""
    children = [child for child in element if _name(child) == name]
    if len(children) > 1:
        raise _malformed(f"one of its values holds {name} twice")
    return children[0] if children else None


def _attribute(element: Element, name: str) -> str | None:
    """An attribute as it may be shown, None if absent or blank."""
    return shown(element.get(name, "").strip()) or None
