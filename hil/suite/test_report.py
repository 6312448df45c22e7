"""`wattseal device report` and `watch`: all about a module, and nothing of its private key."""

import base64
import json
from pathlib import Path

import pytest

from hil.suite.command import said, told
from hil.suite.module import Module

SLOT_MARK = b"WSK1"
PRIVATE_KEY = slice(48, 80)
"""Where a key slot has it: firmware/core/ws_key_slot.c."""


def private_keys(flash: bytes) -> list[bytes]:
    """Those of all key slots in a flash."""
    found, at = [], flash.find(SLOT_MARK)
    while at >= 0:
        found.append(flash[at:][PRIVATE_KEY])
        at = flash.find(SLOT_MARK, at + 1)
    return found


@pytest.mark.needs("flash")
def test_nothing_of_a_private_key_is_in_a_report(module: Module, tmp_path: Path) -> None:
    module.begin()
    module.end()
    public = module.client.call("public_key")["public_key"]
    keys = private_keys(module.rig.flash_image())
    assert keys
    module.client.close()  # the tool wants the port for itself
    try:
        place = ("--port", module.rig.port, "--timeout", "60")
        done = told("device", "report", *place, "--out", tmp_path / "r.json")
        seen = json.loads(said("device", "watch", *place, "--count", "1", "--json"))
    finally:
        module.reconnect()
    text = (tmp_path / "r.json").read_text()
    report = json.loads(text)
    assert done["failed"] == []
    assert report["key"]["public_key"] == public
    assert (report["events"]["chain"], report["statements"]["history"]) == ("whole", "whole")
    assert seen["status"]["state"] == report["status"]["state"] == "operational"
    assert seen["key_sha256"] == report["key"]["sha256"]
    for key in keys:
        for part in (key[at : at + 8] for at in range(len(key) - 7)):
            assert part.hex() not in text.lower()
        assert base64.b64encode(key).decode().rstrip("=") not in text
        assert str(int.from_bytes(key)) not in text
