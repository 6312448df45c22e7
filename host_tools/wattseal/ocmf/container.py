"""Reads the OCMF records and keys in a file of any form, writes the XML, and opens zip bundles.

Forms that are read: OCMF strings (one or several), their hex or base64, and the XML of the S.A.F.E.
transparency software. The size of everything that is read is bounded. XML with a document type is
refused, so that no entity is expanded or fetched.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from wattseal.common.findings import Finding
from wattseal.ocmf.findings import found, shown
from wattseal.ocmf.public_key import PublicKey

_VALUE = """  <value transactionId="{transaction_id}" context="{context}">
    <signedData format="OCMF" encoding="plain">{record}</signedData>
    <publicKey encoding="plain">{key}</publicKey>
  </value>
"""


def transaction_xml(transaction_id: int, begin: str, end: str, key: PublicKey) -> str:
    """The file's text for the two OCMF strings of a transaction; transaction_id is not negative."""
    values = "".join(
        _VALUE.format(
            transaction_id=transaction_id, context=context, record=escape(record), key=key.hex
        )
        for context, record in (("Transaction.Begin", begin), ("Transaction.End", end))
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n{values}</values>\n'


def single_record_xml(record: str, key: PublicKey) -> str:
    """The file's text for one record that holds both begin and end.

    Without transactionId and context: with them, the field's verifier looks for a begin and an end
    in two records.
    """
    value = (
        f'  <value>\n    <signedData format="OCMF" encoding="plain">{escape(record)}</signedData>\n'
        f'    <publicKey encoding="plain">{key.hex}</publicKey>\n  </value>\n'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n{value}</values>\n'


@dataclass(frozen=True)
class SignedValue:
    """One `value` of the verifier's XML, or one bare OCMF string (then with no other member).

    `public_key` is the key text that came with it, in any form that read_public_key takes.
    `context` is `Transaction.Begin`, `Transaction.End` or what else the container calls it.
    """

    text: str
    public_key: str | None = None
    transaction_id: str | None = None
    context: str | None = None


MAX_FILE_BYTES = 1 << 20
MAX_RECORDS = 2000

_BLANK_BYTES = b" \t\r\n"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BETWEEN_RECORDS = re.compile(r"(?<=\})\s*(?=OCMF\|)")


class ContainerError(ValueError):
    """A file from which no record can be taken; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence_en)
        self.finding = finding


def read_container(data: bytes) -> list[SignedValue]:
    """The signed values of a file, at least one, in file order. Raises ContainerError."""
    if len(data) > MAX_FILE_BYTES:
        limit = f"{MAX_FILE_BYTES >> 10} KiB"
        raise ContainerError(found("file_too_large", limit=limit))
    values = _read_xml(data) if _is_xml(data) else _read_text(data)
    if len(values) > MAX_RECORDS:
        raise ContainerError(found("too_many_records", limit=MAX_RECORDS))
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
        raise ContainerError(found("no_record")) from None
    records = decode_ocmf_text(text)
    if records is None:
        raise ContainerError(found("no_record"))
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
        raise ContainerError(found("no_record"))
    return values


def _malformed(cause: str) -> ContainerError:
    return ContainerError(found("xml_malformed", cause=cause))


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
    """The only child of that name. ContainerError if there are two, as readers may disagree."""
    children = [child for child in element if _name(child) == name]
    if len(children) > 1:
        raise _malformed(f"one of its values holds {name} twice")
    return children[0] if children else None


def _attribute(element: Element, name: str) -> str | None:
    """An attribute as it may be shown, None if absent or blank."""
    return shown(element.get(name, "").strip()) or None


MAX_ENTRIES = 1000
MAX_RECORD_FILES = 100
"""More sessions than a driver has in a month."""
MAX_BYTES = 16 << 20
"""Of all record files together, decompressed."""
RECORD_SUFFIXES = (".xml", ".ocmf")

_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_TAKEN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


CAUSES = {
    "bundle_malformed": "it is a damaged zip file, or one of an unknown kind",
    "bundle_encrypted": "it is an encrypted zip file; unpack it first",
    "bundle_too_many": "it is a zip file of more files than a bundle has; unpack it first",
    "bundle_too_large": "a file in the zip file is larger than signed readings are",
    "bundle_name_repeated": "two files in the zip file have one name",
    "bundle_empty": "it is a zip file without .xml and .ocmf files",
}
"""Why a bundle is not opened, completing `it ...`."""


class BundleError(ValueError):
    """A bundle that is refused as a whole; `fault` is a key of CAUSES, the message its text."""

    def __init__(self, fault: str) -> None:
        super().__init__(CAUSES[fault])
        self.fault = fault


def is_bundle(data: bytes) -> bool:
    """Whether the bytes begin as a zip file does."""
    return data.startswith(_STARTS)


def read_bundle(data: bytes) -> list[tuple[str, bytes]]:
    """Name and bytes of each file with records, in the order of the bundle. BundleError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            wanted = _record_files(bundle)
            return list(_read_within(bundle, wanted))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError("bundle_malformed") from None


def _record_files(bundle: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = bundle.infolist()
    if len(entries) > MAX_ENTRIES:
        raise BundleError("bundle_too_many")
    if len({entry.filename for entry in entries}) < len(entries):
        raise BundleError("bundle_name_repeated")
    wanted = [entry for entry in entries if entry.filename.lower().endswith(RECORD_SUFFIXES)]
    if not wanted:
        raise BundleError("bundle_empty")
    if len(wanted) > MAX_RECORD_FILES:
        raise BundleError("bundle_too_many")
    if any(entry.flag_bits & _ENCRYPTED for entry in wanted):
        raise BundleError("bundle_encrypted")
    if any(entry.compress_type not in _TAKEN_METHODS for entry in wanted):
        raise BundleError("bundle_malformed")
    return wanted


def _read_within(
    bundle: zipfile.ZipFile, wanted: list[zipfile.ZipInfo]
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file; what counts are the bytes read, not the sizes declared."""
    room = MAX_BYTES
    for entry in wanted:
        with bundle.open(entry) as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
        room -= len(data)
        if len(data) > MAX_FILE_BYTES or room < 0:
            raise BundleError("bundle_too_large")
        yield entry.filename, data
