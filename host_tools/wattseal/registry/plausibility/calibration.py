"""How long a meter's calibration is good (MessEG, section 37; MessEV, section 34 and annex 7).

Electronic meters for active energy: 8 years, counted from the end of the year of the mark.
"""

from __future__ import annotations

from datetime import UTC, datetime

VERIFICATION_YEARS = 8


def year_of(unix_ms: int) -> int:
    """The calendar year in UTC."""
    return datetime.fromtimestamp(unix_ms // 1000, UTC).year


def calibration_fault(calibration_year: int, unix_ms: int) -> str | None:
    """Why a meter may not be used at that time, in words; None if it may."""
    now = year_of(unix_ms)
    if calibration_year > now:
        return "the year has not begun yet"
    if now > calibration_year + VERIFICATION_YEARS:
        return f"the {VERIFICATION_YEARS} years ended with {calibration_year + VERIFICATION_YEARS}"
    return None
