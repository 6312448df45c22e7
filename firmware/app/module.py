"""The module: its parts and its state. boot.py starts it, commands/ has what it can do."""

from wire.errors import WattsealError

from app.clock import Clock
from app.contracts import Core, Json, Port, Release
from app.events import SPARE_FOR_ARCHIVING, SPARE_FOR_STARTS, Events
from app.firmware import Firmware, check_manifest, refusal
from app.journal import Journal
from app.meter import ATTEMPTS, Meter
from app.owner import Owner
from app.refusals import LASTING, RefusalLog, as_wattseal_error
from app.sessions import Sessions
from app.settings import missing_for_meter, missing_for_seal, open_meter
from app.setup import Setup
from app.statements import HANDED_OVER, Statements

RECOVERY_INTERVAL_MS = 10_000
"""How often a silent meter is asked whether the session that a power failure cut can be ended."""

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
        self, core: Core, port: Port, board_name: str, release: Release, profiles: Json
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
        self.sessions = Sessions(core, self.firmware, self.journal, self.clock)
        self.owner = Owner(core, self.clock)
        self.public_key = b""
        self.key_number = 0
        self.is_hedged = False
        self.answer = (b"", b"")
        self.boot_loader_due = False
        self._refusals = RefusalLog()
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
        self, event: str, detail: Json, statement: int = 0, spare_sectors: int = SPARE_FOR_STARTS
    ) -> None:
        """Append to the event log; WattsealError `events_full` if it takes no more."""
        pagination = self.journal.state.pagination
        self.events.log(event, detail, pagination, statement, spare_sectors)

    def log_if_room(self, event: str, detail: Json, statement: int = 0) -> None:
        """Log an event also in the log's reserve; drop it if that is full too."""
        try:
            self.log(event, detail, statement, SPARE_FOR_ARCHIVING)
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
        detail = self._refusals.detail_to_log(
            method, refusal, self.clock.uptime_ms(), self.events.is_half_full()
        )
        if detail is not None:
            event = "meter_fault" if refusal.name.startswith("meter_") else "refused"
            try:
                self.log(event, detail)
            except Exception:  # the log is full or broken, but an answer is still due
                self._refusals.unlogged += 1
        return refusal

    # --- the meter ---------------------------------------------------------------------------

    def missing_settings(self) -> list[str]:
        """Return the names of the settings that `seal` needs and that are not given."""
        return missing_for_seal(self.setup.settings, self.profiles)

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
        if self.fault is not None:
            return
        is_due = uptime_ms - self._recovery_tried_ms >= RECOVERY_INTERVAL_MS
        if self.sessions.needs_recovery and is_due and self.public_key:
            self.recover()
            self._recovery_tried_ms = self.clock.uptime_ms()
        self.events.prepare()
        self.journal.prepare()
        self.setup.prepare()

    def recover(self) -> None:
        """End the session that a power failure cut, if the meter answers at the first attempt."""
        try:
            meter = self.meter()
            meter.attempts = 1
            last_unix_ms = self.events.state.unix_ms
            fields = self.sessions.recover(self.setup.settings, meter, last_unix_ms)
            meter.attempts = ATTEMPTS
            self.log_if_room("session_recovered", {"pagination": fields["pagination"]})
        except Exception as problem:
            self.recovery_problem = self.refuse("recovery", problem)
