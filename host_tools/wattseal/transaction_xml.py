"""Writes the XML of the S.A.F.E. transparency software: the signed values of one transaction.

The OCMF strings go in as they are; only XML's own escapes are added, which every parser takes off
again. One begin and one end: a third value would make the field's verifier refuse the file.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from wattseal.public_key import PublicKey

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
    apart.
    """
    value = (
        f'  <value>\n    <signedData format="OCMF" encoding="plain">{escape(record)}</signedData>\n'
        f'    <publicKey encoding="plain">{key.hex}</publicKey>\n  </value>\n'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n{value}</values>\n'
