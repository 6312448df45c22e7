"""Decides which times the module takes from whom, and which settings of the clock are logged.

A time that somebody accountable gave is *certain*: the release's date, the time of an accepted
publication, a time that the registry or the owner signed; from there the module's ticks carry it
on. Any other host may set the clock no further than WINDOW_MS beyond the certain time. The
reasons are in docs/decisions/0004-time-and-power.md.
"""

from wire.errors import WattsealError
from wire.methods import LATEST_UNIX_MS
from wire.signed_time import build_time, signed_bytes

from app.clock import Clock
from app.contracts import Core, Json
from app.journal import Journal
from app.setup import Setup

DAY_MS = 86_400_000
WINDOW_MS = 1096 * DAY_MS
"""Three years: two in storage, and an image that was a year old when the module was made."""

ANSWER_WITHIN_MS = 10_000
"""How long a signed time may be on its way. Half of that is the most that it can be wrong."""

LOGGED_STEP_MS = 20_000
DRIFT = 10_000
"""A clock that was set by no more than that step since the last event, and one part in so many of
the time since then, counts as unchanged: an ordinary crystal drifts so much by itself."""


class TimeKeeper:
    """The open question for a signed time, the certain time, and what was logged last."""

    def __init__(
        self, core: Core, clock: Clock, setup: Setup, journal: Journal, date_unix_ms: int
    ) -> None:
        self._core = core
        self._clock = clock
        self._setup = setup
        self._journal = journal
        self._date_ms = date_unix_ms
        published = setup.last_publication or {}
        self._saved_ms = max(date_unix_ms, setup.certain_ms, published.get("unix_ms", 0))
        self._certain_at_start_ms: int = self._saved_ms - clock.uptime_ms()
        self._nonce = ""
        self._asked_ms = 0
        self._logged: tuple[int, int, str] | None = None  # clock at start, UTC offset, source
        self._logged_at_ms = 0

    # --- what is known -----------------------------------------------------------------------

    def newest_record_ms(self) -> int:
        """Return the time of the newest record that counts, 0 if none does.

        Those do not that were made before the time was set back, or in an earlier commissioning.
        """
        state = self._journal.state
        return state.unix_ms if state.pagination > self._setup.undated_through else 0

    def certain_ms(self) -> int:
        """Return the newest time that somebody accountable gave, carried on by the ticks."""
        return self._certain_at_start_ms + self._clock.uptime_ms()

    def learn(self, unix_ms: int, is_owners: bool = False) -> None:
        """Take a time that somebody accountable gave; only the owner's may be an earlier one."""
        if is_owners or unix_ms > self.certain_ms():
            self._certain_at_start_ms = unix_ms - self._clock.uptime_ms()

    def learn_published(self, unix_ms: int) -> None:
        """Take the time of an accepted publication, which is stored with it."""
        self.learn(unix_ms)
        self._saved_ms = max(self._saved_ms, unix_ms)

    def keep(self) -> None:
        """Store the certain time once a day, or when the owner set another one.

        So nobody else can wear the flash by it.
        """
        certain_ms = self.certain_ms()
        if abs(certain_ms - self._saved_ms) >= DAY_MS:
            self._setup.keep_certain(certain_ms)
            self._saved_ms = certain_ms

    # --- asking and judging ------------------------------------------------------------------

    def challenge(self) -> str:
        """Return a fresh nonce for a signed time, in hex; it replaces one that is open."""
        self._nonce = self._core.random().hex()
        self._asked_ms = self._clock.uptime_ms()
        return self._nonce

    def check_informative(self, unix_ms: int) -> None:
        """Raise WattsealError `time_refused`, `time_implausible` if no host may set this time."""
        self._require_not_back(unix_ms)
        latest_ms = min(self.certain_ms() + WINDOW_MS, LATEST_UNIX_MS)
        if not self._date_ms <= unix_ms <= latest_ms:
            raise WattsealError(
                "time_implausible", earliest_unix_ms=self._date_ms, latest_unix_ms=latest_ms
            )

    def check_signed(self, unix_ms: int, signature: bytes, arrived_ms: int) -> int:
        """Check a signed time that answers the open question; returns the time on its arrival.

        arrived_ms: uptime at its arrival. It was signed after the question and before it arrived,
        so half of that time is added. A record whose time anybody can have set does not bound it:
        else a stranger could stop the station. WattsealError `no_time_challenge`,
        `time_not_signed`, `time_refused`.
        """
        nonce, self._nonce = self._nonce, ""
        took_ms = arrived_ms - self._asked_ms
        if not nonce or took_ms > ANSWER_WITHIN_MS:
            raise WattsealError("no_time_challenge", within_ms=ANSWER_WITHIN_MS)
        text = build_time(self._core.chip_id().hex(), nonce, unix_ms)
        settings = self._setup.settings
        for name in ("registry_key", "owner_key"):
            if self._core.verify(bytes.fromhex(settings[name]), signed_bytes(text), signature):
                if self._journal.state.clock_status != "I":
                    self._require_not_back(unix_ms)
                return unix_ms + took_ms // 2
        raise WattsealError("time_not_signed")

    def is_back(self, unix_ms: int) -> bool:
        """Return whether a time is before the newest record that counts."""
        return unix_ms < self.newest_record_ms()

    def _require_not_back(self, unix_ms: int) -> None:
        if self.is_back(unix_ms):
            raise WattsealError("time_refused", newest_record_unix_ms=self.newest_record_ms())

    # --- setting -----------------------------------------------------------------------------

    def set(self, unix_ms: int, utc_offset_min: int, source: str) -> Json | None:
        """Set the clock; returns the detail of the event about it, None where nothing changed.

        Compared is with what the clock would show had nobody set it since the last event, so that
        small steps do not add up. `logged` is due once the event is stored, or counted.
        """
        self._clock.set(unix_ms, utc_offset_min, source == "signed")
        if source != "informative":
            self.learn(unix_ms, source == "owner")
            self.keep()
        old_ms = None
        if self._logged is not None:
            uptime_ms = self._clock.uptime_ms()
            old_ms = self._logged[0] + uptime_ms
            step_ms = LOGGED_STEP_MS + (uptime_ms - self._logged_at_ms) // DRIFT
            is_same = self._logged[1:] == (utc_offset_min, source) and source != "owner"
            if is_same and abs(unix_ms - old_ms) <= step_ms:
                return None
        return {"old": old_ms, "new": unix_ms, "utc_offset_min": utc_offset_min, "source": source}

    def logged(self, detail: Json) -> None:
        """Compare with this setting from now on: its event is stored."""
        self._logged_at_ms = self._clock.uptime_ms()
        at_start_ms = detail["new"] - self._logged_at_ms
        self._logged = (at_start_ms, detail["utc_offset_min"], detail["source"])

    def go_back(self, by_owner: bool) -> None:
        """Let the records so far bound no time any more; by the owner, in a new commissioning."""
        self._setup.let_time_go_back(self._journal.state.pagination, by_owner)
