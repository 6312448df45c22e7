"""The closed lists of OCMF 1.4.1 that a record of ours may use, each named by its table."""

FORMAT_VERSIONS = ("1.3", "1.4")

IDENTIFICATION_LEVELS = ("NONE", "HEARSAY", "TRUSTED", "VERIFIED", "CERTIFIED", "SECURE")
"""Table 11 without its four error levels: a verifier in the field rejects any record with one."""

IDENTIFICATION_FLAGS = (
    # Table 13, by RFID.
    "RFID_NONE",
    "RFID_PLAIN",
    "RFID_RELATED",
    "RFID_PSK",
    # Table 14, by OCPP.
    "OCPP_NONE",
    "OCPP_RS",
    "OCPP_AUTH",
    "OCPP_RS_TLS",
    "OCPP_AUTH_TLS",
    "OCPP_CACHE",
    "OCPP_WHITELIST",
    "OCPP_CERTIFIED",
    # Table 15, by ISO 15118.
    "ISO15118_NONE",
    "ISO15118_PNC",
    # Table 16, by mobile phone.
    "PLMN_NONE",
    "PLMN_RING",
    "PLMN_SMS",
)

MAX_IDENTIFICATION_FLAGS = 4

IDENTIFICATION_TYPES = (
    "NONE",
    "DENIED",
    "UNDEFINED",
    "ISO14443",
    "ISO15693",
    "EMAID",
    "EVCCID",
    "EVCOID",
    "ISO7812",
    "CARD_TXN_NR",
    "CENTRAL",
    "CENTRAL_1",
    "CENTRAL_2",
    "LOCAL",
    "LOCAL_1",
    "LOCAL_2",
    "PHONE_NUMBER",
    "KEY_CODE",
)
"""Table 17."""

CHARGE_POINT_TYPES = ("EVSEID", "CBIDC")
"""Table 18."""

SYNCHRONISATIONS = ("U", "I", "S", "R")
"""Table 19: unknown, informative, synchronised, relative."""

CURRENT_TYPES = ("AC", "DC")
"""Table 21."""

TRANSACTION_REASONS = ("B", "C", "X", "E", "L", "R", "A", "P", "S", "T")
"""Table 7, field TX."""

METER_STATES = ("N", "G", "T", "D", "R", "M", "X", "I", "O", "S", "E", "F")
"""Table 10."""
