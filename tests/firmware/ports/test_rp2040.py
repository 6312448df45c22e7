"""The core and its port on the emulated RP2040, at the prompt of the lab image."""

import hashlib
from collections.abc import Iterator

import pytest

from hil.board import load_board
from hil.lab import LAB_IMAGE
from hil.line import LineFormat, Transmitter
from hil.rp2040.lab import Rp2040Lab
from hil.rp2040.rosc import seeded_bits
from hil.timeline import NS_PER_MS

CYCLES_PER_US = 125
CHARACTER_US = 1042  # of ten bits at 9600 baud
# Every start hashes the whole image: what that may take, and what a byte of it costs.
IDENTITY_LIMIT_US = 300_000
CYCLES_PER_BYTE_LIMIT = 90  # 86 when this was written, the cache of the flash left out


@pytest.fixture(scope="module")
def lab() -> Iterator[Rp2040Lab]:
    assert LAB_IMAGE.exists(), "build it first: ./dev build rp2040-lab"
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=seeded_bits(1))
    lab.execute("import _wattseal, time")
    yield lab
    lab.close()


def timed(lab: Rp2040Lab, statement: str) -> int:
    """Microseconds of emulated time that a statement takes."""
    said = lab.execute(
        f"start = time.ticks_us()\n{statement}\nprint(time.ticks_diff(time.ticks_us(), start))"
    )
    return int(said)


def test_the_identity_is_the_hash_of_the_image_and_taken_once(lab: Rp2040Lab) -> None:
    image = LAB_IMAGE.read_bytes()
    first_us = timed(lab, "identity = _wattseal.firmware_identity()")
    assert lab.execute("print(identity.hex())").strip() == hashlib.sha256(image).hexdigest()
    assert 0 < first_us <= IDENTITY_LIMIT_US
    assert first_us * CYCLES_PER_US / len(image) <= CYCLES_PER_BYTE_LIMIT
    assert timed(lab, "again = _wattseal.firmware_identity()") < first_us / 100
    assert lab.execute("print(again == identity)").strip() == "True"


def test_a_key_rolls_over_and_the_old_one_is_gone_from_the_flash(lab: Rp2040Lab) -> None:
    start, size = load_board().areas["keys"]
    lab.execute("_wattseal.key_create(1)")
    old = lab.chip.flash_image()[start : start + 256]
    lab.execute("_wattseal.key_create(2)\n_wattseal.key_erase(1)")
    listed = lab.execute("print([n for n, _ in _wattseal.key_slots()[1]])").strip()
    assert listed == "[2]"
    area = lab.chip.flash_image()[start : start + size]
    private_key = old[48:80]
    assert len(set(private_key)) > 8
    assert private_key not in area
    assert set(area[:4096]) == {0xFF}


def test_the_name_and_the_release_are_those_of_the_lab(lab: Rp2040Lab) -> None:
    lab.execute("import board, release")
    assert lab.execute("print(board.NAME, len(release.VENDOR_KEY))").split() == [
        "wattseal_rp2040_lab",
        "91",
    ]


def test_reading_the_meters_line_does_not_wait_for_more_than_has_arrived(lab: Rp2040Lab) -> None:
    lab.execute("import port\nline = port.open_meter_line(9600, 'none', 1)")
    uart = lab.chip.uart[load_board().meter_line.uart]
    Transmitter(lab.chip.timeline, LineFormat(9600), uart.receive).send(b"abcde")
    lab.chip.run_for(10 * NS_PER_MS)
    assert timed(lab, "found = line.read(3) + line.read(256) + line.read(256)") < CHARACTER_US
    assert lab.execute("print(found)").strip() == "b'abcde'"
    assert timed(lab, "line.discard()") < CHARACTER_US
