"""CRC-16/MODBUS and CRC-32 against the standard library and published values."""

import binascii
import random

import pytest
from support.core.library import Core

SIZES = [0, 1, 2, 7, 8, 55, 56, 63, 64, 65, 119, 120, 255, 256, 1000, 4096, 70_000]


def crc16_by_division(data: bytes) -> int:
    """CRC-16/MODBUS as polynomial division: x^16 + x^15 + x^2 + 1, bits reflected."""
    bits = [byte >> i & 1 for byte in data for i in range(8)] + [0] * 16
    for i in range(16):
        bits[i] ^= 1  # the initial value 0xFFFF
    for i in range(len(bits) - 16):
        if bits[i]:
            for tap in (0, 1, 14, 16):
                bits[i + tap] ^= 1
    return sum(bit << i for i, bit in enumerate(bits[-16:]))


def test_crc16_has_the_catalogues_check_value(core: Core) -> None:
    assert core.crc16(b"123456789") == 0x4B37


def test_crc16_of_a_request_from_the_modbus_specification(core: Core) -> None:
    # Read one holding register at 0 of unit 1; on the wire the CRC is 84 0A.
    assert core.crc16(bytes.fromhex("010300000001")) == 0x0A84


@pytest.mark.parametrize("size", [2, 3, 8, 64, 253])
def test_crc16_agrees_with_polynomial_division(core: Core, size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert core.crc16(data) == crc16_by_division(data)


def test_crc16_of_nothing(core: Core) -> None:
    assert core.crc16(b"") == 0xFFFF


@pytest.mark.parametrize("size", SIZES)
def test_crc32_agrees_with_zlib(core: Core, size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert core.crc32(data) == binascii.crc32(data)
