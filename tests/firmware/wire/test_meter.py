"""The meter by its profile: retries, two reads that must agree, identity, SunSpec."""

import pytest
from support.app import meter as faults
from support.app.bench import MUTE, SDM630
from support.app.meter import ENERGY, FIRMWARE, SERIAL, FakeMeter, FakeMeterLine
from support.app.port import FakePort
from wire.errors import WattsealError
from wire.meter import Meter
from wire.modbus_line import ModbusLine
from wire.reading import Reading


def make(fake: FakeMeter, profile: dict = SDM630) -> Meter:
    port = FakePort(lambda port: FakeMeterLine(port, fake))
    line = port.open_meter_line(9600, "none", 1)
    return Meter(port, ModbusLine(port, line, 9600, 10), 1, profile)


def refusal(meter: Meter, serial: str | None = None) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        meter.read_for_signing(serial)
    return raised.value


def test_reading_to_sign_is_the_second_of_two_with_the_serial_number_between() -> None:
    fake = FakeMeter()
    fake.rise_wh = 3
    meter = make(fake)
    assert meter.read_for_signing("12345678") == Reading(1_000_006, 0)
    assert fake.requests == [(*ENERGY, 2), (*SERIAL, 2), (*FIRMWARE, 1), (*ENERGY, 2)]
    assert (meter.serial, meter.firmware) == ("12345678", "0102")


def test_firmware_is_read_once_but_again_for_another_meter() -> None:
    fake = FakeMeter()
    meter = make(fake)
    meter.read_for_signing(None)
    meter.read_for_signing(None)
    assert fake.requests.count((*FIRMWARE, 1)) == 1
    fake.serial, fake.firmware = 999, 0x0200
    meter.read_for_signing(None)
    assert (meter.serial, meter.firmware) == ("999", "0200")


def test_meter_without_a_firmware_register_is_read_all_the_same() -> None:
    fake = FakeMeter()
    fake.firmware = None
    meter = make(fake)
    meter.read_for_signing(None)
    assert meter.firmware is None


@pytest.mark.parametrize(
    "fault",
    [
        faults.silence,
        faults.bad_crc,
        faults.wrong_unit,
        faults.wrong_function,
        faults.doubled,
        faults.cut,
        faults.late(1_200_000),
    ],
)
@pytest.mark.parametrize("at", range(4))
def test_line_fault_is_repeated_away_in_any_request(fault: faults.Fault, at: int) -> None:
    fake = FakeMeter()
    fake.faults = [None] * at + [fault, fault]
    assert make(fake).read_for_signing("12345678") == Reading(1_000_000, 0)
    assert len(fake.requests) == 6


def test_line_fault_that_stays_is_told_after_three_attempts() -> None:
    fake = FakeMeter()
    fake.faults = [faults.bad_crc] * 3
    assert refusal(make(fake)).name == "meter_bad_crc"
    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (faults.exception, "meter_exception"),
        (faults.sentinel, "meter_sentinel"),
        (faults.value(b"\xc4\x7a\x00\x00"), "meter_out_of_range"),  # -1000.0
        (faults.value(b"\x7f\x80\x00\x00"), "meter_out_of_range"),  # infinity
    ],
)
def test_the_meters_own_word_is_not_asked_for_again(fault: faults.Fault, name: str) -> None:
    fake = FakeMeter()
    fake.faults = [fault]
    assert refusal(make(fake)).name == name
    assert len(fake.requests) == 1


def test_energy_that_falls_between_two_reads_is_unstable() -> None:
    fake = FakeMeter()
    fake.rise_wh = -1
    error = refusal(make(fake))
    assert error.name == "meter_unstable"
    assert error.detail == {"first_kwh": "999.999", "second_kwh": "999.998"}


def test_energy_that_rises_faster_than_any_power_is_unstable() -> None:
    fake = FakeMeter()
    fake.rise_wh = 100
    assert refusal(make(fake)).name == "meter_unstable"


def test_energy_may_rise_by_what_a_charger_delivers() -> None:
    fake = FakeMeter()
    fake.rise_wh = 15  # in some 100 ms: half a megawatt
    assert make(fake).read_for_signing(None) == Reading(1_000_030, 0)


def test_one_step_of_a_coarse_counter_is_no_disturbance() -> None:
    fake = FakeMeter(energy_wh=40_000_000)  # a float in kWh moves by 4 Wh here and shows 10 Wh
    fake.rise_wh = 4
    assert make(fake).read_for_signing(None).exponent == 1


def test_reply_with_another_registers_content_is_caught() -> None:
    fake = FakeMeter()
    fake.faults = [None, faults.value(b"\x44\x7a\x00\x00")]  # the energy where the serial should be
    assert refusal(make(fake), "12345678").name == "meter_serial_mismatch"


def test_other_serial_number_is_refused_before_the_second_read() -> None:
    fake = FakeMeter(serial=1)
    error = refusal(make(fake), "12345678")
    assert error.name == "meter_serial_mismatch"
    assert error.detail == {"expected": "12345678", "found": "1"}


def test_meter_without_a_serial_register_is_not_compared() -> None:
    meter = make(FakeMeter(), MUTE)
    assert meter.read_for_signing("typed by hand") == Reading(1_000_000, 0)
    assert (meter.serial, meter.firmware) == (None, None)


# --- SunSpec ---------------------------------------------------------------------------------

SUNSPEC = {
    **MUTE,
    "sunspec_marker": 40000,
    "energy_import": {
        "function": 3,
        "address": 4,
        "count": 3,
        "model": 203,
        "type": "u32",
        "exponent": 0,
        "exponent_offset": 2,
    },
    "serial": {"function": 3, "address": 2, "count": 2, "model": 1, "type": "ascii"},
}
SUNSPEC_REGISTERS = {
    40000: b"SunS",
    40002: b"\x00\x01\x00\x04",  # model 1, four registers
    40004: b"AB12",
    40008: b"\x00\xcb\x00\x06",  # model 203, six registers
    40012: b"\x00\x00\x30\x39\x00\x01",  # 12345 times ten
    40016: b"\xff\xff\x00\x00",
}


class SunspecMeter(FakeMeter):
    def _registers(self, function: int, address: int) -> bytes | None:
        return SUNSPEC_REGISTERS.get(address)


def test_sunspec_models_are_found_once() -> None:
    fake = SunspecMeter()
    meter = make(fake, SUNSPEC)
    assert meter.read_for_signing("AB12") == Reading(12345, 1)
    assert meter.read_energy() == Reading(12345, 1)
    assert [address for _, address, _ in fake.requests].count(40000) == 1


def test_device_without_the_marker_is_not_recognised() -> None:
    fake = SunspecMeter()
    fake.faults = [faults.value(b"Snus")]
    assert refusal(make(fake, SUNSPEC)).name == "meter_not_recognised"
