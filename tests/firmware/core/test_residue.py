"""No secret stays on the stack after a call: searched for in every form that it had there."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from support.core.build import Variant, build
from support.core.drbg import Reference
from support.core.library import Core
from support.core.residue import found

FILL = 0xA5
FLASH_SIZE = 2 * 4096
SIGNED = {
    "record": b"{sample}",
    "hedged": b"{sample}",
    "statement": b"wattseal.statement.v1\nsample",
}


@pytest.fixture(scope="module", params=["-O2", "-Os"])
def program(request: pytest.FixtureRequest) -> Path:
    """residue.c with the core. All functions are bound at the start: a linker that binds them when
    they are called first saves the registers, with what was just copied, far down the stack.
    """
    return build(
        Variant(
            f"residue{request.param}",
            flags=(request.param,),
            link_flags=("-Wl,-z,now",),
            extra=("residue.c", "fake_port.c"),
            shared=False,
        )
    )


def run(program: Path, core: Core, what: str) -> tuple[bytes, dict[str, bytes]]:
    """The stack after a call, and the secrets that were on it."""
    done = subprocess.run([program, what], capture_output=True, check=True)
    flash, stack = done.stdout[:FLASH_SIZE], done.stdout[FLASH_SIZE:]
    private_key = flash[48:80]
    digest = hashlib.sha256(SIGNED.get(what, b"sample")).digest()
    nonce = core.drbg(private_key + digest, b"", [32])[0]
    seed = seed_of_fake_noise(core)
    assert core.drbg(seed, b"chip", [32]) == [private_key]
    secrets = {"private key": private_key, "nonce": nonce}
    secrets |= {"seed": seed[:32], "rest of seed": seed[32:]}
    hedge = Reference(seed + b"hedg")
    secrets |= {"key of the hedge": hedge.key, "value of the hedge": hedge.value}
    secrets |= {"added entropy": hedge.generate(32)}
    return stack, secrets | {"next key of it": hedge.key, "next value of it": hedge.value}


def seed_of_fake_noise(core: Core) -> bytes:
    """The seed that the generator in fake_port.c gives."""
    state = 1

    def noise(size: int) -> bytes:
        nonlocal state
        made = bytearray()
        for _ in range(size):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            made.append(state >> 56)
        return bytes(made)

    return core.entropy_seed(noise)[1]


@pytest.mark.parametrize(
    "what",
    [
        *("record", "hedged", "hedge", "statement", "random"),
        *("create", "inspect", "public", "secure", "erase", "erase_all"),
    ],
)
def test_nothing_is_left(program: Path, core: Core, what: str) -> None:
    stack, secrets = run(program, core, what)
    assert len(stack) - len(stack.lstrip(bytes([FILL]))) > 0, "the stack was too small"
    assert len(stack.lstrip(bytes([FILL]))) > 500, "the call did not run on this stack"
    left = {name: forms for name, secret in secrets.items() if (forms := found(stack, secret))}
    assert left == {}


def test_the_search_finds_what_a_call_leaves(program: Path, core: Core) -> None:
    stack, secrets = run(program, core, "leave")
    assert found(stack, secrets["private key"]) == {"big-endian", "limbs"}
