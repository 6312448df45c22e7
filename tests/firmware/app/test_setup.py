"""The setup over fake flash: what lapses by itself, what counts on, and that it always fits."""

from app.setup import Setup
from support.app.bench import SETTINGS
from support.app.flash import FakeFlash

AREA = 5
PUBLICATION = {
    "leaf_index": (1 << 53) - 2,
    "tree_size": (1 << 53) - 1,
    "root": "ff" * 32,
    "registry": "ff" * 32,
    "unix_ms": (1 << 53) - 1,
}
DIGEST = "d1" * 32


def make_flash() -> FakeFlash:
    return FakeFlash({AREA: 4})


def sealed_setup(flash: FakeFlash | None = None) -> Setup:
    setup = Setup(flash or make_flash(), AREA)
    setup.configure(SETTINGS)
    setup.seal(DIGEST, 0)
    return setup


def test_blank_area_is_an_open_module_without_anything() -> None:
    setup = Setup(make_flash(), AREA)
    assert (setup.settings, setup.sealed, setup.commissioning, setup.damage) == ({}, False, 0, "")
    assert (setup.publication(0), setup.last_publication) == (None, None)


def test_setup_survives_a_restart() -> None:
    flash = make_flash()
    setup = sealed_setup(flash)
    setup.publish(PUBLICATION, 3)
    again = Setup(flash, AREA)
    assert (again.settings, again.sealed, again.commissioning) == (SETTINGS, True, 1)
    assert again.publication(3) == {**PUBLICATION, "key_number": 3, "commissioning": 1}


def test_publication_lapses_with_the_key() -> None:
    setup = sealed_setup()
    setup.publish(PUBLICATION, 3)
    assert setup.publication(4) is None
    assert setup.last_publication is not None


def test_publication_lapses_with_anything_that_the_seal_locks() -> None:
    setup = sealed_setup()
    setup.publish(PUBLICATION, 3)
    setup.unseal()
    assert setup.commissioning_when_sealed("d2" * 32) == 2
    setup.seal("d2" * 32, 0)
    assert (setup.commissioning, setup.publication(3)) == (2, None)


def test_publication_stays_with_what_the_seal_locked_before() -> None:
    setup = sealed_setup()
    setup.publish(PUBLICATION, 3)
    setup.unseal()
    setup.seal(DIGEST, 0)
    assert setup.commissioning == 1
    assert setup.publication(3) is not None


def test_a_new_commissioning_is_not_bound_by_the_times_of_earlier_records() -> None:
    setup = sealed_setup()
    assert setup.undated_through == 0
    setup.unseal()
    setup.seal(DIGEST, 7)  # nothing has changed
    assert (setup.commissioning, setup.undated_through) == (1, 0)
    setup.unseal()
    setup.configure({**SETTINGS, "meter_serial": "other"})
    setup.seal("d2" * 32, 8)
    assert (setup.commissioning, setup.undated_through) == (2, 8)
    setup.publish(PUBLICATION, 3)
    setup.let_time_go_back(8, is_new_commissioning=False)
    assert (setup.commissioning, setup.undated_through) == (2, 8)
    assert setup.publication(3) is not None
    setup.let_time_go_back(9, is_new_commissioning=True)
    assert (setup.commissioning, setup.undated_through) == (3, 9)
    assert (setup.sealed, setup.publication(3)) == (True, None)


def test_clearing_forgets_all_but_the_count_and_the_time() -> None:
    flash = make_flash()
    setup = sealed_setup(flash)
    setup.publish(PUBLICATION, 3)
    setup.keep_certain(1_780_000_000_000)
    setup.clear(5)
    setup = Setup(flash, AREA)
    assert (setup.certain_ms, setup.undated_through) == (1_780_000_000_000, 5)
    assert (setup.settings, setup.sealed, setup.commissioning) == ({}, False, 1)
    assert (setup.publication(3), setup.last_publication) == (None, None)
    setup.configure(SETTINGS)
    setup.seal(DIGEST, 0)
    assert setup.commissioning == 2


def test_clearing_a_cleared_setup_writes_nothing() -> None:
    flash = make_flash()
    setup = Setup(flash, AREA)
    setup.clear(0)
    assert flash.operations == 0
    sealed_setup(flash)
    setup = Setup(flash, AREA)
    setup.clear(0)
    before = flash.operations
    Setup(flash, AREA).clear(0)
    assert flash.operations == before


def test_longest_setup_fits() -> None:
    flash = make_flash()
    setup = Setup(flash, AREA)
    texts = {"registry_name": '"' * 100, "controller_firmware": '"' * 25}
    for name in ("gateway_id", "gateway_serial", "meter_serial", "charge_point_id"):
        texts[name] = '"' * 50
    line = {"baud": 115200, "parity": "none", "stop_bits": 2}
    setup.configure(
        {
            **SETTINGS,
            **texts,
            "meter_profile": "m" * 32,
            "line": line,
            "meter_unit": 247,
            "format_version": "1.4",
        }
    )
    setup.seal(DIGEST, 0)
    setup.publish(PUBLICATION, 1000)
    assert Setup(flash, AREA).publication(1000) is not None
