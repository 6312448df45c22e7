"""The registry: judges what it is asked, records it, and confirms it once it is published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from wattseal.computer_clock import unix_ms_now
from wattseal.registry import access_keys, building, log_store, plausibility
from wattseal.registry.challenges import Challenges
from wattseal.registry.clocks import ServerClock, server_unix_ms
from wattseal.registry.database import Database
from wattseal.registry.failures import Refused
from wattseal.registry.identity import Identity
from wattseal.registry.leaf import leaf_of
from wattseal.registry.plausibility.facts import Facts
from wattseal.registry.plausibility.limits import OFFLINE_DAYS
from wattseal.registry.questions import Questions
from wattseal.registry.records import Record
from wattseal.registry.repeats import EvseRequest, charged_before, recorded_last, registered_before
from wattseal.registry.requests import (
    AccessRequest,
    AccessState,
    Challenge,
    Confirmation,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
    PublicationAnswer,
    Reason,
    RegistrationRequest,
    TestChargeRequest,
)
from wattseal.registry.sql_ledger import SqlLedger

Judge = Callable[[SqlLedger, AccessState, int], list[Reason]]
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
            return access_keys.authenticate(access_key, SqlLedger(connection), self._clock())

    def judge(self, req: RegistrationRequest, actor: AccessState) -> list[Reason]:
        """Everything that speaks against a registration; nothing is written."""
        facts, found, now_ms = self._take_apart(req)
        if facts is None:
            return found
        with self._database.read() as connection:
            if registered_before(connection, req, facts) is not None:
                return []
            self._check_clock(connection, log_store.read_size(connection))
            return [*found, *plausibility.against(facts, SqlLedger(connection), actor, now_ms)]

    def register(self, req: RegistrationRequest, actor: AccessState) -> Confirmation:
        """Record that a key signs for a charge point from now on. Refused.

        What can be judged without the log's head is judged before it is locked.
        """
        facts, found, now_ms = self._take_apart(req)
        if facts is None:
            raise Refused(found)
        if found:
            return self._repeated_or_refused(req, facts, found, actor, now_ms)
        remarks: list[Reason] = []

        def judge(ledger: SqlLedger, actor: AccessState, now_ms: int) -> list[Reason]:
            return plausibility.against(facts, ledger, actor, now_ms)

        def build(ledger: SqlLedger, actor: AccessState, now_ms: int) -> Record:
            remarks.extend(plausibility.remarks(facts, ledger))
            return building.build(facts, ledger, actor, now_ms)

        def repeat(connection: Connection) -> int | None:
            return registered_before(connection, req, facts)

        confirmation = self._record(actor, now_ms, judge, build, repeat)
        return confirmation.model_copy(update={"remarks": remarks})

    def deactivate(self, req: DeactivationRequest, actor: AccessState) -> Confirmation:
        """Record that a charge point's key signs no more. Refused."""
        return self._record_at_evse(
            req,
            actor,
            lambda ledger, who, now: plausibility.judge_deactivation(req, ledger, who, now),
            lambda ledger, who, now: building.build_deactivation(req, ledger, who, now),
        )

    def exchange_hardware(self, req: HardwareExchangeRequest, actor: AccessState) -> Confirmation:
        """Record that the station around a meter was exchanged. Refused."""
        return self._record_at_evse(
            req,
            actor,
            lambda ledger, who, now: plausibility.judge_hardware_exchange(req, ledger, who, now),
            lambda _ledger, who, now: building.build_hardware_exchange(req, who, now),
        )

    def keep_test_charge(self, req: TestChargeRequest, actor: AccessState) -> Confirmation:
        """Record the session that was charged after commissioning; each is kept once. Refused."""
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: plausibility.judge_test_charge(req, ledger, who, now),
            lambda ledger, who, now: building.build_test_charge(req, ledger, who, now),
            lambda connection: charged_before(connection, req),
        )

    def consent(self, req: ConsentRequest, actor: AccessState) -> Confirmation:
        """Record that another operator may take a charge point over. Refused."""
        return self._record(
            actor,
            self._clock(),
            lambda ledger, who, now: plausibility.judge_consent(req, ledger, who, now),
            lambda ledger, who, now: building.build_consent(req, ledger, who, now),
        )

    def grant(self, req: AccessRequest, actor: AccessState) -> Confirmation:
        """Make an access key; the answer alone tells it. Refused."""
        key = access_keys.make_key()
        confirmation = self._record(
            actor,
            self._clock(),
            lambda _ledger, who, now: plausibility.judge_access(req, who, now),
            lambda _ledger, who, now: building.build_access(
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
            lambda ledger, who, now: plausibility.judge_revocation(key_id, ledger, who, now),
            lambda ledger, who, now: building.build_revocation(key_id, ledger, who.key_id, now),
        )

    def _take_apart(self, req: RegistrationRequest) -> tuple[Facts | None, list[Reason], int]:
        now_ms = self._clock()
        facts, found = plausibility.facts(
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
        found: list[Reason],
        actor: AccessState,
        now_ms: int,
    ) -> Confirmation:
        """A proof that is too old by now may have been recorded when it was not."""
        with self._database.read() as connection:
            entry = registered_before(connection, req, facts)
            if entry is None:
                # If it is this computer's clock that is wrong, the module is not to blame.
                self._check_clock(connection, log_store.read_size(connection))
                ledger = SqlLedger(connection)
                raise Refused([*found, *plausibility.against(facts, ledger, actor, now_ms)])
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
            head = log_store.lock_head(connection)
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
                log_store.append(connection, head, record)
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
            record = log_store.read_one_record(connection, number)
        publication: PublicationAnswer = self.publication(number)
        return Confirmation(
            entry=number, unix_ms=record.unix_ms, publication=publication, repeated=True
        )
