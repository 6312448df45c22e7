"""Power cuts and failing cells at every operation of the key's life: never half a key."""

import itertools

import pytest
from core_harness import curve
from core_harness.flash import TEARS, Cut, NorFlash
from core_harness.library import Core
from core_harness.noise import good
from test_key import BROKEN, EMPTY, VALID, private_key_in

CHIP = b"chip"
CREATE_OPERATIONS = ("erase", "program")


def check_whole(core: Core, flash: NorFlash) -> None:
    """A valid key is one whose halves belong together and that signs."""
    assert core.key_inspect(flash)[1].number == 1
    error, spki = core.key_public(flash)
    assert (error, spki) == ("ok", curve.spki(curve.times_g(private_key_in(flash))))
    error, signature = core.key_sign(flash, core.sha256(b"m"))
    assert error == "ok"
    assert core.verify(spki, b"m", core.der_encode(signature)) == "ok"


def finish(core: Core, flash: NorFlash) -> None:
    """What the application does at the next boot, where no key was ever used."""
    state = core.key_inspect(flash)[1].state
    if state == BROKEN:
        assert core.key_create(flash, good(2), CHIP) == ("key_broken", 0)
        assert core.key_discard_broken(flash) == ("ok", 1)
        state = EMPTY
    if state == EMPTY:
        assert core.key_create(flash, good(2), CHIP) == ("ok", 1)
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
    assert core.key_create(flash, good(1), CHIP) == ("storage", 0)
    assert flash.operations == list(CREATE_OPERATIONS[: operation + 1])
    assert flash.misuse == []

    flash = flash.power_up()
    state = core.key_inspect(flash)[1].state
    if CREATE_OPERATIONS[operation] == "erase" or tear == "before":
        assert state == EMPTY
    else:
        assert state == (VALID if tear == "after" else BROKEN)
    finish(core, flash)


def test_every_prefix_of_the_page(core: Core) -> None:
    """Cut after each single byte of the program operation."""
    whole = NorFlash()
    assert core.key_create(whole, good(1), CHIP)[0] == "ok"
    for size in range(257):
        flash = NorFlash()
        flash.memory[:size] = whole.memory[:size]
        state = core.key_inspect(flash)[1].state
        assert state == (EMPTY if size == 0 else VALID if size >= 152 else BROKEN), size


def test_a_cut_on_every_bit_of_the_page(core: Core) -> None:
    """All bits done but one, for each bit that changes."""
    whole = NorFlash()
    assert core.key_create(whole, good(1), CHIP)[0] == "ok"
    for bit in range(8 * 256):
        if not whole.memory[bit // 8] >> bit % 8 & 1:
            flash = whole.power_up()
            flash.memory[bit // 8] |= 1 << bit % 8
            assert core.key_inspect(flash)[1].state == BROKEN, bit


@pytest.mark.parametrize("tear", TEARS)
@pytest.mark.parametrize("alive", [False, True], ids=["cut", "refused"])
def test_discarding(core: Core, tear: str, alive: bool) -> None:
    flash = NorFlash()
    flash.memory[:100] = bytes(100)
    flash.cut = Cut(0, TEARS[tear], alive)
    assert core.key_discard_broken(flash) == ("storage", 0)
    flash = flash.power_up()
    assert core.key_inspect(flash)[1].state in (EMPTY, BROKEN)
    finish(core, flash)


@pytest.mark.parametrize("tear", TEARS)
def test_discarding_beside_a_whole_key_keeps_the_key(core: Core, keyed, tear: str) -> None:
    flash = keyed()
    flash.memory[flash.sector_size : flash.sector_size + 100] = bytes(100)
    flash.cut = Cut(0, TEARS[tear])
    assert core.key_discard_broken(flash) == ("storage", 0)
    check_whole(core, flash.power_up())


def test_cells_that_do_not_take_the_key(core: Core) -> None:
    """The flash reports success but a cell kept its value: told, and no key is claimed."""
    for bit, value in itertools.product((0, 48 * 8 + 3, 80 * 8 + 1, 151 * 8, 2047), (0, 1)):
        flash = NorFlash()
        flash.stuck_bits = {bit: value}
        error, number = core.key_create(flash, good(1), CHIP)
        state = core.key_inspect(flash)[1].state
        if error == "ok":
            assert (number, state) == (1, VALID)
        else:
            assert (error, number) == ("storage", 0)
            # The bytes after the CRC are not part of the key: a key there is whole.
            assert state == (VALID if bit >= 152 * 8 else BROKEN)


def test_a_stuck_cell_is_noticed(core: Core) -> None:
    flash = NorFlash()
    flash.stuck_bits = {2047: 0}
    assert core.key_create(flash, good(1), CHIP) == ("storage", 0)
