"""Sessions as folders of records, and the facts that belong to them."""

from decimal import Decimal
from pathlib import Path

from support.device.signer import Signer, signer
from support.device.transactions import payload, reading

EVSE = "DE*ABC*E1234*5"
STATION = {"CT": "EVSEID", "CI": EVSE}

FACTS = """\
currency = "EUR"
auth_method = "WHITELIST"

[party]
country_code = "DE"
party_id = "ABC"

[token]
country_code = "DE"
party_id = "MSP"
uid = "04A2B1C3"
type = "RFID"
contract_id = "DE-MSP-C12345678-9"

[location]
id = "LOC1"
name = "Car park"
address = "Example road 1"
city = "Example"
postal_code = "12345"
country = "DEU"
evse_uid = "3256"
connector_id = "1"
connector_standard = "IEC_62196_T2"
connector_format = "SOCKET"
connector_power_type = "AC_3_PHASE"
coordinates = { latitude = "51.047599", longitude = "3.729944" }

[tariff]
id = "AC-2026"
tax_percent = 19
prices = [{ per_kwh = 0.39 }]
"""


def record(
    letter: str,
    register: str,
    time: str,
    page: int,
    key: Signer | None = None,
    **changes: object,
) -> str:
    """A signed record of one reading; `register` with the digits that are to be signed."""
    one = reading(TX=letter, RV=0.125, TM=f"2026-11-21T{time},000+0100 S")
    text = payload([one], **{"PG": f"T{page}", **STATION, **changes})
    return (key or signer()).record(text.replace('"RV":0.125', f'"RV":{register}'))


BEGIN = record("B", "2935.600", "10:00:00", 17)
MIDDLE = record("C", "2940.100", "10:30:00", 18)
END = record("E", "2947.125", "11:30:00", 19)
NEXT_END = record("E", "2947.125", "11:30:00", 18)
"""Follows BEGIN without an intermediate record."""


def combined(begin: str = "2935.600", end: str = "2947.125", page: int = 17) -> str:
    """One record with begin and end."""
    first = reading(TX="B", RV=0.125, TM="2026-11-21T10:00:00,000+0100 S")
    last = reading(TX="E", RV=0.25, TM="2026-11-21T11:30:00,000+0100 S")
    text = payload([first, last], PG=f"T{page}", **STATION)
    text = text.replace('"RV":0.125', f'"RV":{begin}').replace('"RV":0.25', f'"RV":{end}')
    return signer().record(text)


def folder(path: Path, *records: str, key: Signer | None = None) -> Path:
    """A folder with these records, T<n>.ocmf, and the key."""
    path.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(records):
        (path / f"{number}.ocmf").write_text(text)
    (path / "public-key.hex").write_text((key or signer()).public.hex)
    return path


def facts(path: Path, text: str = FACTS) -> Path:
    """A file of facts."""
    path.write_text(text)
    return path


ENERGY = Decimal("11.525")
