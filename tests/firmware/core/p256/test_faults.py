"""A fault in any one instruction of a signature, in the machine code that boards run.

The processor leaves an instruction out, or a bit of a register or of a loaded value flips: then
there is the right signature, or none. More than one fault in a signature is nobody's promise.
"""

import hashlib
import random
from collections.abc import Callable

import pytest
from core_harness import faults
from core_harness.arm import compiled, whole_core
from core_harness.build import SANITIZED_RUN
from core_harness.faults import CRASHED, REFUSED, RIGHT, DisturbedCall, Tally

from hil.cortex_m0.machine import RAM_START, Fault, Injection, Machine

Amount = Callable[[int, int], int]

pytestmark = pytest.mark.skipif(
    SANITIZED_RUN, reason="the sanitizers do not see into the model's programs"
)

KEY, DIGEST, SIGNATURE = (RAM_START + 0x30000 + i * 0x100 for i in range(3))
PRIVATE_KEY = int.from_bytes(hashlib.sha256(b"key").digest())
TEXT_DIGEST = hashlib.sha256(b"text").digest()
REGISTERS = 15
NONCES_MAX = 4
TAIL = 2_500
"""Instructions behind the arithmetic: the end of the check, and what follows it."""

DECIDING = (
    "ws_ecdsa_sign",
    "ws_signing_check",
    "ws_words_equal",
    "ws_words_is_zero",
    "ws_constant_time_equal",
    "ws_words_encode",
    "ws_words_decode",
    "ws_order_is_scalar",
    "ws_point_on_curve",
)
"""Functions in C that decide whether there is a signature, or move it."""


class SignedDigest:
    """A signature in the model."""

    def __init__(self) -> None:
        self.machine = Machine(compiled(whole_core()))
        self.machine.write(KEY, PRIVATE_KEY.to_bytes(32))
        self.machine.write(DIGEST, TEXT_DIGEST)
        self._good = faults.good_signatures(PRIVATE_KEY, TEXT_DIGEST, NONCES_MAX)
        self.call = DisturbedCall(
            self.machine, "ws_ecdsa_sign", KEY, DIGEST, 0, SIGNATURE, result=self._result
        )
        assert self.machine.read(SIGNATURE, 64) == self._good[0]

    def places_of(self, names: tuple[str, ...]) -> set[int]:
        """Addresses of functions."""
        places = [self.machine.function(name) for name in names]
        return {address for p in places for address in range(p.start, p.start + p.size)}

    def _result(self, code: int) -> str:
        signature = self.machine.read(SIGNATURE, 64)
        if code == 0:
            return RIGHT if signature in self._good else signature.hex()
        return REFUSED


@pytest.fixture(scope="module")
def signed() -> SignedDigest:
    return SignedDigest()


def tell(tally: Tally) -> None:
    """Print the figures, for `pytest -s`, and fail with every wrong signature."""
    print(dict(tally.counts))
    assert tally.wrong == []


def random_fault(chance: random.Random, instructions: int) -> Fault:
    injection = chance.choice(list(Injection))
    at, bit = chance.randrange(instructions), chance.randrange(32)
    return Fault(injection, at, bit, chance.randrange(REGISTERS))


def test_a_fault_anywhere(signed: SignedDigest, amount: Amount) -> None:
    chance, tally = random.Random(1), Tally()
    for _ in range(amount(60, 5_000)):
        fault = random_fault(chance, signed.call.instructions)
        tally.add(signed.call.outcome(fault), fault)
    tell(tally)
    assert tally.counts[REFUSED] > tally.counts.total() / 4


def test_every_instruction_behind_the_arithmetic_left_out(signed: SignedDigest) -> None:
    tally = Tally()
    for address, outcome in signed.call.each(
        signed.call.instructions - TAIL, lambda _: True, faults.skip
    ):
        tally.add(outcome, hex(address))
    tell(tally)
    assert tally.counts[RIGHT] > 0
    assert tally.counts.total() == TAIL


@pytest.mark.parametrize("seed", range(4))
def test_a_bit_flipped_before_every_instruction_behind_the_arithmetic(
    signed: SignedDigest, seed: int
) -> None:
    tally = Tally()
    first = signed.call.instructions - TAIL
    for address, outcome in signed.call.each(first, lambda _: True, faults.random_flip(seed)):
        tally.add(outcome, hex(address))
    tell(tally)
    assert tally.counts.total() == TAIL


def test_every_instruction_that_decides_left_out(signed: SignedDigest, amount: Amount) -> None:
    """Of the whole call: of its reading, its encoding, its check, its return."""
    chance, tally = random.Random(2), Tally()
    deciding, one_of = signed.places_of(DECIDING), amount(40, 1)
    for address, outcome in signed.call.each(
        0, lambda at: at in deciding and chance.randrange(one_of) == 0, faults.skip
    ):
        tally.add(outcome, hex(address))
    tell(tally)
    assert tally.counts[REFUSED] > tally.counts[CRASHED] > 0
