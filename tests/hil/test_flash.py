"""Flash operations as facts, and the flash chip at the pins of the RP2040's SPI."""

import pytest

from hil.flash import FlashOperation, MarginalCells, Moment, apply, read_log, states
from hil.rp2040.chip import Chip
from hil.rp2040.rosc import seeded_bits
from hil.rp2040.spi_flash import FlashTiming

FLASH_SIZE = 1 << 20
UNIQUE_ID = bytes.fromhex("e660583883724a32")

SSI = 0x18000000
SSIENR, SR, DR0 = SSI + 0x08, SSI + 0x28, SSI + 0x60
QSPI_SS_CTRL = 0x4001800C
OUTOVER_LOW, OUTOVER_HIGH = 2 << 8, 3 << 8
RECEIVED = 0x08

PAGE = bytes(range(256))


class FlashPins:
    """Talks to the flash chip as the boot ROM does: chip select by force, bytes through DR0."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.deselect()
        chip.mcu.write_uint32(SSIENR, 1)

    def deselect(self) -> None:
        self.chip.mcu.write_uint32(QSPI_SS_CTRL, OUTOVER_HIGH)

    def command(self, *sent: int) -> bytes:
        mcu = self.chip.mcu
        mcu.write_uint32(QSPI_SS_CTRL, OUTOVER_LOW)
        answer = bytearray()
        for byte in sent:
            mcu.write_uint32(DR0, byte)
            assert mcu.read_uint32(SR) & RECEIVED
            answer.append(mcu.read_uint32(DR0))
        self.deselect()
        return bytes(answer)

    def program(self, offset: int, data: bytes) -> None:
        self.command(0x06)
        self.command(0x02, *offset.to_bytes(3, "big"), *data)

    def erase(self, offset: int) -> None:
        self.command(0x06)
        self.command(0x20, *offset.to_bytes(3, "big"))

    def wait(self) -> int:
        """Poll the status until the chip is ready; how often it was busy."""
        polls = 0
        while self.command(0x05, 0)[1] & 1:
            polls += 1
        return polls


@pytest.fixture
def seen():
    return []


@pytest.fixture
def cuts():
    return {}


@pytest.fixture
def pins(seen, cuts):
    def observe(operation):
        seen.append(operation)
        return cuts.get(operation.index)

    chip = Chip(
        b"",
        flash_size=FLASH_SIZE,
        unique_id=UNIQUE_ID,
        noise=seeded_bits(0),
        flash_timing=FlashTiming(),
        observe=observe,
    )
    yield FlashPins(chip)
    chip.close()


def test_the_chip_tells_its_maker_and_its_own_number(pins):
    assert pins.command(0x9F, 0, 0, 0)[1:] == bytes((0xEF, 0x40, 0x15))
    assert pins.command(0x4B, *[0] * 12)[5:] == UNIQUE_ID


def test_programming_clears_bits_and_is_seen_with_its_data(pins, seen):
    pins.program(0x1000, PAGE)
    pins.wait()
    pins.program(0x1000, b"\xf0" * 256)
    pins.wait()
    assert pins.chip.flash_image()[0x1000:0x1100] == bytes(byte & 0xF0 for byte in PAGE)
    assert [(o.index, o.kind, o.offset, o.size) for o in seen] == [
        (0, "program", 0x1000, 256),
        (1, "program", 0x1000, 256),
    ]
    assert seen[0].data == PAGE


def test_programming_past_the_end_of_a_page_goes_on_at_its_start(pins):
    pins.program(0x10F0, bytes(range(32)))
    pins.wait()
    image = pins.chip.flash_image()
    assert image[0x10F0:0x1100] == bytes(range(16))
    assert image[0x1000:0x1010] == bytes(range(16, 32))
    assert image[0x1100] == 0xFF


def test_erasing_sets_a_whole_sector(pins, seen):
    pins.program(0x2000, PAGE)
    pins.wait()
    pins.erase(0x2345)
    pins.wait()
    assert pins.chip.flash_image()[0x2000:0x3000] == b"\xff" * 4096
    assert (seen[1].kind, seen[1].offset, seen[1].size) == ("erase", 0x2000, 4096)


def test_nothing_is_written_without_write_enable(pins, seen):
    pins.command(0x02, 0, 0x10, 0, 1, 2, 3)
    assert seen == []
    assert pins.chip.flash_image() == b"\xff" * FLASH_SIZE


@pytest.mark.parametrize(("act", "busy_ns"), [("program", 400_000), ("erase", 45_000_000)])
def test_the_chip_is_busy_as_long_as_the_datasheet_says(pins, act, busy_ns):
    start_ns = pins.chip.nanos
    if act == "program":
        pins.program(0, PAGE)
    else:
        pins.erase(0)
    assert pins.wait() == 1  # one busy answer: the polling time passes by itself
    assert pins.chip.nanos - start_ns == busy_ns


def test_a_busy_chip_ignores_commands(pins, seen):
    pins.erase(0)
    pins.program(0x4000, PAGE)
    assert [operation.kind for operation in seen] == ["erase"]


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        (Moment.BEFORE, b"\xff" * 256),
        (Moment.HALF, PAGE[:128] + b"\xff" * 128),
        (Moment.AFTER, PAGE),
    ],
)
def test_the_power_can_be_cut_in_a_page_program(pins, cuts, moment, left):
    cuts[1] = moment
    pins.program(0, PAGE)
    pins.wait()
    pins.program(0x1000, PAGE)
    assert not pins.chip.powered
    pins.program(0x2000, PAGE)  # comes too late
    image = pins.chip.flash_image()
    assert image[:256] == PAGE
    assert image[0x1000:0x1100] == left
    assert image[0x2000] == 0xFF


def operation(kind="program", index=0, offset=0, data=PAGE):
    size = len(data) if kind == "program" else 4096
    return FlashOperation(index, kind, offset, size, data if kind == "program" else b"")


def test_a_weak_program_leaves_some_of_the_changing_bits_unchanged_and_sets_none():
    image = bytearray(b"\xff" * 256)
    apply(image, operation(), Moment.WEAK)
    again = bytearray(b"\xff" * 256)
    apply(again, operation(), Moment.WEAK)
    assert image == again
    assert image != PAGE
    assert all(found & wanted == wanted for found, wanted in zip(image, PAGE, strict=True))
    changed = sum((0xFF ^ found).bit_count() for found in image)
    wanted = sum((0xFF ^ byte).bit_count() for byte in PAGE)
    assert 0.4 < changed / wanted < 0.6


def test_a_weak_erase_sets_bits_only():
    old = bytes(16) * 256
    image = bytearray(old)
    apply(image, operation("erase"), Moment.WEAK)
    assert 0.4 < sum(byte.bit_count() for byte in image) / (8 * 4096) < 0.6


def test_states_are_all_distinct_and_in_order():
    first = b"\xff" * 8192
    operations = [
        operation(index=0, offset=0),
        operation(index=1, offset=256, data=b"\xff" * 256),  # changes nothing
        operation("erase", index=2, offset=0),
    ]
    found = list(states(first, operations))
    assert [str(state).split(" of")[0] for state in found] == [
        "before program #0",
        "half program #0",
        "weak program #0",
        "marginal program #0",
        "after program #0",
        "weak erase #2",
        "marginal erase #2",
    ]
    assert found[0].image == first
    assert found[4].image[:256] == PAGE
    settled = [state.image for state in found if state.marginal is None]
    assert len(set(settled)) == len(settled) == len(found) - 2


def readings(cells, image, starts=30):
    return [cells.read(bytes(image)) for _ in range(starts)]


def test_a_page_cut_in_its_programming_reads_otherwise_at_each_start():
    image = bytearray(b"\xff" * 512)
    cells = MarginalCells("case")
    cells.leave(image, operation(offset=256))
    found = readings(cells, image)
    assert {bytes(each[:256]) for each in found} == {b"\xff" * 256}
    pages = {each[256:] for each in found}
    assert {PAGE, b"\xff" * 256} < pages
    assert all(
        byte & wanted == wanted for page in pages for byte, wanted in zip(page, PAGE, strict=True)
    )
    again = MarginalCells("case")
    again.leave(image, operation(offset=256))
    assert readings(again, image) == found


def test_a_sector_cut_in_its_erasure_reads_as_blank_and_gives_bits_back_later():
    image = bytearray(PAGE * 16)
    cells = MarginalCells()
    cells.leave(image, operation("erase"))
    found = readings(cells, image)
    assert b"\xff" * 4096 in found
    assert PAGE * 16 in found
    assert all(byte & was == was for each in found for byte, was in zip(each, image, strict=True))


def test_what_is_programmed_over_marginal_cells_decays_unless_it_is_a_zero():
    image = bytearray(bytes(4096))
    cells = MarginalCells()
    cells.leave(image, operation("erase"))
    apply(image, operation("erase"), Moment.AFTER)  # as it reads now
    apply(image, operation(index=1), Moment.AFTER)
    cells.hold(operation(index=1))
    pages = {each[:256] for each in readings(cells, image)}
    assert len(pages) > 2
    assert all(
        byte & wanted == byte for page in pages for byte, wanted in zip(page, PAGE, strict=True)
    )


def test_cells_hold_again_once_erased_or_programmed_with_what_they_were_to_hold():
    image = bytearray(b"\xff" * 4096)
    for mending in (operation(index=1), operation("erase", index=1)):
        cells = MarginalCells()
        cells.leave(image, operation())
        assert cells
        cells.hold(operation(index=1, offset=256))
        assert cells
        cells.hold(mending)
        assert not cells


def test_the_log_of_the_unix_program_is_read(tmp_path):
    log = tmp_path / "flash.log"
    log.write_text(f"program 4096 {PAGE.hex()}\nerase 8192 4096\nprogram 0 0011")
    assert read_log(log) == [
        FlashOperation(0, "program", 4096, 256, PAGE),
        FlashOperation(1, "erase", 8192, 4096),
    ]
    assert read_log(tmp_path / "absent") == []


def test_a_log_of_something_else_is_refused_with_its_line(tmp_path):
    log = tmp_path / "flash.log"
    log.write_text("erase 0 4096\nformat 0 1\n")
    with pytest.raises(ValueError, match="line 2"):
        read_log(log)
