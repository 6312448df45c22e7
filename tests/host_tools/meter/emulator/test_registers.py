"""Encoders and register maps against registers written out by hand."""

import struct

import pytest
from wattseal.meter.emulator.device import ModbusDevice
from wattseal.meter.emulator.encode import encode_number, encode_pattern, encode_text
from wattseal.meter.emulator.faults import checked
from wattseal.meter.emulator.register_map import RegisterMap, Values
from wattseal.meter.profile import known_profile, profile_names


@pytest.mark.parametrize(
    ("kind", "value", "registers"),
    [
        ("u16", 0xBEEF, [0xBEEF]),
        ("s16", -2, [0xFFFE]),
        ("u32", 0x12345678, [0x1234, 0x5678]),
        ("s32", -1, [0xFFFF, 0xFFFF]),
        ("u64", 0x0102030405060708, [0x0102, 0x0304, 0x0506, 0x0708]),
        ("s64", -2, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE]),
        ("f32", 1.0, [0x3F80, 0x0000]),
        ("f32", -0.15625, [0xBE20, 0x0000]),
    ],
)
def test_numbers(kind, value, registers):
    assert encode_number(kind, value) == registers
    assert encode_number(kind, value, "little") == registers[::-1]


def test_a_number_that_does_not_fit_is_refused():
    with pytest.raises(struct.error):
        encode_number("u16", 65536)


@pytest.mark.parametrize(
    ("kind", "text", "count", "registers"),
    [
        ("u32", "19285703", 2, [0x0126, 0x46C7]),
        ("hex", "0113", 1, [0x0113]),
        ("ascii", "AB1", 4, [0x4142, 0x3100, 0, 0]),
    ],
)
def test_texts(kind, text, count, registers):
    assert encode_text(kind, text, count) == registers


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="does not fit 1 registers"):
        encode_text("ascii", "ABC", 1)


def test_a_pattern_follows_the_word_order():
    assert encode_pattern("7fffffff", "little") == [0xFFFF, 0x7FFF]


def read(profile, energy_wh, function, address, count, serial="19285703", firmware="0113"):
    """Registers as a reply of the device carries them; the exception code instead, if it is one."""
    values = Values(energy_wh, serial, firmware)
    device = ModbusDevice(RegisterMap(known_profile(profile)), 1, values)
    request = device.decode(checked(struct.pack(">BBHH", 1, function, address, count)))
    frame = device.answer(request, values)
    assert frame == checked(frame[:-2])
    assert frame[0] == 1
    if frame[1] & 0x80:
        return frame[2]
    assert frame[1:3] == bytes((function, 2 * count))
    return [int.from_bytes(frame[at : at + 2], "big") for at in range(3, len(frame) - 2, 2)]


@pytest.mark.parametrize(
    ("profile", "energy_wh", "function", "address", "registers"),
    [
        # 2935.6 kWh as a float is 0x4537799A: 2935.60009765625
        ("sdm630", 2_935_600, 4, 0x0048, [0x4537, 0x799A]),
        ("sdm120", 1_000, 4, 0x0048, [0x3F80, 0x0000]),
        ("sdm72", 500, 4, 0x0048, [0x3F00, 0x0000]),
        # 0.1 kWh a count, low word first: 29356 = 0x72AC
        ("em340", 2_935_650, 4, 0x0034, [0x72AC, 0x0000]),
        ("em340", 100_000_000, 4, 0x0034, [0x4240, 0x000F]),
        ("eem350", 2_935_600, 4, 0x003E, [0x72AC, 0x0000]),
        # 0.01 kWh a count
        ("abb_b23", 2_935_600, 3, 0x5000, [0, 0, 0x0004, 0x7AB8]),
        ("iem3155", 2_935_600, 3, 0x0C83, [0, 0, 0x002C, 0xCB30]),
        ("bsm_ws36a", 2_935_600, 3, 40136, [0x002C, 0xCB30]),
        ("wm3m4", 2_935_600, 4, 418, [0x002C, 0xCB30]),
    ],
)
def test_energy(profile, energy_wh, function, address, registers):
    assert read(profile, energy_wh, function, address, len(registers)) == registers


@pytest.mark.parametrize(
    ("profile", "function", "address", "count", "registers"),
    [
        ("sdm630", 3, 0xFC00, 2, [0x0126, 0x46C7]),
        ("sdm630", 3, 0xFC03, 1, [0x0113]),
        ("abb_b23", 3, 0x8900, 2, [0x0126, 0x46C7]),
        ("em340", 3, 0x5000, 7, [0x3139, 0x3238, 0x3537, 0x3033, 0, 0, 0]),
        ("em340", 3, 0x0302, 1, [0x0113]),
        ("bsm_ws36a", 3, 40052, 16, [0x3139, 0x3238, 0x3537, 0x3033, *[0] * 12]),
    ],
)
def test_serial_number_and_version(profile, function, address, count, registers):
    assert read(profile, 0, function, address, count) == registers


def test_a_sunspec_meter_shows_its_chain_of_models():
    common = read("sunspec_203", 2_935_600, 3, 40000, 4)
    assert common == [0x5375, 0x6E53, 1, 66]
    assert read("sunspec_203", 0, 3, 40070, 2) == [64001, 4]
    assert read("sunspec_203", 0, 3, 40076, 2) == [203, 105]
    assert read("sunspec_203", 2_935_600, 3, 40076 + 46, 2) == [0x002C, 0xCB30]
    assert read("sunspec_203", 0, 3, 40002 + 50, 4) == [0x3139, 0x3238, 0x3537, 0x3033]
    assert read("sunspec_203", 0, 3, 40183, 2) == [0xFFFF, 0]


def test_a_scale_factor_scales():
    registers = RegisterMap(known_profile("sunspec_203"))
    assert registers.energy_registers(2_935_600, scale_factor=2) == [0, 29356]
    shown = registers.registers(Values(2_935_600, "1", "2", scale_factor=-1))
    assert shown[3][40076 + 54] == 0xFFFF
    assert registers.energy_registers(2_935_600, scale_factor=-1) == [0x01BF, 0xEFE0]


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_has_a_meter(name):
    profile = known_profile(name)
    registers = RegisterMap(profile)
    place = registers.place("energy_import")
    assert registers.quantities_in(place.function, place.address, 1) == {"energy_import"}
    assert registers.quantities_in(7 - place.function, place.address, 1) == set()


def test_registers_that_the_meter_has_not_are_refused():
    assert read("sdm630", 0, 4, 0x1234, 2) == 2  # illegal data address


def test_more_registers_than_the_meter_gives_are_refused():
    assert read("sdm72", 0, 4, 0x0048, 11) in (2, 3)


def test_other_units_and_damage_are_no_requests():
    device = ModbusDevice(RegisterMap(known_profile("sdm630")), 1, Values(0, "1", "0113"))
    request = checked(bytes.fromhex("020400480002"))
    assert device.decode(request) is None
    assert device.decode(request[:-1] + b"\0") is None
    assert device.decode(checked(bytes.fromhex("010400480000"))) is None  # no registers at all


def test_an_unknown_profile_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="sdm630"):
        known_profile("sdm631")
