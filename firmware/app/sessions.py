"""Charging sessions: a signed record at the begin, on request in between, and at the end.

The journal's state is the only truth about which session is open; what is kept here beside it
is read back from the begin record. A session that a power failure cut is ended by `recover`.
"""

import json

from wire.crc import crc32
from wire.errors import WattsealError
from wire.ocmf_payload import Draft, build_record
from wire.reading import Reading

from app.clock import Clock
from app.contracts import Core, Json, Stating
from app.firmware import Firmware
from app.journal import SPARE_AT_END, SPARE_WHILE_OPEN, Journal, JournalState
from app.meter import Meter

_SIGNATURE_SECTION_BYTES = 194  # with the longest signature, 72 bytes of DER

_USER_FIELDS = ("id_tag", "id_type", "id_level", "id_flags", "tariff_text")


class Sessions:
    """Makes and stores the records of sessions, one session at a time."""

    def __init__(self, core: Core, firmware: Firmware, journal: Journal, clock: Clock) -> None:
        self._core = core
        self._firmware = firmware
        self._journal = journal
        self._clock = clock
        self._begun: tuple[str, Json] | None = None  # the open session's meter and user
        self.key_number = 0
        self.needs_recovery = journal.state.is_open

    @property
    def is_open(self) -> bool:
        """Whether a session is open, one that waits for its recovery included."""
        return self._journal.state.is_open

    def begin(self, settings: Json, meter: Meter, params: Json) -> Json:
        """Begin a session; params are those of the method `begin`. The reply's fields."""
        if not self._clock.is_set:
            raise WattsealError("clock_not_set")
        if not self._journal.has_room(0, SPARE_WHILE_OPEN):
            raise WattsealError("journal_full")

        def statement_of(state: JournalState) -> Json:
            state.begin_pagination = state.pagination
            state.begin_unix_ms = state.unix_ms
            state.session_id = params.get("session_id", state.pagination)
            state.clock_status = self._clock.status()
            return _statement(state, state.clock_status, "B")

        user = {name: params[name] for name in _USER_FIELDS if name in params}
        made = self._make(settings, meter, settings.get("meter_serial"), user, statement_of)
        fields = self._sign(*made)
        self._begun = (meter_serial(settings, meter), user)
        return fields

    def add_record(self, settings: Json, meter: Meter, reason: str) -> Json:
        """A later record of the open session: reason C, or E, L, R or A to end it.

        The reply's fields.
        """

        def statement_of(state: JournalState) -> Json:
            return _statement(state, self._clock.status_after(state.clock_status), reason)

        serial, user = self._meter_and_user()
        return self._sign(*self._make(settings, meter, serial, user, statement_of))

    def recover(self, settings: Json, meter: Meter, last_unix_ms: int) -> Json:
        """End the session that a power failure cut, once the meter answers.

        Nobody knows the time: the record carries the last known one, never before the session's
        newest record, with letter U, and EF t says that it must not be billed.
        """
        before = self._journal.state

        def statement_of(state: JournalState) -> Json:
            state.unix_ms = max(last_unix_ms, before.unix_ms)
            state.utc_offset_min = before.utc_offset_min
            statement = _statement(state, "U", "P")
            statement["error_flags"] = "t"
            return statement

        serial, user = self._meter_and_user()
        fields = self._sign(*self._make(settings, meter, serial, user, statement_of))
        self.needs_recovery = False
        return fields

    # --- inside ------------------------------------------------------------------------------

    def _make(
        self,
        settings: Json,
        meter: Meter,
        expected_serial: str | None,
        user: Json,
        statement_of: Stating,
    ) -> tuple[JournalState, bytes]:
        """Read the meter and build one record's payload; the record's state and the payload.

        statement_of: completes the state and says what the record states of its reading.
        """
        drafts: list[Draft] = []

        def prepare() -> None:
            if not drafts:
                station = _station(settings, meter, self._firmware.label)
                drafts.append(Draft(station, user, self._journal.state.pagination + 1))

        def complete(reading: Reading) -> tuple[JournalState, bytes]:
            prepare()
            state = self._next_state(reading, meter_serial(settings, meter))
            statement = statement_of(state)
            state.is_open = statement["reason"] in ("B", "C")
            return state, drafts[0].complete([(reading, statement)])

        made: tuple[JournalState, bytes] = meter.read_for_signing(
            expected_serial, complete, prepare
        )
        return made

    def _sign(self, state: JournalState, payload: bytes) -> Json:
        """Sign a payload and store the record; the fields that every reply about it has."""
        spare_sectors = SPARE_WHILE_OPEN if state.is_open else SPARE_AT_END
        record_bytes = len(payload) + _SIGNATURE_SECTION_BYTES + len("OCMF||")
        if not self._journal.has_room(record_bytes, spare_sectors):
            raise WattsealError("journal_full")
        record = build_record(payload, self._core.sign_record(self.key_number, payload))
        self._journal.store(record, state, spare_sectors)
        if not state.is_open:
            self._begun = None
        return {
            "pagination": state.pagination,
            "session_id": state.session_id,
            "record": record.decode(),
        }

    def _next_state(self, reading: Reading, serial: str) -> JournalState:
        """The state of the next record, in the same session as the newest one.

        WattsealError `meter_went_backwards` if the same meter showed more energy before.
        """
        before = self._journal.state
        meter = crc32(serial.encode())
        if before.pagination and before.meter == meter and reading < before.reading():
            raise WattsealError(
                "meter_went_backwards",
                earlier_kwh=before.reading().to_text_kwh(),
                found_kwh=reading.to_text_kwh(),
            )
        state = JournalState()
        state.pagination = before.pagination + 1
        state.begin_pagination = before.begin_pagination
        state.begin_unix_ms = before.begin_unix_ms
        state.session_id = before.session_id
        state.clock_status = before.clock_status
        state.unix_ms = self._clock.unix_ms()
        state.utc_offset_min = self._clock.utc_offset_min
        state.value, state.exponent = reading.value, reading.exponent
        state.meter = meter
        state.key_number = self.key_number
        return state

    def _meter_and_user(self) -> tuple[str, Json]:
        """Serial number of the meter and user that the open session began with."""
        if self._begun is None:
            _, record = self._journal.read(self._journal.state.begin_pagination)
            payload = json.loads(record.split(b"|")[1])
            self._begun = (payload["MS"], _user_of(payload))
        return self._begun


def meter_serial(settings: Json, meter: Meter) -> str:
    """MS: what the meter tells, else what was configured."""
    serial: str | None = meter.serial or settings.get("meter_serial")
    if serial is None:
        raise WattsealError("not_configured", missing=["meter_serial"])
    return serial


def _station(settings: Json, meter: Meter, gateway_version: str) -> Json:
    """What build_payload wants to know of this system and its meter."""
    station = {
        "format_version": settings.get("format_version", "1.3"),
        "gateway_version": gateway_version,
        "meter_vendor": meter.profile["vendor"],
        "meter_model": meter.profile["model"],
        "meter_serial": meter_serial(settings, meter),
        "current_type": meter.profile["current_type"],
    }
    if meter.firmware is not None:
        station["meter_firmware"] = meter.firmware
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


def _statement(state: JournalState, letter: str, reason: str) -> Json:
    return {
        "unix_ms": state.unix_ms,
        "utc_offset_min": state.utc_offset_min,
        "synchronisation": letter,
        "reason": reason,
    }


def _user_of(payload: Json) -> Json:
    """The user's fields of a begin payload, for the later records of its session."""
    user = {"id_type": payload["IT"]}
    if payload["IS"]:
        user["id_tag"] = payload["ID"]
    for name, key in (("id_level", "IL"), ("id_flags", "IF"), ("tariff_text", "TT")):
        if key in payload:
            user[name] = payload[key]
    return user
