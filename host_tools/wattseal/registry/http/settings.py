"""What the registry's HTTP service is set up with; it reaches worker processes by environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from wattseal.registry.plausibility.limits import OFFLINE_DAYS

PREFIX = "WATTSEAL_REGISTRY_"

MAX_BODY_BYTES = 512 * 1024
"""The largest request there can be: a key history of 100 statements, and room."""

BODY_SECONDS = 30

_NUMBERS = ("offline_days", "reads_per_minute", "writes_per_minute", "wrong_keys_per_minute")


@dataclass(frozen=True)
class Settings:
    """Where the registry is kept, and how often somebody may ask; 0 is no limit.

    The limits count in each worker process for itself: with N workers, N times as much gets through
    at worst. `reads_per_minute` and `wrong_keys_per_minute` count for each client address,
    `writes_per_minute` for each access key. offline_days: how old a proof over the offline
    challenge may be; 0 takes none.
    """

    data: Path = Path("registry-data")
    database_url: str | None = None
    name: str | None = None
    offline_days: int = OFFLINE_DAYS
    reads_per_minute: int = 6000
    writes_per_minute: int = 600
    wrong_keys_per_minute: int = 20

    def to_environment(self) -> dict[str, str]:
        """The variables that `from_environment` reads."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            PREFIX + key.upper(): str(value) for key, value in values.items() if value is not None
        }


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from variables such as WATTSEAL_REGISTRY_DATA; ValueError if a number is none."""
    given = {
        each.name: environment[PREFIX + each.name.upper()]
        for each in fields(Settings)
        if environment.get(PREFIX + each.name.upper())
    }
    numbers = {key: int(text) for key, text in given.items() if key in _NUMBERS}
    return Settings(
        data=Path(given.get("data", "registry-data")),
        database_url=given.get("database_url"),
        name=given.get("name"),
        **numbers,
    )
