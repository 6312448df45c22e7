"""`wattseal flash`: a board that held rubbish becomes a module, and a module in use stays one."""

import random
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hil.board import load_board
from hil.setup import Setup
from hil.suite.command import told
from hil.suite.module import Module
from hil.suite.update import FIRST_RELEASE, WRITING_LIMIT_S
from hil.targets.open import open_rig

FIRST_START_S = 12
NEW_CHIP = bytes.fromhex("e6614c311b7f5a23")


@pytest.mark.targets("rp2040")
def test_a_blank_board_in_its_boot_loader(target: str, first_image: Path, tmp_path: Path) -> None:
    """Its flash is full of rubbish, so that the boot ROM starts nothing of it."""
    file = first_image.with_suffix(".uf2")
    rubbish = random.Random(16).randbytes(load_board().flash_size)
    with (
        open_rig(target, Setup(chip_id=NEW_CHIP, flash=rubbish), hurry=True) as rig,
        ThreadPoolExecutor() as pool,
    ):
        rig.wait_for_boot_loader(5)
        words = ("--drive", rig.boot_drive, "--port", rig.port, "--labels", tmp_path, "--yes")
        flashing = pool.submit(told, "flash", file, *words, "--wait", "300")
        rig.wait_for_start(WRITING_LIMIT_S)
        rig.fast_forward(FIRST_START_S)
        done = flashing.result()
        module = Module(rig)
        assert module.status()["state"] == "unregistered"
        assert module.event_names() == ["started", "key_made"]
        module.client.close()
        flash = rig.flash_image()
    assert (done["flashed"], done["chip_id"], done["key_number"]) == (True, NEW_CHIP.hex(), 1)
    assert done["firmware"] == tomllib.loads(FIRST_RELEASE.read_text())["version"]
    assert flash.startswith(first_image.read_bytes())
    assert (tmp_path / f"label-{NEW_CHIP.hex().upper()}.pdf").read_bytes().startswith(b"%PDF")
    assert done["label"] == str(tmp_path / f"label-{NEW_CHIP.hex().upper()}.pdf")


@pytest.mark.targets("rp2040")
def test_a_module_in_use_is_left_alone(module: Module, first_image: Path, next_image: Path) -> None:
    key = module.client.call("public_key")
    port = module.rig.port
    module.client.close()  # the tool wants the port for itself
    try:
        place = ("--port", port, "--drive", module.rig.boot_drive, "--yes", "--timeout", "60")
        refused = told("flash", next_image.with_suffix(".uf2"), *place, status=1)
        assert refused["error"]["name"] == "module_in_use"
        assert "wattseal firmware update" in refused["error"]["remedy"]
        running = told("flash", first_image.with_suffix(".uf2"), *place)
        assert running["flashed"] is False
        info = told("firmware", "info", first_image.with_suffix(".uf2"))
    finally:
        module.reconnect()
    assert module.client.call("public_key") == key
    assert module.rig.in_boot_loader is False
    facts = ("board", "firmware", "rollback_number", "vendor_key")
    assert {name: info[name] for name in facts} == {name: module.hello[name] for name in facts}
    assert info["sha256"] == module.hello["firmware_identity"]
