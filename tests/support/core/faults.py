"""Faults put into a signature in the model of the Cortex-M0+, and what came of them."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hil.cortex_m0.machine import Fault, Machine, ModelError, Status
from support.core import curve
from support.core.drbg import Reference

RIGHT, REFUSED, CRASHED = "right", "refused", "crashed"
LR, PC = 14, 15
WIDE = 0x1D
"""Upper five bits of the first half of an instruction of 32 bits: this or more."""
CHUNK = 20_000
"""Instructions at a time on the way to a place far away."""

RETURNED = (Status.CLOBBERED, Status.STACK)
"""What the model calls failures, but a caller gets a result from."""


def good_signatures(private_key: int, digest: bytes, count: int) -> list[bytes]:
    """r and s with each of the first nonces of RFC 6979.

    Whoever lets the chip throw a good nonce away gets the signature with the next one, of which he
    knows as little.
    """
    number = int.from_bytes(digest)
    nonces = Reference(private_key.to_bytes(32) + (number % curve.N).to_bytes(32))
    made = []
    for _ in range(count):
        nonce = int.from_bytes(nonces.generate(32))
        point = curve.times_g(nonce)
        assert point is not None
        r = point[0] % curve.N
        s = (number + r * private_key) * pow(nonce, -1, curve.N) % curve.N
        made.append(r.to_bytes(32) + s.to_bytes(32))
    return made


Disturbance = Callable[[Machine, list[int]], list[int]]
"""What it makes of the registers before an instruction."""


def skip(machine: Machine, registers: list[int]) -> list[int]:
    """Leave the instruction out."""
    is_wide = machine.read(registers[PC], 2)[1] >> 3 >= WIDE
    return [*registers[:PC], registers[PC] + (4 if is_wide else 2)]


def random_flip(seed: int) -> Disturbance:
    """Flip a bit of a register, each time another one."""
    chance = random.Random(seed)

    def flip(_: Machine, registers: list[int]) -> list[int]:
        register = chance.randrange(PC)
        flipped = registers[register] ^ 1 << chance.randrange(32)
        return [*registers[:register], flipped, *registers[register + 1 :]]

    return flip


@dataclass
class Tally:
    """How often which outcome was met, and every wrong signature with its place."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, outcome: str, place: object) -> None:
        """Count an outcome; one that is none of the three is a wrong signature."""
        if outcome in (RIGHT, REFUSED, CRASHED):
            self.counts[outcome] += 1
        else:
            self.wrong.append(f"{place}: {outcome}")


class DisturbedCall:
    """One call in a machine, again and again from the same memory, each time with one fault.

    `result` says what a call that returned has given out: it is told r0.
    """

    def __init__(
        self, machine: Machine, function: str, *arguments: int, result: Callable[[int], str]
    ) -> None:
        self._machine, self._function, self._arguments = machine, function, arguments
        self._result = result
        self._memory = machine.snapshot()
        self.instructions = machine.call(function, *arguments).instructions
        """Of the call without a fault."""
        self._back = 0  # where it returns to

    def outcome(self, fault: Fault) -> str:
        """What comes of a fault."""
        self._machine.restore(self._memory)
        try:
            self._machine.call(
                self._function, *self._arguments, limit=3 * self.instructions, fault=fault
            )
        except ModelError as error:
            if error.status not in RETURNED:
                return CRASHED
        return self._result(self._machine.registers[0])

    def each(
        self, first: int, wanted: Callable[[int], bool], disturbance: Disturbance
    ) -> Iterator[tuple[int, str]]:
        """Disturb each instruction from the first-th on whose address is wanted, one at a time;
        the address, and what came of it.
        """
        self._enter()
        for chunk in [CHUNK] * (first // CHUNK) + [first % CHUNK]:
            self._machine.step(chunk)
        for _ in range(first, self.instructions):
            address = self._machine.registers[PC]
            if wanted(address):
                yield address, self._disturbed(disturbance)
            self._machine.step()

    def when(self, first: int, wanted: Callable[[int], bool]) -> list[int]:
        """Which of the first instructions of the call have an address that is wanted."""
        self._enter()
        found = []
        for at in range(first):
            if wanted(self._machine.registers[PC]):
                found.append(at)
            self._machine.step()
        return found

    def _enter(self) -> None:
        """Be at the first instruction of the call."""
        machine = self._machine
        machine.restore(self._memory)
        with contextlib.suppress(ModelError):
            machine.call(self._function, *self._arguments, limit=0)  # puts the arguments in place
        self._back = machine.registers[LR] & ~1
        machine.set_registers([*machine.registers[:PC], machine.address(self._function)], 0)

    def _disturbed(self, disturbance: Disturbance) -> str:
        """What comes of a disturbance of the next instruction; then all is as before."""
        machine = self._machine
        registers, flags, memory = machine.registers, machine.flags, machine.snapshot()
        machine.set_registers(disturbance(machine, registers), flags)
        outcome = self._run_out()
        machine.restore(memory)
        machine.set_registers(registers, flags)
        return outcome

    def _run_out(self) -> str:
        try:
            self._machine.step(3 * self.instructions)
        except ModelError as error:
            if error.pc == self._back:
                return self._result(self._machine.registers[0])
        return CRASHED
