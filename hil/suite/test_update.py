"""Firmware updates: a new image means a new key, and only the vendor's image gets in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hil.flash import Moment
from hil.suite.command import told
from hil.suite.judge import judge
from hil.suite.module import Module
from hil.suite.ocmf import verified
from hil.suite.update import (
    FIRST_RELEASE,
    WRITING_LIMIT_S,
    bundle_of,
    enter_boot_loader,
    put_on_drive,
    release_of,
    uf2_of,
    update,
)
from hil.vendor import Release

pytestmark = pytest.mark.needs("update")


def statement(module: Module, number: int) -> dict[str, Any]:
    """The members of a statement that the module keeps."""
    found: dict[str, Any] = json.loads(module.statements()[number - 1]["statement"])
    return found


def check_new_key_after_update(module: Module, release: Release, old_key: dict[str, Any]) -> None:
    """The state that a firmware update must end in."""
    assert module.hello["firmware"] == release.firmware
    assert module.hello["firmware_identity"] == release.identity
    status = module.status()
    assert (status["state"], status["sealed"]) == ("unregistered", True)
    assert (status["publication"], status["update"]) == (None, None)
    assert status["key_number"] == old_key["key_number"] + 1
    assert module.client.call("public_key")["public_key"] != old_key["public_key"]
    told = statement(module, len(module.statements()))
    assert told["type"] == "rollover"
    assert told["old_public_key"] == old_key["public_key"]
    assert told["firmware_identity"] == release.identity
    (changed,) = [event for event in module.told_events() if event["event"] == "key_changed"]
    assert changed["detail"]["announced"] is True
    module.set_time()
    assert module.client.refusal("begin").name == "not_operational"


def test_the_tool_updates_a_module_which_makes_a_new_key(
    own_module: Module, next_image: Path, tmp_path: Path
) -> None:
    module = own_module
    old_key = module.client.call("public_key")
    begun, ended = module.begin(), module.end()
    release = release_of(module, next_image)
    module.client.close()  # the tool wants the port for itself
    done = told(
        *("firmware", "update", bundle_of(release, tmp_path)),
        *("--port", module.rig.port, "--drive", module.rig.boot_drive),
    )
    assert done["updated"] is True
    assert done["firmware_identity"] == release.identity
    module.reconnect()
    check_new_key_after_update(module, release, old_key)
    kept = [record["record"] for record in module.records()]
    assert kept == [begun["record"], ended["record"]]
    for text in kept:
        verified(text, old_key["public_key"])
    judge(module)

    module.publish()
    assert module.status()["state"] == "operational"
    key = module.client.call("public_key")["public_key"]
    record = verified(module.begin()["record"], key)
    assert record.payload["GV"] == f"{release.firmware}+{release.identity[:16]}"
    module.end()

    # The same image once more changes nothing.
    module.put_image(next_image)
    status = module.status()
    assert (status["state"], status["key_number"]) == ("operational", 2)
    assert module.client.call("public_key")["public_key"] == key
    assert len(module.statements()) == 2
    judge(module)


@pytest.mark.thorough("rp2040")
def test_an_older_image_gets_a_key_of_its_own_too(
    own_module: Module, first_image: Path, next_image: Path
) -> None:
    module = own_module
    keys = [module.client.call("public_key")["public_key"]]
    for image in (next_image, first_image):
        module.put_image(image)
        keys.append(module.client.call("public_key")["public_key"])
        assert module.status()["state"] == "unregistered"
    assert len(set(keys)) == 3  # the first key has not come back
    assert module.hello["firmware_identity"] == release_of(module, first_image).identity
    events = [event for event in module.told_events() if event["event"] == "key_changed"]
    assert [event["detail"]["announced"] for event in events] == [False, False]
    judge(module)


@pytest.mark.thorough("rp2040")
def test_a_session_cut_by_a_new_image_is_ended_by_the_new_key(
    own_module: Module, next_image: Path
) -> None:
    module = own_module
    begun = module.begin()
    module.put_image(next_image)
    module.await_recovery()
    key = module.client.call("public_key")["public_key"]
    first, last = module.records()
    assert first["record"] == begun["record"]
    assert verified(last["record"], key).reading["TX"] == "P"
    judge(module)


# --- what must not get in --------------------------------------------------------------------


def test_only_the_vendors_manifest_for_this_board_is_accepted(
    module: Module, next_image: Path
) -> None:
    release = release_of(module, next_image)
    good = release.signed()
    half = len(good["signature"]) // 2
    forgeries = {
        "another vendor": (release.signed(ec.generate_private_key(ec.SECP256R1())), "signature"),
        "changed": (
            {**good, "manifest": good["manifest"].replace(release.identity, "00" * 32)},
            "signature",
        ),
        "damaged signature": (
            {
                **good,
                "signature": good["signature"][:half] + "0000" + good["signature"][half + 4 :],
            },
            "signature",
        ),
        "another board": (replace(release, board="wattseal_other").signed(), "board"),
        "too old": (replace(release, rollback_number=0).signed(), "rollback"),
        "no manifest": ({**good, "manifest": "{}"}, ""),
    }
    for name, (params, word) in forgeries.items():
        refusal = module.client.refusal("check_update", **params)
        assert refusal.name == "update_refused", name
        assert word in refusal.detail["cause"], (name, refusal.detail)
        assert module.client.refusal("enter_boot_loader").name == "no_update", name
    status = module.status()
    assert (status["state"], status["update"]) == ("operational", None)
    assert module.rig.in_boot_loader is False


@pytest.mark.thorough("rp2040")
def test_an_accepted_update_waits_for_its_image_and_ends_with_a_restart(
    own_module: Module, next_image: Path
) -> None:
    module = own_module
    release = release_of(module, next_image)
    module.client.call("check_update", **release.signed())
    told = module.status()
    assert told["update"] == {"firmware": release.firmware, "firmware_identity": release.identity}
    assert told["state"] == "operational"
    module.begin()
    assert module.client.refusal("enter_boot_loader").name == "session_open"
    module.end()
    module.restart()
    assert module.client.refusal("enter_boot_loader").name == "no_update"
    assert module.status()["state"] == "operational"
    judge(module)


@pytest.mark.thorough("rp2040")
def test_what_is_no_image_leaves_the_module_in_its_boot_loader_and_whole(
    own_module: Module, next_image: Path
) -> None:
    """A file cut short or for another chip is not written; the old image starts again."""
    module = own_module
    before = module.client.call("public_key")
    release = release_of(module, next_image)
    enter_boot_loader(module, release)
    drive = module.rig.boot_drive
    whole = uf2_of(release)
    (drive / "short.uf2").write_bytes(whole[:-512])
    (drive / "damaged.uf2").write_bytes(bytes(len(whole)))
    with pytest.raises(TimeoutError):
        module.rig.wait_for_start(1)
    module.restart()
    assert module.client.call("public_key") == before
    assert module.status()["state"] == "operational"
    judge(module)


@pytest.mark.needs("cut")
def test_a_cut_while_the_boot_loader_writes_leads_back_into_it(
    own_module: Module, next_image: Path
) -> None:
    """No half image ever starts: the drive comes back until one was written whole."""
    module = own_module
    old_key = module.client.call("public_key")
    release = release_of(module, next_image)
    enter_boot_loader(module, release)
    # One page a block, and an erase for each sector of sixteen.
    blocks = -(-release.image.stat().st_size // 256)
    operations = blocks + -(-blocks // 16)
    cuts = [
        *((0, Moment.HALF), (0, Moment.AFTER), (1, Moment.AFTER)),
        *((operations // 2, Moment.WEAK), (operations - 1, Moment.BEFORE)),
        (operations - 1, Moment.HALF),
    ]
    for place, moment in cuts:
        module.rig.cut_power_in(len(module.rig.flash_operations()) + place, moment)
        put_on_drive(module, release)
        module.rig.wait_for_power_cut(WRITING_LIMIT_S)
        module.rig.restart()
        module.rig.wait_for_boot_loader(1)
    put_on_drive(module, release)
    module.rig.wait_for_start(WRITING_LIMIT_S)
    module.reconnect()
    check_new_key_after_update(module, release, old_key)
    judge(module)


@pytest.mark.thorough("rp2040")
def test_the_way_back_to_the_first_release_is_an_update_too(
    own_module: Module, first_image: Path, next_image: Path
) -> None:
    module = own_module
    update(module, release_of(module, next_image))
    update(module, release_of(module, first_image, FIRST_RELEASE))
    assert module.status()["key_number"] == 3
    events = [event for event in module.told_events() if event["event"] == "key_changed"]
    assert [event["detail"]["announced"] for event in events] == [True, True]
    judge(module)
