"""A charge point of the rig: a module on its meter, its technician, the registry's view of it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from wattseal.registry.api_models import EvseState
from wattseal.registry.client import RegistryClient

from hil.registry_process import OPERATOR, RegistryProcess
from hil.rig import Rig
from hil.setup import MeterSetup, Setup
from hil.suite.technician import Owner, Technician
from hil.suite.update import bundle_of, release_for
from hil.targets.open import open_rig

OpenRig = Callable[..., Rig]
"""Opens rigs of the target: `chip` and `meter` are numbers, `flash` what was in the module."""

FIRST_METER = 19_280_000


def open_station_rig(target: str, chip: int, meter: int, flash: bytes | None = None) -> Rig:
    """A rig with the chip and the meter of these numbers.

    Its clock is set to that of this computer, which the unix program would get ahead of in a hurry;
    an emulated chip computes too slowly for that.
    """
    setup = Setup(
        MeterSetup("sdm630", power_w=11_000, serial=str(meter)),
        chip_id=bytes.fromhex(f"e66058388372{chip:04x}"),
        flash=flash,
    )
    return open_rig(target, setup, hurry=target != "unix")


class Station:
    """A charge point with a rig, and what the registry says of it.

    Its module comes from the box, and the registry does not know it. `folder` is the technician's.
    """

    def __init__(
        self,
        folder: Path,
        registry: RegistryProcess,
        owner: Owner,
        open_station: OpenRig,
        number: int,
    ) -> None:
        self.number = number
        self.meter = FIRST_METER + number
        self.technician = _technician(folder, registry, owner, number)
        self.open = open_station
        self.rig = open_station(number, self.meter)
        self._client = RegistryClient(registry.url)

    def commission(self, scenario: str = "initial", operator: str = OPERATOR) -> EvseState:
        """A guided run; the charge point's state in the registry after it."""
        self.technician.commission(self.rig.port, scenario, operator)
        return self.evse()

    def update(self, image: Path) -> str:
        """Have the technician's tool update the firmware; what the tool says of it."""
        status = json.loads(self.technician.on(self.rig.port, "device", "status", "--json"))
        folder = Path(tempfile.mkdtemp(prefix="update-", dir=self.technician.folder))
        bundle = bundle_of(release_for(status["module"]["board"], image), folder)
        words: list[str | Path] = ["firmware", "update", bundle, "--drive", self.rig.boot_drive]
        words += ["--owner-key", self.technician.owner.path]
        return self.technician.on(self.rig.port, *words)

    def evse(self, evse_id: str | None = None) -> EvseState:
        """The charge point as the registry has it."""
        found = self._client.evse(evse_id or self.technician.evse_id)
        assert found is not None  # noqa: S101
        return found

    def key_status(self, fingerprint: str | None) -> str:
        """What the registry says of a key."""
        found = self._client.key(fingerprint or "")
        assert found is not None  # noqa: S101
        return found.status

    def is_publishable(self) -> bool:
        """The publication gate."""
        gate = self._client.eligibility(self.technician.evse_id)
        return gate.publish and gate.authorise

    def charge(self) -> None:
        """A session that verifies with the registry's key."""
        self.technician.charge(self.rig.port)


def _technician(folder: Path, registry: RegistryProcess, owner: Owner, number: int) -> Technician:
    return Technician(
        folder,
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
            "serial": str(FIRST_METER + number),
            "calibration_mark": "DE-M 26 0102",
            "calibration_year": 2026,
        },
    )
