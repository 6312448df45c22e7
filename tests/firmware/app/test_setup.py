"""The setup over fake flash: what lapses by itself, what counts on, and that it always fits."""

import pytest
from app.setup import FACTS, Setup
from support.app.bench import SETTINGS
from support.app.flash import FakeFlash

AREA = 5
PUBLICATION = {
    "leaf_index": (1 << 53) - 2,
    "tree_size": (1 << 53) - 1,
    "root": "ff" * 32,
    "registry": "ff" * 32,
}


def make_flash() -> FakeFlash:
    return FakeFlash({AREA: 4})


def sealed_setup(flash: FakeFlash | None = None) -> Setup:
    setup = Setup(flash or make_flash(), AREA)
    setup.configure(SETTINGS)
    setup.seal()
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


@pytest.mark.parametrize("name", FACTS)
def test_publication_lapses_with_every_fact_of_the_registration(name: str) -> None:
    setup = sealed_setup()
    setup.publish(PUBLICATION, 3)
    setup.unseal()
    setup.configure({**SETTINGS, name: "other"})
    assert setup.commissioning_when_sealed() == 2
    setup.seal()
    assert (setup.commissioning, setup.publication(3)) == (2, None)


def test_clearing_forgets_all_but_the_count() -> None:
    flash = make_flash()
    setup = sealed_setup(flash)
    setup.publish(PUBLICATION, 3)
    setup.clear()
    setup = Setup(flash, AREA)
    assert (setup.settings, setup.sealed, setup.commissioning) == ({}, False, 1)
    assert (setup.publication(3), setup.last_publication) == (None, None)
    setup.configure(SETTINGS)
    setup.seal()
    assert setup.commissioning == 2


def test_clearing_a_cleared_setup_writes_nothing() -> None:
    flash = make_flash()
    setup = Setup(flash, AREA)
    setup.clear()
    assert flash.operations == 0
    sealed_setup(flash)
    setup = Setup(flash, AREA)
    setup.clear()
    before = flash.operations
    Setup(flash, AREA).clear()
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
    setup.seal()
    setup.publish(PUBLICATION, 1000)
    assert Setup(flash, AREA).publication(1000) is not None
