"""The records of one charging session, and what they say that a CDR needs: times and registers.

They come from a folder that `wattseal session` or `wattseal device records` has written, or from
OCPP messages. The text of a record is never built anew: what goes into a CDR is what was signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from wattseal.cdr.charge_record import Nature
from wattseal.errors import ToolError
from wattseal.public_key import KeyUnreadableError, PublicKey, read_public_key
from wattseal.session_files import KEY_HEX
from wattseal.verify.plain_models import AnyReading
from wattseal.verify.record import Record, RecordMalformedError, read_record
from wattseal.verify.transaction_check import check_transaction
from wattseal.verify.transaction_parts import END_REASONS, Member, is_sound

MAX_RECORD_BYTES = 1 << 16
MAX_FILES = 5000

_DECIMALS_OF_WH = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """When the register stood where: as signed, the register in kWh with all its digits."""

    at: datetime
    register_kwh: Decimal


@dataclass(frozen=True, slots=True)
class Signed:
    """A record as it was signed, with its payload as text and what it is in the session."""

    nature: Nature
    text: str
    payload_text: str
    moment: Moment


@dataclass(frozen=True)
class SessionRecords:
    """A session that has a begin and an end.

    `records` in the order signed: begin, intermediates, end; if there is a record that holds both
    begin and end, it is `combined`, and `records` has it alone when there are no others.
    `pagination` is that of the begin, `evse_id` what the records say of their charge point.
    """

    key: PublicKey
    records: tuple[Signed, ...]
    combined: Signed | None
    begin: Moment
    end: Moment
    pagination: str
    meter_serial: str | None
    evse_id: str | None

    @property
    def energy_kwh(self) -> Decimal:
        """End minus begin, exactly."""
        return self.end.register_kwh - self.begin.register_kwh

    @property
    def between(self) -> tuple[Moment, ...]:
        """The intermediate readings."""
        return tuple(one.moment for one in self.records if one.nature == "Intermediate")


def read_session_folder(
    folder: Path, key: PublicKey | None = None, begin: str | None = None
) -> SessionRecords:
    """The session of a folder; `begin` (`T17`) says which, if there are several.

    The key is that of the folder unless one is given. ToolError `session_unusable`,
    `session_ambiguous`, `file_unreadable`.
    """
    return build_session(_read_records(folder), key or _read_key(folder), str(folder), begin)


def build_session(
    records: Iterable[Record], key: PublicKey, origin: str, begin: str | None = None
) -> SessionRecords:
    """The one session that these records make. ToolError as `read_session_folder`."""
    found = list(_sessions(records))
    if begin is not None:
        found = [one for one in found if _pagination(one[0]) == _page(begin)]
    if not found:
        wanted = f"it holds no session that begins with {begin}" if begin else "there is no begin"
        raise _unusable(origin, wanted)
    if len(found) > 1:
        names = ", ".join(str(one[0].payload.PG) for one in found if one[0].payload)
        raise ToolError("session_ambiguous", path=origin, sessions=names)
    return _session(found[0], key, origin)


def _sessions(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records by pagination, cut where a session begins; what precedes the first is left out.

    A combined record stands with the begin and end that it repeats, where they are there too.
    """
    group: list[Record] = []
    for record in sorted(records, key=_pagination):
        letters = {str(reading.TX) for reading in record.payload.RD} if record.payload else set()
        starts = "B" in letters
        repeats = starts and len(letters) > 1 and group and _begin_of(group) == _begin_of([record])
        if starts and not repeats:
            if group:
                yield group
            group = []
        if group or starts:
            group.append(record)
    if group:
        yield group


def _begin_of(group: list[Record]) -> tuple[object, ...]:
    """What tells a session: the begin reading and who signed it."""
    payload = group[0].payload
    first = payload.RD[0] if payload else None
    return (payload and payload.GS, first and first.RV, group[0].times[0])


def _pagination(record: Record) -> tuple[str, int]:
    return _page(str(record.payload.PG if record.payload else ""))


def _page(page: str) -> tuple[str, int]:
    return page[:1], int(page[1:]) if page[1:].isdecimal() else 0


def _session(group: list[Record], key: PublicKey, origin: str) -> SessionRecords:
    natures = [_nature(record) for record in group]
    is_apart = any(nature is not None for nature in natures)
    chosen = [one for one, kind in zip(group, natures, strict=True) if kind or not is_apart]
    members = [Member(one.payload, one.times) for one in chosen if one.payload]
    outcome = check_transaction(members, is_claimed=True)
    if outcome.begin is None or outcome.end is None:
        missing = "begin" if outcome.begin is None else "end"
        raise _unusable(origin, f"there is not exactly one {missing} reading to bill by")
    payload, register = outcome.begin.member.payload, str(outcome.begin.reading.RI)
    signed = [
        Signed(kind or "End", one.text, one.payload_text, _reading_of(one, register, origin))
        for one, kind in zip(group, natures, strict=True)
    ]
    apart = tuple(one for one, kind in zip(signed, natures, strict=True) if kind)
    combined = next((one for one, kind in zip(signed, natures, strict=True) if not kind), None)
    return SessionRecords(
        key=key,
        records=apart or tuple(signed[:1]),
        combined=combined,
        begin=_moment(outcome.begin.reading, "the begin", origin),
        end=_moment(outcome.end.reading, "the end", origin),
        pagination=str(payload.PG),
        meter_serial=payload.MS,
        evse_id=str(payload.CI) if payload.CI and str(payload.CT) == "EVSEID" else None,
    )


def _nature(record: Record) -> Nature | None:
    """What a record is in its session; None if it holds both begin and end."""
    letters = {str(reading.TX) for reading in record.payload.RD} if record.payload else set()
    begins, ends = "B" in letters, bool(letters & END_REASONS.keys())
    if begins and ends:
        return None
    return "Start" if begins else "End" if ends else "Intermediate"


def _reading_of(record: Record, register: str, origin: str) -> Moment:
    """The record's last reading of the register that is billed by."""
    readings = record.payload.RD if record.payload else []
    found = [one for one in readings if str(one.RI) == register]
    if not record.payload or not found:
        raise _unusable(origin, f"a record of the session has no reading of register {register}")
    return _moment(found[-1], str(record.payload.PG), origin)


def _moment(reading: AnyReading, where: str, origin: str) -> Moment:
    """When and where the register stood; `where` is the record's pagination."""
    if reading.RV is None or not is_sound(reading.RV):
        raise _unusable(origin, f"the reading of {where} has no value to bill by")
    unit = str(reading.RU)
    if unit not in ("kWh", "Wh"):
        raise _unusable(origin, f"the reading of {where} is in {unit}, not in kWh or Wh")
    register = reading.RV.scaleb(-_DECIMALS_OF_WH) if unit == "Wh" else reading.RV
    if reading.timestamp.tzinfo is None:
        raise _unusable(origin, f"the reading of {where} does not tell its offset from UTC")
    return Moment(reading.timestamp, register)


def _read_records(folder: Path) -> list[Record]:
    """All records of a folder, each once, however many files hold it."""
    try:
        paths = sorted(folder.glob("*.ocmf"))[: MAX_FILES + 1]
        if len(paths) > MAX_FILES:
            raise _unusable(str(folder), f"it holds more than {MAX_FILES} records")
        texts = dict.fromkeys(_text(path) for path in paths)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(error.filename), cause=cause) from None
    if not texts:
        raise _unusable(str(folder), "there is no .ocmf file in it")
    return [read_records_text(text, str(folder)) for text in texts]


def read_records_text(text: str, origin: str) -> Record:
    """One OCMF string. ToolError `session_unusable`."""
    try:
        record = read_record(text)
    except RecordMalformedError as error:
        raise _unusable(origin, f"a record in it cannot be read, {error}") from None
    if record.payload is None:
        raise _unusable(origin, "a record in it cannot be read, its payload is no OCMF")
    return record


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_RECORD_BYTES + 1)
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise _unusable(str(path), "it is not ASCII") from None
    if len(data) > MAX_RECORD_BYTES:
        raise _unusable(str(path), f"it is larger than {MAX_RECORD_BYTES} bytes")
    return text


def _read_key(folder: Path) -> PublicKey:
    try:
        return read_public_key((folder / KEY_HEX).read_bytes())
    except FileNotFoundError:
        raise _unusable(str(folder), f"there is no {KEY_HEX}; give the key with --key") from None
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(folder / KEY_HEX), cause=cause) from None
    except KeyUnreadableError as error:
        raise _unusable(str(folder / KEY_HEX), f"the key cannot be read, {error}") from None


def _unusable(origin: str, cause: str) -> ToolError:
    return ToolError("session_unusable", path=origin, cause=cause)
