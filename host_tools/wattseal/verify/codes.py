"""What a verification can find: stable codes, each with its severity.

Programs compare the codes; a code is never given a second meaning. An `error` means that the file
is not verified; a `warning` is something that a person billing by the file should know.
"""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding costs the file its verdict."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Every finding there is, in the order of importance."""

    # Nothing could be judged.
    FILE_UNREADABLE = "file_unreadable"
    FILE_TOO_LARGE = "file_too_large"
    XML_MALFORMED = "xml_malformed"
    NO_RECORD = "no_record"
    TOO_MANY_RECORDS = "too_many_records"
    RECORD_MALFORMED = "record_malformed"
    # The key.
    KEY_MISSING = "key_missing"
    KEY_UNREADABLE = "key_unreadable"
    KEY_WRONG_CURVE = "key_wrong_curve"
    KEY_NOT_SIGNER = "key_not_signer"
    KEY_DIFFERS = "key_differs"
    # The signature.
    ALGORITHM_UNSUPPORTED = "algorithm_unsupported"
    SIGNATURE_MALFORMED = "signature_malformed"
    SIGNATURE_MISMATCH = "signature_mismatch"
    # The payload of an authentic record.
    PAYLOAD_MALFORMED = "payload_malformed"
    PAYLOAD_AMBIGUOUS = "payload_ambiguous"
    # Which readings there are.
    BEGIN_MISSING = "begin_missing"
    BEGIN_REPEATED = "begin_repeated"
    BEGIN_HOLDS_END = "begin_holds_end"
    END_MISSING = "end_missing"
    END_REPEATED = "end_repeated"
    END_HOLDS_BEGIN = "end_holds_begin"
    CONTEXT_MISMATCH = "context_mismatch"
    REGISTER_NOT_BILLABLE = "register_not_billable"
    # What begin and end must share.
    GATEWAY_SERIAL_DIFFERS = "gateway_serial_differs"
    METER_SERIAL_DIFFERS = "meter_serial_differs"
    REGISTER_DIFFERS = "register_differs"
    UNIT_DIFFERS = "unit_differs"
    EVENT_COUNTER_DIFFERS = "event_counter_differs"
    PAGINATION_CONTEXT_DIFFERS = "pagination_context_differs"
    PAGINATION_REVERSED = "pagination_reversed"
    # What the readings say.
    UNIT_NOT_ENERGY = "unit_not_energy"
    VALUE_MISSING = "value_missing"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    ENERGY_DECREASED = "energy_decreased"
    TIME_REVERSED = "time_reversed"
    TIME_STATUS_WRONG = "time_status_wrong"
    METER_STATUS = "meter_status"
    ENERGY_ERROR_FLAG = "energy_error_flag"
    IDENTIFICATION_LEVEL = "identification_level"
    # Warnings.
    TRANSACTION_INCOMPLETE = "transaction_incomplete"
    IDENTIFICATION_DIFFERS = "identification_differs"
    PAGINATION_REPEATED = "pagination_repeated"
    PAGINATION_GAP = "pagination_gap"
    PAGINATION_UNREADABLE = "pagination_unreadable"
    EXCEPTION_READING = "exception_reading"
    TIME_ERROR_FLAG = "time_error_flag"
    TIME_NOT_SYNCHRONISED = "time_not_synchronised"
    TRANSACTION_ID_NOT_INTEGER = "transaction_id_not_integer"
    RECORD_REPEATED = "record_repeated"
    HASH_LABEL_IGNORED = "hash_label_ignored"
    FORMAT_DEVIATION = "format_deviation"

    @property
    def severity(self) -> Severity:
        """The severity is the code's, so that no code means two things."""
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR

    @property
    def is_unreadable(self) -> bool:
        """Whether the code says that there was nothing to judge."""
        return self in _UNREADABLE


_ORDER = list(Code)
_WARNINGS = frozenset(_ORDER[_ORDER.index(Code.TRANSACTION_INCOMPLETE) :])
_UNREADABLE = frozenset(_ORDER[: _ORDER.index(Code.KEY_MISSING)])
