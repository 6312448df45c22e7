"""The rig's thread, port and clock, with a chip that only sleeps."""

import os
import struct
import threading
import time

import pytest

from hil import images
from hil.engine import EngineError
from hil.flash import Moment
from hil.images import BUILD
from hil.pacing import SLACK_NS
from hil.rig import RigError
from hil.rp2040.boot_rom import with_boot_checksum
from hil.setup import Setup
from hil.targets.rp2040 import Rp2040Rig

SLEEP_FOREVER = with_boot_checksum(struct.pack("<2H", 0xBF30, 0xE7FD))


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(SLEEP_FOREVER)
    return path


@pytest.fixture
def rig(image):
    with Rp2040Rig(Setup(), image, uart_link=True) as made:
        yield made


def test_an_hour_passes_at_once_when_asked(rig):
    rig.meter.power_w = 11_000
    before_wh, before_ns = rig.meter.energy_wh, rig.now_ns()
    rig.fast_forward(3600)
    assert 3600 <= (rig.now_ns() - before_ns) / 1e9 < 3610
    assert 11_000 <= rig.meter.energy_wh - before_wh < 11_100


def test_time_does_not_run_ahead_of_the_wall_clock_otherwise(rig):
    start_ns, started_ns = rig.now_ns(), time.monotonic_ns()
    while (wall_ns := time.monotonic_ns() - started_ns) < 100_000_000:
        # One slice of emulated time may be under way, beyond what may be made up for.
        ahead_ns = rig.now_ns() - start_ns - (time.monotonic_ns() - started_ns)
        assert ahead_ns <= SLACK_NS + 2_000_000
    assert rig.now_ns() - start_ns > wall_ns // 20


def test_after_a_leap_time_goes_on_at_once(rig):
    rig.fast_forward(1000)
    leapt_ns = rig.now_ns()
    while rig.now_ns() < leapt_ns + 10_000_000:
        pass  # the test's own time-out is the limit
    assert rig.now_ns() < leapt_ns + 10_000_000_000


def test_what_is_not_reached_times_out_in_emulated_time(rig):
    with pytest.raises(TimeoutError):
        rig.run_until(lambda: False, limit_s=5)
    assert rig.now_ns() >= 5_000_000_000


def test_the_port_is_a_terminal(rig):
    client = os.open(rig.port, os.O_RDWR | os.O_NOCTTY)
    assert os.isatty(client)
    os.write(client, b"hello\n")
    rig.run_until(lambda: rig.desk.link.marks, limit_s=10)
    assert rig.call(lambda: rig.desk.link.marks[0].text) == b"hello\n"
    os.close(client)


def test_power_and_flash(rig):
    image = rig.flash_image()
    rig.power_cut()
    assert rig.flash_image() == image
    off_ns = rig.now_ns()
    other = SLEEP_FOREVER + b"\x55" * 16
    rig.restart(other)
    assert rig.flash_at_power_on() == other
    assert rig.flash_image()[: len(other)] == other
    assert rig.flash_operations() == []
    assert rig.now_ns() >= off_ns
    rig.restart()
    assert rig.flash_image()[: len(other)] == other


def test_a_cut_that_never_comes_times_out(rig):
    rig.cut_power_in(0, Moment.BEFORE)
    with pytest.raises(TimeoutError):
        rig.wait_for_power_cut(limit_s=1)


def test_whoever_waits_for_a_broken_rig_is_told(image):
    rig = Rp2040Rig(Setup(), image)

    def fail():
        raise LookupError("a model broke")

    rig.call(lambda: rig.desk.timeline.call_at(0, fail))
    with pytest.raises(EngineError, match="a model broke"):
        rig.fast_forward(1)
    with pytest.raises(EngineError, match="a model broke"):
        rig.close()
    assert "rp2040" not in [thread.name for thread in threading.enumerate()]


def test_a_missing_image_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "_on_demand", False)
    with pytest.raises(RigError, match="name another file"):
        Rp2040Rig(Setup(), tmp_path / "firmware.bin")
    with pytest.raises(RigError, match=r"build it with \./dev build rp2040-other"):
        Rp2040Rig(Setup(), BUILD / "rp2040-other" / "firmware.bin")
