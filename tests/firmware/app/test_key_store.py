"""What a start finds in the key store and the log of statements, and which key it makes of that."""

import json

import pytest
from support.app.bench import Bench
from support.app.core import AREA_KEYS, FIRST_IMAGE, SLOTS, FakeCore
from support.app.flash import PAGE_BYTES, SECTOR_BYTES
from support.app.key_life import (
    SECOND_IMAGE,
    THIRD_IMAGE,
    check_one_key,
    details_of,
    fault_of,
    worked_bench,
)
from wire.errors import WattsealError


def test_newer_key_of_another_image_is_nobodys() -> None:
    bench = worked_bench()
    bench.core.image = THIRD_IMAGE
    bench.core.key_create(2)
    left = bench.core.key_public(2)
    bench.flash(SECOND_IMAGE).boot()
    assert check_one_key(bench, 2, SECOND_IMAGE)["public_key"] != left.hex()
    assert details_of(bench, "key_discarded") == [{"broken_slots": 0, "key_numbers": [2]}]


def test_newer_key_is_no_use_to_the_image_of_the_announced_one() -> None:
    bench = worked_bench()
    bench.core.image = SECOND_IMAGE
    bench.core.key_create(2)
    bench.flash(FIRST_IMAGE, "0.1.0").boot()
    assert bench.call("status")["state"] == "operational"
    check_one_key(bench, 1, FIRST_IMAGE)


def test_decayed_key_is_not_replaced_by_an_update() -> None:
    bench = worked_bench()
    bench.core.image = SECOND_IMAGE
    bench.core.key_create(2)
    bench.core.flip_bit(AREA_KEYS, 10)
    assert fault_of(bench.flash(SECOND_IMAGE)).name == "key_broken"
    assert bench.core.key_slots() == (1, ((2, SECOND_IMAGE),))


def test_key_of_another_chip_is_a_fault_and_the_flash_works_again_in_its_own() -> None:
    bench = worked_bench()
    own, slots = bench.core.chip, bytes(bench.core.content[AREA_KEYS])
    bench.core.chip = bytes(8)
    assert fault_of(bench).name == "key_of_other_chip"
    assert "copied" in str(fault_of(bench.flash(SECOND_IMAGE)))
    status = bench.call("status")
    assert (status["state"], status["cause"]["name"]) == ("fault", "key_of_other_chip")
    assert details_of(bench, "fault")[-1]["error"] == "key_of_other_chip"
    assert list(bench.all_records()) == [1, 2]
    with pytest.raises(WattsealError):
        bench.call("begin")
    assert bytes(bench.core.content[AREA_KEYS]) == slots
    bench.core.chip = own
    bench.flash(FIRST_IMAGE).boot()
    assert bench.call("status")["state"] == "operational"


def test_keys_of_another_chip_can_be_erased() -> None:
    bench = worked_bench()
    bench.core.chip = bytes(8)
    bench.core.key_erase_all()
    assert bench.core.key_slots() == (0, ())


def test_lost_key_is_not_replaced_by_an_update() -> None:
    bench = worked_bench()
    bench.core.content[AREA_KEYS][:] = b"\xff" * SECTOR_BYTES * SLOTS
    fault = fault_of(bench.flash(SECOND_IMAGE))
    assert (fault.name, fault.detail) == ("key_lost", {"key_number": 1})
    assert bench.core.key_slots() == (0, ())


@pytest.mark.parametrize("number", [1, 2])
def test_key_that_a_cut_left_unannounced_is_the_one_that_is_announced(number: int) -> None:
    bench = Bench() if number == 1 else worked_bench()
    image = [FIRST_IMAGE, SECOND_IMAGE][number - 1]
    bench.core.image = image
    bench.core.key_create(number)
    left = bench.core.key_public(number)
    bench.boot()
    assert check_one_key(bench, number, image)["public_key"] == left.hex()


def test_unannounced_key_of_another_image_gives_way_at_the_first_start() -> None:
    bench = Bench()
    bench.core.image = THIRD_IMAGE
    bench.core.key_create(1)
    bench.core.image = FIRST_IMAGE
    bench.boot()
    check_one_key(bench, 1, FIRST_IMAGE)


def test_decayed_newest_statement_is_a_fault_and_no_older_key_counts() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE).boot()
    pages = -(-len(json.dumps(bench.call("statements", from_=1, to=1))) // PAGE_BYTES)
    bench.core.flip_bit(FakeCore.AREA_STATEMENTS, (1 + pages + 1) * PAGE_BYTES)
    fault = fault_of(bench)
    assert (fault.name, fault.detail["where"]) == ("storage_broken", "statements")
    assert bench.core.key_slots() == (0, ((2, SECOND_IMAGE),))
    part = bench.call("statements")
    assert ([item["number"] for item in part["statements"]], part["next"]) == ([1], 2)
    with pytest.raises(WattsealError) as raised:
        bench.call("statements", from_=2)
    assert raised.value.name == "storage_broken"
