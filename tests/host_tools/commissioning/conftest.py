"""A desk to commission on: modules as processes, and a registry at a URL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commissioning.workbench import Bench, StationFile, chip_of, serial_of
from support.device.fake_key_life import OWNER

from hil.postgres_server import Server
from hil.registry_process import RegistryProcess, new_registry
from hil.setup import MeterSetup, Setup
from hil.targets.unix import UnixRig


@pytest.fixture
def make_rig() -> Iterator[Callable[..., UnixRig]]:
    """Modules on this desk: the firmware as a process, with an emulated meter each."""
    rigs: list[UnixRig] = []

    def make(
        number: int = 1,
        *,
        meter: int | None = None,
        power_w: int = 11_000,
        flash: bytes | None = None,
    ) -> UnixRig:
        """A rig by number; `meter` is the number of its meter, `flash` what it was before."""
        setup = MeterSetup("sdm630", power_w=power_w, serial=serial_of(meter or number))
        chip_id = bytes.fromhex(chip_of(number))
        rigs.append(UnixRig(Setup(setup, chip_id=chip_id, flash=flash)))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., UnixRig]) -> UnixRig:
    """A module from its box."""
    return make_rig()


@pytest.fixture
def station(tmp_path: Path) -> StationFile:
    """A station file for the rig, with all that a technician knows."""
    return StationFile(tmp_path / "station.toml", owner_key=OWNER.public.spki.hex())


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistryProcess]:
    """A registry at a URL of this computer, on SQLite."""
    with new_registry(tmp_path / "registry") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def each_registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryProcess]:
    """A registry on either database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("registry")
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    with new_registry(tmp_path / "registry", url) as opened:
        yield opened
    server.drop_database(url)


@pytest.fixture
def bench(wattseal: Callable[..., object], tmp_path: Path, station: StationFile) -> Bench:
    """Runs `wattseal commission ...` in a folder of its own."""
    return Bench(wattseal, tmp_path, station)
