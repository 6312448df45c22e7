"""Each profile decodes registers written out by hand, as its meter's sources say it sends them."""

from decimal import Decimal

import pytest
from wattseal.meter.power import decode_power
from wattseal.meter.profile import QUANTITIES, load_profiles
from wattseal.wire import modbus_rtu, sunspec
from wattseal.wire.errors import WattsealError
from wattseal.wire.reading import Reading, decode_energy, decode_text

PROFILES = load_profiles()

WRITTEN_OUT = {
    "abb_b23": ([0, 0, 0x0001, 0xE240], "1234.56"),
    "adw300": ([0x0001, 0xE240], "1234.56"),
    "bsm_ws36a": ([0x0001, 0xE240, 9, 9, 9, 9, 9, 9, 0x0000], "123.456"),
    "dvh4013": ([0x0001, 0xE240], "123.456"),
    "eem350": ([0xE240, 0x0001], "12345.6"),
    "em24": ([0xE240, 0x0001], "12345.6"),
    "em340": ([0xE240, 0x0001], "12345.6"),
    "em530": ([0xE240, 0x0001], "12345.6"),
    "em540": ([0xE240, 0x0001], "12345.6"),
    "finder_7e": ([0x47F1, 0x2000], "123.456"),
    "finder_7m": ([0x0000, 7, 7, 7, 7, 0x0001, 0xE240], "123.456"),
    "iem3155": ([0, 0, 0x0001, 0xE240], "123.456"),
    "pac2200": ([0x40FE, 0x2400, 0x0000, 0x0000], "123.456"),
    "pro380": ([0x44C2, 0x8B64], "1556.356"),
    "sdm120": ([0x44C2, 0x8B64], "1556.356"),
    "sdm630": ([0x44C2, 0x8B64], "1556.356"),
    "sdm72": ([0x44C2, 0x8B64], "1556.356"),
    "sunspec_203": ([0x0001, 0xE240, 9, 9, 9, 9, 9, 9, 0x0000], "123.456"),
    "sunspec_213": ([0x47F1, 0x2000], "123.456"),
    "we517": ([0x44C2, 0x8B64], "1556.356"),
    "wm3m4": ([0x0000, 0x0000, 7, 7, 0x0001, 0xE240], "123.456"),
}
"""Of each profile, registers that its meter sends and the energy in kWh that they mean."""
EXPORTED = {
    "abb_b23": ([0, 0, 0, 0x0064], "1.00"),
    "adw300": ([0, 0x0064], "1.00"),
    "bsm_ws36a": ([0, 0x03E8, *[9] * 14, 0], "1.000"),
    "dvh4013": ([0, 0x03E8], "1.000"),
    "em24": ([0x000A, 0], "1.0"),
    "em340": ([0x000A, 0], "1.0"),
    "em530": ([0x000A, 0], "1.0"),
    "em540": ([0x000A, 0], "1.0"),
    "finder_7m": ([0, 9, 9, 9, 9, 9, 0, 0x03E8], "1.000"),
    "pac2200": ([0x408F, 0x4000, 0, 0], "1.000"),
    "pro380": ([0x3F80, 0], "1.000"),
    "sdm120": ([0x3F80, 0], "1.000"),
    "sdm630": ([0x3F80, 0], "1.000"),
    "sdm72": ([0x3F80, 0], "1.000"),
    "sunspec_203": ([0, 0x03E8, *[9] * 14, 0], "1.000"),
    "sunspec_213": ([0x447A, 0], "1.000"),
    "we517": ([0x3F80, 0], "1.000"),
    "wm3m4": ([9, 0, 9, 9, 9, 9, 0, 0x03E8], "1.000"),
}
"""The same of what flowed out, where a profile has it."""
POWERS = {
    "abb_b23": ([0x0010, 0xC8E0], "11000.00"),
    "adw300": ([0, 0x2AF8], "11000"),
    "bsm_ws36a": ([0x044C, 9, 9, 9, 0x0001], "1.100E+4"),
    "em24": ([0xADB0, 0x0001], "11000.0"),
    "em340": ([0xADB0, 0x0001], "11000.0"),
    "em530": ([0xADB0, 0x0001], "11000.0"),
    "em540": ([0xADB0, 0x0001], "11000.0"),
    "finder_7m": ([0x462B, 0xE000], "11000"),
    "pac2200": ([0x462B, 0xE000], "11000"),
    "pro380": ([0x4130, 0], "1.1E+4"),
    "sdm120": ([0x462B, 0xE000], "11000"),
    "sdm630": ([0x462B, 0xE000], "11000"),
    "sdm72": ([0x462B, 0xE000], "11000"),
    "sunspec_203": ([0x044C, 9, 9, 9, 0x0001], "1.100E+4"),
    "sunspec_213": ([0x462B, 0xE000], "11000"),
    "we517": ([0x4130, 0], "1.1E+4"),
}
"""The power of 11 kW, where a profile has it."""
NAMES = list(WRITTEN_OUT)
FLOAT_KWH = ["sdm120", "sdm630", "sdm72"]
FLOATS = ["finder_7e", "pro380", *FLOAT_KWH, "sunspec_213", "we517"]
LOW_WORD_FIRST = ["em24", "em340", "em530", "em540", "eem350"]
SUNSPEC_TOTAL = ["bsm_ws36a", "sunspec_203"]


def energy(name: str, registers: list[int]) -> Reading:
    return decode_energy(PROFILES[name]["energy_import"], registers)


def refusal(name: str, registers: list[int]) -> str:
    with pytest.raises(WattsealError) as refused:
        energy(name, registers)
    return refused.value.name


def test_the_profiles_are_those():
    assert sorted(PROFILES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_energy_as_the_meter_sends_it(name):
    registers, energy_kwh = WRITTEN_OUT[name]
    assert energy(name, registers).to_text_kwh() == energy_kwh


@pytest.mark.parametrize("name", EXPORTED)
def test_exported_energy_as_the_meter_sends_it(name: str) -> None:
    registers, energy_kwh = EXPORTED[name]
    assert decode_energy(PROFILES[name]["energy_export"], registers).to_text_kwh() == energy_kwh


@pytest.mark.parametrize("name", POWERS)
def test_power_as_the_meter_sends_it(name: str) -> None:
    registers, power_w = POWERS[name]
    assert decode_power(PROFILES[name]["power"], registers) == Decimal(power_w) == 11_000


def test_what_has_export_and_power_is_written_out() -> None:
    assert list(EXPORTED) == [name for name in NAMES if "energy_export" in PROFILES[name]]
    assert list(POWERS) == [name for name in NAMES if "power" in PROFILES[name]]


def test_power_that_flows_out_is_negative_and_a_sentinel_is_none() -> None:
    assert decode_power(PROFILES["em340"]["power"], [0x5250, 0xFFFE]) == -11_000
    assert decode_power(PROFILES["sdm630"]["power"], [0xC62B, 0xE000]) == -11_000
    for name, registers in [("abb_b23", [0x7FFF, 0xFFFF]), ("sdm630", [0x7FC0, 0])]:
        with pytest.raises(WattsealError) as refused:
            decode_power(PROFILES[name]["power"], registers)
        assert refused.value.name == "meter_sentinel"


@pytest.mark.parametrize("name", FLOAT_KWH)
def test_eastron_floats_in_kwh(name):
    assert energy(name, [0x0000, 0x0000]).to_text_kwh() == "0.000"
    assert energy(name, [0x44C2, 0x8B64]).to_text_kwh() == "1556.356"
    assert energy(name, [0x4537, 0x799A]).to_text_kwh() == "2935.600"
    assert energy(name, [0x4680, 0x0800]).to_text_kwh() == "16388.00"
    assert energy(name, [0x47C3, 0x5000]).to_text_kwh() == "100000.00"
    assert refusal(name, [0x7FC0, 0x0000]) == "meter_sentinel"
    assert refusal(name, [0xFFFF, 0xFFFF]) == "meter_sentinel"
    assert refusal(name, [0x7F80, 0x0000]) == "meter_out_of_range"
    assert refusal(name, [0xC2C8, 0x0000]) == "meter_out_of_range"
    serial = PROFILES[name]["serial"]
    assert decode_text(serial, [0x0133, 0x8E3F]) == "20155967"
    for sentinel in (0x0000, 0xFFFF):
        with pytest.raises(WattsealError):
            decode_text(serial, [sentinel, sentinel])
    assert decode_text(PROFILES[name]["firmware"], [0x0107]) == "0107"


@pytest.mark.parametrize("name", LOW_WORD_FIRST)
def test_tenths_of_a_kwh_low_word_first(name):
    assert energy(name, [0xE240, 0x0001]).to_text_kwh() == "12345.6"
    assert energy(name, [0x0000, 0x0000]).to_text_kwh() == "0.0"
    assert energy(name, [0xFFFE, 0x7FFF]).to_text_kwh() == "214748364.6"
    assert refusal(name, [0xFFFF, 0xFFFF]) == "meter_out_of_range"  # -1
    assert refusal(name, [0x0000, 0x8000]) == "meter_out_of_range"


def test_new_figures_of_carlo_gavazzi_and_phoenix() -> None:
    for name in ("em24", "eem350"):
        assert refusal(name, [0xFFFF, 0x7FFF]) == "meter_sentinel"
    assert PROFILES["eem350"]["max_registers"] == 11
    assert decode_text(PROFILES["em24"]["identity"], [0x0047]) == "71"


@pytest.mark.parametrize("name", ["em340", "em530", "em540"])
def test_carlo_gavazzis_serial_sentinel_and_version(name):
    assert refusal(name, [0xFFFF, 0x7FFF]) == "meter_sentinel"
    serial = PROFILES[name]["serial"]
    # "BX12345": in the low bytes on an ET340, packed and padded on others.
    assert decode_text(serial, [0x42, 0x58, 0x31, 0x32, 0x33, 0x34, 0x35]) == "BX12345"
    assert decode_text(serial, [0x4258, 0x3132, 0x3334, 0x3500, 0, 0, 0]) == "BX12345"
    assert decode_text(PROFILES[name]["firmware"], [0x1203]) == "1203"


def test_abb_b23():
    assert energy("abb_b23", [0, 0, 0x0001, 0xE240]).to_text_kwh() == "1234.56"
    assert energy("abb_b23", [0, 0x0001, 0, 0]).to_text_kwh() == "42949672.96"
    assert refusal("abb_b23", [0xFFFF] * 4) == "meter_sentinel"
    assert refusal("abb_b23", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE]) == "meter_out_of_range"
    assert decode_text(PROFILES["abb_b23"]["serial"], [0x0001, 0xE240]) == "123456"
    version = [0x4231, 0x2E32, 0x332E, 0x3000, 0, 0, 0, 0]
    assert decode_text(PROFILES["abb_b23"]["firmware"], version) == "B1.23.0"


def test_schneider_iem3155():
    assert energy("iem3155", [0, 0, 0x0001, 0xE240]).to_text_kwh() == "123.456"
    assert energy("iem3155", [0, 0x0010, 0, 0x0001]).to_text_kwh() == "68719476.737"
    assert refusal("iem3155", [0x8000, 0, 0, 0]) == "meter_sentinel"
    assert refusal("iem3155", [0xFFFF] * 4) == "meter_sentinel"
    assert refusal("iem3155", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE]) == "meter_out_of_range"
    assert decode_text(PROFILES["iem3155"]["serial"], [0x0BEB, 0xC200]) == "200000000"


def test_finder_7m_number_and_power():
    assert energy("finder_7m", [0x0000, 7, 7, 7, 7, 0x0001, 0xE240]).to_text_kwh() == "123.456"
    assert energy("finder_7m", [0xFFFF, 7, 7, 7, 7, 0x0001, 0xE240]).to_text_kwh() == "12.3456"
    assert energy("finder_7m", [0x0001, 7, 7, 7, 7, 0x0001, 0xE240]).to_text_kwh() == "1234.56"
    assert refusal("finder_7m", [0, 7, 7, 7, 7, 0xFFFF, 0xFFFF]) == "meter_out_of_range"
    assert refusal("finder_7m", [0x8000, 7, 7, 7, 7, 0x0001, 0xE240]) == "meter_sentinel"
    exported = PROFILES["finder_7m"]["energy_export"]
    assert decode_energy(exported, [1, 9, 9, 9, 9, 9, 0, 0x03E8]).to_text_kwh() == "10.00"
    serial = [0x3030, 0x3132, 0x3334, 0x3536]
    assert decode_text(PROFILES["finder_7m"]["serial"], serial) == "00123456"


def test_iskra_wm3m4_mantissa_and_power():
    # 414: power of the import total, 415: of the export, 418: mantissa, 420: that of the export.
    assert energy("wm3m4", [0x0000, 0x0000, 7, 7, 0x0001, 0xE240]).to_text_kwh() == "123.456"
    assert energy("wm3m4", [0xFFFF, 0x0000, 7, 7, 0x0001, 0xE240]).to_text_kwh() == "12.3456"
    assert energy("wm3m4", [0x0001, 0x0000, 7, 7, 0x0001, 0xE240]).to_text_kwh() == "1234.56"
    assert refusal("wm3m4", [0x0000, 0, 7, 7, 0xFFFF, 0xFFFF]) == "meter_out_of_range"
    assert refusal("wm3m4", [0x8000, 0, 7, 7, 0x0001, 0xE240]) == "meter_sentinel"
    serial = [0x4D33, 0x3030, 0x3132, 0x3334]
    assert decode_text(PROFILES["wm3m4"]["serial"], serial) == "M3001234"


@pytest.mark.parametrize("name", SUNSPEC_TOTAL)
def test_sunspec_accumulators_with_a_scale_factor(name):
    between = [9, 9, 9, 9, 9, 9]
    assert energy(name, [0x0001, 0xE240, *between, 0x0000]).to_text_kwh() == "123.456"
    assert energy(name, [0x0001, 0xE240, *between, 0x0001]).to_text_kwh() == "1234.56"
    assert energy(name, [0x0001, 0xE240, *between, 0xFFFF]).to_text_kwh() == "12.3456"
    assert refusal(name, [0x0000, 0x0000, *between, 0x0000]) == "meter_sentinel"
    assert refusal(name, [0x0001, 0xE240, *between, 0x8000]) == "meter_sentinel"
    before = energy(name, [0xFFFF, 0xFFFF, *between, 0x0000])
    assert energy(name, [0x0000, 0x0001, *between, 0x0000]) < before  # the counter wrapped


def test_sunspec_213_counts_watt_hours_in_a_float():
    assert energy("sunspec_213", [0x47F1, 0x2000]).to_text_kwh() == "123.456"
    assert energy("sunspec_213", [0x4B80, 0x0000]).exponent == 1
    assert refusal("sunspec_213", [0x7FC0, 0x0000]) == "meter_sentinel"


@pytest.mark.parametrize("name", ["sunspec_203", "sunspec_213", "bsm_ws36a"])
def test_sunspec_texts(name):
    serial = [0x3230, 0x3230, 0x3132, *[0] * 13]
    assert decode_text(PROFILES[name]["serial"], serial) == "202012"
    assert decode_text(PROFILES[name]["firmware"], [0x312E, 0x3900, *[0] * 6]) == "1.9"


def test_the_sunspec_models_lead_to_the_bsm_ws36as_own_addresses():
    models = {1: (40002, 68), 203: (40090, 107)}
    for key in ("energy_import", "serial", "firmware"):
        found = sunspec.located(PROFILES["sunspec_203"][key], models)
        assert found["address"] == PROFILES["bsm_ws36a"][key]["address"]
        assert found["count"] == PROFILES["bsm_ws36a"][key]["count"]
    assert sorted(sunspec.wanted_models(PROFILES["sunspec_203"])) == [1, 203]


@pytest.mark.parametrize("name", NAMES)
def test_every_quantity_can_be_asked_for(name):
    profile = PROFILES[name]
    for key in QUANTITIES:
        if key in profile:
            quantity = profile[key]
            assert quantity["count"] <= profile["max_registers"]
            modbus_rtu.build_read(1, quantity["function"], quantity["address"], quantity["count"])


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_says_where_it_is_from_and_what_is_left_out(name):
    profile = PROFILES[name]
    assert profile["sources"]
    missing = [key for key in ("serial", "firmware", "line") if key not in profile]
    assert not missing or "Left out" in profile["notes"]


def test_float_profiles_are_those() -> None:
    found = [name for name in NAMES if PROFILES[name]["energy_import"]["type"] == "f32"]
    assert found == FLOATS


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize(
    "registers",
    [
        [0, 1],
        [0x007F, 0xFFFF],
        [0x1234, 0x5678],
        [0x8000, 1],
        [0x7FC0, 0],
        [0x7F80, 0],
        [0xFF80, 0],
    ],
)
def test_stray_bits_are_no_float(name: str, registers: list[int]) -> None:
    with pytest.raises(WattsealError) as refused:
        energy(name, registers)
    assert refused.value.name in ("meter_out_of_range", "meter_sentinel")
