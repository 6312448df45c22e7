"""Puts this folder's fakes where the tests can import them, and starts a module for each test."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from host_fakes.module import FakeModule
from host_fakes.pty_port import PtyPort
from hypothesis import settings
from wattseal.cli.main import run

# How long one example takes depends on what else the machine does.
settings.register_profile("wattseal", deadline=None)
settings.load_profile("wattseal")


@pytest.fixture
def module() -> FakeModule:
    """A module that is configured and has its clock set."""
    return FakeModule()


@pytest.fixture
def port(module: FakeModule) -> Iterator[PtyPort]:
    """The module behind a pseudo-terminal."""
    with PtyPort(module) as opened:
        yield opened


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def wattseal(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs one command line in this process."""

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        status = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Outcome(status, captured.out, captured.err)

    return call


@pytest.fixture
def on_module(wattseal: Callable[..., Outcome], port: PtyPort) -> Callable[..., Outcome]:
    """As `wattseal`, on the module's port and with a time-out that a test can wait for."""

    def call(*arguments: object, timeout: float = 10) -> Outcome:
        return wattseal(*arguments, "--port", port.path, "--timeout", timeout)

    return call
