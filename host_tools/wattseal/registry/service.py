"""The registry: judges what it is asked, records it, and confirms it once it is published."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from wattseal.common.findings import Finding
from wattseal.common.sql import Database
from wattseal.common.times import unix_ms_now
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.ocmf.public_key import KeyPeriod
from wattseal.registry import api_models as api
from wattseal.registry import make_record, records, rules
from wattseal.registry.failures import AccessError, NotFound, Refused
from wattseal.registry.identity import Identity
from wattseal.registry.published_log import PublishedLog, ServerClock, server_unix_ms
from wattseal.registry.rules.eligibility import eligibility
from wattseal.registry.rules.proof import CHALLENGE_MS, OFFLINE_DAYS, Facts
from wattseal.registry.states import Ledger, evse_name
from wattseal.registry.station_history import key_periods
from wattseal.registry.store import log, states
from wattseal.registry.store.states import SqlLedger, possession_entries, search, touching_entries

_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 12
_SECRET_BYTES = 32
_KEY = re.compile(r"wsk_([a-z2-7]{12})_([a-z2-7]{52})")
_NO_SECRET = "0" * 64


class NewKey(NamedTuple):
    """A key that was just made: `text` is told once, `secret_sha256` is recorded."""

    key_id: str
    text: str
    secret_sha256: str


def make_key() -> NewKey:
    """A key with a new secret of 256 bits."""
    key_id = "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().rstrip("=").lower()
    return read_key(f"wsk_{key_id}_{secret}")


def read_key(text: str) -> NewKey:
    """A key's parts. AccessError `access_unknown` if it is not of the form of one."""
    found = _KEY.fullmatch(text)
    if not found:
        raise AccessError("access_unknown")
    return NewKey(found[1], text, hashlib.sha256(text.encode()).hexdigest())


def authenticate(text: str, ledger: Ledger, now_ms: int) -> api.AccessState:
    """Whom a key lets in. AccessError `access_unknown`, `access_revoked`, `access_expired`."""
    given = read_key(text)
    state = ledger.access(given.key_id)
    expected = state.secret_sha256 if state else _NO_SECRET
    if not hmac.compare_digest(given.secret_sha256, expected) or state is None:
        raise AccessError("access_unknown")
    if state.revoked:
        raise AccessError("access_revoked", key_id=state.key_id)
    if state.until_unix_ms is not None and now_ms > state.until_unix_ms:
        until = datetime.fromtimestamp(state.until_unix_ms // 1000, UTC)
        raise AccessError(
            "access_expired", key_id=state.key_id, until=f"{until:%Y-%m-%d %H:%M} UTC"
        )
    return state


_RANDOM_BYTES = 16
_TIME_BYTES = 8
_MARK_BYTES = 16
_ALL_BYTES = _RANDOM_BYTES + _TIME_BYTES + _MARK_BYTES


class Challenges:
    """Made and known again by whoever has the key (Identity.challenge_key)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, now_ms: int) -> api.Challenge:
        """A new one."""
        until_ms = now_ms + CHALLENGE_MS
        said = secrets.token_bytes(_RANDOM_BYTES) + until_ms.to_bytes(_TIME_BYTES, "big")
        return api.Challenge(challenge=(said + self._mark(said)).hex(), until_unix_ms=until_ms)

    def judge(self, challenge: str, now_ms: int) -> Literal["good", "unknown", "expired"]:
        """Whether a challenge, in hex, is the registry's own and still good."""
        try:
            data = bytes.fromhex(challenge)
        except ValueError:
            return "unknown"
        said, mark = data[:-_MARK_BYTES], data[-_MARK_BYTES:]
        if len(data) != _ALL_BYTES or not hmac.compare_digest(mark, self._mark(said)):
            return "unknown"
        until_ms = int.from_bytes(said[_RANDOM_BYTES:], "big")
        return "good" if now_ms <= until_ms else "expired"

    def _mark(self, said: bytes) -> bytes:
        return hmac.new(self._key, said, hashlib.sha256).digest()[:_MARK_BYTES]


MAX_FOUND = 50


class Questions(PublishedLog):
    """Each answer is of one moment; `at_unix_ms` None is now."""

    def evse(self, evse_id: str, at_unix_ms: int | None = None) -> api.EvseState | None:
        """A charge point, in any spelling of its EVSE-ID."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).evse(evse_id)

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """A public key, by the SHA-256 of its SPKI in hex."""
        with self._database.ask() as connection:
            return states.key_of_fingerprint(connection, fingerprint, at_unix_ms)

    def module(self, chip_id: str, at_unix_ms: int | None = None) -> api.ModuleState | None:
        """A signing module."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).module(chip_id)

    def meter(
        self, meter: records.MeterRef, at_unix_ms: int | None = None
    ) -> api.MeterState | None:
        """A meter."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).meter(meter)

    def key_valid(self, evse_id: str, at_unix_ms: int) -> api.KeyAnswer | None:
        """The key that was good for this charge point at this time; None if none was."""
        with self._database.ask() as connection:
            return states.key_valid(connection, evse_id, at_unix_ms)

    def key_periods(self, evse_id: str) -> list[KeyPeriod]:
        """The keys that signed for a charge point, newest first."""
        return key_periods(evse_id, self.history(evse_id))

    def history(self, evse_id: str) -> list[tuple[int, records.Record]]:
        """Every record that touched a charge point, oldest first, each with its place."""
        try:
            name = evse_name(evse_id)
        except EvseIdError:
            return []
        with self._database.read() as connection:
            return [
                (number, log.read_one_record(connection, number))
                for number in states.touching_entries(connection, name)
            ]

    def search(self, text: str, limit: int = MAX_FOUND) -> api.SearchResult:
        """Whatever has an EVSE-ID, serial number, key, fingerprint or chip id that begins so."""
        with self._database.read() as connection:
            return search(connection, text, limit)

    def eligibility(self, evse_id: str) -> api.Eligibility:
        """Whether a charge point may be published and used. NotFound if it is no EVSE-ID."""
        with self._database.read() as connection:
            try:
                return eligibility(evse_id, SqlLedger(connection), self._clock())
            except EvseIdError:
                raise NotFound("not_found", what="charge point", name=evse_id) from None

    def access_keys(self) -> list[api.AccessState]:
        """All access keys, oldest first."""
        with self._database.ask() as connection:
            return states.access_keys(connection)


MAX_LOOKED_AT = 100
"""Entries about a charge point: as a rule there are a few in all its years."""


PASSES_WITH_TIME = frozenset(
    (
        *("challenge_expired", "challenge_unknown", "possession_too_old"),
        "calibration_year_implausible",
    )
)
"""What may be wrong with a registration that was good when it was recorded; nothing else may."""


def registered_before(
    connection: Connection, req: api.RegistrationRequest, facts: Facts
) -> int | None:
    """The entry of this very registration: the same proof, and nothing told otherwise."""
    proof = facts.proof
    for entry in possession_entries(connection, proof.chip_id, proof.unix_ms):
        record = log.read_one_record(connection, entry)
        if isinstance(record, records.Registration) and _is_of(record, req, facts):
            return entry
    return None


def _is_of(record: records.Registration, req: api.RegistrationRequest, facts: Facts) -> bool:
    return (
        record.possession.statement == req.possession.statement
        and record.scenario == req.scenario
        and record.module_model == req.module_model
        and record.meter == facts.meter
    )


def recorded_before(
    connection: Connection, req: api.RequestAboutEvse, actor: api.AccessState
) -> int | None:
    """The entry of this very request about a charge point; a consent is given anew each time.

    Records of a session are kept once, whoever sends them; they are looked for among the charge
    point's newest entries, since the log's head is locked meanwhile. Anything else is the same if
    it is the newest entry there, by the same caller.
    """
    if isinstance(req, api.ConsentRequest):
        return None
    try:
        evse = read_evse_id(req.evse_id)
    except EvseIdError:
        return None
    is_charge = isinstance(req, api.TestChargeRequest)
    asked = {**dict(req), "evse_id": evse.text}
    newest_first = touching_entries(connection, evse.canonical)[::-1]
    for entry in newest_first[: MAX_LOOKED_AT if is_charge else 1]:
        record = log.read_one_record(connection, entry)
        is_same = (
            isinstance(record, records.RecordAboutEvse)
            and make_record.REQUEST_OF[type(record)] is type(req)
            and all(getattr(record, name) == value for name, value in asked.items())
        )
        if is_same and (is_charge or record.actor == actor.key_id):
            return entry
    return None


Judge = Callable[[SqlLedger, api.AccessState, int], list[Finding]]
Build = Callable[[SqlLedger, api.AccessState, int], records.Record]
FindRepeat = Callable[[Connection], int | None]


class Registry(Questions):
    """One registry; any number of processes may each have one on the same database.

    offline_days: how old a proof over the offline challenge may be; 0 takes none. server_clock:
    what the computer's clock is compared with.
    """

    def __init__(
        self,
        database: Database,
        identity: Identity,
        clock: Callable[[], int] = unix_ms_now,
        offline_days: int = OFFLINE_DAYS,
        server_clock: ServerClock = server_unix_ms,
    ) -> None:
        super().__init__(database, identity, clock, server_clock)
        self._challenges = Challenges(identity.challenge_key())
        self._offline_days = offline_days

    def challenge(self) -> api.Challenge:
        """What a module is to sign, to prove that it holds its key now."""
        return self._challenges.make(self._clock())

    def authenticate(self, access_key: str) -> api.AccessState:
        """Whom an access key lets in. AccessError."""
        with self._database.ask() as connection:
            return authenticate(access_key, SqlLedger(connection), self._clock())

    def judge(self, req: api.RegistrationRequest, actor: api.AccessState) -> list[Finding]:
        """Everything that speaks against a registration; nothing is written."""
        facts, found, now_ms = self._take_apart(req)
        if facts is None:
            return found
        return self._find_or_judge(req, facts, found, actor, now_ms)[1]

    def register(self, req: api.RegistrationRequest, actor: api.AccessState) -> api.Confirmation:
        """Record that a key signs for a charge point from now on. Refused.

        What can be judged without the log's head is judged before it is locked.
        """
        facts, found, now_ms = self._take_apart(req)
        if facts is None:
            raise Refused(found)
        if found:  # a proof that is too old by now may have been recorded when it was not
            entry, found = self._find_or_judge(req, facts, found, actor, now_ms)
            if entry is None:
                raise Refused(found)
            return self._confirm_again(entry)
        remarks: list[Finding] = []

        def judge(ledger: SqlLedger, actor: api.AccessState, now_ms: int) -> list[Finding]:
            return rules.check_against_registry(facts, ledger, actor, now_ms)

        def build(ledger: SqlLedger, actor: api.AccessState, now_ms: int) -> records.Record:
            remarks.extend(rules.remarks(facts, ledger))
            return make_record.build(facts, ledger, actor, now_ms)

        def repeat(connection: Connection) -> int | None:
            return registered_before(connection, req, facts)

        confirmation = self._record(actor, now_ms, judge, build, repeat)
        return confirmation.model_copy(update={"remarks": list(map(api.Reason.of, remarks))})

    def record_about_evse(
        self, req: api.RequestAboutEvse, actor: api.AccessState
    ) -> api.Confirmation:
        """Record what is asked for about a charge point that has a key. Refused.

        A request that was recorded before is answered with the entry that there is.
        """
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: rules.judge(req, ledger, who, now),
            lambda ledger, who, now: make_record.build_about_evse(req, ledger, who, now),
            lambda connection: recorded_before(connection, req, actor),
        )

    def grant(self, req: api.AccessRequest, actor: api.AccessState) -> api.Confirmation:
        """Make an access key; the answer alone tells it. Refused."""
        key = make_key()
        confirmation = self._record(
            actor,
            self._clock(),
            lambda _ledger, who, now: rules.judge_access(req, who, now),
            lambda _ledger, who, now: make_record.build_access(
                req, who.key_id, now, key.key_id, key.secret_sha256
            ),
        )
        told = {"key_id": key.key_id, "access_key": key.text}
        return confirmation.model_copy(update=told)

    def revoke(self, key_id: str, actor: api.AccessState) -> api.Confirmation:
        """Record that an access key is good no more. Refused."""
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: rules.judge_revocation(key_id, ledger, who, now),
            lambda ledger, who, now: make_record.build_revocation(key_id, ledger, who.key_id, now),
        )

    def _take_apart(self, req: api.RegistrationRequest) -> tuple[Facts | None, list[Finding], int]:
        now_ms = self._clock()
        facts, found = rules.facts(
            req,
            self._identity.name,
            now_ms,
            lambda challenge: self._challenges.judge(challenge, now_ms),
            self._offline_days,
        )
        return facts, found, now_ms

    def _find_or_judge(
        self,
        req: api.RegistrationRequest,
        facts: Facts,
        found: list[Finding],
        actor: api.AccessState,
        now_ms: int,
    ) -> tuple[int | None, list[Finding]]:
        """The entry of a registration that was recorded before, or all that speaks against it."""
        with self._database.read() as connection:
            is_late = all(one.code in PASSES_WITH_TIME for one in found)
            entry = registered_before(connection, req, facts) if is_late else None
            if entry is not None:
                return entry, []
            # If it is this computer's clock that is wrong, the module is not to blame.
            self._check_clock(connection, log.read_size(connection))
            ledger = SqlLedger(connection)
            return None, [*found, *rules.check_against_registry(facts, ledger, actor, now_ms)]

    def _record(
        self,
        actor: api.AccessState,
        now_ms: int,
        judge: Judge,
        build: Build,
        find_repeat: FindRepeat = lambda _connection: None,
    ) -> api.Confirmation:
        """Judge and record with the log's head locked; confirm when that is on the disk.

        ClockWrong if the time of the record would not be true.
        """
        with self._database.write() as connection:
            head = log.lock_head(connection)
            repeated = find_repeat(connection)
            if repeated is None:
                ledger = SqlLedger(connection)
                # The clocks of computers differ a little; the log's time never goes back.
                now_ms = max(now_ms, self._check_clock(connection, head.size))
                # It may have been revoked since it was shown.
                actor = ledger.access(actor.key_id) or actor
                if found := judge(ledger, actor, now_ms):
                    raise Refused(found)
                record = build(ledger, actor, now_ms)
                number, proof = head.size, head.next_proof()
                log.append(connection, head, record)
        if repeated is not None:
            return self._confirm_again(repeated)
        publication = self._publication(
            records.leaf_of(record), number, proof, head.size, head.root()
        )
        return api.Confirmation(entry=number, unix_ms=record.unix_ms, publication=publication)

    def _confirm_again(self, number: int) -> api.Confirmation:
        with self._database.read() as connection:
            record = log.read_one_record(connection, number)
        publication = self.publication(number)
        return api.Confirmation(
            entry=number, unix_ms=record.unix_ms, publication=publication, repeated=True
        )
