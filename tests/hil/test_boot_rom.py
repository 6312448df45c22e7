"""The rules of the boot ROM, and its drive on the rig's chip."""

import struct

import pytest

from hil.board import load_board
from hil.flash import Moment
from hil.rp2040.boot_rom import (
    FAMILY,
    FLASH_BASE,
    asks_for_boot_loader,
    boots,
    checksum,
    with_boot_checksum,
)
from hil.rp2040.chip import Chip
from hil.setup import Setup
from hil.targets.rp2040 import Rp2040Rig
from hil.timeline import NS_PER_MS
from hil.uf2 import write_blocks

CODE = with_boot_checksum(struct.pack("<2H", 0xBF30, 0xE7FD))
OTHER = with_boot_checksum(struct.pack("<3H", 0xBF00, 0xBF30, 0xE7FD)) + bytes(range(256)) * 20

# What reset_usb_boot of the ROM leaves in the watchdog's scratch registers 4 to 7.
USB_BOOT_VECTOR = [0xB007C0D3, 0x4FF824B4, 0x20042000, 0x1B99]


def test_the_checksum_is_the_one_of_the_datasheet():
    # CRC-32/MPEG-2, whose check value is well known.
    assert checksum(b"123456789") == 0x0376E6E7
    assert boots(CODE)
    assert not boots(b"\xff" * 256)
    assert not boots(bytes(256))
    assert not boots(CODE[:10] + b"\x01" + CODE[11:])


def test_a_first_stage_has_252_bytes():
    assert len(with_boot_checksum(bytes(252))) == 256
    with pytest.raises(ValueError, match="253 bytes"):
        with_boot_checksum(bytes(253))


@pytest.mark.parametrize(
    ("scratch", "asks"),
    [
        (USB_BOOT_VECTOR, True),
        ([0] * 4, False),
        ([0xB007C0D3, 0x4FF824B4 ^ 1, 0x20042000, 0x1B99], False),
        ([0xB007C0D2, *USB_BOOT_VECTOR[1:]], False),
        ([0xB007C0D3, 0x10000001 ^ 0x4FF83F2D, 0x20042000, 0x10000001], False),  # into the flash
        ([0x6AB73121, 0, 0, 0], False),  # the watchdog was let run out
    ],
)
def test_a_watchdog_reset_leads_into_the_rom_only_with_its_vector(scratch, asks):
    assert asks_for_boot_loader([0] * 4 + scratch) is asks


def test_the_chip_enters_the_boot_loader_by_a_watchdog_reset():
    chip = Chip(CODE, flash_size=1 << 20, unique_id=bytes(8))
    for register, value in enumerate(USB_BOOT_VECTOR):
        chip.mcu.write_uint32(0x4005801C + 4 * register, value)
    chip.mcu.write_uint32(0x40010008, 0x1FFFC)  # PSM.WDSEL as the ROM sets it
    chip.mcu.write_uint32(0x40058000, 1 << 31)
    assert chip.in_boot_loader
    before_ns = chip.nanos
    chip.run_for(7 * NS_PER_MS)
    assert chip.nanos == before_ns + 7 * NS_PER_MS
    chip.close()


def test_only_the_boot_loader_takes_an_image():
    chip = Chip(CODE, flash_size=1 << 20, unique_id=bytes(8))
    with pytest.raises(ValueError, match="not in its boot loader"):
        chip.take_image([])
    chip.close()


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(CODE)
    return path


@pytest.fixture
def rig(image):
    with Rp2040Rig(Setup(), image) as made:
        yield made


def put_on_drive(rig, image=OTHER, family=FAMILY, base=FLASH_BASE):
    (rig.boot_drive / "image.uf2").write_bytes(write_blocks(image, family, base))


def test_a_file_on_the_drive_replaces_the_image_and_starts_it(rig):
    assert not rig.in_boot_loader
    rig.start_boot_loader()
    rig.wait_for_boot_loader(limit_s=1)
    assert "RPI-RP2" in (rig.boot_drive / "INFO_UF2.TXT").read_text()
    put_on_drive(rig)
    rig.wait_for_start(limit_s=10)
    assert not rig.in_boot_loader
    assert rig.flash_at_power_on().startswith(OTHER)
    assert list(rig.boot_drive.iterdir()) == []


def test_nothing_behind_the_image_is_touched(rig):
    kept = rig.flash_image()[: 1 << 20] + b"areas".ljust(1 << 20, b"\x55")
    rig.restart(kept)
    rig.start_boot_loader()
    rig.wait_for_boot_loader(limit_s=1)
    put_on_drive(rig)
    rig.wait_for_start(limit_s=10)
    assert rig.flash_image()[1 << 20 :] == kept[1 << 20 :]


@pytest.mark.parametrize(("family", "base"), [(None, FLASH_BASE), (FAMILY, 0)])
def test_a_file_for_another_chip_does_nothing(rig, family, base):
    rig.start_boot_loader()
    rig.wait_for_boot_loader(limit_s=1)
    before = rig.flash_image()
    put_on_drive(rig, family=family, base=base)
    with pytest.raises(TimeoutError):
        rig.wait_for_start(limit_s=1)
    assert rig.flash_image() == before


def test_the_writing_is_flash_operations_that_can_be_cut(rig):
    rig.start_boot_loader()
    rig.wait_for_boot_loader(limit_s=1)
    rig.cut_power_in(1, Moment.HALF)
    put_on_drive(rig)
    rig.wait_for_power_cut(limit_s=10)
    erase, program = rig.flash_operations()
    assert (erase.kind, erase.offset) == ("erase", 0)
    assert (program.kind, program.offset, program.data) == ("program", 0, OTHER[:256])
    assert rig.flash_image()[:256] == OTHER[:128] + b"\xff" * 128

    rig.restart()  # its first stage is damaged: the drive comes by itself
    rig.wait_for_boot_loader(limit_s=1)
    put_on_drive(rig)
    rig.wait_for_start(limit_s=10)
    assert rig.flash_at_power_on().startswith(OTHER)


def test_each_sector_is_erased_once_and_before_its_first_page(rig):
    rig.start_boot_loader()
    rig.wait_for_boot_loader(limit_s=1)
    count = 2 + len(OTHER) // 256
    rig.cut_power_in(count - 1, Moment.AFTER)
    put_on_drive(rig)
    rig.wait_for_power_cut(limit_s=10)
    done = [(each.kind, each.offset) for each in rig.flash_operations()]
    assert done[0] == ("erase", 0)
    assert done[17] == ("erase", 4096)
    assert [offset for kind, offset in done if kind == "program"] == list(range(0, len(OTHER), 256))


def test_a_fresh_chip_shows_its_drive(tmp_path):
    empty = tmp_path / "firmware.bin"
    empty.write_bytes(b"")
    with Rp2040Rig(Setup(), empty) as rig:
        rig.wait_for_boot_loader(limit_s=1)
        rig.power_cut()
        assert not rig.in_boot_loader


def test_a_programmer_puts_an_image_under_what_the_flash_holds(rig, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(OTHER)
    kept = rig.flash_image()[: 1 << 20] + b"\x55" * (1 << 20)
    rig.restart(kept)
    rig.put_image(other)
    rig.restart()
    assert rig.flash_at_power_on().startswith(OTHER)
    assert rig.flash_at_power_on()[8192:] == kept[8192:]
    with Rp2040Rig(Setup(flash=kept), other) as made:
        assert made.flash_at_power_on() == rig.flash_at_power_on()
    assert len(kept) == load_board().flash_size
