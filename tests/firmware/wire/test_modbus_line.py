"""The master on a line in virtual time: silences, time-outs, late replies, echo, strangers."""

import pytest
from support.app import meter as faults
from support.app.meter import ENERGY, SERIAL, FakeMeter, FakeMeterLine
from support.app.port import FakePort
from wire.errors import WattsealError
from wire.modbus_line import ModbusLine

SILENCE_US = 3646  # 3.5 characters of 10 bits at 9600 baud


class Rig:
    def __init__(self, echo: bool = False) -> None:
        self.meter = FakeMeter()
        self.port = FakePort(lambda port: FakeMeterLine(port, self.meter, echo=echo))
        self.line = self.port.open_meter_line(9600, "none", 1)
        self.master = ModbusLine(self.port, self.line, 9600, 10)

    def read(self, timeout_ms: int = 1000) -> list[int]:
        return self.master.read_registers(1, *ENERGY, 2, timeout_ms)

    def refusal(self, *orders: faults.Fault) -> WattsealError:
        self.meter.faults = list(orders)
        with pytest.raises(WattsealError) as raised:
            self.read()
        return raised.value


def test_reply_is_read_and_takes_what_the_line_takes() -> None:
    rig = Rig()
    assert rig.read() == [0x447A, 0x0000]  # 1000.0
    assert rig.port.us < 32_000


def test_end_of_a_reply_is_noticed_at_once_although_the_uart_has_a_fifo() -> None:
    rig = Rig()
    rig.line.fifo_bytes = 4
    assert rig.read() == [0x447A, 0x0000]
    assert rig.port.us < 32_000


def test_every_request_follows_a_silence() -> None:
    rig = Rig()
    for _ in range(3):
        rig.read()
    assert min(rig.line.silences_us) >= SILENCE_US


def test_noise_is_let_go_and_the_silence_starts_anew() -> None:
    rig = Rig()
    rig.read()
    rig.line.receive(rig.port.us, b"\x00\xff noise")
    rig.port.us += 2000  # two characters of it have come when the next request is due
    assert rig.read() == [0x447A, 0x0000]
    assert min(rig.line.silences_us) >= SILENCE_US


def test_line_that_never_falls_silent_is_named() -> None:
    rig = Rig()
    rig.line.receive(rig.port.us, b"\x55" * 3000)
    with pytest.raises(WattsealError) as raised:
        rig.read()
    assert raised.value.name == "meter_line_busy"
    assert rig.meter.requests == []


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (faults.silence, "meter_no_reply"),
        (faults.bad_crc, "meter_bad_crc"),
        (faults.wrong_unit, "meter_wrong_unit"),
        (faults.wrong_function, "meter_wrong_function"),
        (faults.exception, "meter_exception"),
        (faults.doubled, "meter_wrong_length"),
        (faults.cut, "meter_wrong_length"),
        (faults.trailing_garbage, "meter_wrong_length"),
        (faults.too_long, "meter_wrong_length"),
        (faults.late(1_100_000), "meter_no_reply"),
    ],
)
def test_fault_is_named_and_the_next_request_is_answered(fault: faults.Fault, name: str) -> None:
    rig = Rig()
    assert rig.refusal(fault).name == name
    assert rig.read() == [0x447A, 0x0000]
    assert min(rig.line.silences_us) >= SILENCE_US


def test_exception_is_told_apart() -> None:
    assert Rig().refusal(faults.exception).detail["exception"] == "server_device_failure"


def test_late_reply_does_not_answer_the_next_request() -> None:
    rig = Rig()
    rig.refusal(faults.late(1_300_000))
    rig.meter.energy_wh = 2_000_000
    assert rig.read() == [0x44FA, 0x0000]  # 2000.0, the new value


def test_reply_behind_a_wrong_frame_is_let_pass_before_the_next_request() -> None:
    rig = Rig()
    rig.refusal(lambda _, reply: [(4000, reply[:-1] + b"?"), (9000, reply)])
    assert rig.read() == [0x447A, 0x0000]
    assert rig.line.collisions == 0


def test_replies_to_two_requests_are_let_pass_before_the_third() -> None:
    rig = Rig()
    assert rig.refusal(faults.silence).name == "meter_no_reply"
    rig.meter.faults = [lambda _, reply: [(4000, reply), (9000, reply)]]
    assert rig.read() == [0x447A, 0x0000]
    assert rig.read() == [0x447A, 0x0000]
    assert rig.line.collisions == 0


def test_frame_of_another_unit_is_skipped() -> None:
    rig = Rig()
    rig.meter.faults = [faults.stranger_first]
    assert rig.read() == [0x447A, 0x0000]


def test_time_out_covers_the_wait_for_the_first_byte_and_not_the_reply() -> None:
    rig = Rig()
    rig.meter.faults = [faults.late(999_000)]
    assert rig.read() == [0x447A, 0x0000]


def test_time_out_is_kept() -> None:
    rig = Rig()
    rig.refusal(faults.silence)
    assert 1_000_000 < rig.port.us < 1_030_000


def test_own_echo_is_removed() -> None:
    rig = Rig(echo=True)
    assert rig.read() == [0x447A, 0x0000]
    rig.meter.faults = [faults.silence]
    with pytest.raises(WattsealError) as raised:
        rig.read()
    assert raised.value.name == "meter_no_reply"


def test_echo_that_is_not_what_was_sent_tells_of_another_sender() -> None:
    rig = Rig(echo=True)
    garbled = rig.line.receive
    rig.line.receive = lambda at, data: garbled(at, bytes((data[0] ^ 1,)) + data[1:])  # type: ignore[method-assign]
    with pytest.raises(WattsealError) as raised:
        rig.read()
    assert raised.value.name == "meter_line_busy"


class DeafToNothing(Rig):
    """The line echoes, and the master was not told."""

    def __init__(self) -> None:
        super().__init__(echo=True)
        self.master = ModbusLine(self.port, self.line, 9600, 10, echo=False)


@pytest.mark.parametrize("place", [ENERGY, SERIAL])
@pytest.mark.parametrize("turnaround_us", [0, 200, 4_000, 40_000])
def test_line_that_echoes_is_said_to_do_so(place: tuple[int, int], turnaround_us: int) -> None:
    rig = DeafToNothing()
    for _ in range(2):
        rig.meter.faults = [faults.late(turnaround_us)]
        with pytest.raises(WattsealError) as raised:
            rig.master.read_registers(1, *place, 2, 1000)
        assert raised.value.name == "meter_line_echo"
    assert min(rig.line.silences_us) >= SILENCE_US
    assert rig.line.collisions == 0


def test_echo_of_a_meter_that_does_not_answer_is_an_echo_all_the_same() -> None:
    assert DeafToNothing().refusal(faults.silence).name == "meter_line_echo"


def test_line_that_does_not_echo_although_it_is_said_to() -> None:
    rig = Rig()
    rig.master = ModbusLine(rig.port, rig.line, 9600, 10, echo=True)
    with pytest.raises(WattsealError) as raised:
        rig.read()
    assert raised.value.name == "meter_line_busy"
    assert "meter_echo" in raised.value.detail["cause"]


@pytest.mark.parametrize("gap_us", [0, 1_500, 20_000])
def test_one_zero_byte_of_turn_around_noise_is_let_pass(gap_us: int) -> None:
    rig = Rig()
    rig.meter.faults = [lambda _, reply: [(1_000, b"\0"), (gap_us, reply)]]
    assert rig.read() == [0x447A, 0x0000]
    assert rig.read() == [0x447A, 0x0000]
    assert rig.line.collisions == 0


def test_zero_byte_behind_an_echo_is_let_pass() -> None:
    rig = Rig(echo=True)
    rig.meter.faults = [lambda _, reply: [(0, b"\0"), (3_000, reply)]]
    assert rig.read() == [0x447A, 0x0000]


@pytest.mark.parametrize("noise", [b"\0\0", b"\xff", b"\0\xff"])
def test_no_other_noise_is_let_pass(noise: bytes) -> None:
    refused = Rig().refusal(lambda _, reply: [(1_000, noise + reply)])
    assert refused.name in ("meter_wrong_length", "meter_bad_crc")


def test_zero_byte_alone_is_no_reply() -> None:
    assert Rig().refusal(lambda _, _reply: [(1_000, b"\0")]).name == "meter_no_reply"


# --- work while the line is waited for -------------------------------------------------------


class WorkingRig(Rig):
    """Reads with work to do that takes its time: before the reply and behind it."""

    def __init__(self, echo: bool = False) -> None:
        super().__init__(echo)
        self.used: list[list[int]] = []
        self.prepared = 0
        self.use_us = self.meanwhile_us = 0

    def read(self, timeout_ms: int = 1000) -> list[int]:
        made: list[int] = self.master.read_registers(
            1, *ENERGY, 2, timeout_ms, self.use, self.prepare
        )
        return made

    def use(self, registers: list[int]) -> list[int]:
        self.port.us += self.use_us
        self.used.append(registers)
        return registers

    def prepare(self) -> None:
        self.port.us += self.meanwhile_us
        self.prepared += 1


def elapsed_us(rig: Rig) -> int:
    start_us = rig.port.us
    for _ in range(2):
        assert rig.read() == [0x447A, 0x0000]
    assert min(rig.line.silences_us) >= SILENCE_US
    return rig.port.us - start_us


def test_work_before_and_behind_the_reply_takes_no_time_of_its_own() -> None:
    rig = WorkingRig()
    rig.use_us, rig.meanwhile_us = 3_000, 12_000
    assert elapsed_us(rig) == elapsed_us(Rig())
    assert (len(rig.used), rig.prepared) == (2, 2)


def test_work_longer_than_the_silence_has_waited_for_it() -> None:
    rig = WorkingRig()
    rig.use_us = 20_000
    assert elapsed_us(rig) == elapsed_us(Rig()) + 2 * (20_000 - SILENCE_US)


@pytest.mark.parametrize("use_us", [0, 500, 3_000, 20_000])
@pytest.mark.parametrize("fault", [faults.doubled, faults.trailing_garbage])
def test_frame_that_goes_on_while_it_is_used_is_refused(fault: faults.Fault, use_us: int) -> None:
    rig = WorkingRig()
    rig.use_us = use_us
    assert rig.refusal(fault).name == "meter_wrong_length"
    assert rig.read() == [0x447A, 0x0000]
    assert min(rig.line.silences_us) >= SILENCE_US


def refuse_registers(registers: list[int]) -> None:
    raise WattsealError("meter_sentinel")


@pytest.mark.parametrize(
    ("fault", "name"), [(None, "meter_sentinel"), (faults.doubled, "meter_wrong_length")]
)
def test_refusal_of_the_registers_counts_only_if_the_frame_ended(
    fault: faults.Fault | None, name: str
) -> None:
    rig = WorkingRig()
    rig.use = refuse_registers  # type: ignore[assignment, method-assign]
    assert rig.refusal(fault).name == name
    assert Rig.read(rig) == [0x447A, 0x0000]
    assert min(rig.line.silences_us) >= SILENCE_US


def test_work_that_fails_leaves_no_reply_to_the_next_request() -> None:
    rig = WorkingRig()

    def fail() -> None:
        raise WattsealError("out_of_range")

    rig.prepare = fail  # type: ignore[method-assign]
    assert rig.refusal().name == "out_of_range"
    rig.meter.energy_wh = 2_000_000
    assert Rig.read(rig) == [0x44FA, 0x0000]
    assert min(rig.line.silences_us) >= SILENCE_US


def test_reply_that_came_during_long_work_is_taken() -> None:
    rig = WorkingRig()
    rig.meanwhile_us = 400_000
    assert rig.read(timeout_ms=50) == [0x447A, 0x0000]
