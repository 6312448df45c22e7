"""Charging sessions: a signed record at the begin, on request in between, and at the end.

The journal's standing is the only truth about which session is open; what is kept here beside it
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
from app.journal import SPARE_AT_END, SPARE_WHILE_OPEN, Journal, Standing
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
        self.needs_recovery = journal.standing.is_open

    @property
    def is_open(self) -> bool:
        """Whether a session is open, one that waits for its recovery included."""
        return self._journal.standing.is_open

    def begin(self, settings: Json, meter: Meter, params: Json) -> Json:
        """Begin a session; params are those of the method `begin`. The reply's fields."""
        if not self._clock.is_set:
            raise WattsealError("clock_not_set")
        if not self._journal.has_room(0, SPARE_WHILE_OPEN):
            raise WattsealError("journal_full")

        def state(standing: Standing) -> Json:
            standing.begin_pagination = standing.pagination
            standing.begin_unix_ms = standing.unix_ms
            standing.session_id = params.get("session_id", standing.pagination)
            standing.letter = self._clock.letter()
            return _statement(standing, standing.letter, "B")

        user = {name: params[name] for name in _USER_FIELDS if name in params}
        made = self._make(settings, meter, settings.get("meter_serial"), user, state)
        fields = self._sign(*made)
        self._begun = (meter_serial(settings, meter), user)
        return fields

    def go_on(self, settings: Json, meter: Meter, reason: str) -> Json:
        """A later record of the open session: reason C, or E, L, R or A to end it.

        The reply's fields.
        """

        def state(standing: Standing) -> Json:
            return _statement(standing, self._clock.letter_after(standing.letter), reason)

        serial, user = self._meter_and_user()
        return self._sign(*self._make(settings, meter, serial, user, state))

    def recover(self, settings: Json, meter: Meter, last_unix_ms: int) -> Json:
        """End the session that a power failure cut, once the meter answers.

        Nobody knows the time: the record carries the last known one, never before the session's
        newest record, with letter U, and EF t says that it must not be billed.
        """
        before = self._journal.standing

        def state(standing: Standing) -> Json:
            standing.unix_ms = max(last_unix_ms, before.unix_ms)
            standing.utc_offset_min = before.utc_offset_min
            statement = _statement(standing, "U", "P")
            statement["error_flags"] = "t"
            return statement

        serial, user = self._meter_and_user()
        fields = self._sign(*self._make(settings, meter, serial, user, state))
        self.needs_recovery = False
        return fields

    # --- inside ------------------------------------------------------------------------------

    def _make(
        self, settings: Json, meter: Meter, expected_serial: str | None, user: Json, state: Stating
    ) -> tuple[Standing, bytes]:
        """Read the meter and build one record's payload; the record's standing and the payload.

        state: completes the standing and says what the record states of its reading.
        """
        drafts: list[Draft] = []

        def prepare() -> None:
            if not drafts:
                station = _station(settings, meter, self._firmware.label)
                drafts.append(Draft(station, user, self._journal.standing.pagination + 1))

        def complete(reading: Reading) -> tuple[Standing, bytes]:
            prepare()
            standing = self._standing_now(reading, meter_serial(settings, meter))
            statement = state(standing)
            standing.is_open = statement["reason"] in ("B", "C")
            return standing, drafts[0].complete([(reading, statement)])

        made: tuple[Standing, bytes] = meter.read_for_signing(expected_serial, complete, prepare)
        return made

    def _sign(self, standing: Standing, payload: bytes) -> Json:
        """Sign a payload and store the record; the fields that every reply about it has."""
        spare_sectors = SPARE_WHILE_OPEN if standing.is_open else SPARE_AT_END
        record_bytes = len(payload) + _SIGNATURE_SECTION_BYTES + len("OCMF||")
        if not self._journal.has_room(record_bytes, spare_sectors):
            raise WattsealError("journal_full")
        record = build_record(payload, self._core.sign_record(self.key_number, payload))
        self._journal.store(record, standing, spare_sectors)
        if not standing.is_open:
            self._begun = None
        return {
            "pagination": standing.pagination,
            "session_id": standing.session_id,
            "record": record.decode(),
        }

    def _standing_now(self, reading: Reading, serial: str) -> Standing:
        """The standing of the next record, in the same session as the newest one.

        WattsealError `meter_went_backwards` if the same meter showed more energy before.
        """
        before = self._journal.standing
        meter = crc32(serial.encode())
        if before.pagination and before.meter == meter and reading < before.reading():
            raise WattsealError(
                "meter_went_backwards",
                earlier_kwh=before.reading().to_text_kwh(),
                found_kwh=reading.to_text_kwh(),
            )
        standing = Standing()
        standing.pagination = before.pagination + 1
        standing.begin_pagination = before.begin_pagination
        standing.begin_unix_ms = before.begin_unix_ms
        standing.session_id = before.session_id
        standing.letter = before.letter
        standing.unix_ms = self._clock.unix_ms()
        standing.utc_offset_min = self._clock.utc_offset_min
        standing.value, standing.exponent = reading.value, reading.exponent
        standing.meter = meter
        standing.key_number = self.key_number
        return standing

    def _meter_and_user(self) -> tuple[str, Json]:
        """Serial number of the meter and user that the open session began with."""
        if self._begun is None:
            _, record = self._journal.read(self._journal.standing.begin_pagination)
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


def _statement(standing: Standing, letter: str, reason: str) -> Json:
    return {
        "unix_ms": standing.unix_ms,
        "utc_offset_min": standing.utc_offset_min,
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
