"""The registry: judges what it is asked, records it, and confirms it once it is published."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from wattseal.common.findings import Finding
from wattseal.common.sql import Database
from wattseal.common.times import unix_ms_now
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.registry import make_record, rules
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    Challenge,
    Confirmation,
    ConsentRequest,
    DeactivationRequest,
    Eligibility,
    EvseState,
    HardwareExchangeRequest,
    KeyAnswer,
    MeterState,
    ModuleState,
    PublicationAnswer,
    Reason,
    RegistrationRequest,
    SearchResult,
    TestChargeRequest,
)
from wattseal.registry.failures import AccessError, NotFound, Refused
from wattseal.registry.identity import Identity
from wattseal.registry.published_log import PublishedLog, ServerClock, server_unix_ms
from wattseal.registry.records import (
    Deactivation,
    HardwareExchange,
    MeterRef,
    Record,
    Registration,
    TestCharge,
    leaf_of,
)
from wattseal.registry.rules.eligibility import eligibility
from wattseal.registry.rules.proof import CHALLENGE_MS, OFFLINE_DAYS, Facts
from wattseal.registry.states import Ledger, evse_name
from wattseal.registry.station_history import KeyPeriod, key_periods
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


def authenticate(text: str, ledger: Ledger, now_ms: int) -> AccessState:
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

    def make(self, now_ms: int) -> Challenge:
        """A new one."""
        until_ms = now_ms + CHALLENGE_MS
        said = secrets.token_bytes(_RANDOM_BYTES) + until_ms.to_bytes(_TIME_BYTES, "big")
        return Challenge(challenge=(said + self._mark(said)).hex(), until_unix_ms=until_ms)

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

    def evse(self, evse_id: str, at_unix_ms: int | None = None) -> EvseState | None:
        """A charge point, in any spelling of its EVSE-ID."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).evse(evse_id)

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> KeyAnswer | None:
        """A public key, by the SHA-256 of its SPKI in hex."""
        with self._database.ask() as connection:
            return states.key_of_fingerprint(connection, fingerprint, at_unix_ms)

    def module(self, chip_id: str, at_unix_ms: int | None = None) -> ModuleState | None:
        """A signing module."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).module(chip_id)

    def meter(self, meter: MeterRef, at_unix_ms: int | None = None) -> MeterState | None:
        """A meter."""
        with self._database.ask() as connection:
            return SqlLedger(connection, at_unix_ms).meter(meter)

    def key_valid(self, evse_id: str, at_unix_ms: int) -> KeyAnswer | None:
        """The key that was good for this charge point at this time; None if none was."""
        with self._database.ask() as connection:
            return states.key_valid(connection, evse_id, at_unix_ms)

    def key_periods(self, evse_id: str) -> list[KeyPeriod]:
        """The keys that signed for a charge point, newest first."""
        return key_periods(evse_id, self.history(evse_id))

    def history(self, evse_id: str) -> list[tuple[int, Record]]:
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

    def search(self, text: str, limit: int = MAX_FOUND) -> SearchResult:
        """Whatever has an EVSE-ID, serial number, key, fingerprint or chip id that begins so."""
        with self._database.read() as connection:
            return search(connection, text, limit)

    def eligibility(self, evse_id: str) -> Eligibility:
        """Whether a charge point may be published and used. NotFound if it is no EVSE-ID."""
        with self._database.read() as connection:
            try:
                return eligibility(evse_id, SqlLedger(connection), self._clock())
            except EvseIdError:
                raise NotFound("not_found", what="charge point", name=evse_id) from None

    def access_keys(self) -> list[AccessState]:
        """All access keys, oldest first."""
        with self._database.ask() as connection:
            return states.access_keys(connection)


EvseRequest = DeactivationRequest | HardwareExchangeRequest

MAX_LOOKED_AT = 100
"""Entries about a charge point: as a rule there are a few in all its years."""

_RECORD_OF: dict[type[EvseRequest], type[Record]] = {
    DeactivationRequest: Deactivation,
    HardwareExchangeRequest: HardwareExchange,
}


def registered_before(connection: Connection, req: RegistrationRequest, facts: Facts) -> int | None:
    """The entry of this very registration: the same proof, and nothing told otherwise."""
    proof = facts.proof
    for entry in possession_entries(connection, proof.chip_id, proof.unix_ms):
        record = log.read_one_record(connection, entry)
        if isinstance(record, Registration) and _is_of(record, req, facts):
            return entry
    return None


def _is_of(record: Registration, req: RegistrationRequest, facts: Facts) -> bool:
    return (
        record.possession.statement == req.possession.statement
        and record.scenario == req.scenario
        and record.module_model == req.module_model
        and record.meter == facts.meter
    )


def charged_before(connection: Connection, req: TestChargeRequest) -> int | None:
    """The entry that keeps these very records of a session already, whoever sent them.

    It is looked for among the charge point's newest entries: the log's head is locked meanwhile.
    """
    try:
        evse = read_evse_id(req.evse_id)
    except EvseIdError:
        return None
    newest_first = reversed(touching_entries(connection, evse.canonical))
    for entry in islice(newest_first, MAX_LOOKED_AT):
        record = log.read_one_record(connection, entry)
        if isinstance(record, TestCharge) and (record.begin, record.end) == (req.begin, req.end):
            return entry
    return None


def recorded_last(connection: Connection, req: EvseRequest, actor: AccessState) -> int | None:
    """The newest entry about a charge point, if the same caller asked for the same there."""
    try:
        evse = read_evse_id(req.evse_id)
    except EvseIdError:
        return None
    entries = touching_entries(connection, evse.canonical)
    record = log.read_one_record(connection, entries[-1]) if entries else None
    if not isinstance(record, _RECORD_OF[type(req)]) or record.actor != actor.key_id:
        return None
    asked = {**req.model_dump(), "evse_id": evse.text}
    told = record.model_dump()
    return entries[-1] if all(told[name] == asked[name] for name in asked) else None


Judge = Callable[[SqlLedger, AccessState, int], list[Finding]]
Build = Callable[[SqlLedger, AccessState, int], Record]
FindRepeat = Callable[[Connection], int | None]


@dataclass(frozen=True)
class _Recorded:
    """A new entry, and what proves it; or, with `record` None, one that was there before."""

    number: int
    record: Record | None = None
    proof: list[bytes] | None = None
    root: bytes = b""


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

    def challenge(self) -> Challenge:
        """What a module is to sign, to prove that it holds its key now."""
        return self._challenges.make(self._clock())

    def authenticate(self, access_key: str) -> AccessState:
        """Whom an access key lets in. AccessError."""
        with self._database.ask() as connection:
            return authenticate(access_key, SqlLedger(connection), self._clock())

    def judge(self, req: RegistrationRequest, actor: AccessState) -> list[Finding]:
        """Everything that speaks against a registration; nothing is written."""
        facts, found, now_ms = self._take_apart(req)
        if facts is None:
            return found
        with self._database.read() as connection:
            if registered_before(connection, req, facts) is not None:
                return []
            self._check_clock(connection, log.read_size(connection))
            return [
                *found,
                *rules.check_against_registry(facts, SqlLedger(connection), actor, now_ms),
            ]

    def register(self, req: RegistrationRequest, actor: AccessState) -> Confirmation:
        """Record that a key signs for a charge point from now on. Refused.

        What can be judged without the log's head is judged before it is locked.
        """
        facts, found, now_ms = self._take_apart(req)
        if facts is None:
            raise Refused(found)
        if found:
            return self._repeated_or_refused(req, facts, found, actor, now_ms)
        remarks: list[Finding] = []

        def judge(ledger: SqlLedger, actor: AccessState, now_ms: int) -> list[Finding]:
            return rules.check_against_registry(facts, ledger, actor, now_ms)

        def build(ledger: SqlLedger, actor: AccessState, now_ms: int) -> Record:
            remarks.extend(rules.remarks(facts, ledger))
            return make_record.build(facts, ledger, actor, now_ms)

        def repeat(connection: Connection) -> int | None:
            return registered_before(connection, req, facts)

        confirmation = self._record(actor, now_ms, judge, build, repeat)
        return confirmation.model_copy(update={"remarks": list(map(Reason.of, remarks))})

    def deactivate(self, req: DeactivationRequest, actor: AccessState) -> Confirmation:
        """Record that a charge point's key signs no more. Refused."""
        return self._record_at_evse(
            req,
            actor,
            lambda ledger, who, now: rules.judge_deactivation(req, ledger, who, now),
            lambda ledger, who, now: make_record.build_deactivation(req, ledger, who, now),
        )

    def exchange_hardware(self, req: HardwareExchangeRequest, actor: AccessState) -> Confirmation:
        """Record that the station around a meter was exchanged. Refused."""
        return self._record_at_evse(
            req,
            actor,
            lambda ledger, who, now: rules.judge_hardware_exchange(req, ledger, who, now),
            lambda _ledger, who, now: make_record.build_hardware_exchange(req, who, now),
        )

    def keep_test_charge(self, req: TestChargeRequest, actor: AccessState) -> Confirmation:
        """Record the session that was charged after commissioning; each is kept once. Refused."""
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: rules.judge_test_charge(req, ledger, who, now),
            lambda ledger, who, now: make_record.build_test_charge(req, ledger, who, now),
            lambda connection: charged_before(connection, req),
        )

    def consent(self, req: ConsentRequest, actor: AccessState) -> Confirmation:
        """Record that another operator may take a charge point over. Refused."""
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: rules.judge_consent(req, ledger, who, now),
            lambda ledger, who, now: make_record.build_consent(req, ledger, who, now),
        )

    def grant(self, req: AccessRequest, actor: AccessState) -> Confirmation:
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

    def revoke(self, key_id: str, actor: AccessState) -> Confirmation:
        """Record that an access key is good no more. Refused."""
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: rules.judge_revocation(key_id, ledger, who, now),
            lambda ledger, who, now: make_record.build_revocation(key_id, ledger, who.key_id, now),
        )

    def _take_apart(self, req: RegistrationRequest) -> tuple[Facts | None, list[Finding], int]:
        now_ms = self._clock()
        facts, found = rules.facts(
            req,
            self._identity.name,
            now_ms,
            lambda challenge: self._challenges.judge(challenge, now_ms),
            self._offline_days,
        )
        return facts, found, now_ms

    def _repeated_or_refused(
        self,
        req: RegistrationRequest,
        facts: Facts,
        found: list[Finding],
        actor: AccessState,
        now_ms: int,
    ) -> Confirmation:
        """A proof that is too old by now may have been recorded when it was not."""
        with self._database.read() as connection:
            entry = registered_before(connection, req, facts)
            if entry is None:
                # If it is this computer's clock that is wrong, the module is not to blame.
                self._check_clock(connection, log.read_size(connection))
                ledger = SqlLedger(connection)
                raise Refused([*found, *rules.check_against_registry(facts, ledger, actor, now_ms)])
        return self._confirm(_Recorded(entry))

    def _record_at_evse(
        self, req: EvseRequest, actor: AccessState, judge: Judge, build: Build
    ) -> Confirmation:
        return self._record(
            actor,
            self._clock(),
            judge,
            build,
            lambda connection: recorded_last(connection, req, actor),
        )

    def _record(
        self,
        actor: AccessState,
        now_ms: int,
        judge: Judge,
        build: Build,
        find_repeat: FindRepeat = lambda _connection: None,
    ) -> Confirmation:
        """Judge and record with the log's head locked; confirm when that is on the disk.

        ClockWrong if the time of the record would not be true.
        """
        with self._database.write() as connection:
            head = log.lock_head(connection)
            repeated = find_repeat(connection)
            if repeated is not None:
                done = _Recorded(repeated)
            else:
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
                done = _Recorded(number, record, proof, head.root())
        return self._confirm(done)

    def _confirm(self, done: _Recorded) -> Confirmation:
        if done.record is None or done.proof is None:
            return self._confirm_again(done.number)
        publication = self._publication(
            leaf_of(done.record), done.number, done.proof, done.number + 1, done.root
        )
        return Confirmation(entry=done.number, unix_ms=done.record.unix_ms, publication=publication)

    def _confirm_again(self, number: int) -> Confirmation:
        with self._database.read() as connection:
            record = log.read_one_record(connection, number)
        publication: PublicationAnswer = self.publication(number)
        return Confirmation(
            entry=number, unix_ms=record.unix_ms, publication=publication, repeated=True
        )
