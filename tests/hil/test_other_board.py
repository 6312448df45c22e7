"""A board with other pins is a target of the rig by its name, and its image drives those pins."""

from typing import Any

import pytest
from wattseal.wire.errors import WattsealError

from hil.board import image_path, load_board
from hil.suite.module import SETTINGS, UNDER_TEST, Module
from hil.targets.open import abilities_of, kind_of, open_rig
from hil.targets.rp2040 import Rp2040Rig

BOARD = "rp2040_rs485"
pytestmark = pytest.mark.image(BOARD)


def test_it_is_a_target_of_its_chip() -> None:
    assert kind_of(BOARD) == "rp2040"
    assert abilities_of(BOARD, None) == Rp2040Rig.abilities
    assert load_board(BOARD).meter_line != load_board().meter_line


def _configure_and_seal(module: Module) -> dict[str, Any]:
    module.client.call("configure", **SETTINGS)
    return module.client.call("seal")


def test_its_image_reads_the_meter_on_its_own_pins() -> None:
    module = Module(open_rig(BOARD, UNDER_TEST, hurry=True))
    try:
        assert module.hello["board"] == module.rig.target == BOARD
        assert _configure_and_seal(module)["meter_serial_read"] is True
        assert module.rig.violations() == []
    finally:
        module.close()


def test_on_the_pins_of_another_board_no_meter_answers() -> None:
    module = Module(Rp2040Rig(UNDER_TEST, image_path(BOARD), board=load_board(), hurry=True))
    try:
        with pytest.raises(WattsealError) as caught:
            _configure_and_seal(module)
        assert caught.value.name == "meter_no_reply"
        assert module.rig.exchanges() == []
    finally:
        module.close()
