import pytest
from wattseal.wire.errors import WattsealError
from wattseal.wire.sunspec import Walk, located, wanted_models

MARKER = [0x5375, 0x6E53]


def device(*blocks: tuple[int, int]) -> dict[int, int]:
    """Registers of a device with these (model, length) blocks from 40000 on."""
    registers = dict(enumerate(MARKER, 40000))
    at = 40002
    for model, length in (*blocks, (0xFFFF, 0)):
        registers[at], registers[at + 1] = model, length
        at += 2 + length
    return registers


def walk_over(registers: dict[int, int], wanted: tuple) -> tuple[Walk, list[int]]:
    walk = Walk(40000, wanted)
    asked = []
    while walk.next_read():
        address, count = walk.next_read()
        asked.append(address)
        walk.take([registers[address + n] for n in range(count)])
    return walk, asked


def test_the_wanted_models_are_found_and_no_more_is_read():
    registers = device((1, 66), (10, 4), (17, 12), (203, 105), (64900, 300))
    walk, asked = walk_over(registers, (203, 1))
    # The addresses are those of the BSM-WS36A's published map.
    assert walk.models[1] == (40002, 68)
    assert walk.models[203] == (40090, 107)
    assert asked == [40000, 40002, 40070, 40076, 40090]


def test_of_a_model_that_appears_twice_the_first_counts():
    walk, _ = walk_over(device((203, 105), (203, 105), (1, 66)), (1, 203))
    assert walk.models[203] == (40002, 107)


def refusal(registers: dict[int, int], wanted: tuple = (203,)) -> WattsealError:
    with pytest.raises(WattsealError) as refused:
        walk_over(registers, wanted)
    assert refused.value.name == "meter_not_recognised"
    return refused.value


def test_a_device_without_the_marker_is_refused():
    assert "marker" in refusal({40000: 0x5375, 40001: 0}).detail["cause"]


def test_a_device_without_the_model_is_refused_naming_it():
    assert refusal(device((1, 66), (103, 50))).detail["missing"] == [203]


def test_a_chain_without_an_end_is_refused():
    assert "end" in refusal(device(*[(1, 66)] * 40)).detail["cause"]


def test_a_chain_that_leaves_the_register_space_is_refused():
    assert "end" in refusal(device((1, 65535))).detail["cause"]


def test_a_quantity_is_located_in_its_model():
    quantity = {"model": 203, "address": 46, "count": 9, "type": "u32"}
    assert located(quantity, {203: (40090, 107)})["address"] == 40136
    assert quantity["address"] == 46


def test_a_quantity_with_a_wire_address_stays_as_it_is():
    quantity = {"address": 72, "count": 2}
    assert located(quantity, {}) is quantity


def test_a_model_too_short_for_the_quantity_is_refused():
    with pytest.raises(WattsealError, match="too short"):
        located({"model": 203, "address": 46, "count": 9}, {203: (40090, 54)})


def test_the_models_of_a_profile():
    profile = {"energy_import": {"model": 203}, "serial": {"model": 1}, "firmware": {"model": 1}}
    assert sorted(wanted_models(profile)) == [1, 203]
    assert wanted_models({"energy_import": {"address": 72}}) == ()
