import itertools

import pytest
from wattseal.wire.utf8 import is_utf8

# The bytes at which RFC 3629's table of sequences changes.
EDGES = (
    *(0x00, 0x0A, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1),
    *(0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF),
)


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_the_verdict_on_one_and_two_bytes_is_that_of_cpython():
    for data in itertools.chain(
        ((a,) for a in range(256)), itertools.product(range(256), repeat=2)
    ):
        assert is_utf8(bytes(data)) == decodes(bytes(data)), data


@pytest.mark.parametrize("length", [3, 4])
def test_so_is_that_on_longer_sequences_at_every_edge_of_the_table(length):
    for data in itertools.product(EDGES[1:], repeat=length):
        assert is_utf8(bytes(data)) == decodes(bytes(data)), data


def test_text_of_all_lengths_is_taken():
    assert is_utf8("aé\u2014\U0001f600".encode() * 3)
    assert is_utf8(b"")
