"""Firmware updates: a new image means a new key, and only the vendor's image gets in."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from wattseal.wire.errors import WattsealError

from hil.flash import Moment
from hil.suite.command import told
from hil.suite.judge import judge
from hil.suite.module import Module
from hil.suite.ocmf import verified
from hil.suite.update import (
    BOOT_LOADER_LIMIT_S,
    FIRST_RELEASE,
    NEXT_RELEASE,
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
    handover = statement(module, told["handover"])
    assert handover["public_key"] == old_key["public_key"]
    assert handover["next_firmware_identity"] == release.identity
    module.set_time()
    assert module.client.refusal("begin").name == "not_operational"


@pytest.mark.each_link
def test_the_tool_updates_a_module_which_makes_a_new_key(
    own_module: Module, next_image: Path, tmp_path: Path
) -> None:
    module = own_module
    old_key = module.client.call("public_key")
    begun, ended = module.begin(), module.end()
    release = release_of(module, next_image)
    permitted = module.answer("update", **release.signed())
    module.client.close()  # the tool wants the port for itself
    done = told(
        *("firmware", "update", bundle_of(release, tmp_path)),
        *("--port", module.rig.port, "--drive", module.rig.boot_drive),
        *("--signature", permitted),
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
    assert len(module.statements()) == 3
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
    assert [event["detail"]["handover"] for event in events] == [None, None]
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


def test_a_stranger_does_not_get_a_sealed_module_into_its_boot_loader(
    own_module: Module, first_image: Path, next_image: Path
) -> None:
    """Whatever vendor's manifest he brings: in the boot loader the flash lies open."""
    module = own_module
    key = module.client.call("public_key")
    for image, facts in ((first_image, FIRST_RELEASE), (next_image, NEXT_RELEASE)):
        signed = release_of(module, image, facts).signed()
        of_old = {"manifest": signed["manifest"], "signature": signed.get("vendor_signature", "")}
        for method, params in (
            ("check_update", signed),
            ("enter_boot_loader", {}),
            ("enter_boot_loader", signed),
            ("enter_boot_loader", {**signed, "signature": "3006020101020101"}),
            ("enter_boot_loader", of_old),
        ):
            with contextlib.suppress(WattsealError):
                module.client.call(method, **params)
            assert module.rig.in_boot_loader is False, (image, method)
    assert module.status()["state"] == "operational"
    assert module.client.call("public_key") == key
    judge(module)


def test_only_the_vendors_manifest_for_this_board_is_accepted(
    module: Module, first_image: Path, next_image: Path
) -> None:
    release = release_of(module, next_image)
    good = release.signed()
    half = len(good["vendor_signature"]) // 2
    forgeries = {
        "another vendor": (release.signed(ec.generate_private_key(ec.SECP256R1())), "signature"),
        "changed": (
            {**good, "manifest": good["manifest"].replace(release.identity, "00" * 32)},
            "signature",
        ),
        "damaged signature": (
            {
                **good,
                "vendor_signature": good["vendor_signature"][:half]
                + "0000"
                + good["vendor_signature"][half + 4 :],
            },
            "signature",
        ),
        "another board": (replace(release, board="wattseal_other").signed(), "board"),
        "too old": (replace(release, rollback_number=0).signed(), "rollback"),
        "no manifest": ({**good, "manifest": "{}"}, ""),
        "running": (release_of(module, first_image, FIRST_RELEASE).signed(), "running already"),
    }
    for name, (params, word) in forgeries.items():
        for method, more in (
            ("check_update", {}),
            ("challenge", {"action": "update"}),
            ("enter_boot_loader", {}),
        ):
            refusal = module.client.refusal(method, **params, **more)
            assert refusal.name == "update_refused", (name, method)
            assert word in refusal.detail["cause"], (name, refusal.detail)
    status = module.status()
    assert (status["state"], status["update"]) == ("operational", None)
    assert module.rig.in_boot_loader is False


def check_waiting(module: Module, release: Release, where: str = "") -> None:
    """No key; the module says which image it waits for and what to do."""
    status = module.status()
    assert (status["state"], status["key_number"]) == ("blank", None), (where, status)
    assert status["update"]["firmware_identity"] == release.identity, where
    assert status["cause"]["name"] == "update_pending", where
    assert module.client.refusal("begin").name == "update_pending", where
    judge(module)


@pytest.mark.thorough("rp2040")
def test_no_update_in_the_middle_of_a_session(own_module: Module, next_image: Path) -> None:
    module = own_module
    signed = release_of(module, next_image).signed()
    module.begin()
    assert module.client.call("check_update", **signed)["owner_needed"] is True
    signature = module.answer("update", **signed)
    refusal = module.client.refusal("enter_boot_loader", **signed, signature=signature)
    assert refusal.name == "session_open"
    module.end()
    assert module.status()["state"] == "operational"


def test_an_update_that_is_broken_off_leaves_a_module_that_says_what_to_do(
    own_module: Module, next_image: Path
) -> None:
    """What is no image is not written. The old image then has no key, and two ways lead on."""
    module = own_module
    old_key = module.client.call("public_key")
    release = release_of(module, next_image)
    enter_boot_loader(module, release)
    drive = module.rig.boot_drive
    whole = uf2_of(release)
    (drive / "short.uf2").write_bytes(whole[:-512])
    (drive / "damaged.uf2").write_bytes(bytes(len(whole)))
    with pytest.raises(TimeoutError):
        module.rig.wait_for_start(1)
    module.restart()
    check_waiting(module, release)

    # One way: again, for which nobody needs to ask the owner.
    update_again(module, release)
    check_new_key_after_update(module, release, old_key)
    judge(module)


@pytest.mark.thorough("rp2040")
def test_the_owner_calls_an_update_off(own_module: Module, next_image: Path) -> None:
    module = own_module
    old_key = module.client.call("public_key")
    release = release_of(module, next_image)
    enter_boot_loader(module, release)
    module.restart()
    check_waiting(module, release)
    assert module.client.refusal("cancel_update").name == "owner_needed"
    signature = module.answer("cancel_update")
    assert module.client.call("cancel_update", signature=signature)["key_number"] == 2
    told = statement(module, 3)
    assert (told["handover"], told["old_public_key"]) == (2, old_key["public_key"])
    assert told["firmware_identity"] == module.hello["firmware_identity"]
    judge(module)
    module.set_time()
    module.publish()
    verified(module.begin()["record"], told["public_key"])
    module.end()
    module.restart()
    assert module.status()["key_number"] == 2
    judge(module)


@pytest.mark.thorough("rp2040")
def test_another_image_than_the_one_that_was_meant_makes_no_key(
    own_module: Module, next_image: Path, tmp_path: Path
) -> None:
    """As when the wrong file was copied; the owner may have it stay."""
    module = own_module
    other = tmp_path / "other.bin"
    other.write_bytes(next_image.read_bytes() + b"other")
    meant = release_of(module, other)
    enter_boot_loader(module, meant)
    module.put_image(next_image)
    check_waiting(module, meant)
    refusal = module.client.refusal("enter_boot_loader", **release_of(module, next_image).signed())
    assert refusal.detail["cause"] == "this image is running already"
    module.client.call("cancel_update", signature=module.answer("cancel_update"))
    told = statement(module, 3)
    assert (told["type"], told["handover"]) == ("rollover", 2)
    assert told["firmware_identity"] == module.hello["firmware_identity"]
    judge(module)


def update_again(module: Module, release: Release) -> None:
    """Take up an update that was broken off."""
    module.client.call("enter_boot_loader", **release.signed())
    module.rig.wait_for_boot_loader(BOOT_LOADER_LIMIT_S)
    put_on_drive(module, release)
    module.rig.wait_for_start(WRITING_LIMIT_S)
    module.reconnect()


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
    assert [json.loads(one["statement"])["type"] for one in module.statements()] == [
        *("birth", "handover", "rollover", "handover", "rollover")
    ]
    judge(module)
