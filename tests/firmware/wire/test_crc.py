import binascii

import pytest
from wattseal.wire.crc import crc16, crc32


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


def test_crc32_is_the_one_of_zlib():
    assert crc32(b"123456789") == 0xCBF43926 == binascii.crc32(b"123456789")
