"""The key's life: empty, made, used; and what a fresh storage, noise and chip decide."""

import hashlib
import random

import pytest
from core_harness import curve
from core_harness.flash import NorFlash
from core_harness.library import Core
from core_harness.noise import Noise, from_samples, good, periodic

EMPTY, VALID, BROKEN = 0, 1, 2


def private_key_in(flash: NorFlash, sector: int = 0) -> int:
    """What the format of ws_key_slot.h says is the private key."""
    start = sector * flash.sector_size + 48
    return int.from_bytes(flash.memory[start : start + 32])


def test_a_blank_area_is_empty(core: Core) -> None:
    flash = NorFlash()
    error, info = core.key_inspect(flash)
    assert (error, info.state, info.number, info.broken_slots) == ("ok", EMPTY, 0, 0)
    assert core.key_public(flash)[0] == "no_key"
    assert core.key_sign(flash, bytes(32))[0] == "no_key"
    assert core.seal(flash, b"{}")[0] == "no_key"
    assert flash.operations == []


def test_a_made_key_is_valid_and_its_own(core: Core) -> None:
    flash = NorFlash()
    identity = bytes(range(100, 132))
    assert core.key_create(flash, good(1), b"\x01" * 8, identity) == ("ok", 1)
    error, info = core.key_inspect(flash)
    assert (error, info.state, info.number, info.broken_slots) == ("ok", VALID, 1, 0)
    assert bytes(info.identity) == identity
    assert core.key_public(flash) == ("ok", curve.spki(curve.times_g(private_key_in(flash))))
    assert flash.misuse == []
    assert flash.operations == ["erase", "program"]


def test_no_identity_is_stored_as_zeros(core: Core) -> None:
    flash = NorFlash()
    assert core.key_create(flash, good(1), b"\x01" * 8) == ("ok", 1)
    assert bytes(core.key_inspect(flash)[1].identity) == bytes(32)


def test_the_key_is_the_drbgs_over_seed_and_chip(core: Core) -> None:
    """Every step from the samples to the stored number, done again outside of the core."""
    flash, chip_id = NorFlash(), b"\xe6\x61\x38\x52\x83\x4d\x2f\x2a"
    assert core.key_create(flash, good(8), chip_id)[0] == "ok"
    error, seed = core.entropy_seed(good(8))
    assert error == "ok"
    assert core.drbg(seed, chip_id, [32]) == [private_key_in(flash).to_bytes(32)]


def test_the_slot_has_the_documented_bytes(core: Core) -> None:
    flash = NorFlash()
    core.key_create(flash, good(1), b"chip", bytes(range(32)))
    slot = bytes(flash.memory[:256])
    secret = private_key_in(flash)
    expected = b"WSK1" + bytes.fromhex("0100 9400 01000000 00000000") + bytes(range(32))
    expected += secret.to_bytes(32) + curve.encode(curve.times_g(secret)) + bytes(3)
    expected += core.crc32(expected).to_bytes(4, "little")
    assert slot == expected.ljust(256, b"\xff")
    assert set(flash.memory[256:]) == {0xFF}


def test_chips_and_noise_set_keys_apart(core: Core) -> None:
    keys = set()
    for seed in range(5):
        for chip_id in (b"", b"\0", b"\0\0", b"\xff" * 8, b"A" * 31, b"A" * 32):
            flash = NorFlash()
            assert core.key_create(flash, good(seed), chip_id)[0] == "ok"
            keys.add(private_key_in(flash))
    assert len(keys) == 30


def test_a_key_is_never_made_twice(core: Core) -> None:
    flash = NorFlash()
    core.key_create(flash, good(1), b"chip")
    before = bytes(flash.memory)
    assert core.key_create(flash, good(2), b"chip") == ("key_exists", 0)
    assert bytes(flash.memory) == before
    assert flash.operations == ["erase", "program"]


BAD_SOURCES: dict[str, Noise] = {
    "dead": from_samples(periodic([1])),
    "alternating": from_samples(periodic([0, 1])),
    "silent": from_samples([]),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_bad_noise_makes_no_key_and_touches_no_flash(core: Core, name: str) -> None:
    flash = NorFlash()
    assert core.key_create(flash, BAD_SOURCES[name], b"chip") == ("entropy", 0)
    assert flash.operations == []
    assert core.key_inspect(flash)[1].state == EMPTY
    assert core.key_create(flash, good(1), b"chip") == ("ok", 1)


def test_too_long_a_chip_id_is_refused(core: Core) -> None:
    flash = NorFlash()
    assert core.key_create(flash, good(1), bytes(33)) == ("argument", 0)
    assert flash.operations == []


def test_the_key_signs(core: Core) -> None:
    flash = NorFlash()
    core.key_create(flash, good(1), b"chip")
    digest = hashlib.sha256(b"reading").digest()
    error, signature = core.key_sign(flash, digest)
    assert (error, signature) == core.sign(private_key_in(flash), digest)
    _, spki = core.key_public(flash)
    assert core.verify(spki, b"reading", core.der_encode(signature)) == "ok"


def store(core: Core, flash: NorFlash, sector: int, number: int, secret: int) -> None:
    """Put a key of this number into a slot, as a later version will when keys roll over."""
    slot = b"WSK1" + bytes.fromhex("01009400") + number.to_bytes(4, "little") + bytes(36)
    slot += secret.to_bytes(32) + curve.encode(curve.times_g(secret)) + bytes(3)
    slot += core.crc32(slot).to_bytes(4, "little")
    start = sector * flash.sector_size
    flash.memory[start : start + len(slot)] = slot


@pytest.mark.parametrize("sectors", [(0, 1), (1, 0), (2, 0)])
def test_of_two_keys_the_newer_counts(core: Core, sectors: tuple[int, int]) -> None:
    flash = NorFlash(sector_count=3)
    store(core, flash, sectors[0], 7, 1111)
    store(core, flash, sectors[1], 8, 2222)
    info = core.key_inspect(flash)[1]
    assert (info.state, info.number, info.broken_slots) == (VALID, 8, 0)
    assert core.key_public(flash) == ("ok", curve.spki(curve.times_g(2222)))
    digest = hashlib.sha256(b"x").digest()
    assert core.key_sign(flash, digest) == core.sign(2222, digest)


def test_a_broken_slot_beside_a_whole_key(core: Core) -> None:
    flash = NorFlash()
    store(core, flash, 0, 1, 1111)
    flash.memory[flash.sector_size + 200] = 0
    info = core.key_inspect(flash)[1]
    assert (info.state, info.number, info.broken_slots) == (VALID, 1, 1)
    assert core.key_create(flash, good(1), b"chip") == ("key_exists", 0)
    assert core.key_discard_broken(flash) == ("ok", 1)
    assert flash.operations == ["erase"]
    info = core.key_inspect(flash)[1]
    assert (info.state, info.number, info.broken_slots) == (VALID, 1, 0)


def test_every_flipped_bit_breaks_the_slot(core: Core, keyed) -> None:
    for bit in range(8 * 152):
        flash = keyed()
        flash.memory[bit // 8] ^= 1 << bit % 8
        error, info = core.key_inspect(flash)
        assert (error, info.state, info.number, info.broken_slots) == ("ok", BROKEN, 0, 1), bit
    assert core.key_public(flash)[0] == "key_broken"
    assert core.key_sign(flash, bytes(32))[0] == "key_broken"
    assert core.seal(flash, b"{}")[0] == "key_broken"
    assert core.key_create(flash, good(1), b"chip") == ("key_broken", 0)
    assert flash.operations == []


def test_random_bytes_are_a_broken_key(core: Core) -> None:
    for seed in range(50):
        flash = NorFlash()
        flash.memory[:] = random.Random(seed).randbytes(len(flash.memory))
        info = core.key_inspect(flash)[1]
        assert (info.state, info.broken_slots) == (BROKEN, 2)


def test_number_zero_is_no_key(core: Core) -> None:
    flash = NorFlash()
    store(core, flash, 0, 0, 1111)
    assert core.key_inspect(flash)[1].state == BROKEN


@pytest.mark.parametrize("secret", [0, curve.N, 2**256 - 1])
def test_a_whole_slot_without_a_private_key_signs_nothing(core: Core, secret: int) -> None:
    flash = NorFlash()
    store(core, flash, 0, 1, 5)
    slot = flash.memory[:48] + secret.to_bytes(32) + flash.memory[80:148]
    flash.memory[:152] = slot + core.crc32(bytes(slot)).to_bytes(4, "little")
    assert core.key_sign(flash, bytes(32))[0] == "key_broken"


def test_discarding_makes_room_for_a_new_key(core: Core) -> None:
    flash = NorFlash()
    flash.memory[10] = 0
    assert core.key_create(flash, good(1), b"chip")[0] == "key_broken"
    assert core.key_discard_broken(flash) == ("ok", 1)
    assert core.key_create(flash, good(1), b"chip") == ("ok", 1)
    assert core.key_inspect(flash)[1].state == VALID


def test_discarding_touches_nothing_else(core: Core, keyed) -> None:
    for flash in (NorFlash(), keyed()):
        before = bytes(flash.memory)
        assert core.key_discard_broken(flash) == ("ok", 0)
        assert bytes(flash.memory) == before
        assert flash.operations == []


def test_an_unreadable_flash_is_neither_empty_nor_broken(core: Core, keyed) -> None:
    flash = keyed()
    flash.reads_fail = True
    assert core.key_inspect(flash)[0] == "storage"
    assert core.key_public(flash)[0] == "storage"
    assert core.key_sign(flash, bytes(32))[0] == "storage"
    assert core.seal(flash, b"{}")[0] == "storage"
    assert core.key_create(flash, good(1), b"chip") == ("storage", 0)
    assert core.key_discard_broken(flash) == ("storage", 0)
    assert flash.operations == []


GEOMETRIES = {
    "one sector": (4096, 256, 1),
    "no sector": (4096, 256, 0),
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
    assert core.key_create(flash, good(1), b"chip") == ("argument", 0)
    assert core.key_public(flash)[0] == "argument"
    assert core.key_discard_broken(flash) == ("argument", 0)
    assert flash.operations == []
    assert flash.misuse == []


@pytest.mark.parametrize(
    "geometry", [(256, 256, 2), (4096, 1, 2), (4096, 16, 5), (65536, 128, 2)], ids=str
)
def test_other_geometries_serve(core: Core, geometry: tuple[int, int, int]) -> None:
    flash = NorFlash(*geometry)
    assert core.key_create(flash, good(1), b"chip") == ("ok", 1)
    assert core.key_inspect(flash)[1].state == VALID
    assert flash.misuse == []
