"""The files of a session: what a station's operator keeps and a driver is given.

begin.ocmf       the begin record, exactly the bytes that the module made
end.ocmf         the end record
transaction.xml  both with the key, for the transparency software and `wattseal verify`
public-key.hex   the module's key, SubjectPublicKeyInfo DER in uppercase hex, no line end
public-key.pem   the same for OpenSSL
"""

from __future__ import annotations

from collections.abc import Iterable

from wattseal.device_models import StoredRecord
from wattseal.public_key import PublicKey
from wattseal.session import reasons_of
from wattseal.transaction_xml import transaction_xml
from wattseal.verify.transaction_parts import END_REASONS

BEGIN = "begin.ocmf"
END = "end.ocmf"
TRANSACTION = "transaction.xml"
KEY_HEX = "public-key.hex"
KEY_PEM = "public-key.pem"


def key_files(key: PublicKey) -> dict[str, str]:
    """The key's two files."""
    return {KEY_HEX: key.hex, KEY_PEM: key.pem}


def begin_files(begin: StoredRecord, key: PublicKey) -> dict[str, str]:
    """What can be kept as soon as a session has begun."""
    return {BEGIN: begin.record, **key_files(key)}


def session_files(begin: StoredRecord, end: StoredRecord, key: PublicKey) -> dict[str, str]:
    """All five files of an ended session."""
    xml = transaction_xml(begin.session_id, begin.record, end.record, key)
    return {**begin_files(begin, key), END: end.record, TRANSACTION: xml}


def journal_files(records: Iterable[StoredRecord], key: PublicKey) -> dict[str, str]:
    """Records as T<n>.ocmf, and the XML of each session whose begin and end are both there."""
    records = list(records)
    files = {f"T{record.pagination}.ocmf": record.record for record in records}
    begins: dict[int, StoredRecord] = {}
    for record in records:
        reasons = reasons_of(record)
        if "B" in reasons:
            begins[record.session_id] = record
        begin = begins.get(record.session_id)
        if begin and reasons & END_REASONS.keys():
            name = f"transaction-T{begin.pagination}-T{record.pagination}.xml"
            files[name] = transaction_xml(record.session_id, begin.record, record.record, key)
            del begins[record.session_id]
    return {**files, **key_files(key)}
