from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.wire.errors import WattsealError
from wattseal.wire.ocmf_time import date_of, time_text


@pytest.mark.parametrize(
    ("unix_ms", "offset", "letter", "text"),
    [
        (1532431324000, 120, "S", "2018-07-24T13:22:04,000+0200 S"),  # the specification's example
        (946684800000, 0, "U", "2000-01-01T00:00:00,000+0000 U"),
        (951782399999, 0, "I", "2000-02-28T23:59:59,999+0000 I"),
        (951782400000, 0, "R", "2000-02-29T00:00:00,000+0000 R"),
        (951782400001, -1, "S", "2000-02-28T23:59:00,001-0001 S"),
        (4102444799999, 0, "S", "2099-12-31T23:59:59,999+0000 S"),
        (1704067200000, 840, "S", "2024-01-01T14:00:00,000+1400 S"),
        (1704067200000, -840, "S", "2023-12-31T10:00:00,000-1400 S"),
        (1704067200000, 345, "S", "2024-01-01T05:45:00,000+0545 S"),
        (1704067200000, -210, "S", "2023-12-31T20:30:00,000-0330 S"),
        (946684800000 - 3600000, 60, "S", "2000-01-01T00:00:00,000+0100 S"),
    ],
)
def test_known_times(unix_ms, offset, letter, text):
    assert time_text(unix_ms, offset, letter) == text


@given(st.integers(946771200000, 4102358399999), st.integers(-840, 840))
def test_the_text_is_what_datetime_says(unix_ms, offset):
    local = datetime.fromtimestamp(unix_ms // 1000, UTC).astimezone(
        timezone(timedelta(minutes=offset))
    )
    expected = f"{local:%Y-%m-%dT%H:%M:%S},{unix_ms % 1000:03d}{local:%z} S"
    assert time_text(unix_ms, offset, "S") == expected


def test_every_day_of_four_centuries():
    first = date(1900, 1, 1)
    for number in range(400 * 365 + 97):
        day = first + timedelta(days=number)
        assert date_of(day.toordinal() - 719163) == (day.year, day.month, day.day)


@pytest.mark.parametrize(
    ("unix_ms", "offset"),
    [(946684799999, 0), (946684800000, -1), (4102444800000, 0), (4102444799999, 1), (0, 0)],
)
def test_local_years_outside_2000_to_2099_are_refused(unix_ms, offset):
    with pytest.raises(WattsealError) as refused:
        time_text(unix_ms, offset, "S")
    assert (refused.value.name, refused.value.detail["field"]) == ("out_of_range", "unix_ms")
