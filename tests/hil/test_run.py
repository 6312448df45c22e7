"""The commands of the rig to play with."""

import json
import struct

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wattseal.wire.statements import build_statement, signed_bytes

from hil.owner import Owner
from hil.rp2040.boot_rom import with_boot_checksum
from hil.run import COMMANDS, HELP, CommandError, execute, serve
from hil.setup import MeterSetup, Setup
from hil.targets.rp2040 import Rp2040Rig

SLEEP_FOREVER = with_boot_checksum(struct.pack("<2H", 0xBF30, 0xE7FD))


@pytest.fixture
def rig(tmp_path):
    image = tmp_path / "firmware.bin"
    image.write_bytes(SLEEP_FOREVER)
    with Rp2040Rig(Setup(MeterSetup(power_w=0)), image, uart_link=True) as made:
        yield made


def test_energy_and_power(rig):
    assert execute(rig, "energy 400") == "the meter shows 2936.000 kWh, 0 W flow"
    assert execute(rig, "power 3600000") == "3600000 W flow"
    execute(rig, "forward 10")
    assert rig.meter.energy_wh >= 2_946_000


def test_faults(rig):
    assert execute(rig, "fault silence 3") == "silence will strike 3 reading(s)"
    assert execute(rig, "well") == "the meter behaves"


def test_the_power_switch(rig):
    execute(rig, "cut")
    assert rig.call(lambda: rig.desk.has_chip) is False
    execute(rig, "on")
    assert rig.call(lambda: rig.desk.powered) is True


def test_the_boot_loader_and_the_programmer(rig, tmp_path):
    assert str(rig.boot_drive) in execute(rig, "button")
    rig.wait_for_boot_loader(limit_s=1)
    other = tmp_path / "other.bin"
    other.write_bytes(SLEEP_FOREVER + b"other")
    assert execute(rig, f"image {other}") == "the image is in, the module is off"
    execute(rig, "on")
    assert rig.flash_at_power_on().startswith(SLEEP_FOREVER + b"other")


def test_the_registry_takes_a_proof_of_possession(rig, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = build_statement(
        "possession",
        challenge=execute(rig, "challenge"),
        evse_id="DE*WSL*E00001",
        gateway_serial="RIG-1",
        meter_serial="1",
        meter_vendor="a",
        meter_model="b",
        chip_id="00" * 8,
        key_number=1,
        public_key=spki.hex(),
        firmware="0.1.0",
        firmware_identity="ab" * 32,
        commissioning=1,
        settings_sha256="cd" * 32,
        unix_ms=None,
    )
    signature = key.sign(signed_bytes(text), ec.ECDSA(hashes.SHA256())).hex()
    proven, answer = tmp_path / "possession.json", tmp_path / "publication.json"
    proven.write_text(json.dumps({"statement": text, "signature": "3006020101020101"}))
    with pytest.raises(CommandError, match="not of the key"):
        execute(rig, f"register {proven} {answer}")
    proven.write_text(json.dumps({"statement": text, "signature": signature}))
    assert "entry 0" in execute(rig, f"register {proven} {answer}")
    assert json.loads(answer.read_text())["leaf_index"] == 0
    with pytest.raises(CommandError, match="was used"):
        execute(rig, f"register {proven} {answer}")


def test_the_owners_key_is_written_once(rig, tmp_path):
    path = tmp_path / "owner.pem"
    execute(rig, f"owner {path}")
    assert path.stat().st_mode & 0o077 == 0
    found = serialization.load_pem_private_key(path.read_bytes(), None)
    assert found.public_key() == Owner().private_key.public_key()
    with pytest.raises(CommandError, match="exists"):
        execute(rig, f"owner {path}")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("dance", "no command 'dance'"),
        ("power", "power: "),
        ("power lots", "power: "),
        ("power -1", "not negative"),
        ("fault sulking", "no fault 'sulking'"),
    ],
)
def test_a_line_that_means_nothing_is_explained(rig, line, reason):
    with pytest.raises(CommandError, match=reason):
        execute(rig, line)


def test_lines_are_served_until_quit(rig, capsys):
    assert serve(rig, ["power 7\n", "\n", "dance\n", "quit\n", "power 9\n"])
    assert capsys.readouterr().out == "7 W flow\nno command 'dance'; help lists them\n"
    assert rig.meter.power_w == 7
    assert not serve(rig, ["power 9"])


def test_help_tells_every_command():
    told = {line.split()[0].rstrip(",") for line in HELP.splitlines() if line.startswith("  ")}
    assert set(COMMANDS) <= told | {"quit"}
