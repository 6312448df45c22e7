"""A file for each finding of a verification, with the values that the finding has."""

from __future__ import annotations

from wattseal.ocmf.container import MAX_FILE_BYTES, MAX_RECORDS

from support.device.signer import signer
from support.device.transactions import END_TIME, Transaction, payload, reading, xml

GOOD = Transaction()
KEY = GOOD.signer.public
OTHER = signer(seed=2)
BEGIN, END = "Transaction.Begin", "Transaction.End"
BOTH = payload([reading(), reading(TX="E", TM=END_TIME, RV=2947.1)], PG="T2")
OLD = {"FV": "0.4"}


def signed(*payloads: tuple[str, str | None]) -> bytes:
    """The XML of payloads, each with its context."""
    return xml(*((signer().record(text), KEY.hex, context) for text, context in payloads))


def altered(before: str, after: str) -> bytes:
    """The good transaction with another text in it."""
    return GOOD.xml.replace(before.encode(), after.encode())


def begin_text(**changes: object) -> str:
    return payload([reading(**changes)])


def end_text(**changes: object) -> str:
    return payload([reading(**{"TX": "E", "TM": END_TIME, "RV": 2947.1, **changes})], PG="T2")


TIMES = "2026-11-21T10:00:00,000+0100"
CASES: dict[str, tuple[bytes, dict[str, str]]] = {
    "file_too_large": (b"A" * (MAX_FILE_BYTES + 1), {"limit": "1024 KiB"}),
    "xml_malformed": (b"<a", {"cause": "it is not well-formed, line 1, column 1"}),
    "no_record": (b"hello", {}),
    "too_many_records": (b"<v>" + b"<value/>" * (MAX_RECORDS + 1) + b"</v>", {"limit": "2000"}),
    "record_malformed": (b"OCMF|{}", {"cause": "it is not of the form OCMF|payload|signature"}),
    "key_missing": (GOOD.begin_record.encode(), {}),
    "key_unreadable": (altered(KEY.hex, "?"), {"cause": "it is neither hex nor base64 nor PEM"}),
    "key_wrong_curve": (
        altered(KEY.hex, signer("secp256k1").public.hex),
        {"expected": "secp256r1", "found": "secp256k1"},
    ),
    "key_not_signer": (
        altered(KEY.hex, OTHER.public.hex),
        {"expected": OTHER.public.fingerprint[:16], "found": KEY.fingerprint[:16]},
    ),
    "key_differs": (
        xml(
            (GOOD.begin_record, KEY.hex, BEGIN),
            (Transaction(signer=OTHER).end_record, OTHER.public.hex, END),
        ),
        {"expected": KEY.fingerprint[:16], "found": OTHER.public.fingerprint[:16]},
    ),
    "algorithm_unsupported": (
        altered("ECDSA-secp256r1-SHA256", "RSA-2048"),
        {"algorithm": "RSA-2048"},
    ),
    "signature_malformed": (
        altered('"SE":"hex"', '"SE":"base64"'),
        {"cause": "it is not an ECDSA signature in DER"},
    ),
    "signature_mismatch": (altered("2947.1", "2948.1"), {}),
    "payload_malformed": (signed(("[]", None)), {"cause": "it is not a JSON object"}),
    "payload_ambiguous": (
        signed((begin_text().replace('"RV":', '"RV":1,"RV":'), BEGIN), (end_text(), END)),
        {"field": "RV"},
    ),
    "begin_missing": (signed((end_text(), END)), {}),
    "begin_repeated": (Transaction(end_reading={"TX": "B"}).xml, {"count": "2"}),
    "begin_holds_end": (signed((BOTH, BEGIN), (end_text(), END)), {}),
    "end_missing": (signed((begin_text(), BEGIN)), {}),
    "end_repeated": (Transaction(begin_reading={"TX": "R"}).xml, {"count": "2"}),
    "end_holds_begin": (signed((begin_text(), BEGIN), (BOTH, END)), {}),
    "context_mismatch": (
        signed((begin_text(), END), (end_text(), END)),
        {"expected": "end", "found": "begin"},
    ),
    "register_not_billable": (
        Transaction(end_reading={"RI": "1-0:1.7.0"}).xml,
        {"reading": "end", "register": "1-0:1.7.0"},
    ),
    "gateway_serial_differs": (
        Transaction(end={"GS": None}).xml,
        {"begin": "WS000017", "end": "(none)"},
    ),
    "meter_serial_differs": (
        Transaction(end={"MS": "9"}).xml,
        {"begin": "12345678", "end": "9"},
    ),
    "register_differs": (
        Transaction(end_reading={"RI": "01-00:B0.08.00*FF"}).xml,
        {"begin": "1-0:1.8.0", "end": "01-00:B0.08.00*FF"},
    ),
    "unit_differs": (
        Transaction(end_reading={"RU": "Wh", "RV": 2947100}).xml,
        {"begin": "kWh", "end": "Wh"},
    ),
    "event_counter_differs": (
        Transaction(begin=OLD, end=OLD, begin_reading={"EI": 1}, end_reading={"EI": 2}).xml,
        {"begin": "1", "end": "2"},
    ),
    "pagination_context_differs": (
        Transaction(end={"PG": "F2"}).xml,
        {"expected": "T1", "found": "F2"},
    ),
    "pagination_reversed": (Transaction(begin={"PG": "T3"}).xml, {"begin": "T3", "end": "T2"}),
    "unit_not_energy": (
        Transaction(begin_reading={"RU": "mOhm"}).xml,
        {"reading": "begin", "unit": "mOhm"},
    ),
    "value_missing": (Transaction(end_reading={"RV": None}).xml, {"reading": "end"}),
    "value_out_of_range": (
        Transaction(end_reading={"RV": 10**40}).xml,
        {"reading": "end", "value": str(10**40)},
    ),
    "energy_decreased": (
        Transaction(end_reading={"RV": 2935.5}).xml,
        {"begin": "2935.6", "end": "2935.5"},
    ),
    "time_reversed": (
        Transaction(begin_reading={"TM": END_TIME}, end_reading={"TM": f"{TIMES} S"}).xml,
        {"begin": END_TIME, "end": f"{TIMES} S"},
    ),
    "time_status_wrong": (
        Transaction(begin_reading={"TM": f"{TIMES} R"}).xml,
        {"reading": "end", "cause": "it is not relative (R), but that of the begin is"},
    ),
    "meter_status": (
        Transaction(end_reading={"ST": "F"}).xml,
        {"reading": "end", "expected": "G", "found": "F"},
    ),
    "energy_error_flag": (Transaction(end_reading={"EF": "E"}).xml, {"reading": "end"}),
    "identification_level": (
        Transaction(begin={"IL": "OUTDATED"}).xml,
        {"reading": "begin", "level": "OUTDATED"},
    ),
    "transaction_incomplete": (
        f"{GOOD.begin_record}|{KEY.hex}".encode(),
        {"reading": "end"},
    ),
    "user_differs": (
        Transaction(end={"ID": "04A2B1C4"}).xml,
        {"begin": "04A2B1C3", "end": "04A2B1C4"},
    ),
    "energy_implausible": (
        Transaction(end_reading={"RV": 8566.2, "TM": "2026-11-21T11:30:00,900+0100 S"}).xml,
        {"energy": "5630.6 kWh", "seconds": "5400", "limit": "3750"},
    ),
    "identification_differs": (
        Transaction(end={"IT": "LOCAL"}).xml,
        {"field": "type of the identification", "begin": "ISO14443", "end": "LOCAL"},
    ),
    "pagination_repeated": (Transaction(end={"PG": "T1"}).xml, {"pagination": "T1"}),
    "pagination_gap": (
        Transaction(end={"PG": "T4"}).xml,
        {"begin": "T1", "end": "T4", "count": "2"},
    ),
    "pagination_unreadable": (Transaction(end={"PG": None}).xml, {"pagination": "(none)"}),
    "exception_reading": (
        signed(
            (
                payload(
                    [reading(), reading(TX="X"), reading(TX="E", TM=END_TIME)],
                ),
                None,
            )
        ),
        {},
    ),
    "time_error_flag": (Transaction(end_reading={"EF": "t"}).xml, {"reading": "end"}),
    "time_not_synchronised": (
        Transaction(begin_reading={"TM": f"{TIMES} I"}).xml,
        {"reading": "begin", "state": "informative"},
    ),
    "transaction_id_not_integer": (altered('="17"', '="a"'), {"found": "a"}),
    "record_repeated": (
        xml(*[(GOOD.begin_record, KEY.hex, BEGIN)] * 2, (GOOD.end_record, KEY.hex, END)),
        {"number": "1"},
    ),
    "hash_label_ignored": (
        altered("r1-SHA256", "r1-SHA512"),
        {"expected": "SHA256", "found": "SHA512"},
    ),
    "format_deviation": (
        Transaction(begin={"IS": None}).xml,
        {"cause": "Identification Status (IS) is mandatory"},
    ),
}
"""By the code of the finding; `file_unreadable` and `check_failed` no content of a file meets."""
