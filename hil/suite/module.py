"""A module under test: its rig, a client on its port, and the steps that tests have in common."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

from wattseal.meter.profile import known_profile
from wattseal.wire.errors import WattsealError

from hil.client import Client
from hil.commissioning import answer, register, set_signed_time
from hil.owner import Owner
from hil.registry import Publication, Registry
from hil.rig import METER, TIME, Rig
from hil.setup import MeterSetup, Setup

UNDER_TEST = Setup(MeterSetup("sdm630", power_w=11_000))

OWNER = Owner()
REGISTRY = Registry()
"""One log for all modules of a run, as in the field; another one in the next run."""

SETTINGS = {
    "gateway_id": "Wattseal rig",
    "gateway_serial": "RIG-1",
    "meter_profile": "sdm630",
    "meter_serial": "19285703",
    "charge_point_type": "EVSEID",
    "charge_point_id": "DE*WSL*E00001",
    **REGISTRY.settings,
    **OWNER.settings,
}

_PROFILE = known_profile("sdm630")

USUAL = {
    "format_version": "1.3",
    "meter_unit": _PROFILE["unit"],
    "line": _PROFILE["line"],
}
"""Settings that a module need not have, and cannot lose: what they come to where it has none."""

UNIX_MS = 1_772_362_800_000
"""2026-03-01 11:00 UTC."""
UTC_OFFSET_MIN = 60
RECOVERY_QUESTIONS = 30
ROOM_BYTES = 256 * 1024
"""More than a run of the suite writes into either log."""
BYTES_OF_A_TEST = 24 * 1024
"""More than a test writes into either log: there are modules whose logs do not hold a run."""
DAY_MS = 24 * 3600 * 1000

USER = {"id_tag": "1F2D3A4F5506C7", "id_type": "ISO14443", "id_flags": ["RFID_PLAIN"]}


def wanted(present: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The settings of the tests, with changes; what a board has beside them comes to no harm."""
    usual = {name: value for name, value in USUAL.items() if name in present}
    return {**usual, **SETTINGS, **changes}


class NotReadyError(Exception):
    """The board cannot be made ready for the tests; the message says what a person must do."""


class Module:
    """One powered module, with its port open and its first greeting said."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._closed = False
        self.unix_ms = UNIX_MS
        """The time that the clock was last set to."""
        self.client = Client(rig.port)
        try:
            self.hello = self.client.synchronise()
        except BaseException:
            self.client.close()
            raise

    def close(self) -> None:
        """Close the port and switch everything off; again does nothing."""
        if not self._closed:
            self._closed = True
            self.client.close()
            self.rig.close()

    def restart(self, flash: bytes | None = None) -> None:
        """Take the power away and give it back."""
        self.client.close()
        self.rig.restart(flash)
        self.reconnect()

    def reconnect(self) -> None:
        """Greet a module that has started by itself or is about to."""
        self.reopen()
        self.hello = self.client.synchronise()

    def reopen(self) -> None:
        """Open the port again, which a start takes away where it is on USB."""
        self.client.close()
        self.client = Client(self.rig.port)

    def put_image(self, image: Path) -> None:
        """Let a programmer put another image in, and start it."""
        self.rig.put_image(image)
        self.restart()

    def put_right(self) -> None:
        """Make it as a test expects to find it: operational, no fault armed, no session open."""
        status = self._settle()
        if status["state"] != "operational":
            self.commission()
        else:
            self._make_room(status, BYTES_OF_A_TEST)
        self.set_time()

    def put_right_unsealed(self) -> None:
        """Make it as a test of the settings expects to find it: all settings, unsealed."""
        if self._settle()["sealed"]:
            self.unseal()
        self.configure()

    def make_ready(self) -> None:
        """Make a board of which nothing is known operational, with the settings of the tests.

        NotReadyError where nobody but a person can, with what that person must do.
        """
        status = self.status()
        if status["state"] not in ("operational", "unregistered"):
            cause = (status["cause"] or {}).get("sentence", "")
            raise NotReadyError(
                f"its state is {status['state']!r}. {cause} Erase its whole flash and put the "
                "image in again."
            )
        self._settle()  # first, because a session keeps its settings to itself
        owner = self.settings().get("owner_key")
        if status["sealed"] and owner != SETTINGS["owner_key"]:
            raise NotReadyError(
                "it is sealed and its owner is not the rig's, so that its settings cannot be "
                "changed: let its owner open the seal (wattseal device unseal), or take a board "
                "that may be erased."
            )
        if owner == SETTINGS["owner_key"] and status["state"] == "operational":
            # first: with a log that is full nothing else is allowed
            self._make_room(self.status(), ROOM_BYTES)
        self.commission()
        self._make_room(self.status(), ROOM_BYTES)

    def _make_room(self, status: dict[str, Any], room_bytes: int) -> None:
        """Let an operational module of the rig's owner forget what nearly fills its logs."""
        journal, events = status["journal"], status["events"]
        if journal["free_bytes"] < room_bytes and journal["newest"] is not None:
            self.client.call("release", through=journal["newest"])
        if events["free_bytes"] < room_bytes and events["newest"] is not None:
            through = events["newest"]
            answered = self.answer("archive_events", through=through)
            self.client.call("archive_events", signature=answered)

    def _settle(self) -> dict[str, Any]:
        """Disarm every fault and end an open session; the status."""
        if METER in self.rig.abilities:
            self.rig.meter.disarm()
        status = self.status()
        assert status["state"] in ("operational", "unregistered"), status  # noqa: S101
        if status["session"] is not None:
            self.end()
        return status

    # --- steps -------------------------------------------------------------------------------

    def configure(self, **changes: Any) -> dict[str, Any]:
        """Give all settings; the seal must be open."""
        return self.client.call("configure", **wanted(self.settings(), changes))

    def commission(self, **changes: Any) -> None:
        """Make it operational with these settings, by the way that leads there from its state."""
        settings = self.settings()
        status = self.status()
        meant = wanted(settings, changes)
        is_new = any(settings.get(name) != value for name, value in meant.items())
        if is_new and status["sealed"]:
            self.unseal()
        if is_new:
            self.configure(**changes)
        if is_new or not status["sealed"]:
            self.client.call("seal")
            status = self.status()
        if status["state"] != "operational":
            self.publish()

    def settings(self) -> dict[str, Any]:
        """All settings that are set."""
        found: dict[str, Any] = self.client.call("configure")["settings"]
        return found

    def register(self, registry: Registry = REGISTRY) -> Publication:
        """Prove the key to the registry; the proof of publication that it gives."""
        return register(self.client.call, registry, self.unix_ms)

    def publish(self, registry: Registry = REGISTRY) -> dict[str, Any]:
        """Register, and let the module accept the proof."""
        return self.client.call("accept_publication", **self.register(registry).params())

    def answer(self, action: str, owner: Owner = OWNER, **params: Any) -> str:
        """The owner's signature over a fresh challenge."""
        return answer(self.client.call, owner, action, **params)

    def unseal(self) -> None:
        """Let the owner open the seal."""
        self.client.call("unseal", signature=self.answer("unseal"))

    def decommission(self) -> dict[str, Any]:
        """Let the owner end the life of the key."""
        return self.client.call("decommission", signature=self.answer("decommission"))

    def set_time(self, source: str | None = None) -> dict[str, Any]:
        """Set the clock, each time a day later than before and than the newest record.

        By default with the registry's signature, which takes the seal; else as any host may.
        """
        source = source or ("signed" if self.status()["sealed"] else "informative")
        self.unix_ms += DAY_MS
        try:
            return self._set_time(source)
        except WattsealError as refusal:  # the board has been through this suite before
            if refusal.name != "time_refused":
                raise
            self.unix_ms = (refusal.detail["newest_record_unix_ms"] // DAY_MS + 1) * DAY_MS
            return self._set_time(source)

    def _set_time(self, source: str) -> dict[str, Any]:
        if source == "signed":
            chip_id = self.hello["chip_id"]
            return set_signed_time(
                self.client.call, chip_id, REGISTRY, self.unix_ms, UTC_OFFSET_MIN
            )
        return self.client.call(
            "set_time", unix_ms=self.unix_ms, utc_offset_min=UTC_OFFSET_MIN, source=source
        )

    def shown_time(self, hours_later: int = 0) -> str:
        """The hour that records show in the hour after the clock's setting, or later."""
        zone = timezone(timedelta(minutes=UTC_OFFSET_MIN))
        moment = datetime.fromtimestamp(self.unix_ms / 1000, zone) + timedelta(hours=hours_later)
        return moment.strftime("%Y-%m-%dT%H:")

    def begin(self, **changes: Any) -> dict[str, Any]:
        """Begin a session."""
        return self.client.call("begin", **{**USER, **changes})

    def end(self, **params: Any) -> dict[str, Any]:
        """End the session."""
        return self.client.call("end", **params)

    def status(self) -> dict[str, Any]:
        """The module's status."""
        return self.client.call("status")

    def await_recovery(self) -> None:
        """Wait until the session that a power failure cut is ended; AssertionError if it is not.

        The module tries at its start and then every ten seconds.
        """
        for _ in range(RECOVERY_QUESTIONS):
            if self.status()["session"] is None:
                return
            if TIME in self.rig.abilities:
                self.rig.fast_forward(1)
        raise AssertionError(f"the cut session is still open: {self.status()}")

    def newest_pagination(self) -> int:
        """Of the newest record; 0 if there is none."""
        return int(self.status()["journal"]["newest"] or 0)

    def records(self, first: int = 1) -> list[dict[str, Any]]:
        """All records that the module holds from this pagination on, in order."""
        return self._held("records", "journal", first)

    def events(self, first: int = 1) -> list[dict[str, Any]]:
        """All events that the module holds from this number on, in order."""
        return self._held("events", "events", first)

    def statements(self) -> list[dict[str, Any]]:
        """The history of the module's keys, in order."""
        return self._all("statements", 1)

    def event_names(self, first: int = 1) -> list[str]:
        """What happened, in order, from this event on; what was refused is left out."""
        names = [event["event"] for event in self.told_events(first)]
        return [name for name in names if name != "refused"]

    def refusals(self, first: int = 1) -> list[str]:
        """The errors with which requests were refused, in order, as far as events tell of them."""
        events = self.told_events(first)
        return [event["detail"]["error"] for event in events if event["event"] == "refused"]

    def next_event(self) -> int:
        """Number of the event that will be logged next."""
        return int(self.status()["events"]["newest"]) + 1

    def told_events(self, first: int = 1) -> list[dict[str, Any]]:
        """The entries of the events themselves."""
        return [json.loads(event["entry"]) for event in self.events(first)]

    def newest_event(self) -> dict[str, Any]:
        """The entry of the newest event."""
        return self.told_events(self.status()["events"]["newest"])[-1]

    def _held(self, method: str, log: str, first: int) -> list[dict[str, Any]]:
        """From `first` on or, where that was let go, from the oldest entry on."""
        ends = self.status()[log]
        if ends["oldest"] is None or first > ends["newest"]:
            return []
        return self._all(method, max(first, ends["oldest"]))

    def _all(self, method: str, first: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        start: int | None = first
        while start is not None:
            page = self.client.call(method, **{"from": start})
            found += page[method]
            start = page["next"]
        return found


class MakeModule(Protocol):
    """What the fixture `make_module` gives: opens modules, which are closed after the test."""

    def __call__(self, setup: Setup, image: Path | None = None) -> Module:
        """A module for a setup; `image` goes before the one that its flash holds."""


class OpenModule(Protocol):
    """What the fixture `open_module` gives: opens modules, which their user closes."""

    def __call__(self, target: str, setup: Setup, image: Path | None = None) -> Module:
        """A module of a target for a setup; `image` as above."""
