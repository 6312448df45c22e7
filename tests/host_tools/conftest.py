"""What tests of several rooms need: a fake module, its key files, a command line, PostgreSQL."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from support.device.fake_key_life import OWNER
from support.device.fake_module import FakeModule
from support.device.pty_port import PtyPort
from support.device.signer import Signer
from wattseal.cli.program import run
from wattseal.common.files import write_private
from wattseal.device import link, owner

from hil.postgres_server import Server, shared_server


@pytest.fixture(autouse=True, scope="session")
def _lost_ports_are_back_soon() -> Iterator[None]:
    """A port that a test has pulled out does not come back: it is not waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "PORT_BACK_S", 0.3)
        yield


@pytest.fixture
def module() -> FakeModule:
    """A module that is configured and has its clock set."""
    return FakeModule()


@pytest.fixture
def port(module: FakeModule) -> Iterator[PtyPort]:
    """The module behind a pseudo-terminal."""
    with PtyPort(module) as opened:
        yield opened


PASSWORD = "correct horse battery"  # noqa: S105


def locked_key(path: Path, key: Signer) -> Path:
    """A key file as `wattseal owner create` makes it, with fewer rounds."""
    plain = key.private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(path, owner._armoured(owner._locked(plain, PASSWORD.encode(), 10)))
    return path


@pytest.fixture
def owner_key(tmp_path: Path) -> Path:
    """The key file of the owner whose key the fake module knows."""
    return locked_key(tmp_path / "owner.pem", OWNER)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    write_private(tmp_path / "password", PASSWORD.encode() + b"\n")
    return tmp_path / "password"


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


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Server]:
    """One server for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    with shared_server(base if worker_id == "master" else base.parent) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)
