"""What a signature leaves in the registers that a call need not restore is wiped with the stack."""

import re

from support.core.build import CORE
from support.core.runner import ModelRunner

from hil.cortex_m0.machine import RAM_START

PRIVATE_KEY, DIGEST, SIGNATURE = RAM_START, RAM_START + 0x20, RAM_START + 0x40
PLAIN_NONCE = 0
SCRATCH = (0, 1, 2, 3, 12)
WIPED = re.search(r"WS_WIPE_STACK_SIZE (\d+)", (CORE / "ws_wipe.h").read_text())
FRAME_BYTES = int(WIPED[1]) if WIPED else 0
"""The function's own frame, which it gives back last."""


def test_wiping_the_stack_leaves_nothing_in_scratch_registers(arm_core: ModelRunner) -> None:
    machine = arm_core.machine
    machine.write(PRIVATE_KEY, bytes(range(1, 33)))
    machine.write(DIGEST, bytes(range(101, 133)))
    machine.call("ws_ecdsa_sign", PRIVATE_KEY, DIGEST, PLAIN_NONCE, SIGNATURE)
    assert any(machine.registers[number] for number in SCRATCH)
    machine.call("ws_wipe_stack")
    left = {machine.registers[number] for number in SCRATCH}
    assert left <= {0, FRAME_BYTES}
