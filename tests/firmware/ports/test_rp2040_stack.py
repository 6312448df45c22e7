"""The C stack: whatever Python has used of it, the core's deepest call still fits, on the chip."""

from collections.abc import Iterator

import pytest

from hil.board import load_board
from hil.lab import LAB_IMAGE
from hil.rp2040.lab import Rp2040Lab
from hil.rp2040.rosc import seeded_bits
from hil.timeline import NS_PER_MS

STACK_START, STACK_END = 0x3F000, 0x42000  # in the RAM; below it lies the end of MicroPython's heap
GUARD_BYTES = 2048
STACK_POINTER = 13
PAINT = b"\xa5"
LEAST_FREE = 256  # for what interrupts take beyond what they took while this ran

# Goes on until MicroPython says that the stack is used up, and calls the core from there.
AT_THE_END_OF_THE_STACK = """
import _wattseal
_wattseal.key_create(1)
key, signature = _wattseal.key_public(1), _wattseal.sign_statement(1, b"text")
depth = 0
def deeper(call):
    global depth
    depth += 1
    try:
        deeper(call)
    except RuntimeError:
        return call()
"""
CALLS = {
    "self_test": "_wattseal.self_test(True)",
    "sign": "_wattseal.sign_record(1, b'{}')",
    "verify": "_wattseal.verify(key, b'wattseal.statement.v1\\ntext', signature)",
    "key": "_wattseal.key_create(2)",
    "random": "_wattseal.random()",
}

pytestmark = pytest.mark.image("rp2040-lab")


@pytest.fixture
def lab() -> Iterator[Rp2040Lab]:
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=seeded_bits(1))
    lab.execute(AT_THE_END_OF_THE_STACK)
    yield lab
    lab.close()


@pytest.mark.parametrize("name", CALLS)
def test_the_core_has_the_stack_that_it_needs(lab: Rp2040Lab, name: str) -> None:
    """With MicroPython's own reserve of 256 bytes, the core ran into the heap."""
    lab.chip.run_for(NS_PER_MS)
    ram = lab.chip.mcu.sram
    used_from = lab.chip.mcu.core.registers[STACK_POINTER] - 0x20000000 - 512
    assert STACK_START < used_from < STACK_END
    guard = slice(STACK_START - GUARD_BYTES, STACK_START)
    ram[guard] = PAINT * GUARD_BYTES  # free heap: what is used of it lies at its other end
    ram[STACK_START:used_from] = PAINT * (used_from - STACK_START)
    lab.execute(f"deeper(lambda: {CALLS[name]})")
    assert int(lab.execute("print(depth)")) > 3
    assert bytes(ram[guard]) == PAINT * GUARD_BYTES
    stack = bytes(ram[STACK_START:STACK_END])
    free = len(stack) - len(stack.lstrip(PAINT))
    assert free >= LEAST_FREE, f"{free} bytes are free"
