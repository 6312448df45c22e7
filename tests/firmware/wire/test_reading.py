import itertools
import math
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattseal.wire.errors import WattsealError
from wattseal.wire.reading import MAX_VALUE, Reading, decode_energy, decode_text

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


KWH_FLOAT = {"address": 72, "count": 2, "type": "f32", "exponent": 3, "resolution": 0}
WH_FLOAT = {"address": 68, "count": 2, "type": "f32", "exponent": 0, "resolution": 0}

LEAST_FLOAT = 0x358637BE
"""The bits of the least float above a millionth: as kWh and as Wh an energy that may be counted."""


def number(kind: str, count: int, **more) -> dict:
    return {"address": 0, "count": count, "type": kind, "exponent": 0, **more}


def words_of_float(value: float) -> list[int]:
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def refusal(quantity: dict, registers: list) -> WattsealError:
    with pytest.raises(WattsealError) as refused:
        decode_energy(quantity, registers)
    return refused.value


@pytest.mark.parametrize(
    ("registers", "expected"),
    [
        ([0x0000, 0x0000], Reading(0, 0)),
        ([0x8000, 0x0000], Reading(0, 0)),  # minus zero
        ([0x3089, 0x7060], Reading(0, 0)),  # just above 1e-9, a millionth of what is shown
        ([0x3F80, 0x0000], Reading(1000, 0)),  # 1.0
        ([0x3A83, 0x126F], Reading(1, 0)),  # 0.001, rounded up from 0.00099999993
        ([0x3A03, 0x126F], Reading(1, 0)),  # 0.0005, whose float is 0.00050000002
        ([0x3A03, 0x126E], Reading(0, 0)),  # its lower neighbour, just below one half
        ([0x44C2, 0x8B64], Reading(1556356, 0)),  # 1556.35595703125
        ([0x467F, 0xFFFF], Reading(16383999, 0)),  # 16383.9990234375, the last with a step < 1 Wh
        ([0x4680, 0x0000], Reading(1638400, 1)),  # 16384: steps of 2 Wh, so 10 Wh are shown
        ([0x4680, 0x0003], Reading(1638401, 1)),  # 16384.005859375
        ([0x47FF, 0xFFFF], Reading(13107199, 1)),  # 131071.9921875
        ([0x4800, 0x0000], Reading(1310720, 2)),  # 131072: steps of 16 Wh, so 100 Wh are shown
        ([0x4980, 0x0000], Reading(1048576, 3)),  # 1048576: steps of 125 Wh
    ],
)
def test_floats_in_kwh_are_rounded_to_what_they_can_hold(registers, expected):
    reading = decode_energy(KWH_FLOAT, registers)
    assert (reading.value, reading.exponent) == (expected.value, expected.exponent)


@given(st.just(0) | st.integers(LEAST_FLOAT, 0x4FFFFFFF))
def test_floats_are_rounded_half_up_from_their_exact_value(bits):
    reading = decode_energy(KWH_FLOAT, [bits >> 16, bits & 0xFFFF])
    exact_wh = Fraction(struct.unpack(">f", bits.to_bytes(4, "big"))[0]) * 1000
    unit = Fraction(10) ** reading.exponent
    assert reading.value == math.floor(exact_wh / unit + Fraction(1, 2))
    step = Fraction(2) ** (max(bits >> 23, 1) - 150) * 1000
    assert reading.exponent == 0 or step > unit / 10
    assert step <= unit * 10


@given(
    st.integers(LEAST_FLOAT, 0x4FFFFFFF),
    st.integers(1, 1000),
    st.sampled_from([KWH_FLOAT, WH_FLOAT]),
)
def test_a_growing_float_never_gives_a_falling_reading(bits, more, quantity):
    lower = decode_energy(quantity, [bits >> 16, bits & 0xFFFF])
    higher = decode_energy(quantity, [(bits + more) >> 16, (bits + more) & 0xFFFF])
    assert not higher < lower


@pytest.mark.parametrize("quantity", [KWH_FLOAT, WH_FLOAT], ids=["kWh", "Wh"])
def test_no_reading_falls_where_the_step_of_the_float_doubles(quantity):
    for exponent in range(0x6D, 0xA0):
        around = range((exponent << 23) - 200, (exponent << 23) + 200)
        readings = [decode_energy(quantity, [bits >> 16, bits & 0xFFFF]) for bits in around]
        assert not any(after < before for before, after in itertools.pairwise(readings))


@given(st.integers(0, 16383999))
def test_a_meter_that_counts_watt_hours_is_read_back_to_the_watt_hour(energy_wh):
    assert decode_energy(KWH_FLOAT, words_of_float(energy_wh / 1000)) == Reading(energy_wh, 0)


def test_floats_in_wh():
    assert decode_energy(WH_FLOAT, words_of_float(16777215.0)) == Reading(16777215, 0)
    assert decode_energy(WH_FLOAT, [0x4B80, 0x0000]).exponent == 1  # 16777216: steps of 2 Wh


@pytest.mark.parametrize(
    ("registers", "name"),
    [
        ([0x7FC0, 0x0000], "meter_sentinel"),  # quiet NaN, SunSpec's "not implemented"
        ([0x7F80, 0x0001], "meter_sentinel"),  # signalling NaN
        ([0xFFFF, 0xFFFF], "meter_sentinel"),  # all bits set, a NaN too
        ([0x7F80, 0x0000], "meter_out_of_range"),  # infinity
        ([0xFF80, 0x0000], "meter_out_of_range"),  # minus infinity
        ([0xC47A, 0x0000], "meter_out_of_range"),  # -1000
        ([0x8000, 0x0001], "meter_out_of_range"),  # the smallest negative denormal
        ([0x7F7F, 0xFFFF], "meter_out_of_range"),  # 3.4e38
        ([0x0000, 0x0001], "meter_out_of_range"),  # the smallest denormal, 1.4e-45
        ([0x007F, 0xFFFF], "meter_out_of_range"),  # the largest denormal
        ([0x0080, 0x0000], "meter_out_of_range"),  # the smallest that is none
        ([0x3089, 0x705F], "meter_out_of_range"),  # 1e-9 kWh, a millionth of what is shown
    ],
)
def test_floats_that_are_no_reading_are_refused(registers, name):
    assert refusal(KWH_FLOAT, registers).name == name


WH_DOUBLE = number("f64", 4, resolution=0)
KWH_DOUBLE = {**number("f64", 4, resolution=0), "exponent": 3}


def words_of_double(value: float) -> list[int]:
    return list(struct.unpack(">4H", struct.pack(">d", value)))


@given(st.integers(0, MAX_VALUE))
def test_a_double_holds_every_watt_hour_that_a_reading_can(energy_wh):
    assert decode_energy(WH_DOUBLE, words_of_double(float(energy_wh))) == Reading(energy_wh, 0)


@given(st.floats(0.0, 9e9, allow_subnormal=False).filter(lambda kwh: kwh == 0 or kwh > 1e-6))
def test_a_double_is_rounded_half_up_from_its_exact_value(energy_kwh):
    exact_wh = Fraction(energy_kwh) * 1000
    expected = math.floor(exact_wh + Fraction(1, 2))
    assert decode_energy(KWH_DOUBLE, words_of_double(energy_kwh)) == Reading(expected, 0)


@pytest.mark.parametrize(
    ("registers", "name"),
    [
        ([0x7FF8, 0, 0, 0], "meter_sentinel"),
        ([0xFFFF] * 4, "meter_sentinel"),
        ([0x7FF0, 0, 0, 0], "meter_out_of_range"),  # infinity
        ([0xC000, 0, 0, 0], "meter_out_of_range"),  # -2
        ([0x7FEF, 0xFFFF, 0xFFFF, 0xFFFF], "meter_out_of_range"),  # 1.8e308
        ([0, 0, 0, 1], "meter_out_of_range"),  # the smallest denormal
        ([0x44C2, 0x8B64, 0, 0], "meter_out_of_range"),  # a single where a double is expected
        ([0x4340, 0, 0, 0], "meter_out_of_range"),  # 2**53 Wh
    ],
)
def test_doubles_that_are_no_reading_are_refused(registers, name):
    assert refusal(WH_DOUBLE, registers).name == name


@pytest.mark.parametrize(
    ("kind", "registers", "value"),
    [
        ("u16", [0xFFFF], 0xFFFF),
        ("s16", [0x7FFF], 0x7FFF),
        ("u32", [0x0001, 0x0000], 65536),
        ("u32", [0xFFFF, 0xFFFF], 0xFFFFFFFF),
        ("s32", [0x7FFF, 0xFFFF], 0x7FFFFFFF),
        ("u64", [0x0000, 0x0001, 0x0000, 0x0002], 0x100000002),
        ("s64", [0x001F, 0xFFFF, 0xFFFF, 0xFFFF], 2**53 - 1),
    ],
)
def test_integers_high_word_first_and_low_word_first(kind, registers, value):
    big = number(kind, len(registers), exponent=2)
    assert decode_energy(big, registers) == Reading(value, 2)
    little = {**big, "word_order": "little"}
    assert decode_energy(little, registers[::-1]) == Reading(value, 2)


@pytest.mark.parametrize(
    ("kind", "registers"),
    [
        ("s16", [0x8000]),
        ("s16", [0xFFFF]),
        ("s32", [0x8000, 0x0000]),
        ("s32", [0xFFFF, 0xFFFF]),
        ("s64", [0x8000, 0, 0, 0]),
        ("s64", [0xFFFF] * 4),
        ("u64", [0xFFFF] * 4),
        ("u64", [0x0020, 0, 0, 0]),  # 2**53
    ],
)
def test_negative_and_too_large_integers_are_refused(kind, registers):
    assert refusal(number(kind, len(registers)), registers).name == "meter_out_of_range"


@pytest.mark.parametrize("order", ["big", "little"])
def test_sentinels_are_refused_in_either_word_order(order):
    quantity = number("s32", 2, word_order=order, sentinels=("7fffffff", "80000000"))
    for pattern in ([0x7FFF, 0xFFFF], [0x8000, 0x0000]):
        assert refusal(quantity, pattern[:: 1 if order == "big" else -1]).name == "meter_sentinel"
    near = [0x7FFF, 0xFFFE]
    assert decode_energy(quantity, near[:: 1 if order == "big" else -1]).value == 0x7FFFFFFE


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (0x0000, Reading(1234, 0)),
        (0x0001, Reading(1234, 1)),
        (0xFFFF, Reading(1234, -1)),
        (0xFFFD, Reading(1234, -3)),
        (0x0006, Reading(1234, 6)),
        (0x000A, Reading(12340000, 6)),  # beyond a reading's exponents, but exact
    ],
)
def test_a_scale_factor_is_added_to_the_exponent(factor, expected):
    quantity = number("u32", 9, exponent_offset=8)
    reading = decode_energy(quantity, [0, 1234, 9, 9, 9, 9, 9, 9, factor])
    assert (reading.value, reading.exponent) == (expected.value, expected.exponent)


@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (0x8000, "meter_sentinel"),
        (0x000B, "meter_out_of_range"),
        (0xFFF5, "meter_out_of_range"),
        (0xFFFC, "meter_out_of_range"),  # 10**-4 Wh: no record shows that
    ],
)
def test_a_scale_factor_that_cannot_be_is_refused(factor, name):
    quantity = number("u32", 3, exponent_offset=2)
    assert refusal(quantity, [0, 1234, factor]).name == name


def test_a_mantissa_behind_its_exponent():
    quantity = number("s32", 6, offset=4, exponent_offset=0)
    assert decode_energy(quantity, [0xFFFF, 1, 2, 3, 0x0001, 0x86A0]) == Reading(100000, -1)


def test_a_counter_that_wraps_gives_a_reading_that_went_backwards():
    quantity = number("u32", 2)
    before = decode_energy(quantity, [0xFFFF, 0xFFFE])
    after = decode_energy(quantity, [0x0000, 0x0001])
    assert after < before


@pytest.mark.parametrize("registers", [[], [1], [1, 2, 3]])
def test_another_number_of_registers_is_refused(registers):
    assert refusal(KWH_FLOAT, registers).name == "meter_wrong_length"
    with pytest.raises(WattsealError):
        decode_text({"address": 0, "count": 2, "type": "hex"}, registers)


@given(
    st.sampled_from(["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]),
    st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4),
    st.integers(-3, 6),
)
def test_any_registers_give_a_sound_reading_or_a_named_error(kind, registers, exponent):
    count = {"u16": 1, "s16": 1, "u64": 4, "s64": 4, "f64": 4}.get(kind, 2)
    quantity = {**number(kind, count), "exponent": exponent, "resolution": 0}
    try:
        reading = decode_energy(quantity, registers[:count])
        outcome = "a reading" if Decimal(reading.to_text_kwh()) >= 0 else "a negative reading"
    except WattsealError as error:
        outcome = error.name
    assert outcome in ("a reading", "meter_sentinel", "meter_out_of_range")


@pytest.mark.parametrize(
    ("kind", "registers", "text"),
    [
        ("u32", [0x0133, 0x8D7F], "20155775"),
        ("u16", [0x0007], "7"),
        ("hex", [0x0107], "0107"),
        ("hex", [0x00AB, 0xCD00], "00ABCD00"),
        ("ascii", [0x4142, 0x4300], "ABC"),
        ("ascii", [0x0041, 0x0042, 0x0043], "ABC"),  # one character in each register
        ("ascii", [0x2041, 0x4220, 0x2020], "AB"),
        ("ascii", [0x4120, 0x4200], "A B"),
    ],
)
def test_texts(kind, registers, text):
    quantity = {"address": 0, "count": len(registers), "type": kind}
    assert decode_text(quantity, registers) == text


@pytest.mark.parametrize(
    ("quantity", "registers", "name"),
    [
        ({"type": "u32", "sentinels": ("ffffffff",)}, [0xFFFF, 0xFFFF], "meter_sentinel"),
        ({"type": "ascii"}, [0, 0], "meter_sentinel"),
        ({"type": "ascii"}, [0x2020, 0x0020], "meter_sentinel"),
        ({"type": "ascii"}, [0xFFFF, 0xFFFF], "meter_sentinel"),
        ({"type": "ascii"}, [0x417C, 0x4200], "meter_out_of_range"),  # holds '|'
        ({"type": "ascii"}, [0x4180, 0x4200], "meter_out_of_range"),
        ({"type": "ascii"}, [0x410A, 0x4200], "meter_out_of_range"),
    ],
)
def test_texts_that_no_record_may_hold_are_refused(quantity, registers, name):
    with pytest.raises(WattsealError) as refused:
        decode_text({"address": 0, "count": 2, **quantity}, registers)
    assert refused.value.name == name
