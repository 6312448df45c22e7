"""The signing code of the built image takes one path, whatever the key, the nonce and the digest.

The image is started on the emulated chip, because code of the SDK fills tables in RAM at the start,
through which memcpy and memset go to the boot ROM. Then its functions run in the model of the
processor, with flash, RAM and boot ROM as the chip has them. With --all a thousand of each.
"""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from hil.cortex_m0.machine import (
    FLASH_START,
    RAM_START,
    ROM_SIZE,
    ROM_START,
    Machine,
    Outcome,
    Watch,
)
from hil.images import BUILD
from hil.rp2040.chip import Chip
from hil.timeline import NS_PER_S

FOLDER = BUILD / "rp2040"
FLASH_SIZE = 2 * 1024 * 1024
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# In the heap of MicroPython, of which nothing runs in the model.
KEY, DIGEST, ADDED, RESULT = (RAM_START + 0x30000 + i * 0x100 for i in range(4))

pytestmark = pytest.mark.image("rp2040")

Job = tuple[int, bytes, bytes | None]  # private key, digest, added entropy


def machine_of_image(folder: Path) -> Machine:
    """The model with the image, started."""
    image = (folder / "firmware.bin").read_bytes()
    chip = Chip(image, flash_size=FLASH_SIZE, unique_id=b"one chip")
    try:
        chip.run_until(lambda: chip.idle, NS_PER_S)
        machine = Machine(folder / "firmware.elf", watch=Watch.TRACE)
        rom = b"".join(word.to_bytes(4, "little") for word in chip.mcu.bootrom)
        machine.write(ROM_START, rom[:ROM_SIZE])
        machine.write(FLASH_START, chip.flash_image())
        machine.write(RAM_START, bytes(chip.mcu.sram))
    finally:
        chip.close()
    return machine


@pytest.fixture(scope="module")
def machine() -> Machine:
    return machine_of_image(FOLDER)


@pytest.fixture(params=["plain", "hedged"])
def jobs(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> list[Job]:
    rng = random.Random(1)
    ends = [(1, bytes(32)), (ORDER - 1, b"\xff" * 32)]
    count = 1_000 if pytestconfig.getoption("--all", False) else 10
    pairs = [*ends, *((rng.randrange(1, ORDER), rng.randbytes(32)) for _ in range(count))]
    return [(*pair, rng.randbytes(32) if request.param == "hedged" else None) for pair in pairs]


def sign(machine: Machine, job: Job) -> tuple[Outcome, bytes]:
    key, digest, added = job
    machine.write(KEY, key.to_bytes(32))
    machine.write(DIGEST, digest)
    machine.write(ADDED, added or bytes(32))
    outcome = machine.call("ws_ecdsa_sign", KEY, DIGEST, ADDED if added else 0, RESULT)
    assert outcome.r0 == 0
    return outcome, machine.read(RESULT, 64)


def of_openssl(key: int, digest: bytes) -> bytes:
    algorithm = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
    made = ec.derive_private_key(key, ec.SECP256R1()).sign(digest, algorithm)
    return b"".join(part.to_bytes(32) for part in decode_dss_signature(made))


def test_signing(machine: Machine, jobs: list[Job]) -> None:
    results = [sign(machine, job) for job in jobs]
    for (key, digest, added), (_, signature) in zip(jobs, results, strict=True):
        assert (signature == of_openssl(key, digest)) == (added is None)
    outcomes = {outcome for outcome, _ in results}
    assert len(outcomes) == 1, outcomes
