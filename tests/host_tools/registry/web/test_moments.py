"""Points in time, as callers write them."""

import pytest
from wattseal.common.times import utc_text, utc_to_read
from wattseal.registry.web.problems import Problem
from wattseal.registry.web.templates import read_moment

TEN = 1_795_255_205_000


@pytest.mark.parametrize(
    ("text", "unix_ms"),
    [
        ("2026-11-21T10:00:05Z", TEN),
        ("2026-11-21t10:00:05z", TEN),
        ("2026-11-21 10:00:05Z", TEN),
        ("2026-11-21T11:00:05+01:00", TEN),
        ("2026-11-21T11:00:05 01:00", TEN),
        ("2026-11-21T04:30:05-05:30", TEN),
        ("2026-11-21T10:00:05.123Z", TEN + 123),
        ("2026-11-21T10:00Z", TEN - 5000),
        (str(TEN), TEN),
        ("0", 0),
        (" 1 ", 1),
        ("9007199254740991", 2**53 - 1),
    ],
)
def test_moments_are_read(text: str, unix_ms: int) -> None:
    assert read_moment(text) == unix_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-21",
        "2026-11-21T10:00:05",
        "2026-13-21T10:00:05Z",
        "2026-11-21T25:00:05Z",
        "2026-11-21T10:00:05+99:00",
        "1969-12-31T23:59:59Z",
        "9007199254740992",
        "-5",
        "1e3",
        "\uff12\uff10\uff12\uff16-11-21T10:00:05Z",
        "2026-W47-6T10:00:05Z",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Problem) as raised:
        read_moment(text)
    assert raised.value.name == "request_malformed"


def test_moments_are_shown() -> None:
    assert utc_text(TEN + 999) == "2026-11-21T10:00:05Z"
    assert utc_to_read(TEN) == "2026-11-21 10:00:05 UTC"
    assert utc_to_read(2**53 - 1) == f"{2**53 - 1} ms"
