from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.wire.reading import MAX_VALUE, Reading

readings = st.builds(Reading, st.integers(0, MAX_VALUE), st.integers(-3, 6))


def quantity_wh(reading: Reading) -> Decimal:
    return Decimal(reading.value).scaleb(reading.exponent)


@pytest.mark.parametrize(
    ("value", "exponent", "text"),
    [
        (2935600, 0, "2935.600"),
        (29356, 2, "2935.6"),
        (293560, 1, "2935.60"),
        (0, 0, "0.000"),
        (0, 2, "0.0"),
        (0, 3, "0"),
        (7, 0, "0.007"),
        (999, 0, "0.999"),
        (1000, 0, "1.000"),
        (12, 3, "12"),
        (12, 6, "12000"),
        (5, -3, "0.000005"),
        (MAX_VALUE, 0, "9007199254740.991"),
    ],
)
def test_text_has_exactly_the_meters_digits(value, exponent, text):
    assert Reading(value, exponent).to_text_kwh() == text


@given(readings)
def test_text_is_the_exact_quantity(reading):
    text = reading.to_text_kwh()
    assert Decimal(text) * 1000 == quantity_wh(reading)
    assert "e" not in text.lower()


@given(readings, readings)
def test_order_is_that_of_the_quantities_across_resolutions(one, other):
    assert (one < other) == (quantity_wh(one) < quantity_wh(other))
    assert (one == other) == (quantity_wh(one) == quantity_wh(other))


def test_equal_quantities_hash_alike():
    assert {Reading(10, 0), Reading(1, 1)} == {Reading(100, -1)}


@pytest.mark.parametrize(("value", "exponent"), [(1.0, 0), (True, 0), ("1", 0), (1, 0.0)])
def test_other_types_than_integers_are_refused(value, exponent):
    with pytest.raises(TypeError):
        Reading(value, exponent)


@pytest.mark.parametrize(("value", "exponent"), [(-1, 0), (MAX_VALUE + 1, 0), (1, -4), (1, 7)])
def test_values_outside_the_range_are_refused(value, exponent):
    with pytest.raises(ValueError, match="outside"):
        Reading(value, exponent)
