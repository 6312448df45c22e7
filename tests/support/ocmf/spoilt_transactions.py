"""Transactions with one thing spoilt each, and the code that must be found."""

from wattseal.ocmf.findings import Code

from support.device.transactions import END_TIME, Transaction

OTHER_TIME = "2026-11-21T09:00:00,000+0100 S"


ERRORS = [
    # (code, what is spoilt)
    (Code.GATEWAY_SERIAL_DIFFERS, Transaction(end={"GS": "WS000018"})),
    (Code.GATEWAY_SERIAL_DIFFERS, Transaction(end={"GS": None})),
    (Code.METER_SERIAL_DIFFERS, Transaction(end={"MS": "12345679"})),
    (Code.REGISTER_DIFFERS, Transaction(end_reading={"RI": "01-00:B0.08.00*FF"})),
    (Code.UNIT_DIFFERS, Transaction(end_reading={"RU": "Wh", "RV": 2947100})),
    (Code.PAGINATION_CONTEXT_DIFFERS, Transaction(end={"PG": "F2"})),
    (Code.PAGINATION_REVERSED, Transaction(begin={"PG": "T3"})),
    (Code.ENERGY_DECREASED, Transaction(end_reading={"RV": 2935.5})),
    (Code.TIME_REVERSED, Transaction(end_reading={"TM": OTHER_TIME})),
    (Code.TIME_REVERSED, Transaction(end_reading={"TM": "2026-11-21T11:30:00,000 S"})),
    (Code.TIME_STATUS_WRONG, Transaction(begin_reading={"TM": OTHER_TIME[:-1] + "R"})),
    (Code.TIME_STATUS_WRONG, Transaction(begin_reading={"TM": OTHER_TIME[:-2]})),
    (Code.METER_STATUS, Transaction(begin_reading={"ST": "F"})),
    (Code.METER_STATUS, Transaction(end_reading={"ST": None})),
    (Code.ENERGY_ERROR_FLAG, Transaction(end_reading={"EF": "E"})),
    (Code.ENERGY_ERROR_FLAG, Transaction(begin_reading={"EF": "Et"})),
    (Code.IDENTIFICATION_LEVEL, Transaction(begin={"IL": "MISMATCH"})),
    (Code.IDENTIFICATION_LEVEL, Transaction(end={"IL": "INVALID"})),
    (Code.IDENTIFICATION_LEVEL, Transaction(end={"IL": "OUTDATED"})),
    (Code.IDENTIFICATION_LEVEL, Transaction(end={"IL": "UNKNOWN"})),
    (Code.REGISTER_NOT_BILLABLE, Transaction(begin_reading={"RI": "1-0:1.8.0*198"})),
    (Code.REGISTER_NOT_BILLABLE, Transaction(end_reading={"RI": "1-0:1.7.0"})),
    (Code.REGISTER_NOT_BILLABLE, Transaction(end_reading={"RI": None, "RU": None})),
    (Code.VALUE_MISSING, Transaction(end_reading={"RV": None})),
    (Code.BEGIN_MISSING, Transaction(begin_reading={"TX": "C"})),
    (Code.END_MISSING, Transaction(end_reading={"TX": "C"})),
    (Code.BEGIN_REPEATED, Transaction(end_reading={"TX": "B"})),
    (Code.END_REPEATED, Transaction(begin_reading={"TX": "R"})),
]


WARNINGS = [
    (Code.IDENTIFICATION_DIFFERS, Transaction(end={"ID": "04A2B1C4"})),
    (Code.IDENTIFICATION_DIFFERS, Transaction(end={"IT": "LOCAL"})),
    (Code.PAGINATION_REPEATED, Transaction(end={"PG": "T1"})),
    (Code.PAGINATION_GAP, Transaction(end={"PG": "T4"})),
    (Code.TIME_ERROR_FLAG, Transaction(end_reading={"TX": "P", "EF": "t"})),
    (Code.TIME_NOT_SYNCHRONISED, Transaction(end_reading={"TM": END_TIME[:-1] + "U"})),
    (Code.FORMAT_DEVIATION, Transaction(begin={"IS": None})),
]
