"""The module: its parts and its state. boot.py starts it, commands/ has what it can do."""

from wire.errors import WattsealError
from wire.meter import ATTEMPTS, Meter
from wire.reading import Reading

from app.clock import Clock
from app.contracts import Core, Json, Port, Profiles, Release
from app.events import SPARE_FOR_ARCHIVING, Events
from app.firmware import Firmware, check_manifest, refusal
from app.journal import Journal
from app.owner import Owner
from app.rations import Rations
from app.refusals import LASTING, as_wattseal_error, event_of
from app.sessions import Sessions
from app.settings import missing_for_meter, missing_for_seal, open_meter, settings_sha256
from app.setup import Setup
from app.statements import HANDED_OVER, Statements
from app.time_keeper import TimeKeeper
from app.wiring import Wiring

RECOVERY_INTERVAL_MS = 10_000
"""How often a silent meter is asked whether the session that a power failure cut can be ended."""

RUNS_WELL_AFTER_MS = 60_000
"""A module that has served so long is none that the watchdog bites at every start."""

_SIGNING = ("begin", "intermediate", "end", "recovery", "prove", "event_head", "decommission")


class Module:
    """The parts and the state of one signing module.

    `fault` is the WattsealError that stopped it from signing, None if nothing did. `is_hedged`:
    whether entropy is added to the nonces of its signatures. `recovery_problem`: why a session that
    a power failure cut could not be ended at the last attempt. `answer`: the newest answer to a
    challenge, SHA-256 of the statement and signature. `boot_loader_due`: whether to start the boot
    loader as soon as the reply is sent.
    """

    def __init__(
        self, core: Core, port: Port, board_name: str, release: Release, profiles: Profiles
    ) -> None:
        self.core = core
        self.port = port
        self.board_name = board_name
        self.profiles = profiles
        self.firmware = Firmware(release)
        self.fault: WattsealError | None = None
        self.recovery_problem: WattsealError | None = None
        self.clock = Clock(port)
        self.events = Events(core, self.clock)
        self.journal = Journal(core, core.AREA_JOURNAL)
        self.statements = Statements(core, core.AREA_STATEMENTS)
        self.setup = Setup(core, core.AREA_SETTINGS)
        self.time = TimeKeeper(core, self.clock, self.setup, self.journal, release.DATE_UNIX_MS)
        self.sessions = Sessions(core, self.firmware, self.journal, self.clock)
        self.owner = Owner(core, self.clock)
        self.wiring = Wiring()
        self.public_key = b""
        self.key_number = 0
        self.is_hedged = False
        self.answer = (b"", b"")
        self.boot_loader_due = False
        self._rations = Rations()
        self._digested: tuple[Json, str] = {}, ""
        self._meter: Meter | None = None
        self._recovery_tried_ms = 0

    @property
    def state(self) -> str:
        """blank, unregistered, operational or fault."""
        if self.fault is not None:
            return "fault"
        if not self.public_key:
            return "blank"
        is_published = self.setup.sealed and self.setup.publication(self.key_number) is not None
        return "operational" if is_published else "unregistered"

    @property
    def pending_update(self) -> WattsealError | None:
        """Why there is no key: it was given up for an image that does not run; None otherwise."""
        if self.statements.state.fate != HANDED_OVER:
            return None
        try:
            members, _ = self.statements.handover()
        except WattsealError:  # decayed, which is the fault already
            return None
        identity = members["next_firmware_identity"]
        if identity == self.firmware.identity:
            return None
        firmware = members["next_firmware"]
        return WattsealError("update_pending", firmware=firmware, firmware_identity=identity)

    def stop_signing(self, fault: WattsealError) -> None:
        """Enter the state fault; the first cause is the one that is reported."""
        if self.fault is None:
            self.fault = fault

    def use_key(self, number: int) -> None:
        """Sign with the stored key of that number from now on."""
        self.public_key = self.core.key_public(number)
        self.key_number = self.sessions.key_number = number

    def drop_key(self) -> None:
        """Stop signing: no key is in use from now on."""
        self.public_key = b""
        self.key_number = self.sessions.key_number = 0

    # --- events ------------------------------------------------------------------------------

    def log(
        self,
        event: str,
        detail: Json,
        statement: int = 0,
        spare_sectors: int = SPARE_FOR_ARCHIVING,
    ) -> None:
        """Append an event of the owner or of the key; WattsealError `events_full`."""
        pagination = self.journal.state.pagination
        self.events.log(event, detail, pagination, statement, spare_sectors)

    def log_if_room(self, event: str, detail: Json, statement: int = 0) -> None:
        """Log an event of the key; drop it if even the last room for such events is used up."""
        try:
            self.log(event, detail, statement)
        except WattsealError as problem:
            if problem.name != "events_full":
                raise

    def check_image(self, params: Json) -> Json:
        """Return the members of an image's manifest; WattsealError `update_refused` with a cause.

        After a hand-over that is still pending only the image that it names will do.
        """
        least = max(self.firmware.rollback_number, self.statements.state.rollback_number)
        signature = bytes.fromhex(params["vendor_signature"])
        manifest = check_manifest(
            self.core, self.firmware, self.board_name, least, params["manifest"], signature
        )
        pending = self.pending_update
        if pending is not None and manifest["sha256"] != pending.detail["firmware_identity"]:
            raise refusal("the key was given up for another image, " + pending.detail["firmware"])
        return manifest

    def log_start(self, event: str, detail: Json) -> None:
        """Log what a power cut or a fault provokes, outside the owner's reserve.

        Once only the room for such events is left, one like the newest says nothing new.
        """
        is_sparse = self.events.room_for_rationed()[0] <= 0
        try:
            if not (is_sparse and self.events.is_newest(event, detail)):
                self.log(event, detail, spare_sectors=self.events.spare_of_starts)
        except WattsealError as problem:
            if problem.name != "events_full":
                raise

    def log_rationed(self, event: str, detail: Json, ration: str = "", key: str = "") -> None:
        """Log something that needs no owner, as far as its ration goes; else it is counted.

        ration: name of the ration, by default the event's. key: events with the same one are
        alike, and right after one of them another is only counted.
        """
        name, uptime_ms, rations = ration or event, self.clock.uptime_ms(), self._rations
        if rations.repeats(name, key, uptime_ms) or not self._take(name):
            rations.keep(name, event, detail)
            return
        try:
            self._log_in_ration(event, rations.with_kept(name, detail))
            rations.logged(name, key, uptime_ms)
        except Exception as problem:
            rations.keep(name, event, detail)
            if as_wattseal_error(self.core, problem).name != "events_full":
                raise

    def log_by_owner(self, event: str, detail: Json) -> None:
        """Log an action of the owner, or of the setup that he began, after all that was kept."""
        for name in self._rations.kept():
            if self.events.room_for_rationed()[0] > 0:
                self._log_kept(name)
        self.log(event, detail)

    def require_ration_to_store(self) -> None:
        """Raise WattsealError `too_often` if that is stored too often which needs no owner."""
        uptime_ms = self.clock.uptime_ms()
        if not self._rations.take("storing", uptime_ms):
            wait_ms = self._rations.wait_ms("storing", uptime_ms)
            raise WattsealError("too_often", wait_s=(wait_ms + 999) // 1000)

    def _take(self, ration: str) -> bool:
        room = self.events.room_for_rationed()
        return self._rations.take(ration, self.clock.uptime_ms(), room)

    def _log_kept(self, name: str) -> None:
        event, detail = self._rations.event_of_kept(name)
        self._log_in_ration(event, detail)
        self._rations.logged(name, "", self.clock.uptime_ms())

    def _log_in_ration(self, event: str, detail: Json) -> None:
        self.log(event, detail, spare_sectors=self.events.spare_of_rationed)

    def require_room_for_events(self) -> None:
        """Raise WattsealError `events_full` if what is about to happen could not be logged."""
        if not self.events.has_room():
            raise WattsealError("events_full")

    def require_sealed(self) -> None:
        """Raise WattsealError `not_sealed` unless the settings are locked."""
        if not self.setup.sealed:
            raise WattsealError("not_sealed")

    def refuse(self, method: str, problem: Exception) -> WattsealError:
        """Return the error to answer with; logs it if its ration allows, enters a lasting fault."""
        refusal = as_wattseal_error(self.core, problem)
        if refusal.name in LASTING and method in _SIGNING:
            self.stop_signing(refusal)
        event = event_of(refusal)
        if event:
            detail: Json = {"method": method, "error": refusal.name, "detail": refusal.detail}
            ration = "owner_refused" if refusal.name == "owner_refused" else event
            try:
                self.log_rationed(event, detail, ration, method + " " + refusal.name)
            except Exception:  # the log is broken, but an answer is still due
                return refusal
        return refusal

    # --- the meter ---------------------------------------------------------------------------

    def missing_settings(self) -> list[str]:
        """Return the names of the settings that `seal` needs and that are not given."""
        return missing_for_seal(self.setup.settings, self.profiles)

    def settings_sha256(self) -> str:
        """Return the digest of what the seal locks, as the settings are now."""
        settings = self.setup.settings
        if settings is not self._digested[0]:
            self._digested = settings, settings_sha256(self.core, settings, self.profiles)
        return self._digested[1]

    def meter(self) -> Meter:
        """Return the configured meter; WattsealError `not_configured` naming what is missing."""
        if self._meter is None:
            missing = missing_for_meter(self.setup.settings, self.profiles)
            if missing:
                raise WattsealError("not_configured", missing=missing)
            self._meter = open_meter(self.setup.settings, self.profiles, self.port)
        return self._meter

    def forget_meter(self) -> None:
        """Open the meter's line anew when it is next needed: the settings have changed."""
        self._meter = None
        self.wiring.forget()

    def export_of(self, meter: Meter, imported: Reading) -> Reading | None:
        """Return what the meter has exported, None if it tells none, and look at its wiring."""
        exported = meter.read_export()
        if exported is not None and self.wiring.look(meter.serial, imported, exported):
            warning = self.wiring.warning
            self.log_rationed("meter_backwards", warning.detail if warning else {})
        return exported

    def _look_at_wiring(self) -> None:
        """Compare both directions of the meter, once; one that does not answer is let be."""
        self.wiring.is_due = False
        meter = self.meter()
        if "energy_export" not in meter.profile:
            return
        meter.attempts = 1
        try:
            self.export_of(meter, meter.read_energy())
        except WattsealError as problem:
            if not problem.name.startswith("meter_"):
                raise
        finally:
            meter.attempts = ATTEMPTS

    def try_meter(self, settings: Json) -> None:
        """Refuse settings if the meter answers and is another one.

        A meter that does not answer is accepted, because it may be wired later; every reading
        checks again.
        """
        self.forget_meter()
        if missing_for_meter(settings, self.profiles):
            return
        meter = open_meter(settings, self.profiles, self.port)
        meter.attempts = 1
        try:
            meter.identify()
            meter.require_serial(settings.get("meter_serial"))
        except WattsealError as problem:
            if problem.name in ("meter_serial_mismatch", "meter_not_recognised"):
                raise

    # --- when nothing else is to be done -----------------------------------------------------

    def idle(self) -> None:
        """Keep time, erase ahead, and try to end a session that a power failure cut."""
        uptime_ms = self.clock.uptime_ms()
        if uptime_ms >= RUNS_WELL_AFTER_MS:
            self.port.forget_bites()
        if self.fault is not None:
            return
        is_due = uptime_ms - self._recovery_tried_ms >= RECOVERY_INTERVAL_MS
        if self.sessions.needs_recovery and is_due and self.public_key:
            self.recover()
            self._recovery_tried_ms = self.clock.uptime_ms()
        if self.wiring.is_due:
            self._look_at_wiring()
        self.time.keep()
        for name in self._rations.due(uptime_ms):
            if self._take(name):
                self._log_kept(name)
        self.events.prepare()
        self.journal.prepare()
        self.setup.prepare()

    def recover(self) -> None:
        """End the session that a power failure cut, if the meter answers at the first attempt."""
        try:
            meter = self.meter()
            meter.attempts = 1
            try:
                last_unix_ms = self.events.state.unix_ms
                fields = self.sessions.recover(self.setup.settings, meter, last_unix_ms)
            finally:
                meter.attempts = ATTEMPTS
            self.log_start("session_recovered", {"pagination": fields["pagination"]})
        except Exception as problem:
            self.recovery_problem = self.refuse("recovery", problem)

    def close_session(self) -> Json:
        """End the open session without a reading; returns the reply's fields."""
        settings, last_unix_ms = self.setup.settings, self.events.state.unix_ms
        fields, meter_state = self.sessions.close(settings, self.meter(), last_unix_ms)
        detail: Json = {"pagination": fields["pagination"], "meter_state": meter_state}
        detail["begin_pagination"] = fields["begin_pagination"]
        self.log_if_room("session_closed", detail)
        return fields
