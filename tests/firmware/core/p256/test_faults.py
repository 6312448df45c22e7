"""A fault in any one instruction of a signature, in the machine code that boards run.

The processor leaves an instruction out, or a bit of a register or of a loaded value flips: then
there is the right signature, or none. More than one fault in a signature is nobody's promise, nor
is one where a function hands an address to the next: that signs something else.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support.core import faults, slots
from support.core.arm import compiled, core_with_storage, whole_core
from support.core.build import SANITIZED_RUN
from support.core.faults import CRASHED, REFUSED, RIGHT, DisturbedCall, Tally

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


def places_of(machine: Machine, names: tuple[str, ...]) -> set[int]:
    """Addresses of functions."""
    places = [machine.function(name) for name in names]
    return {address for p in places for address in range(p.start, p.start + p.size)}


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

    def _result(self, code: int) -> str:
        signature = self.machine.read(SIGNATURE, 64)
        if code == 0:
            return RIGHT if signature in self._good else signature.hex()
        return REFUSED


KEY_NUMBER = 7
CHIP_ID = b"chip".ljust(32, b"\0")  # of c/fake_port.c
PAYLOAD = b"{" + b"abc" * 40
OUT_BYTES = 300
SECTOR_BYTES = 4096
READING = 20_000
"""Instructions before the signature: the text is hashed and the key read."""
CLOSING = 40_000
"""Instructions behind the arithmetic: the key is read again and the result written."""


@dataclass(frozen=True)
class Signer:
    """A function of the core that signs a text with a stored key, and what it makes of it."""

    name: str
    prefix: bytes
    """What it hashes before the text."""
    has_capacity: bool
    """Whether it is told how much room there is for its result."""
    written: Callable[[bytes], bytes]
    """Its result, of the 64 bytes of a signature."""
    closing: tuple[str, ...]
    """Functions that make the result of the signature."""


def der(signature: bytes) -> bytes:
    """The signature as strict DER."""
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def section(signature: bytes) -> bytes:
    """The signature section of an OCMF record."""
    head, tail = b'{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"', b'"}'
    return head + der(signature).hex().upper().encode() + tail


READING_AGAIN = ("ws_key_sign", "ws_key_slot_read", "ws_constant_time_equal", "memcmp")
ENCODING = ("ws_der_encode", "encode_integer")
SIGNERS = (
    Signer(
        name="ws_sign_record",
        prefix=b"",
        has_capacity=True,
        written=section,
        closing=("ws_sign_record", "write_checked", "write_section", *ENCODING, *READING_AGAIN),
    ),
    Signer(
        name="ws_sign_statement",
        prefix=b"wattseal.statement.v1\n",
        has_capacity=False,
        written=der,
        closing=("ws_sign_statement", *ENCODING, *READING_AGAIN),
    ),
)


class SignedText:
    """A text signed in the model, with a key from a flash that holds another one before it."""

    def __init__(self, signer: Signer) -> None:
        machine = self.machine = Machine(compiled(core_with_storage()))
        flash = machine.address("fake_flash")
        machine.write(flash, b"\xff" * 2 * SECTOR_BYTES)
        other, own = (KEY_NUMBER + 1, PRIVATE_KEY + 1), (KEY_NUMBER, PRIVATE_KEY)
        for place, key in ((flash, other), (flash + SECTOR_BYTES, own)):
            machine.write(place, slots.slot(*key, chip_id=CHIP_ID))
        payload, self._out, self._size = (RAM_START + 0x30000 + i * 0x1000 for i in range(3))
        machine.write(payload, PAYLOAD)
        digest = hashlib.sha256(signer.prefix + PAYLOAD).digest()
        good = faults.good_signatures(PRIVATE_KEY, digest, NONCES_MAX)
        self._good = list(map(signer.written, good))
        self.closing = places_of(machine, signer.closing)
        key, text = (machine.address("fake_storage"), KEY_NUMBER, 0), (payload, len(PAYLOAD))
        out = (self._out, *((OUT_BYTES,) if signer.has_capacity else ()), self._size)
        self.call = DisturbedCall(machine, signer.name, *key, *text, *out, result=self._result)
        assert self._result(0) == RIGHT

    def _result(self, code: int) -> str:
        size = int.from_bytes(self.machine.read(self._size, 4), "little")
        if code != 0 or size == 0:  # the callers refuse a result without a size
            return REFUSED
        result = self.machine.read(self._out, min(size, OUT_BYTES))
        return RIGHT if result in self._good else result.hex()


@pytest.fixture(scope="module", params=SIGNERS, ids=lambda signer: signer.name)
def signed_text(request: pytest.FixtureRequest) -> SignedText:
    return SignedText(request.param)


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
    deciding, one_of = places_of(signed.machine, DECIDING), amount(40, 1)
    for address, outcome in signed.call.each(
        0, lambda at: at in deciding and chance.randrange(one_of) == 0, faults.skip
    ):
        tally.add(outcome, hex(address))
    tell(tally)
    assert tally.counts[REFUSED] > tally.counts[CRASHED] > 0


def test_a_fault_while_the_text_is_hashed_and_the_key_read(
    signed_text: SignedText, amount: Amount
) -> None:
    chance, tally = random.Random(3), Tally()
    for _ in range(amount(30, 1_000)):
        fault = random_fault(chance, READING)
        tally.add(signed_text.call.outcome(fault), fault)
    tell(tally)
    assert tally.counts[REFUSED] > 0


def test_a_bit_of_the_key_flipped_on_its_way_from_the_slot(
    signed_text: SignedText, amount: Amount
) -> None:
    """Each load of the functions that copy the key, in turn."""
    copying = places_of(signed_text.machine, ("memcpy", "ws_words_decode"))
    chance, tally, one_of = random.Random(4), Tally(), amount(5, 1)
    for at in signed_text.call.when(READING, copying.__contains__):
        if chance.randrange(one_of) == 0:
            fault = Fault(Injection.FLIP_LOADED, at, chance.randrange(32))
            tally.add(signed_text.call.outcome(fault), fault)
    tell(tally)
    assert tally.counts[REFUSED] > 0


def test_every_instruction_left_out_while_the_result_is_written(signed_text: SignedText) -> None:
    tally = Tally()
    first = signed_text.call.instructions - CLOSING
    for address, outcome in signed_text.call.each(
        first, signed_text.closing.__contains__, faults.skip
    ):
        tally.add(outcome, hex(address))
    tell(tally)
    assert tally.counts[RIGHT] > tally.counts[REFUSED] > 0
