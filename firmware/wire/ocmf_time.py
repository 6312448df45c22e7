"""The time text of an OCMF reading: `2018-07-24T13:22:04,000+0200 S` (OCMF 1.4.1, table 7, TM).

Verifiers take exactly this form; with any other they silently stop comparing times. The calendar
is computed here, because MicroPython's epoch and range differ from port to port.
"""

from .errors import WattsealError

_MS_PER_DAY = 86400000


def time_text(unix_ms: int, utc_offset_min: int, synchronisation: str) -> str:
    """Local time with milliseconds, offset from UTC and the letter of table 19.

    WattsealError `out_of_range` if the local year is not 2000 to 2099.
    """
    local_ms = unix_ms + utc_offset_min * 60000
    days, ms = divmod(local_ms, _MS_PER_DAY)
    year, month, day = date_of(days)
    if not 2000 <= year <= 2099:
        raise WattsealError("out_of_range", field="unix_ms", limit="the local years 2000 to 2099")
    seconds, ms = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign = "-" if utc_offset_min < 0 else "+"
    offset_hour, offset_minute = divmod(abs(utc_offset_min), 60)
    return (
        f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d},{ms:03d}"
        f"{sign}{offset_hour:02d}{offset_minute:02d} {synchronisation}"
    )


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month, day of the proleptic Gregorian calendar, days counted from 1970-01-01.

    Counts from 0000-03-01, so that the leap day is the last day of a year, and every 400 years
    are alike.
    """
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    year = 400 * era + year_of_era + (1 if month <= 2 else 0)
    return year, month, day
