"""The two checksums of the wire: CRC-16 of Modbus frames, CRC-32 of link frames.

On the module both come from the signing core, elsewhere from the standard library and a
16-entry table, which is slower but needs nothing built.
"""

try:
    from _wattseal import crc16, crc32  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from binascii import crc32

    # Remainders of the 16 possible low nibbles under the reflected polynomial 0xA001.
    # fmt: off
    _NIBBLES = (
        0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
        0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
    )
    # fmt: on

    def crc16(data: bytes | bytearray | memoryview) -> int:
        """CRC-16/MODBUS of data (Modbus over serial line V1.02, appendix B), 0..0xFFFF."""
        crc = 0xFFFF
        for byte in data:
            crc ^= byte
            crc = (crc >> 4) ^ _NIBBLES[crc & 15]
            crc = (crc >> 4) ^ _NIBBLES[crc & 15]
        return crc


__all__ = ("crc16", "crc32")
