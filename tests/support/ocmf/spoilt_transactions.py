"""Transactions with one thing spoilt each, and the code that must be found."""

from support.device.transactions import BEGIN_TIME, END_TIME, Transaction

WH = {"RU": "Wh", "RV": 2935600}
OTHER_TIME = "2026-11-21T09:00:00,000+0100 S"


ERRORS = [
    # (code, what is spoilt)
    ("gateway_serial_differs", Transaction(end={"GS": "WS000018"})),
    ("gateway_serial_differs", Transaction(end={"GS": None})),
    ("meter_serial_differs", Transaction(end={"MS": "12345679"})),
    ("register_differs", Transaction(end_reading={"RI": "01-00:B0.08.00*FF"})),
    ("unit_differs", Transaction(end_reading={"RU": "Wh", "RV": 2947100})),
    ("pagination_context_differs", Transaction(end={"PG": "F2"})),
    ("pagination_reversed", Transaction(begin={"PG": "T3"})),
    ("energy_decreased", Transaction(end_reading={"RV": 2935.5})),
    ("time_reversed", Transaction(end_reading={"TM": OTHER_TIME})),
    ("time_reversed", Transaction(end_reading={"TM": "2026-11-21T11:30:00,000 S"})),
    ("time_status_wrong", Transaction(begin_reading={"TM": OTHER_TIME[:-1] + "R"})),
    ("time_status_wrong", Transaction(begin_reading={"TM": OTHER_TIME[:-2]})),
    ("meter_status", Transaction(begin_reading={"ST": "F"})),
    ("meter_status", Transaction(end_reading={"ST": None})),
    ("energy_error_flag", Transaction(end_reading={"EF": "E"})),
    ("energy_error_flag", Transaction(begin_reading={"EF": "Et"})),
    ("identification_level", Transaction(begin={"IL": "MISMATCH"})),
    ("identification_level", Transaction(end={"IL": "INVALID"})),
    ("identification_level", Transaction(end={"IL": "OUTDATED"})),
    ("identification_level", Transaction(end={"IL": "UNKNOWN"})),
    ("register_not_billable", Transaction(begin_reading={"RI": "1-0:1.8.0*198"})),
    ("register_not_billable", Transaction(end_reading={"RI": "1-0:1.7.0"})),
    ("register_not_billable", Transaction(end_reading={"RI": None, "RU": None})),
    ("user_differs", Transaction(end={"ID": "04A2B1C4"})),
    ("value_out_of_range", Transaction(begin_reading={"RV": -0.1})),
    ("value_out_of_range", Transaction(begin_reading={"RV": -9}, end_reading={"RV": -1})),
    ("value_missing", Transaction(end_reading={"RV": None})),
    ("begin_missing", Transaction(begin_reading={"TX": "C"})),
    ("end_missing", Transaction(end_reading={"TX": "C"})),
    ("begin_repeated", Transaction(end_reading={"TX": "B"})),
    ("end_repeated", Transaction(begin_reading={"TX": "R"})),
]


WARNINGS = [
    ("identification_differs", Transaction(begin={"ID": None})),
    ("identification_differs", Transaction(end={"ID": ""})),
    ("identification_differs", Transaction(end={"ID": "04a2b1c3"})),
    ("identification_differs", Transaction(end={"IT": "LOCAL"})),
    ("pagination_repeated", Transaction(end={"PG": "T1"})),
    ("pagination_gap", Transaction(end={"PG": "T4"})),
    ("time_error_flag", Transaction(end_reading={"TX": "P", "EF": "t"})),
    ("time_not_synchronised", Transaction(end_reading={"TM": END_TIME[:-1] + "U"})),
    ("time_not_synchronised", Transaction(end_reading={"TM": END_TIME[:-1] + "I"})),
    ("energy_implausible", Transaction(end_reading={"RV": 8564})),
    ("time_error_flag", Transaction(end_reading={"RV": 8564, "EF": "t"})),
    ("time_not_synchronised", Transaction(end_reading={"RV": 8564, "TM": END_TIME[:-1] + "U"})),
    ("energy_implausible", Transaction(begin_reading=WH, end_reading=WH | {"RV": 9564000})),
    ("energy_implausible", Transaction(end_reading={"RV": 2940, "TM": BEGIN_TIME})),
    ("format_deviation", Transaction(begin={"IS": None})),
    ("format_deviation", Transaction(begin={"IS": 1})),
    ("format_deviation", Transaction(begin={"IS": "true"})),
    ("format_deviation", Transaction(begin={"MS": ""}, end={"MS": ""})),
    ("format_deviation", Transaction(begin={"MS": None}, end={"MS": None})),
    ("format_deviation", Transaction(begin={"IT": None, "ID": None}, end={"IT": None, "ID": None})),
    ("format_deviation", Transaction(begin={"FV": "2.0"})),
    ("format_deviation", Transaction(end={"FV": "1.5"})),
    ("format_deviation", Transaction(end={"FV": ""})),
]
