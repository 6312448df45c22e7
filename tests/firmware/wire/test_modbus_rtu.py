import pytest
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import ReadInputRegistersResponse
from wattseal.wire.errors import WattsealError
from wattseal.wire.modbus_rtu import (
    MAX_FRAME_BYTES,
    ReplyParser,
    build_read,
    crc16,
    parse_reply,
    silence_us,
    strip_echo,
)


def framed(text: str) -> bytes:
    body = bytes.fromhex(text)
    crc = crc16(body)
    return body + bytes((crc & 0xFF, crc >> 8))


UNIT, FUNCTION, COUNT = 1, 4, 2
REPLY = bytes.fromhex("01 04 04 44C2 8B64 2993")
REGISTERS = [0x44C2, 0x8B64]


def parse(frame: bytes) -> list:
    return parse_reply(UNIT, FUNCTION, COUNT, frame)


def refusal(frame: bytes) -> WattsealError:
    with pytest.raises(WattsealError) as refused:
        parse(frame)
    return refused.value


def test_the_good_reply_is_framed_right():
    assert framed("01 04 04 44C2 8B64") == REPLY


def test_the_request_is_the_one_of_the_specification():
    # MODBUS Application Protocol V1.1b3, section 6.3: registers 108 to 110 of unit 17.
    assert build_read(0x11, 3, 0x006B, 3) == bytes.fromhex("11 03 006B 0003 7687")


def test_pymodbus_understands_our_request_and_we_its_reply():
    request = build_read(UNIT, FUNCTION, 0x48, COUNT)
    consumed, pdu = FramerRTU(DecodePDU(is_server=True)).handleFrame(request, 0, 0)
    assert (consumed, pdu.dev_id, pdu.address, pdu.count) == (8, UNIT, 0x48, COUNT)
    answer = ReadInputRegistersResponse(registers=REGISTERS, dev_id=UNIT)
    assert FramerRTU(DecodePDU(is_server=True)).buildFrame(answer) == REPLY


@pytest.mark.parametrize(
    "arguments",
    [(0, 3, 0, 1), (248, 3, 0, 1), (1, 6, 0, 1), (1, 3, -1, 1), (1, 3, 65535, 2), (1, 3, 0, 0)],
)
def test_requests_that_no_meter_could_answer_are_not_built(arguments):
    with pytest.raises(ValueError, match=r"outside|does not read"):
        build_read(*arguments)


@pytest.mark.parametrize("pieces", [1, 2, 3, len(REPLY)])
def test_a_reply_arrives_in_pieces(pieces):
    parser = ReplyParser(UNIT, FUNCTION, COUNT)
    size = -(-len(REPLY) // pieces)
    for at in range(0, len(REPLY), size):
        assert parser.missing() > 0
        parser.feed(REPLY[at : at + size])
    assert parser.missing() == 0
    assert parser.registers() == REGISTERS


def test_the_parser_never_waits_for_more_than_the_frame_needs():
    parser = ReplyParser(UNIT, FUNCTION, COUNT)
    taken = 0
    while parser.missing():
        step = parser.missing()
        parser.feed(REPLY[taken : taken + step])
        taken += step
    assert taken == len(REPLY)


def test_an_exception_reply_is_complete_after_five_bytes():
    parser = ReplyParser(UNIT, FUNCTION, COUNT)
    parser.feed(framed("01 84 02"))
    assert parser.missing() == 0


def test_another_units_longer_reply_is_taken_in_whole_and_can_be_cleared():
    parser = ReplyParser(UNIT, FUNCTION, COUNT)
    other = framed("07 03 08 0001 0002 0003 0004")
    parser.feed(other[:-1])
    assert parser.missing() == 1
    parser.feed(other[-1:])
    with pytest.raises(WattsealError) as refused:
        parser.registers()
    assert refused.value.name == "meter_wrong_unit"
    parser.clear()
    parser.feed(REPLY)
    assert parser.registers() == REGISTERS


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (b"", "meter_no_reply"),
        (REPLY[:-1], "meter_wrong_length"),
        (REPLY[:3], "meter_wrong_length"),
        (REPLY[:1], "meter_wrong_length"),
        (REPLY + b"\x00", "meter_wrong_length"),
        (REPLY + REPLY, "meter_wrong_length"),
        (REPLY[:-2] + bytes((REPLY[-1], REPLY[-2])), "meter_bad_crc"),
        (framed("02 04 04 44C2 8B64"), "meter_wrong_unit"),
        (framed("01 03 04 44C2 8B64"), "meter_wrong_function"),
        (framed("01 04 02 44C2"), "meter_wrong_length"),
        (framed("01 04 06 44C2 8B64 0000"), "meter_wrong_length"),
        (framed("01 04 05 44C2 8B64"), "meter_wrong_length"),
        (build_read(UNIT, FUNCTION, 0x48, COUNT), "meter_wrong_length"),
        (build_read(UNIT, FUNCTION, 0x48, COUNT) + REPLY, "meter_wrong_length"),
        (framed("01 83 02"), "meter_wrong_function"),
        (b"\x00" * 300, "meter_wrong_length"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.hex()[:24] or "nothing",
)
def test_each_wrong_reply_is_refused_by_name(frame, name):
    assert refusal(frame).name == name


@pytest.mark.parametrize(
    ("code", "exception"),
    [
        (1, "illegal_function"),
        (2, "illegal_data_address"),
        (3, "illegal_data_value"),
        (4, "server_device_failure"),
        (6, "server_device_busy"),
        (11, "gateway_target_failed_to_respond"),
        (99, "unknown"),
    ],
)
def test_exceptions_are_told_apart(code, exception):
    error = refusal(framed(f"01 84 {code:02x}"))
    assert error.name == "meter_exception"
    assert error.detail == {"exception": exception, "exception_code": code}


def test_every_single_flipped_bit_is_refused():
    for at in range(len(REPLY)):
        for bit in range(8):
            bad = bytearray(REPLY)
            bad[at] ^= 1 << bit
            refusal(bytes(bad))


def test_every_cut_and_every_lost_byte_is_refused():
    for at in range(len(REPLY)):
        refusal(REPLY[:at])
        refusal(REPLY[:at] + REPLY[at + 1 :])


def test_a_flood_is_held_in_bounded_memory_and_refused():
    parser = ReplyParser(UNIT, FUNCTION, COUNT)
    for _ in range(1000):
        parser.feed(REPLY)
    assert parser.missing() == 0
    with pytest.raises(WattsealError) as refused:
        parser.registers()
    assert refused.value.detail["found"] == MAX_FRAME_BYTES + 1


def test_the_largest_reply_is_read():
    registers = list(range(1000, 1125))
    body = f"01 03 FA {b''.join(r.to_bytes(2, 'big') for r in registers).hex()}"
    assert parse_reply(1, 3, 125, framed(body)) == registers


def test_a_parser_knows_the_request_that_it_heard_instead_of_a_reply():
    sent = build_read(UNIT, FUNCTION, 0x48, COUNT)
    for received, is_echo in [
        (sent + REPLY, True),
        (sent, True),
        (sent[:7], False),
        (REPLY, False),
    ]:
        parser = ReplyParser(UNIT, FUNCTION, COUNT)
        parser.feed(received)
        assert parser.begins_with(sent) == is_echo


@pytest.mark.parametrize("step", [1, 2, 3, 20])
def test_one_leading_zero_byte_is_dropped_however_it_comes(step):
    parser = ReplyParser(UNIT, FUNCTION, COUNT)
    noisy = b"\0" + REPLY
    for at in range(0, len(noisy), step):
        parser.feed(noisy[at : at + step])
    assert parser.missing() == 0
    assert parser.registers() == parse_reply(UNIT, FUNCTION, COUNT, REPLY)


def test_the_own_echo_is_taken_off_and_a_collision_noticed():
    sent = build_read(UNIT, FUNCTION, 0x48, COUNT)
    assert strip_echo(sent + REPLY, sent) == REPLY
    assert strip_echo(sent, sent) == b""
    assert strip_echo(sent[:3], sent) == b""
    with pytest.raises(WattsealError) as refused:
        strip_echo(REPLY, sent)
    assert refused.value.name == "meter_line_busy"


@pytest.mark.parametrize(
    ("baud", "bits", "expected"),
    [
        (9600, 11, 4011),  # 3.5 * 11 / 9600 s = 4010.4 us
        (9600, 10, 3646),
        (2400, 11, 16042),
        (19200, 11, 2006),
        (38400, 11, 1750),  # the standard's fixed time above 19200 baud
        (115200, 10, 1750),
    ],
)
def test_the_silence_is_three_and_a_half_characters(baud, bits, expected):
    assert silence_us(baud, bits) == expected


# Check values of the Rocksoft catalogue for "123456789", and frames of the Modbus specification.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"123456789", 0x4B37),
        (b"", 0xFFFF),
        (b"\x00", 0x40BF),
        (bytes.fromhex("010300000001"), 0x0A84),
        (bytes.fromhex("110300060001"), 0x9B66),
    ],
)
def test_crc16_gives_the_published_value(data, expected):
    assert crc16(data) == expected


def test_crc16_equals_the_definition_bit_by_bit_for_every_byte():
    for byte in range(256):
        crc = 0xFFFF ^ byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        assert crc16(bytes((byte,))) == crc
