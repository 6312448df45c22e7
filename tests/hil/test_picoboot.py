"""The boot ROM's PICOBOOT interface on the rig's chip, as a host library speaks to it."""

import struct

import pytest

from hil.picoboot import PicobootHost
from hil.rig import RigError
from hil.rp2040.boot_rom import FLASH_BASE, NO_MASS_STORAGE, NO_PICOBOOT, with_boot_checksum
from hil.rp2040.chip import Chip
from hil.rp2040.picoboot import COMMAND, MAGIC, RAM_START, Command, RefusalError, Status
from hil.setup import Setup
from hil.targets.rp2040 import Rp2040Rig
from hil.timeline import NS_PER_MS

SLEEP_FOREVER = struct.pack("<2H", 0xBF30, 0xE7FD)
CODE = with_boot_checksum(SLEEP_FOREVER)
RETURN_42 = struct.pack("<2H", 0x202A, 0x4770)  # movs r0, #42; bx lr
JUMP_TO_ITSELF = struct.pack("<H", 0xE7FE)
SECRET = b"secret".ljust(256, b"\x55")
SECRET_AT = 0x80000
FLASH = CODE.ljust(SECRET_AT, b"\xff") + SECRET


@pytest.fixture
def chip():
    chip = Chip(FLASH, flash_size=1 << 20, unique_id=bytes(8))
    chip.enter_boot_loader()
    yield chip
    chip.close()


@pytest.fixture
def host(chip):
    return PicobootHost(chip.picoboot.command)


def refused(host, *words, **options):
    with pytest.raises(RefusalError) as caught:
        host.ask(*words, **options)
    return caught.value.status


def test_whoever_holds_the_button_reads_the_whole_flash(host):
    assert host.save_flash(FLASH_BASE, 1 << 20) == FLASH.ljust(1 << 20, b"\xff")


def test_ram_is_read_and_written_and_code_in_it_is_called(chip, host):
    host.write(RAM_START + 0x100, RETURN_42)
    assert host.read(RAM_START + 0x100, 4) == RETURN_42
    host.ask(Command.EXEC, RAM_START + 0x101)
    assert chip.mcu.core.registers[0] == 42
    assert chip.in_boot_loader
    host.write(RAM_START, JUMP_TO_ITSELF)
    assert refused(host, Command.EXEC, RAM_START | 1) is Status.UNKNOWN_ERROR


def test_flash_is_erased_and_programmed(chip, host):
    host.ask(Command.EXIT_XIP)
    host.ask(Command.FLASH_ERASE, FLASH_BASE + SECRET_AT, 4096)
    assert set(chip.flash_image()[SECRET_AT:]) == {0xFF}
    host.write(FLASH_BASE + SECRET_AT, bytes(512))
    assert chip.flash_image()[SECRET_AT:][:513] == bytes(512) + b"\xff"


@pytest.mark.parametrize(
    ("words", "options", "status"),
    [
        ((Command.READ, FLASH_BASE, 4), {"transfer_bytes": 8}, Status.INVALID_TRANSFER_LENGTH),
        ((Command.EXIT_XIP,), {"transfer_bytes": 1}, Status.INVALID_TRANSFER_LENGTH),
        ((Command.READ, FLASH_BASE, 4), {"size": 4}, Status.INVALID_COMMAND_LENGTH),
        ((Command.READ, 0x3FFF, 4), {"transfer_bytes": 4}, Status.INVALID_ADDRESS),
        ((Command.READ, RAM_START - 1, 4), {"transfer_bytes": 4}, Status.INVALID_ADDRESS),
        (
            (Command.READ, FLASH_BASE + (1 << 20) - 2, 4),
            {"transfer_bytes": 4},
            Status.INVALID_ADDRESS,
        ),
        ((Command.WRITE, 0, 4), {"transfer_bytes": 4, "data": bytes(4)}, Status.INVALID_ADDRESS),
        (
            (Command.WRITE, FLASH_BASE + 4, 4),
            {"transfer_bytes": 4, "data": bytes(4)},
            Status.BAD_ALIGNMENT,
        ),
        ((Command.FLASH_ERASE, FLASH_BASE + 256, 4096), {}, Status.BAD_ALIGNMENT),
        ((Command.FLASH_ERASE, RAM_START, 4096), {}, Status.INVALID_ADDRESS),
        ((Command.EXEC, FLASH_BASE), {}, Status.INVALID_ADDRESS),
        ((Command.REBOOT, FLASH_BASE, 0, 0), {}, Status.INVALID_ADDRESS),
    ],
)
def test_what_the_rom_refuses_stalls_and_changes_nothing(chip, host, words, options, status):
    before = chip.flash_image()
    assert refused(host, *words, **options) is status
    assert chip.picoboot.status is status
    assert chip.flash_image() == before
    assert chip.in_boot_loader


@pytest.mark.parametrize(("magic", "command"), [(MAGIC, 0x8B), (0, Command.EXIT_XIP)])
def test_a_packet_that_is_no_command_is_refused(chip, magic, command):
    with pytest.raises(RefusalError) as caught:
        chip.picoboot.command(COMMAND.pack(magic, 1, command, 0, 0, 0, b""))
    assert caught.value.status is Status.UNKNOWN_COMMAND


def test_a_reboot_starts_the_flash_or_code_in_ram(chip, host):
    host.write(RAM_START, SLEEP_FOREVER)
    host.ask(Command.REBOOT, RAM_START | 1, RAM_START + 0x1000, 0)
    assert (chip.in_boot_loader, chip.picoboot) == (False, None)
    chip.run_for(NS_PER_MS)
    assert chip.idle
    assert chip.mcu.core.pc - RAM_START < 4
    chip.enter_boot_loader()
    PicobootHost(chip.picoboot.command).ask(Command.REBOOT, 0, 0, 0)
    assert chip.mcu.core.pc == FLASH_BASE


@pytest.mark.parametrize("mask", [0, NO_MASS_STORAGE, NO_PICOBOOT, NO_MASS_STORAGE | NO_PICOBOOT])
def test_who_enters_the_boot_loader_says_which_interfaces_it_has(mask):
    chip = Chip(CODE, flash_size=1 << 20, unique_id=bytes(8))
    scratch = {1: mask, 4: 0xB007C0D3, 5: 0x4FF824B4, 6: 0x20042000, 7: 0x1B99}
    for register, value in scratch.items():
        chip.mcu.write_uint32(0x4005800C + 4 * register, value)
    chip.mcu.write_uint32(0x40010008, 0x1FFFC)
    chip.mcu.write_uint32(0x40058000, 1 << 31)
    assert chip.in_boot_loader
    assert chip.shows_drive == (not mask & NO_MASS_STORAGE)
    assert (chip.picoboot is None) == bool(mask & NO_PICOBOOT)
    chip.close()


def test_the_rig_has_it_beside_the_drive_and_starts_at_its_command(tmp_path):
    image = tmp_path / "firmware.bin"
    image.write_bytes(CODE)
    with Rp2040Rig(Setup(), image) as rig:
        with pytest.raises(RigError, match="no PICOBOOT"):
            rig.picoboot()
        rig.start_boot_loader()
        rig.wait_for_boot_loader(limit_s=1)
        host = rig.picoboot()
        assert host.save_flash(FLASH_BASE, 256) == CODE
        host.ask(Command.REBOOT, 0, 0, 0)
        assert not rig.in_boot_loader
        with pytest.raises(RigError, match="left the bus"):
            host.read(0, 4)
