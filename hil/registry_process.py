"""The real registry, listening on this computer: `wattseal registry serve` in its own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wattseal.common.files import write_private
from wattseal.registry.api_models import AccessRequest
from wattseal.registry.client import RegistryClient

from hil.served import served

NAME = "registry.example/keys"
OPERATOR = "DE*WSL"


@dataclass
class RegistryProcess:
    """A registry that answers at `url`; `data` is its folder."""

    url: str
    data: Path
    _keys: dict[str, Path] = field(default_factory=dict)

    @property
    def administrator(self) -> RegistryClient:
        """As its first administrator."""
        return RegistryClient(self.url, (self.data / "administrator.key").read_text().strip())

    def access_key(self, operator: str = OPERATOR) -> Path:
        """The file with an access key of an operator."""
        if operator not in self._keys:
            with self.administrator as client:
                made = client.grant(AccessRequest(role="cpo", operators=[operator]))
            path = self.data.parent / f"{operator.replace('*', '-')}.key"
            write_private(path, f"{made.access_key}\n".encode())
            self._keys[operator] = path
        return self._keys[operator]

    def client(self, operator: str = OPERATOR) -> RegistryClient:
        """As an operator."""
        return RegistryClient(self.url, self.access_key(operator).read_text().strip())

    def options(self, operator: str = OPERATOR) -> tuple[str, ...]:
        """The options of a command that writes to this registry."""
        return ("--registry", self.url, "--access-key", str(self.access_key(operator)))

    @property
    def settings(self) -> dict[str, str]:
        """What a module is configured with to know it."""
        facts = RegistryClient(self.url).facts()
        return {"registry_name": facts.name, "registry_key": facts.registry_key}


@contextmanager
def new_registry(
    data: Path, database_url: str | None = None, port: int = 0
) -> Iterator[RegistryProcess]:
    """A registry that listens on a free port, or on a given one, until the end."""
    data.parent.mkdir(parents=True, exist_ok=True)
    where = () if database_url is None else ("--database-url", database_url)
    words = [
        *("registry", "serve", "--data", data, "--name", NAME, "--port", str(port), *where),
        *("--reads-per-minute", "0", "--writes-per-minute", "0"),
    ]
    with served(*words, log=data.with_suffix(".log")) as url:
        yield RegistryProcess(url, data)
