"""The core on RV32, the instruction set of the ESP32-C3, under QEMU."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

IMAGE = Path(__file__).resolve().parents[3] / "build/rv32/firmware.elf"
PROMPT = b">>> "
QEMU_OPTIONS = "-machine virt -bios none -nographic -monitor null -serial stdio"

pytestmark = pytest.mark.image("rv32")


class Prompt:
    """MicroPython's prompt on QEMU's serial port."""

    def __init__(self) -> None:
        self._qemu = subprocess.Popen(
            ["qemu-system-riscv32", *QEMU_OPTIONS.split(), "-kernel", IMAGE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._read_to_prompt()

    def _read_to_prompt(self) -> bytes:
        assert self._qemu.stdout is not None
        seen = bytearray()
        while not seen.endswith(PROMPT):
            byte = self._qemu.stdout.read(1)
            assert byte, seen.decode(errors="replace")
            seen += byte
        return bytes(seen)

    def run(self, line: str) -> str:
        assert self._qemu.stdin is not None
        self._qemu.stdin.write(line.encode() + b"\r\n")
        self._qemu.stdin.flush()
        echo_and_answer = self._read_to_prompt().decode().split("\r\n", 1)
        return echo_and_answer[1].removesuffix(PROMPT.decode()).strip()

    def close(self) -> None:
        self._qemu.kill()
        self._qemu.communicate()


@pytest.fixture(scope="module")
def prompt() -> Iterator[Prompt]:
    prompt = Prompt()
    yield prompt
    prompt.close()


def test_self_test_passes(prompt: Prompt) -> None:
    prompt.run("import _wattseal")
    assert prompt.run("_wattseal.self_test(True)") == "()"


def test_no_key_without_a_noise_source(prompt: Prompt) -> None:
    prompt.run("import _wattseal")
    assert "CoreError: (-4, 'entropy')" in prompt.run("_wattseal.key_create(1)")
    assert "CoreError: (-4, 'entropy')" in prompt.run("_wattseal.random()")
    assert prompt.run("_wattseal.key_slots()") == "(0, ())"


def test_signatures_are_not_hedged_without_a_noise_source(prompt: Prompt) -> None:
    prompt.run("import _wattseal")
    assert prompt.run("_wattseal.hedge()") == "False"


def test_wire_code_runs_on_it(prompt: Prompt) -> None:
    prompt.run("from wire.modbus_rtu import crc16")
    assert prompt.run("hex(crc16(b'123456789'))") == "'0x4b37'"
