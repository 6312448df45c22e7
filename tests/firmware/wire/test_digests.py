import binascii

from wattseal.wire.digests import crc32, sha256


def test_crc32_is_the_one_of_zlib():
    assert crc32(b"123456789") == 0xCBF43926 == binascii.crc32(b"123456789")


def test_sha256_gives_the_published_value():  # FIPS 180-2, appendix B.1
    assert sha256(b"abc").hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
