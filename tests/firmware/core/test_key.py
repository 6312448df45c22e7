"""The life of the keys: made, listed, used, erased; and what storage, noise and chip decide."""

import hashlib
import random

import pytest
from support.core import curve
from support.core.flash import CHIP_ID, TEARS, Cut, NorFlash
from support.core.library import Core, Keys
from support.core.noise import Noise, from_samples, good, periodic
from support.core.slots import (
    CRC_OFFSET,
    SLOT_BYTES,
    break_slot,
    private_key_in,
    slot,
    store,
)

EMPTY = ("ok", Keys(0, {}))
IDENTITY = bytes(range(100, 132))
DIGEST = hashlib.sha256(b"reading").digest()


def test_a_blank_area_is_empty(core: Core) -> None:
    flash = NorFlash()
    assert core.key_inspect(flash) == EMPTY
    assert core.key_public(flash)[0] == "no_key"
    assert core.key_sign(flash, bytes(32))[0] == "no_key"
    assert core.sign_record(flash, b"{}")[0] == "no_key"
    assert core.key_erase(flash, 1) == "no_key"
    assert flash.operations == []


def test_a_made_key_is_whole_and_its_own(core: Core) -> None:
    flash = NorFlash()
    assert core.key_create(flash, good(1), b"\x01" * 8, IDENTITY, number=7) == "ok"
    assert core.key_inspect(flash) == ("ok", Keys(0, {7: IDENTITY}))
    assert core.key_public(flash, 7) == ("ok", curve.spki(curve.times_g(private_key_in(flash))))
    assert flash.misuse == []
    assert flash.operations == ["erase", "program"]


def test_the_key_is_the_drbgs_over_seed_and_chip(core: Core) -> None:
    """Every step from the samples to the stored number, done again outside of the core."""
    flash, chip_id = NorFlash(), b"\xe6\x61\x38\x52\x83\x4d\x2f\x2a"
    assert core.key_create(flash, good(8), chip_id) == "ok"
    error, seed = core.entropy_seed(good(8))
    assert error == "ok"
    assert core.drbg(seed, chip_id, [32]) == [private_key_in(flash).to_bytes(32)]


def test_the_slot_has_the_documented_bytes(core: Core) -> None:
    flash = NorFlash()
    core.key_create(flash, good(1), b"chip", IDENTITY, number=0x01020304)
    expected = slot(0x01020304, private_key_in(flash), IDENTITY)
    assert bytes(flash.memory[:256]) == expected.ljust(256, b"\xff")
    assert set(flash.memory[256:]) == {0xFF}


def test_chips_and_noise_set_keys_apart(core: Core) -> None:
    keys = set()
    for seed in range(5):
        for chip_id in (b"", b"\0", b"\0\0", b"\xff" * 8, b"A" * 31, b"A" * 32):
            flash = NorFlash()
            assert core.key_create(flash, good(seed), chip_id) == "ok"
            keys.add(private_key_in(flash))
    assert len(keys) == 30


def test_a_number_is_never_given_twice(core: Core) -> None:
    flash = NorFlash()
    core.key_create(flash, good(1), b"chip", number=3)
    before = bytes(flash.memory)
    assert core.key_create(flash, good(2), b"chip", number=3) == "key_exists"
    assert bytes(flash.memory) == before
    assert flash.operations == ["erase", "program"]


def test_number_zero_is_never_given(core: Core) -> None:
    flash = NorFlash()
    assert core.key_create(flash, good(1), b"chip", number=0) == "argument"
    assert flash.operations == []


@pytest.mark.parametrize("numbers", [(1, 2), (2, 1), (5, 3, 4, 1), (2**32 - 1, 1)])
def test_several_keys_live_side_by_side(core: Core, numbers: tuple[int, ...]) -> None:
    flash = NorFlash(sector_count=4)
    for number in numbers:
        assert (
            core.key_create(flash, good(number), b"chip", bytes([number % 256]) * 32, number)
            == "ok"
        )
    error, found = core.key_inspect(flash)
    assert (error, found.broken_slots) == ("ok", 0)
    assert list(found.whole.items()) == [(n, bytes([n % 256]) * 32) for n in sorted(numbers)]
    for sector, number in enumerate(numbers):
        secret = private_key_in(flash, sector)
        assert core.key_public(flash, number) == ("ok", curve.spki(curve.times_g(secret)))
        assert core.key_sign(flash, DIGEST, number) == core.sign(secret, DIGEST)
    assert flash.misuse == []


def test_a_full_area_takes_no_key(core: Core) -> None:
    flash = NorFlash(sector_count=3)
    store(flash, 0, 1, 1111)
    break_slot(flash, 1)
    assert core.key_create(flash, good(1), number=2) == "ok"
    operations = list(flash.operations)
    assert core.key_create(flash, good(1), number=3) == "space"
    assert core.key_create(flash, good(1), number=2) == "key_exists"
    assert flash.operations == operations
    assert core.key_discard_broken(flash) == ("ok", 1)
    assert core.key_create(flash, good(1), number=3) == "ok"
    assert list(core.key_inspect(flash)[1].whole) == [1, 2, 3]


def test_erasing_a_key_leaves_nothing_of_it_and_the_others_alone(core: Core) -> None:
    flash = NorFlash(sector_count=3)
    for number in (1, 2, 3):
        store(flash, number - 1, number, 1000 + number)
    before = bytes(flash.memory)
    assert core.key_erase(flash, 2) == "ok"
    assert set(flash.memory[4096:8192]) == {0xFF}
    assert flash.memory[:4096] == before[:4096]
    assert flash.memory[8192:] == before[8192:]
    assert list(core.key_inspect(flash)[1].whole) == [1, 3]
    assert core.key_erase(flash, 2) == "no_key"
    assert core.key_public(flash, 2)[0] == "no_key"
    assert flash.misuse == []


def test_an_erasure_clears_the_bits_before_it_erases(core: Core, keyed) -> None:
    """Cut before the erase operation, the slot shows zeros: no cell holds anything of the key."""
    flash = keyed()
    flash.refuse_erase = True
    assert core.key_erase(flash, 1) == "storage"
    assert flash.operations == ["program", "erase"]
    assert set(flash.memory[:256]) == {0}


@pytest.mark.parametrize("broken", [False, True])
def test_erasing_what_is_not_there_touches_nothing(core: Core, keyed, broken: bool) -> None:
    flash = keyed()
    if broken:
        break_slot(flash, 1)
    for number in (0, 2, 2**32 - 1):
        assert core.key_erase(flash, number) == "no_key"
    assert flash.operations == []


OTHER_CHIP = bytes.fromhex("e661385283744b30").ljust(32, b"\0")


def test_a_key_of_another_chip_is_neither_used_nor_erased(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 1, 1111, chip_id=OTHER_CHIP)
    break_slot(flash, 1)
    store(flash, 2, 2, 2222)
    before = bytes(flash.memory)
    assert core.key_inspect(flash) == ("key_of_other_chip", Keys(0, {}))
    assert core.key_public(flash, 1)[0] == "key_of_other_chip"
    assert core.key_sign(flash, DIGEST, 1) == ("key_of_other_chip", bytes([0xEE]) * 64)
    assert core.sign_record(flash, b"{}")[0] == "key_of_other_chip"
    assert core.key_erase(flash, 1) == "no_key"
    assert bytes(flash.memory) == before
    assert core.key_discard_broken(flash) == ("ok", 1)
    assert bytes(flash.memory[:4096]) == before[:4096]


def test_a_copy_of_a_chips_flash_is_told_in_another_chip_and_works_again_in_its_own(
    core: Core, keyed
) -> None:
    flash = keyed()
    for bit in range(8 * 32):
        flash.chip_id = bytes(
            byte ^ (1 << bit % 8 if index == bit // 8 else 0) for index, byte in enumerate(CHIP_ID)
        )
        assert core.key_inspect(flash)[0] == "key_of_other_chip", bit
    flash.chip_id = CHIP_ID
    assert list(core.key_inspect(flash)[1].whole) == [1]


def test_a_key_is_secured_by_programming_what_its_slot_holds(core: Core, keyed) -> None:
    flash = keyed()
    before = bytes(flash.memory)
    assert core.key_secure(flash, 1) == "ok"
    assert flash.operations == ["program"]
    assert bytes(flash.memory) == before
    assert core.key_secure(flash, 2) == "no_key"
    break_slot(flash, 1)
    assert core.key_secure(flash, 2) == "key_broken"
    flash.chip_id = OTHER_CHIP
    assert core.key_secure(flash, 1) == "key_of_other_chip"
    assert flash.operations == ["program"]
    assert flash.misuse == []


def test_a_slot_that_does_not_take_its_key_again_is_told(core: Core, keyed) -> None:
    flash = keyed()
    flash.cut = Cut(0, TEARS["half"], alive=True)
    assert core.key_secure(flash, 1) == "storage"
    flash = keyed()
    flash.stuck_bits = {8 * 200: 0}
    assert core.key_secure(flash, 1) == "storage"


def test_all_slots_are_erased_whatever_they_hold(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 1, 1111, chip_id=OTHER_CHIP)
    break_slot(flash, 1)
    store(flash, 2, 2, 2222)
    assert core.key_erase_all(flash) == "ok"
    assert flash.operations == ["program", "erase"] * 4, "blank cells may not hold"
    assert set(flash.memory) == {0xFF}
    assert core.key_inspect(flash) == EMPTY
    assert flash.misuse == []


def test_a_slot_that_does_not_erase_spares_no_other(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    for sector in range(4):
        store(flash, sector, sector + 1, 1000 + sector)
    flash.stuck_bits = {8 * (4096 + 60): 0}
    assert core.key_erase_all(flash) == "storage"
    assert core.key_inspect(flash) == ("ok", Keys(1, {}))


BAD_SOURCES: dict[str, Noise] = {
    "dead": from_samples(periodic([1])),
    "alternating": from_samples(periodic([0, 1])),
    "silent": from_samples([]),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_bad_noise_makes_no_key_and_touches_no_flash(core: Core, name: str) -> None:
    flash = NorFlash()
    assert core.key_create(flash, BAD_SOURCES[name], b"chip") == "entropy"
    assert flash.operations == []
    assert core.key_inspect(flash) == EMPTY
    assert core.key_create(flash, good(1), b"chip") == "ok"


def test_too_long_a_chip_id_is_refused(core: Core) -> None:
    flash = NorFlash()
    assert core.key_create(flash, good(1), bytes(33)) == "argument"
    assert flash.operations == []


def test_the_key_signs(core: Core) -> None:
    flash = NorFlash()
    core.key_create(flash, good(1), b"chip")
    error, signature = core.key_sign(flash, DIGEST)
    assert (error, signature) == core.sign(private_key_in(flash), DIGEST)
    _, spki = core.key_public(flash)
    assert core.verify(spki, b"reading", core.der_encode(signature)) == "ok"


def test_a_broken_slot_beside_a_whole_key(core: Core) -> None:
    flash = NorFlash()
    store(flash, 0, 1, 1111)
    flash.memory[flash.sector_size + 200] = 0
    assert core.key_inspect(flash) == ("ok", Keys(1, {1: bytes(32)}))
    assert core.key_sign(flash, DIGEST) == core.sign(1111, DIGEST)
    assert core.key_public(flash, 2)[0] == "key_broken", "the broken slot may have been number 2"
    assert core.key_create(flash, good(1), b"chip", number=2) == "space"
    assert flash.operations == []
    assert core.key_discard_broken(flash) == ("ok", 1)
    assert flash.operations == ["program", "erase"]
    assert core.key_inspect(flash) == ("ok", Keys(0, {1: bytes(32)}))
    assert core.key_public(flash, 2)[0] == "no_key"


def test_every_flipped_bit_breaks_the_slot(core: Core, keyed) -> None:
    for bit in range(8 * SLOT_BYTES):
        flash = keyed()
        flash.memory[bit // 8] ^= 1 << bit % 8
        assert core.key_inspect(flash) == ("ok", Keys(1, {})), bit
    assert core.key_public(flash)[0] == "key_broken"
    assert core.key_sign(flash, bytes(32))[0] == "key_broken"
    assert core.sign_record(flash, b"{}")[0] == "key_broken"
    assert core.sign_statement(flash, b"{}")[0] == "key_broken"
    assert flash.operations == []


def test_random_bytes_are_a_broken_key(core: Core) -> None:
    for seed in range(50):
        flash = NorFlash()
        flash.memory[:] = random.Random(seed).randbytes(len(flash.memory))
        assert core.key_inspect(flash) == ("ok", Keys(2, {}))


def test_number_zero_is_no_key(core: Core) -> None:
    flash = NorFlash()
    store(flash, 0, 0, 1111)
    assert core.key_inspect(flash) == ("ok", Keys(1, {}))
    assert core.key_sign(flash, DIGEST, 0)[0] == "key_broken"


@pytest.mark.parametrize("secret", [0, curve.N, 2**256 - 1])
def test_a_whole_slot_without_a_private_key_signs_nothing(core: Core, secret: int) -> None:
    flash = NorFlash()
    store(flash, 0, 1, 5)
    body = flash.memory[:48] + secret.to_bytes(32) + flash.memory[80:CRC_OFFSET]
    flash.memory[:SLOT_BYTES] = body + core.crc32(bytes(body)).to_bytes(4, "little")
    assert core.key_sign(flash, bytes(32))[0] == "key_broken"
    assert core.sign_statement(flash, b"{}") == ("key_broken", b"")


def test_discarding_makes_room_for_a_new_key(core: Core) -> None:
    flash = NorFlash()
    flash.memory[10] = 0
    flash.memory[4096] = 0
    assert core.key_create(flash, good(1), b"chip") == "space"
    assert core.key_discard_broken(flash) == ("ok", 2)
    assert core.key_create(flash, good(1), b"chip", IDENTITY) == "ok"
    assert core.key_inspect(flash) == ("ok", Keys(0, {1: IDENTITY}))


def test_discarding_touches_nothing_else(core: Core, keyed) -> None:
    for flash in (NorFlash(), keyed()):
        before = bytes(flash.memory)
        assert core.key_discard_broken(flash) == ("ok", 0)
        assert bytes(flash.memory) == before
        assert flash.operations == []


def test_an_unreadable_flash_is_neither_empty_nor_broken(core: Core, keyed) -> None:
    flash = keyed()
    flash.reads_fail = True
    assert core.key_inspect(flash) == ("storage", Keys(0, {}))
    assert core.key_public(flash)[0] == "storage"
    assert core.key_sign(flash, bytes(32))[0] == "storage"
    assert core.sign_record(flash, b"{}")[0] == "storage"
    assert core.key_create(flash, good(1), b"chip", number=2) == "storage"
    assert core.key_erase(flash, 1) == "storage"
    assert core.key_discard_broken(flash) == ("storage", 0)
    assert flash.operations == []


GEOMETRIES = {
    "one sector": (4096, 256, 1),
    "no sector": (4096, 256, 0),
    "nine sectors": (4096, 256, 9),
    "no page size": (4096, 0, 2),
    "page of 512": (4096, 512, 2),
    "odd page": (4096, 100, 2),
    "no sector size": (0, 256, 2),
    "small sector": (128, 128, 2),
    "odd sector": (4000, 256, 2),
    "beyond 32 bits": (2**31, 256, 2),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_flash_that_cannot_hold_slots_is_refused(core: Core, name: str) -> None:
    flash = NorFlash()
    flash.sector_size, flash.page_size, flash.sector_count = GEOMETRIES[name]
    assert core.key_inspect(flash)[0] == "argument"
    assert core.key_create(flash, good(1), b"chip") == "argument"
    assert core.key_public(flash)[0] == "argument"
    assert core.key_erase(flash, 1) == "argument"
    assert core.key_discard_broken(flash) == ("argument", 0)
    assert flash.operations == []
    assert flash.misuse == []


@pytest.mark.parametrize(
    "geometry",
    [(256, 256, 2), (4096, 1, 2), (4096, 16, 5), (65536, 128, 2), (4096, 256, 8)],
    ids=str,
)
def test_other_geometries_serve(core: Core, geometry: tuple[int, int, int]) -> None:
    flash = NorFlash(*geometry)
    numbers = range(1, geometry[2] + 1)
    for number in reversed(numbers):
        assert core.key_create(flash, good(1), b"chip", IDENTITY, number) == "ok"
    assert core.key_inspect(flash) == ("ok", Keys(0, dict.fromkeys(numbers, IDENTITY)))
    assert list(core.key_inspect(flash)[1].whole) == list(numbers)
    assert core.key_erase(flash, 1) == "ok"
    assert flash.misuse == []
