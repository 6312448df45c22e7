"""The log of statements over fake flash: state, cuts, decay, and a log that is full."""

import pytest
from app.statements import HANDED_OVER, IN_USE, MAX_ENTRY_BYTES, RETIRED, KeyState, Statements
from support.app.flash import PAGE_BYTES, SECTOR_BYTES, FakeFlash, PowerCutError
from wire.errors import WattsealError
from wire.statements import build_statement

AREA = 5
SIGNATURE = bytes(72)


def make_flash(sectors: int = 4, seed: int = 0) -> FakeFlash:
    return FakeFlash({AREA: sectors}, seed)


def longest_rollover() -> str:
    return build_statement(
        "rollover",
        chip_id="ff" * 32,
        old_key_number=1000,
        old_public_key="ff" * 91,
        old_firmware_identity="ff" * 32,
        handover=None,
        handover_sha256=None,
        key_number=1000,
        public_key="ff" * 91,
        firmware='"' * 25,
        firmware_identity="ff" * 32,
        rollback_number=65535,
        last_pagination=(1 << 53) - 1,
        after_unix_ms=(1 << 53) - 1,
    )


def store(statements: Statements, key_number: int, fate: int = IN_USE) -> None:
    state = KeyState(statements.state.number + 1, key_number, 7, fate)
    text = longest_rollover()
    statements.store(state, text, [(key_number, SIGNATURE), (key_number + 1, SIGNATURE)])


def test_blank_area_announces_nothing() -> None:
    statements = Statements(make_flash(), AREA)
    assert (statements.announced, statements.state.number, statements.damage) == (0, 0, "")
    with pytest.raises(WattsealError) as raised:
        statements.read(1)
    assert raised.value.name == "storage_broken"


def test_newest_statement_tells_how_it_stands() -> None:
    flash = make_flash()
    store(Statements(flash, AREA), 3)
    again = Statements(flash, AREA)
    state = again.state
    assert (state.number, state.key_number, state.rollback_number) == (1, 3, 7)
    assert again.announced == 3
    for fate in (RETIRED, HANDED_OVER):
        store(again, 3, fate)
        again = Statements(flash, AREA)
        assert (again.announced, again.state.key_number, again.state.fate) == (0, 3, fate)


def test_statement_comes_back_as_it_was_stored_even_the_longest() -> None:
    flash = make_flash()
    statements = Statements(flash, AREA)
    for number in range(1, 6):
        before = flash.operations
        store(statements, number)
        assert (flash.operations - before) * PAGE_BYTES < MAX_ENTRY_BYTES + 2 * PAGE_BYTES
    for number in range(1, 6):
        assert Statements(flash, AREA).read(number) == {
            "statement": longest_rollover(),
            "signatures": [
                {"key_number": number, "signature": SIGNATURE.hex()},
                {"key_number": number + 1, "signature": SIGNATURE.hex()},
            ],
        }


def store_five(flash: FakeFlash, told: list[int]) -> None:
    statements = Statements(flash, AREA)
    for number in range(1, 6):
        store(statements, number)
        told[0] = number


def operations_of_five() -> int:
    flash = make_flash()
    store_five(flash, [0])
    return flash.operations


@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_cut_at_any_operation_leaves_the_statement_out_or_whole(how: str) -> None:
    for cut_at in range(operations_of_five()):
        flash = make_flash(seed=cut_at)
        flash.cut_at, flash.cut_how = cut_at, how
        counted = [0]
        with pytest.raises(PowerCutError):
            store_five(flash, counted)
        flash.power_up()
        (told,) = counted
        again = Statements(flash, AREA)
        assert again.damage == ""
        assert again.state.number in (told, told + 1)
        assert again.announced == again.state.number
        newest = again.state.number
        store(again, 500)
        again = Statements(flash, AREA)
        assert (again.damage, again.announced) == ("", 500)
        assert again.read(newest + 1)["signatures"][0]["key_number"] == 500
        for number in range(1, newest + 1):
            assert again.read(number)["signatures"][0]["key_number"] == number


def test_full_log_keeps_room_for_a_farewell() -> None:
    flash = make_flash(sectors=3)
    statements = Statements(flash, AREA)

    def roll_over_for_ever() -> None:
        while True:
            statements.require_room()
            store(statements, statements.state.number + 1)

    with pytest.raises(WattsealError) as raised:
        roll_over_for_ever()
    number = statements.state.number
    assert raised.value.name == "statements_full"
    assert raised.value.detail == {"newest": number}
    statements.require_room(0)
    store(statements, number, RETIRED)
    assert Statements(flash, AREA).state.number == number + 1


def test_log_without_any_room_refuses_and_stays_as_it_is() -> None:
    flash = make_flash(sectors=2)
    statements = Statements(flash, AREA)

    def store_for_ever() -> None:
        while True:
            store(statements, 1)

    with pytest.raises(WattsealError) as raised:
        store_for_ever()
    assert raised.value.name == "statements_full"
    assert Statements(flash, AREA).state.number == statements.state.number


def test_decayed_statement_that_is_not_the_newest_is_damage() -> None:
    flash = make_flash()
    statements = Statements(flash, AREA)
    store(statements, 1)
    store(statements, 2)
    flash.flip_bit(AREA, PAGE_BYTES + 100)
    again = Statements(flash, AREA)
    assert again.damage == "a statement has decayed"
    assert again.announced == 2
    with pytest.raises(WattsealError) as raised:
        again.read(1)
    assert raised.value.detail == {"where": "statements", "number": 1}
    assert again.read(2)


@pytest.mark.parametrize("decayed", [[], [0], [1], [2], [3], [0, 1], [1, 2], [0, 1, 2]])
def test_every_statement_is_found_whatever_headers_have_decayed(decayed: list[int]) -> None:
    flash = make_flash()
    statements = Statements(flash, AREA)
    for number in range(1, 8):  # two in a sector
        store(statements, number)
    for sector in decayed:
        flash.flip_bit(AREA, sector * SECTOR_BYTES + 1)
    again = Statements(flash, AREA)
    for number in range(1, 8):
        assert again.read(number)["signatures"][0]["key_number"] == number
