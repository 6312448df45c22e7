"""What lies on the desk: station files, and the command that uses them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVSE_ID = "DE*WSL*E00017"


def serial_of(number: int) -> str:
    """The serial number of the meter beside a rig."""
    return str(19_285_702 + number)


def chip_of(number: int) -> str:
    """The chip id of a rig."""
    return f"e6605838837200{number:02x}"


class StationFile:
    """A station file, written when something changes."""

    def __init__(self, path: Path, owner_key: str) -> None:
        self.path = path
        self.members: dict[str, Any] = {
            "gateway_id": "Wattseal WS-1",
            "gateway_serial": "WS000017",
            "module_model": "Wattseal WS-1",
            "meter_profile": "sdm630",
            "charge_point_id": EVSE_ID,
            "owner_key": owner_key,
        }
        self.meter: dict[str, Any] = {
            "serial": serial_of(1),
            "calibration_mark": "DE-M 26 0102",
            "calibration_year": 2026,
        }
        self.change()

    def change(self, meter: dict[str, Any] | None = None, **members: Any) -> None:
        """Members of the file or of its meter; None leaves one out."""
        self.members |= members
        self.meter |= meter or {}
        lines = [_line(name, value) for name, value in self.members.items() if value is not None]
        lines += ["[meter]"]
        lines += [_line(name, value) for name, value in self.meter.items() if value is not None]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(name: str, value: Any) -> str:
    return f"{name} = {json.dumps(value)}"  # a TOML string or number is a JSON one


@dataclass
class Bench:
    """Runs `wattseal commission`; a job's folder is beside the station file."""

    wattseal: Callable[..., Any]
    folder: Path
    station: StationFile

    @property
    def job(self) -> Path:
        """The folder of the job."""
        return self.folder / "job"

    def run(self, port: str, *more: object, job: Path | None = None) -> Any:
        """One guided run; without waiting for energy unless told so."""
        charge = () if "--test-charge" in more else ("--test-charge", "0")
        return self.wattseal(
            *("commission", "--station", self.station.path, "--port", port),
            *("--job", job or self.job, *charge, *more),
        )

    def export(self, port: str, *more: object) -> Any:
        """What is done without a network."""
        return self.wattseal(
            *("commission", "export", "--station", self.station.path, "--port", port),
            *("--job", self.job, *more),
        )

    def noted(self) -> dict[str, Any]:
        """What job.json says of each step."""
        steps = json.loads((self.job / "job.json").read_text())["steps"]
        return {one["step"]: one for one in steps}
