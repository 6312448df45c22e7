"""Sessions at a charge point by the `wattseal` command, each kept in a folder of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from wattseal.ocmf.record import read_record

from hil.rig import METER, TIME
from hil.suite.flow import let_flow
from hil.suite.station import Station

RECOVERY_QUESTIONS = 150
"""A question takes a third of a second at least, and the module tries every ten seconds."""


@dataclass(frozen=True)
class Charged:
    """A session's folder, the paginations of its begin and of its end, and a reading between."""

    folder: Path
    first: int
    last: int
    between: datetime | None = None

    def registers_kwh(self) -> list[Decimal]:
        """The signed readings in the order of paginations."""
        return [_register(text) for _number, text in sorted(self._records())]

    @property
    def month(self) -> str:
        """When it ended by the clock of the place, as `2026-11`."""
        _number, text = max(self._records())
        return f"{_moment(text):%Y-%m}"

    def _records(self) -> list[tuple[int, str]]:
        texts = {path.read_text().strip() for path in self.folder.glob("*.ocmf")}
        return [(_pagination(text), text) for text in texts]


class Charging:
    """Charges one car after another with one card, at nearly the greatest power possible."""

    def __init__(self, station: Station, folder: Path, card: str) -> None:
        self.station = station
        self._folder = folder
        self._card = card
        self._count = 0

    def charge(self, energy_wh: int, reason: str = "E", *, has_between: bool = False) -> Charged:
        """An ordinary session, ended for this reason; `has_between`: with a reading half-way."""
        folder = self._new_folder()
        first = self._begin(folder)
        between = None
        if has_between:
            self._let_flow(energy_wh // 2)
            between = _moment(self._sign("intermediate", folder)["record"])
        self._let_flow(energy_wh // 2 if has_between else energy_wh)
        last = int(self._sign("end", folder, "--reason", reason)["pagination"])
        return Charged(folder, first, last, between)

    def cut(self, energy_wh: int, cut: Callable[[], None]) -> Charged:
        """A session that `cut` interrupts, after which the module ends it by itself.

        AssertionError if it does not. The records come from the module's journal.
        """
        folder = self._new_folder()
        first = self._begin(None)
        self._let_flow(energy_wh)
        cut()
        newest = self._await_recovery()
        words = ("device", "records", "--from", str(first), "--out", folder)
        self.station.technician.on(self.station.rig.port, *words)
        return Charged(folder, first, newest)

    def _begin(self, folder: Path | None) -> int:
        # An emulated chip that was slow has lost time: its clock would be behind the registry's.
        self.station.technician.set_time(self.station.rig.port)
        card = ("--id-tag", self._card, "--id-type", "ISO14443", "--id-flag", "RFID_PLAIN")
        return int(self._sign("begin", folder, *card)["pagination"])

    def _sign(self, what: str, folder: Path | None, *words: str) -> dict[str, str]:
        """The record that it makes."""
        out = ("--out", folder) if folder else ()
        port = self.station.rig.port
        done = self.station.technician.on(port, "session", what, *words, *out, "--json")
        record: dict[str, str] = json.loads(done)["record"]
        return record

    def _let_flow(self, energy_wh: int) -> None:
        if METER in self.station.rig.abilities:
            let_flow(self.station.rig, energy_wh)

    def _await_recovery(self) -> int:
        """Wait until no session is open; the newest pagination then."""
        rig = self.station.rig
        for _ in range(RECOVERY_QUESTIONS):
            said = self.station.technician.on(rig.port, "device", "status", "--json")
            status = json.loads(said)["status"]
            if status["session"] is None:
                return int(status["journal"]["newest"])
            if TIME in rig.abilities:
                rig.fast_forward(1)
        raise AssertionError("the session that was cut is still open")

    def _new_folder(self) -> Path:
        self._count += 1
        return self._folder / f"session-{self._count:02}"


def _payload(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text.split("|")[1], parse_float=str)
    return found


def _pagination(text: str) -> int:
    return int(str(_payload(text)["PG"])[1:])


def _register(text: str) -> Decimal:
    readings = _payload(text)["RD"]
    assert isinstance(readings, list)  # noqa: S101
    return Decimal(readings[-1]["RV"])


def _moment(text: str) -> datetime:
    payload = read_record(text).payload
    assert payload is not None  # noqa: S101
    return payload.RD[-1].timestamp
