"""A signature takes the same path on the Cortex-M0+, whatever the key, the nonce and the digest.

Where valgrind judges x86 code, this is the code that boards run: compiled as for the image and run
in the model of the Cortex-M0+, which counts cycles and hashes every address executed, loaded and
stored to. With --all on a thousand of each, otherwise on twenty.
"""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from rp2040py.simulator import Simulator
from support.core.arm import compiled, whole_core, with_change
from support.core.curve import N
from support.core.library import Core

from hil.cortex_m0.machine import RAM_START, STACK_TOP, Machine, Outcome, Timing, Watch

SIGN_LIMIT, PUBLIC_LIMIT = 2_400_000, 1_100_000  # cycles; a tenth less when written

# Behind the program.
PRIVATE_KEY, DIGEST, ADDED, RESULT = (RAM_START + 0x30000 + i * 0x100 for i in range(4))
NONE = 0

Job = tuple[int, bytes, bytes | None]  # private key, digest, added entropy


@pytest.fixture(scope="module")
def program() -> Path:
    return compiled(replace(whole_core(), start=RAM_START))


@pytest.fixture
def count(pytestconfig: pytest.Config) -> int:
    return 1_000 if pytestconfig.getoption("--all", False) else 20


def arguments(machine: Machine, job: Job) -> tuple[int, int, int, int]:
    """Put a job into memory; the arguments of ws_ecdsa_sign."""
    private_key, digest, added = job
    machine.write(PRIVATE_KEY, private_key.to_bytes(32))
    machine.write(DIGEST, digest)
    machine.write(ADDED, added or bytes(32))
    return PRIVATE_KEY, DIGEST, ADDED if added else NONE, RESULT


def sign(machine: Machine, job: Job) -> tuple[Outcome, bytes]:
    """What a signature costs, and the signature."""
    outcome = machine.call("ws_ecdsa_sign", *arguments(machine, job))
    assert outcome.r0 == 0
    return outcome, machine.read(RESULT, 64)


def public(machine: Machine, private_key: int) -> tuple[Outcome, bytes]:
    """What a public key costs, and the key."""
    machine.write(PRIVATE_KEY, private_key.to_bytes(32))
    outcome = machine.call("ws_p256_public", PRIVATE_KEY, RESULT)
    assert outcome.r0 == 0
    return outcome, machine.read(RESULT, 65)


def some_jobs(count: int, hedged: bool) -> list[Job]:
    """Keys and digests at the ends of their ranges, and any."""
    rng = random.Random(count)
    ends = [
        (1, bytes(32)),
        (N - 1, b"\xff" * 32),
        (2, N.to_bytes(32)),
        (2**255, (N - 1).to_bytes(32)),
    ]
    any_ones = [(rng.randrange(1, N), rng.randbytes(32)) for _ in range(count - len(ends))]
    return [(*pair, rng.randbytes(32) if hedged else None) for pair in [*ends, *any_ones]]


@pytest.mark.parametrize("hedged", [False, True])
def test_signing_takes_one_path(core: Core, program: Path, count: int, hedged: bool) -> None:
    machine = Machine(program, watch=Watch.TRACE)
    jobs = some_jobs(count, hedged)
    results = [sign(machine, job) for job in jobs]
    assert [signature for _, signature in results] == [core.sign(*job)[1] for job in jobs]
    outcomes = {outcome for outcome, _ in results}
    assert len(outcomes) == 1, outcomes
    assert 0 < outcomes.pop().cycles < SIGN_LIMIT


def test_a_public_key_takes_one_path(core: Core, program: Path, count: int) -> None:
    machine = Machine(program, watch=Watch.TRACE)
    keys = [private_key for private_key, _, _ in some_jobs(count, hedged=False)]
    results = [public(machine, private_key) for private_key in keys]
    assert [point for _, point in results] == [core.public(private_key)[1] for private_key in keys]
    outcomes = {outcome for outcome, _ in results}
    assert len(outcomes) == 1, outcomes
    assert 0 < outcomes.pop().cycles < PUBLIC_LIMIT


LEAKS = {
    "one entry is read": (
        "ws_comb.c",
        "ws_field_select(sum, ws_comb_table[block], index);",
        "*sum = ws_comb_table[block][index];",
    ),
    "a branch on a digit": (
        "ws_comb.c",
        "ws_field_negate_if(sum->y, negative);",
        "if (negative) ws_field_negate_if(sum->y, negative);",
    ),
    "a branch on a carry": (
        "ws_order.c",
        "ws_words_choose(out, ws_mask(carry | (borrow ^ 1)), less, number);",
        "for (int i = 0; i < WS_WORDS; i++) out[i] = (carry | (borrow ^ 1)) ? less[i] : number[i];",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_would_be_seen(leak: str, tmp_path: Path) -> None:
    changed = with_change(replace(whole_core(), start=RAM_START), tmp_path, *LEAKS[leak])
    machine = Machine(compiled(changed), watch=Watch.TRACE)
    results = [sign(machine, job)[0] for job in some_jobs(10, hedged=False)]
    assert len({outcome.trace for outcome in results}) > 1


def sign_in_emulator(machine: Machine, job: Job) -> tuple[int, bytes]:
    """Cycles and signature with rp2040py, from the same memory."""
    words = arguments(machine, job)
    chip = Simulator().rp2040
    chip.sram[:] = machine.snapshot()
    core = chip.core
    for register, word in enumerate(words):
        core.registers[register] = word
    core.pc, core.sp, core.lr = machine.address("ws_ecdsa_sign"), STACK_TOP, 1
    before, step = core.cycles, core.execute_instruction
    while core.pc != 0:
        step()
    start = RESULT - RAM_START
    return core.cycles - before, bytes(chip.sram[start : start + 64])


def test_the_emulator_comes_to_the_same_signature_in_the_same_cycles(
    core: Core, program: Path
) -> None:
    job = some_jobs(10, hedged=True)[-1]
    machine = Machine(program, timing=Timing.RP2040PY)
    outcome, signature = sign(machine, job)
    assert sign_in_emulator(Machine(program), job) == (outcome.cycles, signature)
    assert signature == core.sign(*job)[1]
