"""The unix rig with a stand-in for the unix program: it connects, echoes and logs."""

import stat
import sys
import threading
import time

import pytest
import serial
from wattseal.meter.emulator.faults import checked

from hil import images
from hil.engine import EngineError
from hil.images import BUILD
from hil.rig import RigError
from hil.setup import Setup
from hil.targets.unix import UnixRig
from hil.timeline import NS_PER_S
from hil.uf2 import write_blocks

REPLY = checked(bytes.fromhex("0104044537799a"))  # 2935.6 kWh
EXCHANGE_S = 0.017
"""Eight characters and nine at 9600 baud, less than it takes with the meter's turnaround."""

# Speaks what it is told to by its first line on the link.
PROGRAM = f"""#!{sys.executable}
import os, socket, struct, sys

def connect(name):
    host, port = os.environ[name].rsplit(":", 1)
    return socket.create_connection((host, int(port)))

link = connect("WATTSEAL_LINK")
lines = link.makefile("rb")
while True:
    word = lines.readline().split()
    if not word:
        sys.exit(0)
    if word[0] == b"say":
        link.sendall(word[1] + b"\\n")
    elif word[0] == b"env":
        link.sendall(os.environ[word[1].decode()].encode() + b"\\n")
    elif word[0] == b"noise":
        link.sendall(open(os.environ["WATTSEAL_NOISE"], "rb").read(8).hex().encode() + b"\\n")
    elif word[0] == b"erase":
        open(os.environ["WATTSEAL_FLASH_LOG"], "a").write("erase 4096 4096\\n")
        link.sendall(b"done\\n")
    elif word[0] == b"meter":
        line = connect("WATTSEAL_METER")
        asks = line.makefile("rwb")

        def ask(letter, number, data=b""):
            asks.write(struct.pack(">cI", letter, number) + data)
            asks.flush()
            ahead_us, length = struct.unpack(">qB", asks.read(9))
            return ahead_us, asks.read(length)

        request = bytes.fromhex(word[1].decode())
        before_us, _ = ask(b"L", 0)
        ask(b"W", len(request), request)
        reply = b""
        while len(reply) < int(word[2]):
            ahead_us, heard = ask(b"L", 60_000_000)
            reply += heard or b"?"
        skipped_us = ahead_us - before_us
        link.sendall(b"%s %d\\n" % (reply.hex().encode(), skipped_us))
    elif word[0] == b"misuse":
        line = connect("WATTSEAL_METER")
        line.sendall(b"W\\0\\1\\0\\0")
    elif word[0] == b"boot":
        link.sendall(b"as you wish\\n")
        sys.exit(66)
    elif word[0] == b"boot_deaf":
        link.sendall(b"as you wish\\n")
        link.recv(1, socket.MSG_PEEK)  # what has come stays unread, so its sender sees a reset
        sys.exit(66)
    elif word[0] == b"die":
        sys.exit("could not go on")
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "micropython"
    path.write_text(PROGRAM)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class Client:
    def __init__(self, rig):
        self.port = serial.Serial(rig.port, timeout=30)

    def ask(self, line):
        self.port.write(line + b"\n")
        return self.port.readline().strip()

    def knock(self):
        """Wait until the program has connected; what comes before that is lost, as on a board."""
        self.port.timeout = 0.1
        while self.ask(b"say ready") != b"ready":
            pass
        self.port.timeout = 30


def with_rig(program, *, hurry=False, **setup):
    rig = UnixRig(Setup(**setup), program, hurry=hurry)
    client = Client(rig)
    client.knock()
    return rig, client


@pytest.fixture
def rig_and_client(program):
    before = set(threading.enumerate())  # other tests may keep a rig of theirs
    rig, client = with_rig(program)
    yield rig, client
    client.port.close()
    rig.close()
    assert "unix" not in [thread.name for thread in threading.enumerate() if thread not in before]


def test_the_link_is_a_serial_port(rig_and_client):
    _, client = rig_and_client
    assert client.ask(b"say hello") == b"hello"


def test_the_program_is_told_where_its_things_are(rig_and_client):
    _, client = rig_and_client
    assert client.ask(b"env WATTSEAL_CHIP_ID") == Setup().chip_id.hex().encode()


def test_the_meter_answers_on_its_line(rig_and_client):
    rig, client = rig_and_client
    begun_s = time.monotonic()
    reply, skipped_us = client.ask(b"meter 010400480002f1dd 9").split()
    assert reply == REPLY.hex().encode()
    assert [bytes(each.request).hex() for each in rig.exchanges()] == ["010400480002f1dd"]
    assert rig.violations() == []
    assert int(skipped_us) <= 0  # nothing is skipped, though a busy machine may lose some time
    assert time.monotonic() - begun_s >= EXCHANGE_S + int(skipped_us) / 1e6


def test_time_is_skipped_for_a_program_in_a_hurry(program):
    rig, client = with_rig(program, hurry=True)
    rig.meter.arm("slow", delay_ms=50_000)
    began_ns, began_s = rig.now_ns(), time.monotonic()
    reply, skipped_us = client.ask(b"meter 010400480002f1dd 9").split()
    took_s = time.monotonic() - began_s
    assert reply == REPLY.hex().encode()
    assert took_s < 25  # half of what it would take
    assert 50 - took_s <= int(skipped_us) / 1e6 < 51
    assert 50 < (rig.now_ns() - began_ns) / NS_PER_S < 80
    client.port.close()
    rig.close()


def test_flash_is_a_file_and_its_operations_are_logged(rig_and_client):
    rig, client = rig_and_client
    assert set(rig.flash_at_power_on()) == {0xFF}
    assert client.ask(b"erase") == b"done"
    assert [str(operation) for operation in rig.flash_operations()] == [
        "erase #0 of 4096 bytes at 0x1000"
    ]
    other = b"\x55" * len(rig.flash_image())
    rig.restart(other)
    client.knock()
    assert rig.flash_at_power_on() == rig.flash_image() == other
    assert rig.flash_operations() == []


def test_a_power_cut_ends_the_program_and_keeps_the_flash(rig_and_client):
    rig, client = rig_and_client
    image = rig.flash_image()
    rig.power_cut()
    client.port.timeout = 0.1
    assert client.ask(b"say hello") == b""
    assert rig.flash_image() == image
    rig.restart()
    client.knock()
    assert client.ask(b"say again") == b"again"


def test_bad_noise_comes_from_a_file(program):
    rig, client = with_rig(program, noise="repeating")
    # 01101 over and over, eight bits a byte.
    assert client.ask(b"noise") == b"6b5ad6b5ad6b5ad6"
    rig.close()


@pytest.mark.parametrize(
    ("word", "cause"),
    [(b"die", "status 1: could not go on"), (b"misuse", "asks its line")],
    ids=["ends by itself", "misuses its line"],
)
def test_a_program_that_goes_wrong_is_a_breakdown_with_its_cause(program, word, cause):
    rig, client = with_rig(program)
    client.port.timeout = 0.1
    client.ask(word)
    with pytest.raises(EngineError, match=cause):
        rig.close()


def test_what_the_target_cannot_do_is_refused(rig_and_client):
    rig, _ = rig_and_client
    with pytest.raises(RigError, match=r"needs\('time'\)"):
        rig.fast_forward(1)


def test_a_missing_program_is_named_with_the_command_that_makes_it(monkeypatch):
    monkeypatch.setattr(images, "_on_demand", False)
    with pytest.raises(RigError, match=r"\./dev build unix-other"):
        UnixRig(Setup(), BUILD / "unix-other" / "micropython")


def test_a_program_that_asks_for_the_boot_loader_is_replaced_by_the_file_on_its_drive(
    rig_and_client, program
):
    rig, client = rig_and_client
    assert client.ask(b"boot") == b"as you wish"
    rig.wait_for_boot_loader(limit_s=30)
    assert "Board-ID: WATTSEAL-UNIX" in (rig.boot_drive / "INFO_UF2.TXT").read_text()
    other = PROGRAM.replace("as you wish", "never again").encode()
    (rig.boot_drive / "other.uf2").write_bytes(write_blocks(other, None, 0))
    rig.wait_for_start(limit_s=30)
    client.knock()
    assert client.ask(b"boot") == b"never again"
    assert program.read_text() == PROGRAM  # that of others


def test_a_program_that_ends_with_bytes_unread_is_no_breakdown(rig_and_client):
    rig, client = rig_and_client
    assert client.ask(b"boot_deaf") == b"as you wish"
    client.port.write(b"say too late\n")
    rig.wait_for_boot_loader(limit_s=30)
    rig.restart()
    client.knock()


def test_a_file_for_a_chip_does_nothing(rig_and_client):
    rig, client = rig_and_client
    rig.start_boot_loader()
    rig.wait_for_boot_loader(limit_s=30)
    (rig.boot_drive / "other.uf2").write_bytes(write_blocks(bytes(512), 0xE48BFF56, 0x10000000))
    with pytest.raises(TimeoutError):
        rig.wait_for_start(limit_s=0.2)
    rig.restart()
    assert not rig.in_boot_loader
    client.knock()


def test_a_programmer_puts_another_program_in(rig_and_client, tmp_path):
    rig, client = rig_and_client
    other = tmp_path / "other"
    other.write_text(PROGRAM.replace("as you wish", "never again"))
    other.chmod(0o755)
    rig.put_image(other)
    rig.restart()
    client.knock()
    assert client.ask(b"boot") == b"never again"
