"""UF2 files: written, read back, and refused where they are damaged."""

import pytest

from hil.uf2 import Uf2Error, check_blocks, is_complete, read_blocks, write_blocks

FAMILY, BASE = 0xE48BFF56, 0x10000000
IMAGE = bytes(range(256)) * 3 + b"end"


def test_an_image_is_cut_into_pages_that_say_where_they_belong():
    text = write_blocks(IMAGE, FAMILY, BASE)
    assert len(text) == 4 * 512
    blocks = read_blocks(text)
    assert [block.address for block in blocks] == [BASE, BASE + 256, BASE + 512, BASE + 768]
    assert [(block.number, block.count) for block in blocks] == [(n, 4) for n in range(4)]
    assert b"".join(block.data for block in blocks) == IMAGE + bytes(253)
    assert {block.family for block in blocks} == {FAMILY}
    assert {block.family for block in read_blocks(write_blocks(IMAGE, None, 0))} == {None}


def test_what_the_chips_maker_defined_is_where_it_belongs():
    text = write_blocks(b"x", FAMILY, BASE)
    assert text[:8] == b"UF2\nWQ]\x9e"
    assert text[-4:] == b"\x30\x6f\xb1\x0a"
    assert text[8:12] == b"\x00\x20\x00\x00"


def test_a_file_is_complete_when_every_number_is_there_in_any_order():
    blocks = read_blocks(write_blocks(IMAGE, FAMILY, BASE))
    assert is_complete(blocks[::-1])
    assert not is_complete(blocks[:-1])
    assert not is_complete([])


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (0, b"UF3\n", "block 1 has not the marks"),
        (4, b"\0", "marks"),
        (508, b"\0", "marks"),
        (12, b"\x01", "no page"),
        (16, b"\x01\x01", "no page"),
        (16, b"\x00\x00", "no page"),
        (20, b"\x09", "number 9 of 4"),
        (24, b"\x00", "of 0"),
        (24, b"\xff\xff\xff\xff", "of 4294967295"),
    ],
)
def test_a_damaged_block_is_refused_with_its_place(offset, value, reason):
    text = bytearray(write_blocks(IMAGE, FAMILY, BASE))
    text[512 + offset : 512 + offset + len(value)] = value
    with pytest.raises(Uf2Error, match=reason):
        read_blocks(bytes(text))


def test_a_file_that_ends_within_a_block_is_refused():
    with pytest.raises(Uf2Error, match="whole number"):
        read_blocks(write_blocks(IMAGE, FAMILY, BASE)[:-1])


@pytest.mark.parametrize(
    ("family", "base", "reason"),
    [
        (None, BASE, "another chip"),
        (0xE48BFF59, BASE, "another chip"),
        (FAMILY, 0, "where nothing is"),
        (FAMILY, BASE + 768, "where nothing is"),
    ],
)
def test_blocks_for_another_chip_or_place_are_refused(family, base, reason):
    check_blocks(read_blocks(write_blocks(IMAGE, FAMILY, BASE)), FAMILY, BASE, 1024)
    with pytest.raises(Uf2Error, match=reason):
        check_blocks(read_blocks(write_blocks(IMAGE, family, base)), FAMILY, BASE, 1024)


def test_a_program_keeps_its_length_and_a_flash_takes_whole_pages_only():
    blocks = read_blocks(write_blocks(IMAGE, None, 0))
    assert b"".join(block.data for block in blocks) == IMAGE
    check_blocks(blocks, None, 0, 1024)
    short = bytearray(write_blocks(IMAGE, FAMILY, BASE))
    short[16:18] = b"\x0f\x00"
    with pytest.raises(Uf2Error, match="block 0 is no whole page"):
        check_blocks(read_blocks(bytes(short)), FAMILY, BASE, 1024)
