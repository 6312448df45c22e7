"""The application on RV32 under QEMU: a module with its own key, a link and a meter line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import serial

from hil.suite.flow import let_flow
from hil.suite.judge import judge
from hil.suite.module import UNDER_TEST, Module
from hil.suite.ocmf import verified
from hil.targets.serial_port import SerialRig

ROOT = Path(__file__).resolve().parents[3]
IMAGE = ROOT / "build/rv32/firmware.elf"
MACHINE = "-machine virt -bios none -display none -monitor none -semihosting"
LINK = "-chardev pty,id=link -serial chardev:link"
METER_LINE = "-chardev pty,id=meter -device pci-serial,chardev=meter"
NOISE = "-global virtio-mmio.force-legacy=false -device virtio-rng-device"
PROMPT = b">>> "
START_LIMIT_S = 60

pytestmark = pytest.mark.image("rv32")


class Ports(NamedTuple):
    """Where QEMU has put the module's lines."""

    link: str
    meter: str


@pytest.fixture
def ports() -> Iterator[Ports]:
    """A machine whose application has just been started from the prompt."""
    options = " ".join((MACHINE, LINK, METER_LINE, NOISE))
    qemu = subprocess.Popen(
        ["qemu-system-riscv32", *options.split(), "-kernel", IMAGE],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert qemu.stdout is not None
        said = qemu.stdout.readline() + qemu.stdout.readline()
        paths = {label: path for path, label in re.findall(r"to (\S+) \(label (\w+)\)", said)}
        assert paths.keys() == {"link", "meter"}, said
        start_application(paths["link"])
        yield Ports(**paths)
    finally:
        qemu.kill()
        qemu.communicate()


def start_application(link: str) -> None:
    with serial.Serial(link, 115_200, timeout=START_LIMIT_S) as line:
        line.write(b"\r\n")
        assert line.read_until(PROMPT).endswith(PROMPT)
        line.write(b"from app.main import run; run()\r\n")
        assert line.read_until(b"run()\r\n").endswith(b"run()\r\n")


def test_a_session_from_a_fresh_module_to_records_that_verify(ports: Ports) -> None:
    module = Module(SerialRig(UNDER_TEST, *ports))
    try:
        assert module.hello["port"] == "rv32"
        assert module.event_names() == ["started", "key_made"]
        module.commission()
        module.set_time()
        key = module.client.call("public_key")["public_key"]
        begun = module.begin()
        let_flow(module.rig, 1_234)
        records = [verified(reply["record"], key) for reply in (begun, module.end())]
        assert [record.reading["TX"] for record in records] == ["B", "E"]
        assert 1_234 <= records[1].energy_wh - records[0].energy_wh <= 1_234 + 600
        assert module.client.call("self_test") == {"passed": True, "failed": []}
        judge(module)
    finally:
        module.close()


def test_the_rig_suite_is_green_on_it(ports: Ports, pytestconfig: pytest.Config) -> None:
    """As on a board whose meter line has an adaptor: the one target with `--meter-port` here."""
    if not pytestconfig.getoption("--all"):
        pytest.skip("takes minutes: only with --all")
    words = ["-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--tb=short", "hil"]
    words += ["--target", f"serial:{ports.link}", "--meter-port", ports.meter]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= 60
