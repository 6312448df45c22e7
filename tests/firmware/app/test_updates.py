"""Firmware updates as far as the module goes: the manifest, the boot loader, what comes after."""

import json

import pytest
from support.app.bench import OWNER, VENDOR, Bench
from support.app.core import SIGNING
from support.app.key_life import SECOND_IMAGE, THIRD_IMAGE, details_of, worked_bench
from wire.errors import WattsealError

PREFIX = b"wattseal.firmware.v1\n"


def manifest(**changes: object) -> str:
    members = {
        "type": "firmware",
        "version": 1,
        "board": "bench",
        "firmware": "0.2.0",
        "rollback_number": 1,
        "size": 300_000,
        "sha256": SECOND_IMAGE.hex(),
    }
    members.update(changes)
    return json.dumps(members, separators=(",", ":"))


def signed(text: str, key=VENDOR, prefix: bytes = PREFIX) -> dict:
    """The params of check_update."""
    return {"manifest": text, "signature": key.sign(prefix + text.encode(), SIGNING).hex()}


def cause_of(bench: Bench, params: dict) -> str:
    with pytest.raises(WattsealError) as raised:
        bench.call("check_update", **params)
    assert raised.value.name == "update_refused"
    assert bench.call("status")["update"] is None
    with pytest.raises(WattsealError) as later:
        bench.call("enter_boot_loader")
    assert later.value.name == "no_update"
    cause: str = raised.value.detail["cause"]
    return cause


def test_accepted_update_is_announced_and_the_boot_loader_entered_after_the_reply() -> None:
    bench = worked_bench()
    update = {"firmware": "0.2.0", "firmware_identity": SECOND_IMAGE.hex()}
    assert bench.call("check_update", **signed(manifest())) == update
    assert bench.call("status")["update"] == update
    assert bench.port.boot_loader_entries == 0
    assert bench.call("enter_boot_loader") == {"update_way": "uf2_drive"}
    assert bench.port.boot_loader_entries > 0
    assert bench.event_names()[-2:] == ["update_accepted", "boot_loader_entered"]


@pytest.mark.parametrize(("image", "announced"), [(SECOND_IMAGE, True), (THIRD_IMAGE, False)])
def test_next_image_is_told_from_the_announced_one(image: bytes, announced: bool) -> None:
    bench = worked_bench()
    bench.call("check_update", **signed(manifest()))
    bench.flash(image).boot()
    (changed,) = details_of(bench, "key_changed")
    assert changed["announced"] is announced
    assert bench.call("status")["update"] is None


def test_update_that_did_not_come_stays_announced_and_must_be_checked_again() -> None:
    bench = worked_bench()
    bench.call("check_update", **signed(manifest()))
    bench.boot()
    status = bench.call("status")
    assert status["update"]["firmware"] == "0.2.0"
    assert status["state"] == "operational"
    with pytest.raises(WattsealError) as raised:
        bench.call("enter_boot_loader")
    assert raised.value.name == "no_update"


def test_image_that_runs_already_may_be_flashed_again() -> None:
    bench = worked_bench()
    bench.call("check_update", **signed(manifest(sha256=bench.core.image.hex())))
    assert bench.call("status")["update"] is None
    bench.call("enter_boot_loader")
    bench.boot()
    assert bench.call("status")["state"] == "operational"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (manifest(board="other"), "the image is for the board other"),
        (manifest(rollback_number=0), "the rollback number is below 1"),
        (manifest(type="farewell"), "the manifest is unreadable: the type is not firmware"),
        (manifest(version=2), "the manifest is unreadable: the version is not 1"),
        (manifest(more=1), "the manifest is unreadable"),
        (manifest(sha256="ab"), "the manifest is unreadable: sha256"),
        (manifest(size=0), "the manifest is unreadable: size"),
        (manifest().replace(",", ", "), "the manifest is unreadable"),
        (manifest()[:-1], "the manifest is unreadable"),
        ("[]", "the manifest is unreadable"),
    ],
)
def test_signed_manifest_that_may_not_be_applied_says_why(text: str, cause: str) -> None:
    assert cause_of(worked_bench(), signed(text)).startswith(cause)


@pytest.mark.parametrize(
    "params",
    [
        signed(manifest(), key=OWNER),
        signed(manifest(), prefix=b"wattseal.owner.v1\n"),
        signed(manifest(), prefix=b""),
        {**signed(manifest()), "manifest": manifest(firmware="0.2.1")},
        {"manifest": manifest(), "signature": "3006020101020101"},
    ],
)
def test_manifest_that_the_vendor_did_not_sign_is_not_read(params: dict) -> None:
    assert cause_of(worked_bench(), params) == "the signature is not the vendor's"


def test_image_without_a_vendor_key_takes_no_update() -> None:
    bench = Bench()
    bench.release.VENDOR_KEY = b""
    bench.set_up()
    assert bench.call("hello")["vendor_key"] is None
    cause = cause_of(bench, signed(manifest()))
    assert cause == "no vendor key was built into this firmware"


def test_rollback_number_of_the_running_image_is_the_least() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE, rollback_number=5).boot()
    params = signed(manifest(rollback_number=4, sha256=THIRD_IMAGE.hex()))
    assert cause_of(bench, params) == "the rollback number is below 5"
    bench.call("check_update", **signed(manifest(rollback_number=5, sha256=THIRD_IMAGE.hex())))


@pytest.mark.parametrize("method", ["check_update", "enter_boot_loader"])
def test_no_update_while_a_session_is_open(method: str) -> None:
    bench = worked_bench()
    bench.call("check_update", **signed(manifest()))
    bench.call("begin")
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **(signed(manifest()) if method == "check_update" else {}))
    assert raised.value.name == "session_open"
    assert bench.port.boot_loader_entries == 0
