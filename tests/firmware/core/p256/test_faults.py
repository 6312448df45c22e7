"""A fault in any one instruction of a signature, in the machine code that boards run.

The processor leaves an instruction out, or a bit of a register or of a loaded value flips: then
there is the right signature, or none. More than one fault in a signature is nobody's promise, nor
is one where a function hands an address to the next: that signs something else.
"""

import hashlib
import random
from collections.abc import Callable

import pytest
from core_harness import faults, slots
from core_harness.arm import compiled, core_with_storage, whole_core
from core_harness.build import SANITIZED_RUN
from core_harness.faults import CRASHED, REFUSED, RIGHT, DisturbedCall, Tally
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

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


KEY_NUMBER = 7
PAYLOAD = b"{" + b"abc" * 40
HEAD, TAIL_OF_TEXT = b'{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"', b'"}'
TEXT_MAX_BYTES = 300
SECTOR_BYTES = 4096
READING = 20_000
"""Instructions of a sealed text before the signature: the text is hashed and the key read."""
CLOSING = 40_000
"""Instructions behind the arithmetic: the key is read again and the text written."""

CLOSING_FUNCTIONS = (
    "ws_seal",
    "write_checked",
    "write_section",
    "ws_key_sign",
    "ws_key_slot_read",
    "ws_der_encode",
    "encode_integer",
    "ws_constant_time_equal",
    "memcmp",
)


def section(signature: bytes) -> bytes:
    """What ws_seal makes of a signature."""
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    return HEAD + der.hex().upper().encode() + TAIL_OF_TEXT


class SealedText:
    """A text sealed in the model, with a key from a flash that holds another one before it."""

    def __init__(self) -> None:
        machine = self.machine = Machine(compiled(core_with_storage()))
        flash = machine.address("fake_flash")
        machine.write(flash, b"\xff" * 2 * SECTOR_BYTES)
        machine.write(flash, slots.slot(KEY_NUMBER + 1, PRIVATE_KEY + 1))
        machine.write(flash + SECTOR_BYTES, slots.slot(KEY_NUMBER, PRIVATE_KEY))
        payload, self._text, self._size = (RAM_START + 0x30000 + i * 0x1000 for i in range(3))
        machine.write(payload, PAYLOAD)
        digest = hashlib.sha256(PAYLOAD).digest()
        self._good = list(map(section, faults.good_signatures(PRIVATE_KEY, digest, NONCES_MAX)))
        key, text = (machine.address("fake_storage"), KEY_NUMBER, 0), (payload, len(PAYLOAD))
        out = (self._text, TEXT_MAX_BYTES, self._size)
        self.call = DisturbedCall(machine, "ws_seal", *key, *text, *out, result=self._result)
        assert self._result(0) == RIGHT

    def places_of(self, names: tuple[str, ...]) -> set[int]:
        """Addresses of functions."""
        places = [self.machine.function(name) for name in names]
        return {address for p in places for address in range(p.start, p.start + p.size)}

    def _result(self, code: int) -> str:
        if code != 0:
            return REFUSED
        size = int.from_bytes(self.machine.read(self._size, 4), "little")
        text = self.machine.read(self._text, min(size, TEXT_MAX_BYTES))
        return RIGHT if text in self._good else text.decode(errors="replace")


@pytest.fixture(scope="module")
def sealed() -> SealedText:
    return SealedText()


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


def test_a_fault_while_the_text_is_hashed_and_the_key_read(
    sealed: SealedText, amount: Amount
) -> None:
    chance, tally = random.Random(3), Tally()
    for _ in range(amount(60, 1_000)):
        fault = random_fault(chance, READING)
        tally.add(sealed.call.outcome(fault), fault)
    tell(tally)
    assert tally.counts[REFUSED] > 0


def test_every_instruction_left_out_while_the_sealed_text_is_written(sealed: SealedText) -> None:
    tally, places = Tally(), sealed.places_of(CLOSING_FUNCTIONS)
    first = sealed.call.instructions - CLOSING
    for address, outcome in sealed.call.each(first, places.__contains__, faults.skip):
        tally.add(outcome, hex(address))
    tell(tally)
    assert tally.counts[RIGHT] > tally.counts[REFUSED] > 0
