"""The stored object over fake flash: the latest whole version counts, and decay is not a cut."""

import pytest
from app.state_store import StateStore
from support.app.flash import PAGE_BYTES, FakeFlash, PowerCutError

AREA = 5


def make_flash(sectors: int = 4, seed: int = 0) -> FakeFlash:
    return FakeFlash({AREA: sectors}, seed)


def values(number: int) -> dict:
    return {"gateway_id": f"version {number}", "meter_unit": number % 247 + 1}


def test_blank_area_is_no_object_and_no_damage() -> None:
    settings = StateStore(make_flash(), AREA)
    assert (settings.values, settings.damage) == ({}, "")


def test_latest_version_counts() -> None:
    flash = make_flash()
    for number in range(3):
        StateStore(flash, AREA).save(values(number))
    assert StateStore(flash, AREA).values == values(2)


@pytest.mark.parametrize("sectors", [3, 4])
def test_hundreds_of_versions_find_room(sectors: int) -> None:
    flash = make_flash(sectors)
    settings = StateStore(flash, AREA)
    for number in range(300):
        settings.save(values(number))
        if number % 7 == 0:
            settings = StateStore(flash, AREA)
    assert StateStore(flash, AREA).values == values(299)


@pytest.mark.parametrize("how", ["before", "torn", "marginal", "after"])
def test_cut_at_any_operation_leaves_the_old_or_the_new_version(how: str) -> None:
    for cut_at in range(60):
        flash = make_flash(seed=cut_at)
        flash.cut_at, flash.cut_how = cut_at, how
        told = -1
        try:
            settings = StateStore(flash, AREA)
            for number in range(40):
                settings.save(values(number))
                told = number
        except PowerCutError:
            flash.power_up()
        settings = StateStore(flash, AREA)
        assert settings.damage == ""
        assert settings.values in (values(told) if told >= 0 else {}, values(told + 1))
        settings.save(values(500))
        assert StateStore(flash, AREA).values == values(500)


@pytest.mark.parametrize("how", ["torn", "marginal"])
def test_cuts_in_a_row_do_not_use_the_room_up(how: str) -> None:
    flash = make_flash(seed=9)
    told, tried = {}, [{}]
    for number in range(200):
        flash.cut_at, flash.cut_how = flash.operations + number % 8, how
        try:
            settings = StateStore(flash, AREA)
            assert settings.damage == ""
            assert settings.values in [told, *tried]
            tried.append(values(number))
            settings.save(values(number))
            told, tried = values(number), []
        except PowerCutError:
            flash.power_up()
    flash.power_up()
    StateStore(flash, AREA).save(values(777))
    for _ in range(4):
        flash.power_up()
        assert StateStore(flash, AREA).values == values(777)


def test_a_version_without_its_mark_gets_it_at_the_next_start() -> None:
    """Otherwise it might read as cut at a later one, after it was acted on."""
    for seed in range(20):
        flash = make_flash(seed=seed)
        settings = StateStore(flash, AREA)
        settings.save(values(0))
        flash.cut_at, flash.cut_how = flash.operations, "marginal"
        with pytest.raises(PowerCutError):
            settings.save(values(1))
        flash.power_up()
        found = StateStore(flash, AREA).values
        operations = flash.operations
        for _ in range(6):
            flash.power_up()
            assert StateStore(flash, AREA).values == found or found == values(0)
        assert flash.operations == operations or found == values(0)


def test_decayed_version_does_not_give_way_to_an_older_one() -> None:
    flash = make_flash()
    settings = StateStore(flash, AREA)
    settings.save(values(0))
    settings.save(values(1))
    flash.flip_bit(AREA, 3 * PAGE_BYTES + 20)
    again = StateStore(flash, AREA)
    assert "decayed" in again.damage
    assert again.values == {}


def test_whole_version_that_is_no_object_is_damage() -> None:
    for body in (b"[]", b"{", b'{"a":1.5}'):
        flash = make_flash()
        settings = StateStore(flash, AREA)
        settings._log.append(1, body, 1, b"")
        again = StateStore(flash, AREA)
        assert again.damage != ""
        assert again.values == {}
