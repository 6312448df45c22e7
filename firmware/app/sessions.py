"""Charging sessions: a signed record at the begin, on request in between, and at the end.

Only the journal's state says which session is open; what is kept here beside it is read back from
the begin record. A session that a power failure cut is ended by `recover`, one whose meter can give
no end reading any more by `close`.
"""

from wire import strict_json
from wire.digests import crc32
from wire.errors import WattsealError
from wire.meter import Meter, rises_too_fast
from wire.methods import EARLIEST_UNIX_MS, LATEST_UNIX_MS
from wire.ocmf_payload import Draft, build_record
from wire.reading import Reading

from app.clock import Clock
from app.contracts import Core, Json
from app.firmware import Firmware
from app.journal import SPARE_AT_END, SPARE_WHILE_OPEN, Journal, JournalState

METER_LAG_MS = 2000
"""A meter may show energy so late: it renews its registers once a second, or more rarely."""

_SIGNATURE_SECTION_BYTES = 194  # with the longest signature, 72 bytes of DER

_YEAR_MS = 364 * 86_400_000  # 2099-12-30 is the last day that every time zone has in 2099
_GOOD, _OUT_OF_RANGE, _NOT_READ, _SUBSTITUTE = "G", "O", "F", "S"
_METER_STATES = {
    "meter_no_reply": "T",
    "meter_line_busy": "T",
    "meter_serial_mismatch": "X",
    "meter_not_recognised": "I",
    "meter_went_backwards": _OUT_OF_RANGE,
    "meter_out_of_range": _OUT_OF_RANGE,
}
"""ST of a record that has no reading, by the error that the meter gave instead (OCMF table 10)."""

_USER_FIELDS = ("id_tag", "id_type", "id_level", "id_flags", "tariff_text")


class Sessions:
    """Makes and stores the records of sessions, one session at a time."""

    def __init__(self, core: Core, firmware: Firmware, journal: Journal, clock: Clock) -> None:
        self._core = core
        self._firmware = firmware
        self._journal = journal
        self._clock = clock
        self._begun: tuple[int, str, Json] = (0, "", {})  # begin pagination, meter, user
        self._found_open = journal.state.begin_pagination if journal.state.is_open else 0
        self.key_number = 0

    @property
    def is_open(self) -> bool:
        """Whether a session is open, one that waits for its recovery included."""
        return self._journal.state.is_open

    @property
    def needs_recovery(self) -> bool:
        """Whether the open session is one that a power failure cut: it was open at the start."""
        state = self._journal.state
        return state.is_open and state.begin_pagination == self._found_open

    def begin(self, settings: Json, meter: Meter, params: Json) -> Json:
        """Begin a session by the params of the method `begin`; returns the reply's fields."""
        if not self._clock.is_set:
            raise WattsealError("clock_not_set")
        if not self._journal.has_room(0, SPARE_WHILE_OPEN):
            raise WattsealError("journal_full")
        user = {name: params[name] for name in _USER_FIELDS if name in params}
        begun = (settings.get("meter_serial"), user)
        fields = self._add(settings, meter, begun, "B", session_id=params.get("session_id"))
        self._begun = (fields["pagination"], meter_serial(settings, meter), user)
        return fields

    def add_record(self, settings: Json, meter: Meter, reason: str) -> Json:
        """Add a later record to the open session: reason C, or E, L, R or A to end it.

        Returns the reply's fields.
        """
        return self._add(settings, meter, self._meter_and_user(), reason)

    def recover(self, settings: Json, meter: Meter, last_unix_ms: int) -> Json:
        """End the session that a power failure cut, once the meter answers.

        The time is unknown: the record has the last known one, never before the session's newest
        record and never one that no record can carry, with status U, and EF t says that it must
        not be billed.
        """
        begun = self._meter_and_user()
        return self._add(settings, meter, begun, "P", last_unix_ms=last_unix_ms)

    def close(self, settings: Json, meter: Meter, last_unix_ms: int) -> tuple[Json, str]:
        """End the open session without a reading, because its owner wants that.

        The record names the meter of the begin and repeats the newest reading, with which the next
        session's is compared as ever. EF E says that no energy may be billed by it, ST what the
        meter did when it was asked once more. Returns the reply's fields and that ST.
        """
        serial, user = self._meter_and_user()
        before = self._journal.state
        reading, time = before.reading(), self._time("A", last_unix_ms)
        meter_state = self._meter_state(meter, serial)
        station = _station(settings, meter.profile, serial, None, self._firmware.label)
        payload = Draft(station, user, before.pagination + 1).complete(
            [(reading, _statement(time, "A", meter_state))]
        )
        fields = self._sign_and_store(self._next_state(reading, serial, "A", time, None), payload)
        fields["begin_pagination"] = before.begin_pagination
        return fields, meter_state

    def require_lower(self, reading: Reading, serial: str) -> None:
        """Raise WattsealError `meter_not_lower` unless the meter showed more energy before."""
        if not self._is_lower(reading, crc32(serial.encode())):
            raise WattsealError("meter_not_lower", found_kwh=reading.to_text_kwh())

    # --- inside ------------------------------------------------------------------------------

    def _add(
        self,
        settings: Json,
        meter: Meter,
        begun: tuple[str | None, Json],
        reason: str,
        session_id: int | None = None,
        last_unix_ms: int = 0,
    ) -> Json:
        """Read the meter, then build, sign and store the next record; returns the reply's fields.

        begun: serial number of the meter that is expected, and the user. session_id: of a begin.
        last_unix_ms: the last time known, of a recovery.
        """
        drafts: list[Draft] = []

        def prepare() -> None:
            if not drafts:
                serial = meter_serial(settings, meter)
                label = self._firmware.label
                station = _station(settings, meter.profile, serial, meter.firmware, label)
                drafts.append(Draft(station, begun[1], self._journal.state.pagination + 1))

        def complete(reading: Reading) -> tuple[JournalState, bytes]:
            prepare()
            time = self._time(reason, last_unix_ms)
            serial = meter_serial(settings, meter)
            state = self._next_state(reading, serial, reason, time, session_id)
            meter_state = _OUT_OF_RANGE if state.is_doubtful else _GOOD
            return state, drafts[0].complete([(reading, _statement(time, reason, meter_state))])

        state, payload = meter.read_for_signing(begun[0], complete, prepare)
        return self._sign_and_store(state, payload)

    def _time(self, reason: str, last_unix_ms: int) -> tuple[int, int, str]:
        """Return a record's time: Unix time in ms, UTC offset in minutes, clock status.

        A session that is open ends even if the clock has left the years that a record can carry:
        the record has the nearest time, with status U.
        """
        clock, before = self._clock, self._journal.state
        if self.needs_recovery:
            unix_ms = max(last_unix_ms, before.unix_ms)
            return _nearest_carried(unix_ms), before.utc_offset_min, "U"
        unix_ms = clock.unix_ms()
        if unix_ms == _nearest_carried(unix_ms):
            status = clock.status() if reason == "B" else clock.status_after(before.clock_status)
            return unix_ms, clock.utc_offset_min, status
        if reason == "B":
            raise WattsealError("clock_not_set")
        return _nearest_carried(unix_ms), clock.utc_offset_min, "U"

    def _next_state(
        self,
        reading: Reading,
        serial: str,
        reason: str,
        time: tuple[int, int, str],
        session_id: int | None,
    ) -> JournalState:
        """Build the state after the next record from the present one, the reading and the time.

        It is doubtful from the record on whose reading is more above the one before than
        MAX_POWER_W could make it in the time that the module itself has measured; that is not known
        of a session that a power failure cut. WattsealError `meter_went_backwards` if the same
        meter showed more energy before.
        """
        before = self._journal.state
        state = JournalState()
        state.pagination = before.pagination + 1
        state.meter_crc = crc32(serial.encode())
        if self._is_lower(reading, state.meter_crc):
            raise WattsealError(
                "meter_went_backwards",
                earlier_kwh=before.reading().to_text_kwh(),
                found_kwh=reading.to_text_kwh(),
            )
        state.unix_ms, state.utc_offset_min, clock_status = time
        if reason == "B":
            state.begin_pagination = state.pagination
            state.begin_unix_ms = state.unix_ms
            state.session_id = state.pagination if session_id is None else session_id
            state.clock_status = clock_status
        else:
            state.begin_pagination = before.begin_pagination
            state.begin_unix_ms = before.begin_unix_ms
            state.session_id = before.session_id
            state.clock_status = before.clock_status
            elapsed_ms = state.unix_ms - before.unix_ms + METER_LAG_MS
            is_measured = not self.needs_recovery
            state.is_doubtful = before.is_doubtful or (
                is_measured and rises_too_fast(before.reading(), reading, elapsed_ms)
            )
        state.is_open = reason in ("B", "C")
        state.value, state.exponent = reading.value, reading.exponent
        state.key_number = self.key_number
        return state

    def _is_lower(self, reading: Reading, meter_crc: int) -> bool:
        """Return whether the meter with that checksum of its number showed more energy before."""
        before = self._journal.state
        is_same_meter = before.pagination > 0 and before.meter_crc == meter_crc
        return is_same_meter and reading < before.reading()

    def _meter_state(self, meter: Meter, serial: str) -> str:
        """Ask a meter whose reading is not needed; returns what is wrong with it, as ST."""
        try:
            reading = meter.read_for_signing(serial)
        except WattsealError as problem:
            return _METER_STATES.get(problem.name, _NOT_READ)
        return _OUT_OF_RANGE if self._is_lower(reading, crc32(serial.encode())) else _SUBSTITUTE

    def _sign_and_store(self, state: JournalState, payload: bytes) -> Json:
        """Sign a payload and store the record; returns the fields that every reply about it has."""
        spare_sectors = SPARE_WHILE_OPEN if state.is_open else SPARE_AT_END
        record_bytes = len(payload) + _SIGNATURE_SECTION_BYTES + len("OCMF||")
        if not self._journal.has_room(record_bytes, spare_sectors):
            raise WattsealError("journal_full")
        record = build_record(payload, self._core.sign_record(self.key_number, payload))
        self._journal.store(record, state, spare_sectors)
        return {
            "pagination": state.pagination,
            "session_id": state.session_id,
            "record": record.decode(),
        }

    def _meter_and_user(self) -> tuple[str, Json]:
        """Return the meter's serial number and the user that the open session began with.

        What is kept belongs to one session: storing can fail after a record is in flash, so that a
        session begins or ends although its reply is an error.
        """
        begin = self._journal.state.begin_pagination
        if self._begun[0] != begin:
            _, record = self._journal.read(begin)
            payload = _payload_without_readings(record)
            self._begun = (begin, payload["MS"], _user_of(payload))
        return self._begun[1:]


def meter_serial(settings: Json, meter: Meter) -> str:
    """Return MS: the serial number in the meter, else the one that was configured."""
    serial: str | None = meter.serial or settings.get("meter_serial")
    if serial is None:
        raise WattsealError("not_configured", missing=["meter_serial"])
    return serial


def _station(
    settings: Json, profile: Json, serial: str, meter_firmware: str | None, gateway_version: str
) -> Json:
    """Return the facts of this system and its meter, as `Draft` takes them."""
    station = {
        "format_version": settings.get("format_version", "1.3"),
        "gateway_version": gateway_version,
        "meter_vendor": profile["vendor"],
        "meter_model": profile["model"],
        "meter_serial": serial,
        "current_type": profile["current_type"],
    }
    if meter_firmware is not None:
        station["meter_firmware"] = meter_firmware
    for name in (
        "gateway_id",
        "gateway_serial",
        "controller_firmware",
        "charge_point_type",
        "charge_point_id",
    ):
        if name in settings:
            station[name] = settings[name]
    return station


def _nearest_carried(unix_ms: int) -> int:
    """Return the time, or the nearest that a record can carry whatever its UTC offset."""
    return min(max(unix_ms, EARLIEST_UNIX_MS), LATEST_UNIX_MS + _YEAR_MS)


def _statement(time: tuple[int, int, str], reason: str, meter_state: str) -> Json:
    """Return what a record states of its reading, as `Draft.complete` takes it.

    EF has E for an energy and t for a time that must not be billed: a time that is not known.
    """
    unix_ms, utc_offset_min, clock_status = time
    no_energy, no_time = meter_state != _GOOD, clock_status == "U"
    return {
        "unix_ms": unix_ms,
        "utc_offset_min": utc_offset_min,
        "synchronisation": clock_status,
        "reason": reason,
        "error_flags": ("E" if no_energy else "") + ("t" if no_time else ""),
        "meter_state": meter_state,
    }


def _payload_without_readings(record: bytes) -> Json:
    """Return the payload of a record without RD, its last member, whose values are no integers."""
    payload = record.split(b"|")[1]
    end = payload.index(b',"RD":')  # within a string the quote would have a backslash before it
    found: Json = strict_json.loads(payload[:end] + b"}")
    return found


def _user_of(payload: Json) -> Json:
    """Return the user's fields of a begin payload, for the later records of its session."""
    user = {"id_type": payload["IT"]}
    if payload["IS"]:
        user["id_tag"] = payload["ID"]
    for name, key in (("id_level", "IL"), ("id_flags", "IF"), ("tariff_text", "TT")):
        if key in payload:
            user[name] = payload[key]
    return user
