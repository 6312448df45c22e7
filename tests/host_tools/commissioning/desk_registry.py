"""A registry that listens on this computer, in a thread of the test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from wattseal.private_files import write_private
from wattseal.registry.http.application import create_app
from wattseal.registry.http.settings import Settings
from wattseal.registry.opening import open_registry
from wattseal.registry.requests import AccessRequest
from wattseal.registry.service import Registry as Service

NAME = "registry.example/keys"
OPERATOR = "DE*WSL"
STARTED_S = 30


@dataclass
class Registry:
    """A registry that listens."""

    url: str
    service: Service
    folder: Path
    server: uvicorn.Server
    _keys: dict[str, Path] = field(default_factory=dict)

    def access_key(self, operator: str = OPERATOR) -> Path:
        """The file with an access key of an operator."""
        if operator not in self._keys:
            administrator = self.service.authenticate(
                (self.folder / "administrator.key").read_text().strip()
            )
            request = AccessRequest(role="cpo", operators=[operator])
            made = self.service.grant(request, administrator).access_key
            path = self.folder.parent / f"{operator.replace('*', '-')}.key"
            write_private(path, f"{made}\n".encode())
            self._keys[operator] = path
        return self._keys[operator]

    def options(self, operator: str = OPERATOR) -> tuple[str, ...]:
        """The options of a command that writes to this registry."""
        return ("--registry", self.url, "--access-key", str(self.access_key(operator)))

    @property
    def settings(self) -> dict[str, str]:
        """What a station file says of it, for work without a network."""
        facts = self.service.facts()
        return {"registry_name": facts.name, "registry_key": facts.registry_key}


class _Started(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def new_registry(folder: Path, database_url: str | None = None) -> Iterator[Registry]:
    """A registry that listens on a free port until the end."""
    service = open_registry(folder, database_url, NAME)
    unlimited = Settings(reads_per_minute=0, writes_per_minute=0, wrong_keys_per_minute=0)
    config = uvicorn.Config(create_app(service, unlimited), log_config=None, lifespan="off")
    server = _Started(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    assert server.ready.wait(STARTED_S)
    port = listening.getsockname()[1]
    try:
        yield Registry(f"http://127.0.0.1:{port}", service, folder, server)
    finally:
        server.should_exit = True
        thread.join(STARTED_S)
        listening.close()
