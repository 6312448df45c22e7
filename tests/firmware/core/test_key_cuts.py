"""Power cuts and failing cells at every operation of a key's life: never half a key."""

import itertools

import pytest
from support.core import curve
from support.core.flash import TEARS, Cut, NorFlash
from support.core.library import Core, Keys
from support.core.noise import good
from support.core.slots import SLOT_BYTES, break_slot, private_key_in, store

CHIP = b"chip"
CREATE_OPERATIONS = ("erase", "program")
DESTROY_OPERATIONS = ("program", "erase")

EMPTY, WHOLE, BROKEN = "empty", "whole", "broken"


def state_of(core: Core, flash: NorFlash) -> str:
    """Of an area that may hold key 1 and nothing else."""
    error, found = core.key_inspect(flash)
    assert error == "ok"
    if found == Keys(0, {1: bytes(32)}):
        return WHOLE
    assert found in (Keys(0, {}), Keys(1, {}))
    return BROKEN if found.broken_slots else EMPTY


def check_whole(core: Core, flash: NorFlash, number: int = 1, sector: int = 0) -> None:
    """A whole key is one whose halves belong together and that signs."""
    assert number in core.key_inspect(flash)[1].whole
    error, spki = core.key_public(flash, number)
    assert (error, spki) == ("ok", curve.spki(curve.times_g(private_key_in(flash, sector))))
    error, signature = core.key_sign(flash, core.sha256(b"m"), number)
    assert error == "ok"
    assert core.verify(spki, b"m", core.der_encode(signature)) == "ok"


def finish(core: Core, flash: NorFlash) -> None:
    """What the application does at the next boot, where no key was ever used."""
    if state_of(core, flash) == BROKEN:
        assert core.key_discard_broken(flash) == ("ok", 1)
    if state_of(core, flash) == EMPTY:
        assert core.key_create(flash, good(2), CHIP) == "ok"
    check_whole(core, flash)
    assert flash.misuse == []


def starts() -> dict[str, NorFlash]:
    """Areas that read empty: a new one, and one whose last erase was cut after the slot."""
    worn = NorFlash()
    worn.memory[300:4096] = b"\x5a" * (4096 - 300)
    return {"new": NorFlash(), "erase was cut": worn}


@pytest.mark.parametrize("start", starts())
@pytest.mark.parametrize("tear", TEARS)
@pytest.mark.parametrize("operation", range(len(CREATE_OPERATIONS)))
@pytest.mark.parametrize("alive", [False, True], ids=["cut", "refused"])
def test_first_key(core: Core, start: str, tear: str, operation: int, alive: bool) -> None:
    flash = starts()[start]
    flash.cut = Cut(operation, TEARS[tear], alive)
    assert core.key_create(flash, good(1), CHIP) == "storage"
    assert flash.operations == list(CREATE_OPERATIONS[: operation + 1])
    assert flash.misuse == []

    flash = flash.power_up()
    state = state_of(core, flash)
    if CREATE_OPERATIONS[operation] == "erase" or tear == "before":
        assert state == EMPTY
    else:
        assert state == (WHOLE if tear == "after" else BROKEN)
    finish(core, flash)


@pytest.mark.parametrize("tear", TEARS)
@pytest.mark.parametrize("operation", range(len(CREATE_OPERATIONS)))
def test_the_next_key_leaves_the_old_one_whole(core: Core, tear: str, operation: int) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 1, 1111)
    flash.cut = Cut(operation, TEARS[tear])
    assert core.key_create(flash, good(1), CHIP, number=2) == "storage"
    flash = flash.power_up()
    check_whole(core, flash, 1)
    found = core.key_inspect(flash)[1]
    assert len(found.whole) + found.broken_slots <= 2
    if 2 in found.whole:
        check_whole(core, flash, 2, sector=1)


@pytest.mark.parametrize("tear", TEARS)
@pytest.mark.parametrize("operation", range(len(DESTROY_OPERATIONS)))
@pytest.mark.parametrize("alive", [False, True], ids=["cut", "refused"])
def test_erasing(core: Core, tear: str, operation: int, alive: bool) -> None:
    """Whole, broken or gone; from the erase operation on nothing of the key is left anywhere."""
    flash = NorFlash(sector_count=4)
    secret = int.from_bytes(core.sha256(b"secret"))
    store(flash, 0, 2, 2222)
    store(flash, 1, 1, secret)
    flash.cut = Cut(operation, TEARS[tear], alive)
    assert core.key_erase(flash, 1) == "storage"
    assert flash.misuse == []

    flash = flash.power_up()
    check_whole(core, flash, 2)
    found = core.key_inspect(flash)[1]
    if 1 in found.whole:
        assert (DESTROY_OPERATIONS[operation], tear) == ("program", "before")
        check_whole(core, flash, 1, sector=1)
        assert core.key_erase(flash, 1) == "ok"
    if DESTROY_OPERATIONS[operation] == "erase":
        slot = flash.memory[4096 + 48 : 4096 + 80]
        assert not any(secret.to_bytes(32)[i : i + 4] in slot for i in range(29))
    assert core.key_discard_broken(flash)[0] == "ok"
    assert core.key_inspect(flash) == ("ok", Keys(0, {2: bytes(32)}))
    assert set(flash.memory[4096:]) == {0xFF}
    assert flash.misuse == []


def test_every_prefix_of_the_page(core: Core) -> None:
    """Cut after each single byte of the program operation."""
    whole = NorFlash()
    assert core.key_create(whole, good(1), CHIP) == "ok"
    for size in range(257):
        flash = NorFlash()
        flash.memory[:size] = whole.memory[:size]
        state = EMPTY if size == 0 else WHOLE if size >= SLOT_BYTES else BROKEN
        assert state_of(core, flash) == state, size


def test_a_cut_on_every_bit_of_the_page(core: Core) -> None:
    """All bits done but one, for each bit that changes."""
    whole = NorFlash()
    assert core.key_create(whole, good(1), CHIP) == "ok"
    for bit in range(8 * 256):
        if not whole.memory[bit // 8] >> bit % 8 & 1:
            flash = whole.power_up()
            flash.memory[bit // 8] |= 1 << bit % 8
            assert state_of(core, flash) == BROKEN, bit


@pytest.mark.parametrize("tear", TEARS)
@pytest.mark.parametrize("operation", range(len(DESTROY_OPERATIONS)))
@pytest.mark.parametrize("alive", [False, True], ids=["cut", "refused"])
def test_discarding(core: Core, tear: str, operation: int, alive: bool) -> None:
    flash = NorFlash()
    break_slot(flash, 0)
    flash.cut = Cut(operation, TEARS[tear], alive)
    assert core.key_discard_broken(flash) == ("storage", 0)
    flash = flash.power_up()
    assert state_of(core, flash) in (EMPTY, BROKEN)
    finish(core, flash)


@pytest.mark.parametrize("tear", TEARS)
def test_discarding_beside_a_whole_key_keeps_the_key(core: Core, keyed, tear: str) -> None:
    flash = keyed()
    break_slot(flash, 1)
    flash.cut = Cut(0, TEARS[tear])
    assert core.key_discard_broken(flash) == ("storage", 0)
    check_whole(core, flash.power_up())


def test_cells_that_do_not_take_the_key(core: Core) -> None:
    """The flash reports success but a cell kept its value: told, and no key is claimed."""
    for bit, value in itertools.product((0, 48 * 8 + 3, 80 * 8 + 1, 151 * 8, 2047), (0, 1)):
        flash = NorFlash()
        flash.stuck_bits = {bit: value}
        error = core.key_create(flash, good(1), CHIP)
        state = state_of(core, flash)
        if error == "ok":
            assert state == WHOLE
        else:
            assert error == "storage"
            # The bytes after the CRC are not part of the key: a key there is whole.
            assert state == (WHOLE if bit >= SLOT_BYTES * 8 else BROKEN)


def test_a_stuck_cell_is_noticed(core: Core) -> None:
    flash = NorFlash()
    flash.stuck_bits = {2047: 0}
    assert core.key_create(flash, good(1), CHIP) == "storage"


@pytest.mark.parametrize("bit", [0, 48 * 8 + 3, 2047])
def test_an_erasure_that_the_cells_did_not_take_is_noticed(core: Core, keyed, bit: int) -> None:
    flash = keyed()
    flash.stuck_bits = {bit: 0}
    assert core.key_erase(flash, 1) == "storage"
    assert flash.operations == list(DESTROY_OPERATIONS)
    broken = keyed()
    break_slot(broken, 0)
    broken.stuck_bits = {bit: 0}
    assert core.key_discard_broken(broken) == ("storage", 0)


def test_what_refuses_to_be_cleared_is_erased_all_the_same(core: Core, keyed) -> None:
    flash = keyed()
    flash.cut = Cut(0, TEARS["before"], alive=True)
    assert core.key_erase(flash, 1) == "storage"
    assert flash.operations == list(DESTROY_OPERATIONS)
    assert core.key_inspect(flash) == ("ok", Keys(0, {}))
