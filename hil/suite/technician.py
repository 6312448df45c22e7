"""A technician at the desk: a station file, the owner's key, and the `wattseal` command."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattseal.ocmf.public_key import read_public_key
from wattseal.ocmf.record import read_record
from wattseal.registry.client import RegistryClient

from hil.registry_process import RegistryProcess
from hil.suite.command import CommandError, said

REPLY_TIMEOUT_S = "120"
"""The emulated chip is slower than a real one, and more so on a busy machine."""


@dataclass(frozen=True)
class Owner:
    """The owner's key, as `wattseal owner create` made it."""

    path: Path
    public_key: str

    @classmethod
    def create(cls, path: Path) -> "Owner":
        """A new key."""
        return cls(path, json.loads(said("owner", "create", path, "--json"))["public_key"])


@dataclass
class Technician:
    """Works at one charge point; `settings` and `meter` are what the station file says."""

    folder: Path
    registry: RegistryProcess
    owner: Owner
    evse_id: str
    settings: dict[str, Any] = field(default_factory=dict)
    meter: dict[str, Any] = field(default_factory=dict)
    _jobs: int = 0

    def on(self, port: str, *words: str | Path) -> str:
        """Run a command on a module's port; CommandError unless it succeeds."""
        return said(*words, "--port", port, "--timeout", REPLY_TIMEOUT_S)

    def set_time(self, port: str) -> None:
        """Set the module's clock to the time that the registry signs."""
        self.on(port, "device", "time", "--registry", self.registry.url)

    def at_registry(self, *words: str | Path, operator: str) -> str:
        """Run a command that writes to the registry, as an operator."""
        return said(*words, *self.registry.options(operator))

    def commission(self, port: str, scenario: str, operator: str) -> None:
        """One guided run, after which the module is operational."""
        self._jobs += 1
        words: list[str | Path] = ["commission", "--station", self._station_file()]
        words += ["--scenario", scenario, "--job", self.folder / f"job-{self._jobs}"]
        words += ["--test-charge", "0", "--json", "--owner-key", self.owner.path]
        told = self.on(port, *words, *self.registry.options(operator))
        if json.loads(told)["state"] != "operational":
            raise CommandError(told)

    def decommission(self, port: str, operator: str) -> None:
        """The module says farewell, and the registry hears of it."""
        out = self.folder / "farewell"
        self.on(
            port,
            *("device", "decommission", "--yes", "--out", out, "--owner-key", self.owner.path),
        )
        self.at_registry(
            *("registry", "deactivate", self.evse_id, "--yes"),
            *("--farewell", out / "farewell.json"),
            operator=operator,
        )

    def charge(self, port: str) -> None:
        """A session whose records verify with the key of this charge point at that time."""
        folder = self.folder / f"session-{self._jobs}"
        # An emulated chip that was slow has lost time: its clock would be behind the registry's.
        words = ("session", "begin", "--registry", self.registry.url, "--out", folder)
        self.on(port, *words)
        self.on(port, "session", "end", "--out", folder)
        payload = read_record((folder / "end.ocmf").read_text()).payload
        if payload is None or payload.RD[-1].timestamp is None:
            raise CommandError("the end record tells no time")
        at_ms = int(payload.RD[-1].timestamp.timestamp() * 1000)
        key = RegistryClient(self.registry.url).key_of(self.evse_id, at_ms)
        if key is None:
            raise CommandError(f"the registry gives no key for {self.evse_id} at {at_ms}")
        spki = read_public_key(key.public_key).hex
        said("verify", folder / "transaction.xml", "--key", spki)

    def _station_file(self) -> Path:
        members = {**self.settings, "charge_point_id": self.evse_id}
        members["owner_key"] = self.owner.public_key
        lines = [f"{name} = {json.dumps(value)}" for name, value in members.items()]
        lines += ["[meter]", *(f"{name} = {json.dumps(one)}" for name, one in self.meter.items())]
        path = self.folder / f"station-{self._jobs}.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
