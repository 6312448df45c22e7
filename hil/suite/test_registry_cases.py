"""Every case of the best practices: module on its line, `wattseal`, a real registry's process.

Each ends with a session whose records verify with the key that the registry gives for that EVSE-ID
and time. Both databases; the tests of one database share one registry, each with its own station.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hil.postgres_server import shared_server
from hil.registry_process import OPERATOR, RegistryProcess, new_registry
from hil.suite.command import CommandError
from hil.suite.station import OpenRig, Station
from hil.suite.technician import Owner

OTHER = "DE*NEW"

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


@pytest.fixture
def station(
    registry: RegistryProcess, owner: Owner, open_station: OpenRig, tmp_path: Path
) -> Station:
    """A module from its box at a charge point that the registry does not know."""
    return Station(tmp_path, registry, owner, open_station, next(_numbers))


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
    station.update(next_image)
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
