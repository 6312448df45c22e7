"""One disturbance in the middle of a signature on the emulated RP2040, at many places.

Whatever it does to the chip: it gives out the right signature, or it says `fault`, or it comes to a
stop and gives out nothing.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from hil.board import load_board
from hil.lab import LAB_IMAGE, LabError
from hil.rp2040.disturbance import (
    Disturbance,
    FlipBit,
    Skip,
    disturb,
    function_address,
    when_reached,
)
from hil.rp2040.lab import Rp2040Lab
from hil.rp2040.rosc import seeded_bits
from hil.timeline import NS_PER_MS

FEW, ALL = 16, 200
PARTS = 4
PAYLOAD = b"{" + bytes(range(32, 127))
HEAD = '{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"'
HALF_A_SIGNATURE = "[0-9A-F]{64}"
PRIVATE_KEY_OFFSET = 48  # in the first slot of the key area
REGISTERS = 15
SIGNING_LIMIT_NS = 200 * NS_PER_MS
"""Ten times what a signature takes: a chip that is silent for so long has come to a stop."""

RIGHT, FAULT, STOPPED = "right", "fault", "stopped"

pytestmark = pytest.mark.image("rp2040-lab")


class SigningChip:
    """A chip with a key that signs one text over and over, each time freshly started."""

    def __init__(self) -> None:
        self._image = LAB_IMAGE.read_bytes()
        self._entry = function_address(LAB_IMAGE.with_suffix(".elf"), "ws_sign_record")
        self._start(self._image)
        self._lab.execute("_wattseal.key_create(1)")
        self._flash = self._lab.chip.flash_image()
        self.right = self._sign()
        self.cycles = self._measure()
        """From the entry of the signature to its return."""

    def outcome(self, after_cycles: int, disturbance: Disturbance) -> str:
        """RIGHT, FAULT or STOPPED; otherwise what was given out."""
        disturb(self._lab.chip, self._entry, after_cycles, disturbance)
        said, stopped = "", False
        try:
            said = self._sign()
        except LabError as error:
            said, stopped = str(error), True
        except Exception:  # the emulator met what no chip would get through
            stopped = True
        self.close()
        self._start(self._flash)
        if said == "CoreError: (-11, 'fault')":
            return FAULT
        if self.right in said:
            return RIGHT  # what it stopped at came later
        return STOPPED if stopped and not re.search(HALF_A_SIGNATURE, said) else said

    def expected(self) -> str:
        """The signature with the nonce of RFC 6979, by OpenSSL."""
        place = load_board().areas["keys"][0] + PRIVATE_KEY_OFFSET
        secret = int.from_bytes(self._flash[place : place + 32])
        key = ec.derive_private_key(secret, ec.SECP256R1())
        der = key.sign(PAYLOAD, ec.ECDSA(SHA256(), deterministic_signing=True))
        return der.hex().upper()

    def close(self) -> None:
        """Power off."""
        self._lab.close()

    def _start(self, flash: bytes) -> None:
        self._lab = Rp2040Lab(flash, load_board(), noise=seeded_bits(1))
        self._lab.execute(f"import _wattseal\npayload = {PAYLOAD!r}")

    def _sign(self) -> str:
        self._lab.type(f"print(_wattseal.sign_record(1, payload)[{len(HEAD)}:-2].decode())")
        return self._lab.answer(SIGNING_LIMIT_NS).strip()

    def _measure(self) -> int:
        chip, met = self._lab.chip, list[int]()

        def at_entry() -> None:
            met.append(chip.cycles)
            back = chip.mcu.core.registers[14] & ~1
            when_reached(chip, back, lambda: met.append(chip.cycles))

        when_reached(chip, self._entry, at_entry)
        self._sign()
        return met[1] - met[0]


@pytest.fixture(scope="module")
def chip() -> Iterator[SigningChip]:
    chip = SigningChip()
    yield chip
    chip.close()


def places(cycles: int, count: int) -> list[tuple[int, Disturbance]]:
    """One place in each of so many equal parts of the call; skips and flipped bits by chance."""
    chance, found = random.Random(1), list[tuple[int, Disturbance]]()
    for part in range(count):
        after = int((part + chance.random()) * cycles / count)
        flip = FlipBit(chance.randrange(REGISTERS), chance.randrange(32))
        found.append((after, chance.choice([flip, Skip()])))
    return found


def outcomes_at(chip: SigningChip, chosen: list[tuple[int, Disturbance]]) -> Counter[str]:
    """How often which outcome was met; fails with the first wrong one."""
    assert chip.right == chip.expected()
    outcomes = Counter[str]()
    for after, disturbance in chosen:
        outcome = chip.outcome(after, disturbance)
        assert outcome in (RIGHT, FAULT, STOPPED), (after, disturbance)
        outcomes[outcome] += 1
    print(dict(outcomes))  # shown by `pytest -s`
    assert outcomes[FAULT] > 0
    return outcomes


def test_a_few_disturbances_give_no_wrong_signature(chip: SigningChip) -> None:
    assert outcomes_at(chip, places(chip.cycles, FEW)).total() == FEW


@pytest.mark.parametrize("part", range(PARTS))
def test_no_disturbance_gives_a_wrong_signature(
    chip: SigningChip, pytestconfig: pytest.Config, part: int
) -> None:
    """With --all. Each part has places all over the signature."""
    if not pytestconfig.getoption("--all", False):
        pytest.skip("only with --all")
    chosen = places(chip.cycles, ALL)[part::PARTS]
    assert outcomes_at(chip, chosen).total() == ALL / PARTS
