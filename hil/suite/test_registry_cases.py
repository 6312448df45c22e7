"""Every case of the best practices: module on its line, `wattseal`, a real registry's process.

Each ends with a session whose records verify with the key that the registry gives for that EVSE-ID
and time. Both databases; the tests of one database share one registry, each with its own station.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from wattseal.registry.requests import EvseState
from wattseal.registry_client import RegistryClient

from hil.postgres_server import shared_server
from hil.registry_process import RegistryProcess, new_registry
from hil.rig import Rig
from hil.setup import MeterSetup, Setup
from hil.suite.technician import CommandError, Owner, Technician
from hil.targets.open import open_rig

OPERATOR, OTHER = "DE*WSL", "DE*NEW"

pytestmark = pytest.mark.needs("flash")

_numbers = itertools.count(1)


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.thorough("rp2040"))],
)
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryProcess]:
    """A registry's process on either database."""
    data = tmp_path_factory.mktemp(request.param) / "registry"
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            server = stack.enter_context(shared_server(data.parent))
            url = server.create_database()
        yield stack.enter_context(new_registry(data, url))


@pytest.fixture(scope="session")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Owner:
    return Owner.create(tmp_path_factory.mktemp("owner") / "owner.pem")


OpenRig = Callable[..., Rig]


@pytest.fixture
def open_station(target: str) -> Iterator[OpenRig]:
    """Opens rigs of the target: `chip` and `meter` are numbers, `flash` what was in the module."""
    with ExitStack() as stack:

        def make(chip: int, meter: int, flash: bytes | None = None) -> Rig:
            setup = Setup(
                MeterSetup("sdm630", power_w=11_000, serial=str(meter)),
                chip_id=bytes.fromhex(f"e66058388372{chip:04x}"),
                flash=flash,
            )
            return stack.enter_context(open_rig(target, setup, hurry=True))

        yield make


class Station:
    """A charge point with a rig, and what the registry says of it."""

    def __init__(self, technician: Technician, open_station: OpenRig, number: int) -> None:
        self.technician = technician
        self.number = number
        self.meter = 19_280_000 + number
        self.open = open_station
        self.rig = open_station(number, self.meter)
        self._client = RegistryClient(technician.registry.url)

    def commission(self, scenario: str = "initial", operator: str = OPERATOR) -> EvseState:
        """A guided run; the charge point's state in the registry after it."""
        self.technician.commission(self.rig.port, scenario, operator)
        return self.evse()

    def evse(self, evse_id: str | None = None) -> EvseState:
        """The charge point as the registry has it."""
        found = self._client.evse(evse_id or self.technician.evse_id)
        assert found is not None
        return found

    def key_status(self, fingerprint: str | None) -> str:
        """What the registry says of a key."""
        found = self._client.key(fingerprint or "")
        assert found is not None
        return found.status

    def is_publishable(self) -> bool:
        """The publication gate."""
        gate = self._client.eligibility(self.technician.evse_id)
        return gate.publish and gate.authorise

    def charge(self) -> None:
        """A session that verifies with the registry's key."""
        self.technician.charge(self.rig.port)


@pytest.fixture
def station(
    registry: RegistryProcess, owner: Owner, open_station: OpenRig, tmp_path: Path
) -> Station:
    """A module from its box at a charge point that the registry does not know."""
    number = next(_numbers)
    technician = Technician(
        tmp_path,
        registry,
        owner,
        f"{OPERATOR}*E{number:05}",
        settings={
            "gateway_id": "Wattseal rig",
            "gateway_serial": f"RIG-{number}",
            "module_model": "Wattseal WS-1",
            "meter_profile": "sdm630",
        },
        meter={
            "serial": str(19_280_000 + number),
            "calibration_mark": "DE-M 26 0102",
            "calibration_year": 2026,
        },
    )
    return Station(technician, open_station, number)


def test_initial(station: Station) -> None:
    state = station.commission()
    assert state.status == "active"
    assert station.is_publishable()
    station.charge()


@pytest.mark.thorough("rp2040")
def test_hardware_exchange(station: Station) -> None:
    before = station.commission()
    station.technician.at_registry(
        *("registry", "hardware-exchange", before.evse_id),
        *("--station-model", "Station 2", "--station-serial", "ST-0042"),
        operator=OPERATOR,
    )
    assert station.evse().fingerprint == before.fingerprint
    station.charge()


@pytest.mark.thorough("rp2040")
def test_meter_replacement(station: Station) -> None:
    before = station.commission()
    flash = station.rig.flash_image()
    station.rig.power_cut()
    other = station.meter + 5000
    station.rig = station.open(station.number, other, flash)
    station.technician.meter |= {"serial": str(other), "calibration_mark": "DE-M 26 0555"}
    after = station.commission("meter-replacement")
    assert after.fingerprint == before.fingerprint
    assert after.meter is not None
    assert after.meter.serial == str(other)
    station.charge()


@pytest.mark.thorough("rp2040")
def test_module_replacement(station: Station) -> None:
    before = station.commission()
    station.rig.power_cut()
    station.rig = station.open(station.number + 5000, station.meter)
    station.technician.settings["gateway_serial"] += "-B"
    after = station.commission("module-replacement")
    assert after.meter == before.meter
    assert after.chip_id != before.chip_id
    assert station.key_status(before.fingerprint) == "superseded"
    station.charge()


@pytest.mark.needs("update")
@pytest.mark.thorough("rp2040")
def test_firmware_update(station: Station, next_image: Path) -> None:
    before = station.commission()
    station.rig.put_image(next_image)
    station.rig.restart()
    after = station.commission("firmware-update")
    assert after.chip_id == before.chip_id
    assert station.key_status(before.fingerprint) == "superseded"
    assert station.key_status(after.fingerprint) == "active"
    station.charge()


@pytest.mark.thorough("rp2040")
def test_decommissioning(station: Station) -> None:
    before = station.commission()
    station.charge()
    station.technician.decommission(station.rig.port, OPERATOR)
    assert station.evse().status == "deactivated"
    assert station.key_status(before.fingerprint) == "deactivated"
    assert not station.is_publishable()


@pytest.mark.thorough("rp2040")
def test_reuse(station: Station) -> None:
    before = station.commission()
    station.technician.decommission(station.rig.port, OPERATOR)
    station.rig.restart()
    station.technician.evse_id += "*9"
    after = station.commission("reuse")
    assert (after.status, after.chip_id) == ("active", before.chip_id)
    assert station.key_status(before.fingerprint) == "deactivated"
    assert station.evse(before.evse_id).status == "moved"
    station.charge()


@pytest.mark.thorough("rp2040")
def test_take_over(station: Station) -> None:
    before = station.commission()
    station.technician.evse_id = before.evse_id.replace(OPERATOR, OTHER)
    with pytest.raises(CommandError, match="has not consented"):
        station.commission("take-over", OTHER)
    station.technician.at_registry(
        "registry", "consent", before.evse_id, "--to", OTHER, operator=OPERATOR
    )
    after = station.commission("take-over", OTHER)
    assert (after.fingerprint, after.meter) == (before.fingerprint, before.meter)
    assert station.evse(before.evse_id).status == "taken_over"
    station.charge()
