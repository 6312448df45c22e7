"""What only the owner can put right: a meter that is not as it was, and a key that has to go.

A session is ended without its meter, after which the next one works; energy that no charging point
gives is not to be billed; and the key is erased in whatever state the module is.
"""

from collections.abc import Callable
from typing import Any

import pytest

from hil.board import load_areas
from hil.suite.flow import let_flow
from hil.suite.judge import judge
from hil.suite.module import SETTINGS, Module
from hil.suite.ocmf import verified

pytestmark = [pytest.mark.needs("meter", "power"), pytest.mark.thorough("rp2040")]

FOR_EVER = 100_000
CLOCK = {"unix_ms": 1_800_000_000_000, "utc_offset_min": 0, "source": "informative"}
OTHER_SERIAL = "87654321"


def gone(module: Module) -> None:
    module.rig.meter.arm("silence", FOR_EVER, quantity=None)


def exchanged(module: Module) -> None:
    module.rig.meter.arm("other_serial", FOR_EVER, quantity="serial")


def wrapped(module: Module) -> None:
    module.rig.meter.arm("decreasing", FOR_EVER, by_wh=module.rig.meter.energy_wh // 2)


def repaired(module: Module) -> None:
    module.rig.meter.disarm()


def commissioned_with_the_other(module: Module) -> None:
    module.commission(meter_serial=OTHER_SERIAL)


def accepted(module: Module) -> None:
    refusal = module.client.refusal("begin")
    assert refusal.name == "meter_went_backwards"
    told = module.client.call("accept_meter", signature=module.answer("accept_meter"))
    assert float(told["found_kwh"]) < float(told["earlier_kwh"])
    assert module.newest_event()["event"] == "meter_accepted"


WAYS = [
    pytest.param(gone, "meter_no_reply", "T", repaired, id="gone"),
    pytest.param(exchanged, "meter_serial_mismatch", "X", commissioned_with_the_other, id="other"),
    pytest.param(wrapped, "meter_went_backwards", "O", accepted, id="wrapped"),
]
Way = Callable[[Module], None]


def close_session(module: Module) -> dict[str, Any]:
    return module.client.call("close_session", signature=module.answer("close_session"))


@pytest.mark.parametrize("is_cut", [False, True], ids=["on", "cut"])
@pytest.mark.parametrize(("happen", "name", "letter", "put_right"), WAYS)
def test_owner_closes_a_session_and_the_next_one_works(
    own_module: Module, happen: Way, name: str, letter: str, put_right: Way, is_cut: bool
) -> None:
    module = own_module
    key = module.client.call("public_key")["public_key"]
    begun = module.begin()
    let_flow(module.rig, 2000)
    happen(module)
    assert module.client.refusal("end").name == name
    if is_cut:
        module.restart()
        refusal = module.client.refusal("set_time", **CLOCK)
        assert (refusal.name, refusal.detail) == ("recovery_pending", {"cause": name})

    closed = close_session(module)
    first, last = verified(begun["record"], key), verified(closed["record"], key)
    assert closed["begin_pagination"] == begun["pagination"]
    assert last.pagination == first.pagination + 1
    assert last.energy_wh == first.energy_wh
    assert [last.reading[name] for name in ("TX", "EF", "ST")] == [
        "A",
        "Et" if is_cut else "E",
        letter,
    ]
    assert last.payload["MS"] == SETTINGS["meter_serial"]
    assert module.status()["session"] is None

    module.set_time()
    put_right(module)
    begun = module.begin()
    let_flow(module.rig, 2000)
    ended = module.end()
    assert begun["pagination"] == closed["pagination"] + 1
    assert verified(ended["record"], key).reading["EF"] == ""
    judge(module)


def test_energy_that_no_charging_point_gives_is_not_to_be_billed(own_module: Module) -> None:
    module = own_module
    key = module.client.call("public_key")["public_key"]
    module.begin()
    module.rig.meter.add_wh(5_000_000)
    reading = verified(module.end()["record"], key).reading
    assert (reading["EF"], reading["ST"]) == ("E", "O")
    module.begin()
    let_flow(module.rig, 1000)
    reading = verified(module.end()["record"], key).reading
    assert (reading["EF"], reading["ST"]) == ("", "G")


# --- the key goes in every state -------------------------------------------------------------


def area(module: Module, name: str) -> slice:
    """Where an area of the flash is."""
    offset, size = load_areas(module.rig.target)[name]
    return slice(offset, offset + size)


def restart_with_a_bit_lost(module: Module, name: str, at: int) -> None:
    """Let a bit that is set decay in an area, this many bytes from its begin or after."""
    image = bytearray(module.rig.flash_image())
    place = area(module, name).start + at
    while image[place] in (0, 0xFF):
        place += 1
    image[place] ^= 1 << image[place].bit_length() - 1
    module.restart(bytes(image))


@pytest.mark.needs("flash")
@pytest.mark.parametrize(
    ("name", "at", "fault", "has_farewell"),
    [
        ("keys", 16, "key_broken", False),
        ("statements", 256 + 40, "storage_broken", False),
        ("events", 256 + 60, "storage_broken", True),
        ("journal", 256 + 60, "storage_broken", True),
    ],
)
@pytest.mark.parametrize("is_open", [False, True])
def test_owner_erases_the_key_in_a_fault(
    own_module: Module, name: str, at: int, fault: str, has_farewell: bool, is_open: bool
) -> None:
    module = own_module
    module.begin()
    if not is_open:
        module.end()
    restart_with_a_bit_lost(module, name, at)
    assert module.status()["cause"]["name"] == fault
    told = module.decommission()
    assert (told["statement"] is not None) == has_farewell
    keys = module.rig.flash_image()[area(module, "keys")]
    assert keys == b"\xff" * len(keys)
    status = module.status()
    assert (status["key_number"], status["sealed"]) == (None, False)


@pytest.mark.needs("flash")
def test_owner_erases_the_key_during_a_session_whose_meter_is_gone(own_module: Module) -> None:
    module = own_module
    key = module.client.call("public_key")["public_key"]
    begun = module.begin()
    gone(module)
    farewell = module.decommission()
    assert farewell["statement"]
    last = verified(module.records(begun["pagination"] + 1)[0]["record"], key)
    assert [last.reading[name] for name in ("TX", "EF", "ST")] == ["A", "E", "T"]
    judge(module)
    module.rig.meter.disarm()
    module.restart()
    judge(module)
    module.set_time()
    module.commission()
    assert module.begin()["pagination"] == last.pagination + 1
    module.end()
