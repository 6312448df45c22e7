"""esptool against a boot loader that answers as the chip's does, and without one."""

import os
import shutil
from pathlib import Path

import pytest
from support.device.esp32 import Esp32
from wattseal.common.errors import ToolError
from wattseal.device.flash import esptool
from wattseal.device.flash.esptool import Job

IMAGE = os.urandom(120_000)


def _write(port: Path, progress: esptool.Progress, chip: str = "esp32c3") -> ToolError:
    with pytest.raises(ToolError) as caught:
        esptool.write(Job(chip, str(port), 0), IMAGE, progress)
    return caught.value


def test_an_image_is_written(tmp_path: Path) -> None:
    seen: list[int] = []
    with Esp32(tmp_path) as chip:
        esptool.write(
            Job("esp32c3", str(chip.port), 0x10000), IMAGE, lambda done, _total: seen.append(done)
        )
    assert seen == sorted(seen)
    assert len(seen) > 4
    assert seen[-1] == 100


def test_another_chip(tmp_path: Path) -> None:
    with Esp32(tmp_path, "esp32s3") as chip:
        error = _write(chip.port, lambda _done, _total: None)
    assert error.name == "esptool_failed"
    assert "ESP32-S3, not ESP32-C3" in error.message
    assert "\n" not in str(error)


def test_the_port_goes_away_half_way(tmp_path: Path) -> None:
    seen: list[int] = []
    with Esp32(tmp_path) as chip:

        def unplug(done: int, _total: int) -> None:
            seen.append(done)
            if done > 10:
                chip.unplug()

        error = _write(chip.port, unplug)
    assert error.name == "flash_cut", error
    assert 100 not in seen
    assert "give the same command again" in error.remedy


def test_no_such_port(tmp_path: Path) -> None:
    error = _write(tmp_path / "none", lambda _done, _total: None)
    assert error.name == "esptool_failed"
    assert "doesn't exist" in error.message


def test_no_such_chip(tmp_path: Path) -> None:
    error = _write(tmp_path / "none", lambda _done, _total: None, "esp8266x")
    assert error.name == "esptool_failed"
    assert "esp8266x" in error.message


def test_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_given, **_named: None)
    error = _write(tmp_path / "none", lambda _done, _total: None)
    assert error.name == "extra_missing"
    assert "wattseal[esp32]" in error.remedy


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "esptool"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(esptool, "program", lambda: str(slow))
    monkeypatch.setattr(esptool, "TIMEOUT_S", 0.2)
    error = _write(tmp_path / "none", lambda _done, _total: None)
    assert (error.name, "ended with status" in error.message) == ("esptool_failed", True)


def test_it_is_never_imported() -> None:
    package = Path(esptool.__file__).parents[2]
    for path in package.rglob("*.py"):
        text = path.read_text("utf-8")
        assert "import esptool\n" not in text.replace("flash import esptool\n", ""), path
        assert "from esptool" not in text, path
