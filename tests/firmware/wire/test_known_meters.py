"""Every meter that there is a profile of, read by the application from the rig's emulation."""

import pytest
from support.app.meter import TURNAROUND_US, FakeMeterLine
from support.app.port import FakePort
from wattseal.meter.emulator import meter as rig
from wattseal.meter.profile import known_profile, profile_names
from wire.meter import Meter
from wire.modbus_line import ModbusLine

ENERGY_WH = 2_935_600


class EmulatedMeter:
    """The rig's meter on the line of these tests."""

    def __init__(self, profile: str) -> None:
        self.meter = rig.Meter(profile, lambda: 0, energy_wh=ENERGY_WH)

    def answer(self, request: bytes) -> list[tuple[int, bytes]]:
        reply, _fault = self.meter.answer(request)
        return [(TURNAROUND_US, part.data) for part in reply.segments] if reply else []


@pytest.mark.parametrize("name", profile_names())
def test_it_is_read_as_it_shows(name: str) -> None:
    emulated = EmulatedMeter(name)
    port = FakePort(lambda port: FakeMeterLine(port, emulated))
    line = ModbusLine(port, port.open_meter_line(9600, "none", 1), 9600, 10)
    profile = known_profile(name)
    meter = Meter(port, line, emulated.meter.unit, profile)
    reading = meter.read_for_signing(emulated.meter.serial if "serial" in profile else "0815")
    assert reading.value == ENERGY_WH // 10**reading.exponent
    assert 0 <= reading.exponent <= 2
    assert meter.serial == (emulated.meter.serial if "serial" in profile else None)
    assert (meter.firmware is not None) == ("firmware" in profile)
