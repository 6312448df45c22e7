"""What a registration says of itself, and what is wrong with it whatever else is recorded.

Signatures, syntax and time: nothing here looks anything up, so it is done before the registry's
lock is taken.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from wattseal.common.errors import ToolError
from wattseal.common.findings import Finding
from wattseal.common.text import normalized
from wattseal.device.key_history import (
    Checked,
    check_alone,
    check_history,
    check_present_key,
    read_statement,
)
from wattseal.device.models import StoredStatement
from wattseal.device.owner import offline_challenge
from wattseal.ocmf.evse_id import EvseId, EvseIdError, read_evse_id
from wattseal.ocmf.public_key import (
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    recall_public_key,
)
from wattseal.registry.api_models import ModuleState, RegistrationRequest
from wattseal.registry.records import Meter, Possession, Scenario, Statement
from wattseal.registry.rules.reasons import reason
from wattseal.wire import statements
from wattseal.wire.signed_text import TextError

_PUBLISHED = files("wattseal.registry.rules").joinpath("published_keys.txt").read_text("ascii")
PUBLISHED_KEYS = dict(line.split(" ", 1) for line in _PUBLISHED.splitlines())
"""Test keys whose private halves everybody knows: SHA-256 of the SPKI, and where it stands."""

SMALL_MULTIPLES = 65_536
_RUN = re.compile(rb"(.)\1{7}", re.DOTALL)
"""A run of 8 equal bytes in a coordinate comes up once in some 2**50 keys."""

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_BATCH = 1024
_DROPPED_BITS = 192

_Point = tuple[int, int]


def weakness(key: PublicKey) -> str | None:
    """What is weak about a key on secp256r1, in words; None if nothing is known."""
    published = PUBLISHED_KEYS.get(key.fingerprint)
    if published:
        return f"it is a published test key ({published})"
    x, y = key.point[1:33], key.point[33:]
    if _RUN.search(x) or _RUN.search(y):
        return "a coordinate of its point repeats one byte"
    table, wanted = _small_multiples(), int.from_bytes(x) >> _DROPPED_BITS
    at = bisect_left(table, wanted)
    if table[at : at + 1] == array("Q", [wanted]):
        return f"its private key is a number up to {SMALL_MULTIPLES}, or the negative of one"
    return None


@cache
def _small_multiples() -> array[int]:
    """The abscissas of 1 G to SMALL_MULTIPLES G, shortened to 64 bits and sorted."""
    batch = [_G]
    while len(batch) < _BATCH:
        batch += _sums(batch, batch[-1])
    step = batch[-1]
    shortened: list[int] = []
    while len(shortened) < SMALL_MULTIPLES:
        shortened += [x >> _DROPPED_BITS for x, _y in batch]
        batch = _sums(batch, step)
    return array("Q", sorted(shortened))


def _sums(points: list[_Point], other: _Point) -> list[_Point]:
    """Each point added to the other one, with a single inversion (Montgomery's trick).

    One that is the other one itself is doubled.
    """
    slopes = [
        (3 * x * x - 3, 2 * y) if (x, y) == other else (other[1] - y, other[0] - x)
        for x, y in points
    ]
    products = [1]
    for _rise, run in slopes:
        products.append(products[-1] * run % _P)
    inverse = pow(products[-1], -1, _P)
    sums: list[_Point] = []
    for at in range(len(points) - 1, -1, -1):
        (x, y), (rise, run) = points[at], slopes[at]
        slope = rise * inverse * products[at] % _P
        inverse = inverse * run % _P
        third = (slope * slope - x - other[0]) % _P
        sums.append((third, (slope * (x - third) - y) % _P))
    sums.reverse()
    return sums


VERIFICATION_YEARS = 8


def year_of(unix_ms: int) -> int:
    """The calendar year in UTC."""
    return datetime.fromtimestamp(unix_ms // 1000, UTC).year


def calibration_fault(calibration_year: int, unix_ms: int) -> str | None:
    """Why a meter may not be used at that time, in words; None if it may."""
    now = year_of(unix_ms)
    if calibration_year > now:
        return "the year has not begun yet"
    if now > calibration_year + VERIFICATION_YEARS:
        return f"the {VERIFICATION_YEARS} years ended with {calibration_year + VERIFICATION_YEARS}"
    return None


@dataclass(frozen=True)
class History:
    """Statements that follow one another; `before` counts those that come before the first."""

    before: int
    given: tuple[Statement, ...]
    checked: list[Checked]

    @property
    def count(self) -> int:
        """Of all statements up to the last that is given."""
        return self.before + len(self.given)

    def text_of(self, number: int) -> str | None:
        """A statement's text; None if it is not among those given. Numbers count from 1."""
        at = number - self.before - 1
        return self.given[at].statement if 0 <= at < len(self.given) else None

    def after(self, number: int) -> list[Checked]:
        """Those that follow a number."""
        return self.checked[max(number - self.before, 0) :]

    def to_record(self, recorded: int) -> tuple[int, list[Statement]]:
        """How a record states it where so many are recorded: `(before, statements)`.

        The new ones; where there are none, the newest again.
        """
        first = min(recorded, self.count - 1)
        return first, list(self.given[first - self.before :])


def read_history(
    given: Sequence[Statement], chip_id: str, before: Checked | None = None
) -> tuple[History | None, list[Finding]]:
    """The statements, every signature checked. before: the one that they follow, None at birth."""
    passed = before.number if before else 0
    stored = [_stored(number, statement) for number, statement in enumerate(given, passed + 1)]
    try:
        checked = check_history(stored, chip_id, before)
    except ToolError as error:
        return None, [reason("history_broken", **error.detail)]
    return History(passed, tuple(given), checked), []


def read_repeated(given: Statement, number: int) -> tuple[History | None, list[Finding]]:
    """The newest recorded statement, as a record repeats it that brings no new one."""
    try:
        checked = check_alone(_stored(number, given))
    except ToolError as error:
        return None, [reason("history_broken", **error.detail)]
    return History(number - 1, (given,), [checked]), []


def _stored(number: int, statement: Statement) -> StoredStatement:
    return StoredStatement.model_validate({"number": number, **statement.model_dump()})


def recorded_end(module: ModuleState) -> Checked:
    """The newest statement that is recorded of a module; it was checked when it was recorded."""
    members = read_statement(module.last_statement)
    return Checked(module.statements, members, module.last_statement)


TOLERANCE_MS = 300_000
"""How far a module's clock may be ahead."""

CHALLENGE_MS = 3_600_000
"""How long a challenge of the registry is good."""

DAY_MS = 86_400_000
OFFLINE_DAYS = 30


CheckChallenge = Callable[[str], Literal["good", "unknown", "expired"]]
"""Judges a challenge that is not the offline one."""


@dataclass(frozen=True)
class Proof:
    """A proof of possession that was read; `members` as docs/statements.md has them."""

    possession: Possession
    members: dict[str, Any]

    @property
    def chip_id(self) -> str:
        """The module's chip."""
        return str(self.members["chip_id"])

    @property
    def commissioning(self) -> int:
        """Counts the sealings that changed something."""
        return int(self.members["commissioning"])

    @property
    def unix_ms(self) -> int | None:
        """By the module's clock; None if that was not set."""
        unix_ms: int | None = self.members["unix_ms"]
        return unix_ms

    @property
    def meter(self) -> dict[str, str]:
        """The names of the meter, as members of records.Meter."""
        members = self.members
        return {
            "manufacturer": members["meter_vendor"],
            "model": members["meter_model"],
            "serial": members["meter_serial"],
        }


@dataclass(frozen=True)
class Challenged:
    """How the proof's challenge and its time are judged.

    oldest_ms: the age of a proof over a challenge that `check_challenge` finds good.
    """

    registry_name: str
    now_ms: int
    check_challenge: CheckChallenge
    offline_days: int
    oldest_ms: int = CHALLENGE_MS + TOLERANCE_MS


def read_proof(possession: Possession) -> tuple[Proof | None, list[Finding]]:
    """A proof of possession, unless it is none."""
    try:
        members = read_statement(possession.statement)
    except TextError as error:
        return None, [reason("statement_unreadable", cause=str(error))]
    if members["type"] != "possession":
        cause = "it is a statement of another type"
        return None, [reason("statement_unreadable", cause=cause)]
    return Proof(possession, members), []


def key_of(proof: Proof) -> tuple[PublicKey | None, list[Finding]]:
    """Its key, None if it is none on secp256r1, and what is wrong with key and signature."""
    text = proof.members["public_key"]
    try:
        key = recall_public_key(text)
    except KeyUnreadableError as error:
        return None, [reason("key_not_on_curve", cause=str(error))]
    if key.curve.name != "secp256r1" or key.spki.hex() != text:
        return None, [reason("key_not_on_curve", cause="it is written in another form")]
    found = []
    if weak := weakness(key):
        found.append(reason("key_weak", cause=weak))
    if not _is_signed(proof.possession, key):
        found.append(reason("possession_signature_wrong"))
    return key, found


def _is_signed(possession: Possession, key: PublicKey) -> bool:
    message = statements.signed_bytes(possession.statement)
    try:
        return key.verify(message, bytes.fromhex(possession.signature))
    except SignatureMalformedError:
        return False


def challenge_faults(proof: Proof, wanted: Challenged) -> Iterator[Finding]:
    """Why it does not answer this registry, now or while the technician was out."""
    given = proof.members["challenge"]
    if wanted.offline_days and given == offline_challenge(wanted.registry_name, proof.chip_id):
        if proof.unix_ms is None:
            yield reason("possession_time_missing")
        yield from _time_faults(proof, wanted.now_ms, wanted.offline_days * DAY_MS)
        return
    verdict = wanted.check_challenge(given)
    if verdict != "good":
        yield reason(f"challenge_{verdict}")
    else:
        yield from _time_faults(proof, wanted.now_ms, wanted.oldest_ms)


def _time_faults(proof: Proof, now_ms: int, oldest_ms: int) -> Iterator[Finding]:
    if proof.unix_ms is None:
        return
    age_ms = now_ms - proof.unix_ms
    if age_ms < -TOLERANCE_MS:
        yield reason("possession_in_future", seconds=-age_ms // 1000)
    if age_ms > oldest_ms:
        age, allowed = _in_words(age_ms), _in_words(oldest_ms)
        yield reason("possession_too_old", age=age, allowed=allowed)


def _in_words(duration_ms: int) -> str:
    """Rounded up, in a unit that leaves something of it."""
    if duration_ms < 2 * DAY_MS:
        return f"{-(-duration_ms // 60_000)} minutes"
    return f"{-(-duration_ms // DAY_MS)} days"


LEAST_CHARACTERS = 4

_PLACEHOLDERS = frozenset(
    (
        *("UNKNOWN", "UNBEKANNT", "NONE", "NULL", "N/A", "TBD", "TODO", "DEFAULT"),
        *("TEST", "DUMMY", "EXAMPLE", "SAMPLE", "SERIAL", "SERIALNUMBER"),
        *("ABCD", "ABCDE", "ABCDEF", "DEADBEEF"),
    )
)
_DIGITS = "01234567890"


def serial_fault(serial: str) -> str | None:
    """What is implausible about a serial number, in words; None if nothing is."""
    if not serial.strip():
        return "it is blank"
    if serial != serial.strip():
        return "it begins or ends with a blank"
    name = normalized(serial)
    signs = [character for character in name if character.isalnum()]
    if len(set(signs)) <= 1:
        return "it is one character repeated"
    if name in _PLACEHOLDERS:
        return "it is a placeholder"
    if len(signs) < LEAST_CHARACTERS:
        return f"it has fewer than {LEAST_CHARACTERS} letters and digits"
    if name in _DIGITS or name in _DIGITS[::-1]:
        return "it counts up or down"
    return None


@dataclass(frozen=True)
class Facts:
    """A registration, taken apart. `evse`, `key`, `history` are None where they do not hold.

    meter: its names as the module has signed them, its calibration as the label has it.
    """

    scenario: Scenario
    proof: Proof
    module_model: str
    meter: Meter
    evse: EvseId | None
    key: PublicKey | None
    history: History | None

    @property
    def is_whole(self) -> bool:
        """Whether a record can be made of it."""
        return None not in (self.evse, self.key, self.history)


def facts(
    req: RegistrationRequest,
    registry_name: str,
    now_ms: int,
    check_challenge: CheckChallenge,
    offline_days: int = OFFLINE_DAYS,
) -> tuple[Facts | None, list[Finding]]:
    """A request taken apart, and all that is wrong with it by itself.

    None if the proof of possession cannot even be read. offline_days: how old a proof over the
    offline challenge may be; with 0 that challenge is unknown.
    """
    proof, found = read_proof(req.possession)
    if proof is None:
        return None, found
    history, broken = read_history(req.statements, proof.chip_id)
    challenge = Challenged(registry_name, now_ms, check_challenge, offline_days)
    return judged(req, proof, history, broken, challenge)


def judged(
    req: RegistrationRequest,
    proof: Proof,
    history: History | None,
    broken: list[Finding],
    challenge: Challenged,
) -> tuple[Facts, list[Finding]]:
    """As `facts`, of a proof and a history that were read."""
    evse, evse_faults = _evse_of(proof)
    key, key_faults = key_of(proof)
    found = [*key_faults, *challenge_faults(proof, challenge)]
    if history and key:
        broken = [*broken, *_present_key_faults(proof, key, history)]
    found += [*broken, *evse_faults, *_name_faults(req, proof)]
    found += _meter_faults(req.meter, proof, challenge.now_ms)
    taken_apart = Facts(
        scenario=req.scenario,
        proof=proof,
        module_model=req.module_model,
        meter=Meter.copied_from(req.meter, **proof.meter),
        evse=evse,
        key=key,
        history=None if broken else history,
    )
    return taken_apart, found


def _present_key_faults(proof: Proof, key: PublicKey, history: History) -> Iterator[Finding]:
    """The history must end in the key that signs, made by the image that runs."""
    last = history.checked[-1]
    try:
        check_present_key(history.checked, proof.members["key_number"], key)
    except ToolError as error:
        yield reason("history_broken", **error.detail)
    else:
        if last.members["firmware_identity"] != proof.members["firmware_identity"]:
            cause = "its firmware_identity is not that of the proof"
            yield reason("history_broken", number=last.number, cause=cause)


def _evse_of(proof: Proof) -> tuple[EvseId | None, list[Finding]]:
    text = proof.members["evse_id"]
    try:
        return read_evse_id(text), []
    except EvseIdError as error:
        return None, [reason("evse_id_syntax", evse_id=text, cause=str(error))]


def _name_faults(req: RegistrationRequest, proof: Proof) -> Iterator[Finding]:
    serials = {
        "serial number of the module": proof.members["gateway_serial"],
        "serial number of the meter": proof.meter["serial"],
    }
    for what, serial in serials.items():
        if cause := serial_fault(serial):
            yield reason("serial_syntax", what=what, serial=serial, cause=cause)
    names = {
        "manufacturer of the meter": proof.meter["manufacturer"],
        "model of the meter": proof.meter["model"],
        "model of the module": req.module_model,
    }
    for what, name in names.items():
        if not normalized(name):
            yield reason("name_missing", what=what)


def _meter_faults(label: Meter, proof: Proof, now_ms: int) -> Iterator[Finding]:
    for name, signed in proof.meter.items():
        told, what = getattr(label, name), "serial number" if name == "serial" else name
        if normalized(told) != normalized(signed):
            yield reason("meter_facts_differ", what=what, label=told, signed=signed)
    if not normalized(label.calibration_mark):
        yield reason("calibration_mark_missing")
    if cause := calibration_fault(label.calibration_year, now_ms):
        year, now = label.calibration_year, year_of(now_ms)
        yield reason("calibration_year_implausible", year=year, now=now, cause=cause)
