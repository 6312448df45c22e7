"""The registry's rules at work on a ledger in memory: no log, no database, no keys of access.

Every record that it makes is judged again as an auditor would, and written and read as text, so
each test of a rule is one of the replay too.
"""

from __future__ import annotations

from wattseal.common.findings import Finding
from wattseal.registry import make_record, rules
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    RegistrationRequest,
    RequestAboutEvse,
)
from wattseal.registry.failures import Refused
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import (
    Record,
    Registration,
    Scenario,
    leaf_of,
    read_record,
    record_text,
)
from wattseal.registry.replay import judge_record
from wattseal.registry.rules.proof import CHALLENGE_MS
from wattseal.registry.states import states_of

from support.registry.simulated_module import START_MS, SimulatedModule, digest

NAME = "registry.example/keys"


class Recorder:
    """Holds the administrator's and two operators' access keys: `administrator`, `abc`, `xyz`."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms
        self.ledger = MemoryLedger()
        self.records: list[Record] = []
        self.remarks: list[Finding] = []
        self._challenges: dict[str, int] = {}
        self.administrator = self._grant("administrator", "administrator")
        self.abc = self._grant("abc", "cpo", "DE*ABC", "+49*823")
        self.xyz = self._grant("xyz", "cpo", "de-xyz")

    @property
    def last(self) -> Record:
        """The newest record."""
        return self.records[-1]

    def wait(self, milliseconds: int = 60_000) -> None:
        """Time passes."""
        self.now_ms += milliseconds

    def challenge(self) -> str:
        """A fresh one."""
        made = digest(f"challenge {len(self._challenges)}")
        self._challenges[made] = self.now_ms + CHALLENGE_MS
        return made

    def request(
        self, module: SimulatedModule, scenario: str = "initial", **changes: object
    ) -> RegistrationRequest:
        """What a technician sends now for that module, whose clock is right."""
        module.clock_ms = self.now_ms
        return module.registration(self.challenge(), scenario, **changes)

    def judge(
        self, req: RegistrationRequest, actor: AccessState | None = None, offline_days: int = 30
    ) -> list[Finding]:
        """Everything that speaks against a registration."""
        facts, found = rules.facts(req, NAME, self.now_ms, self._check, offline_days)
        if facts is None:
            return found
        return found + rules.check_against_registry(
            facts, self.ledger, actor or self.abc, self.now_ms
        )

    def register(self, req: RegistrationRequest, actor: AccessState | None = None) -> Registration:
        """Record it. Refused if anything speaks against it."""
        _refuse(self.judge(req, actor))
        facts, _ = rules.facts(req, NAME, self.now_ms, self._check)
        assert facts is not None
        self.remarks = list(rules.remarks(facts, self.ledger))
        record = make_record.build(facts, self.ledger, actor or self.abc, self.now_ms)
        self._append(record)
        return record

    def commission(
        self, module: SimulatedModule, scenario: str = "initial", actor: AccessState | None = None
    ) -> Registration:
        """A minute later, prove and register."""
        self.wait()
        return self.register(self.request(module, scenario), actor)

    def record(self, req: RequestAboutEvse, actor: AccessState | None = None) -> None:
        """Deactivate, exchange, consent or keep. Refused if anything speaks against it."""
        by = actor or self.abc
        _refuse(rules.judge(req, self.ledger, by, self.now_ms))
        self._append(make_record.build_about_evse(req, self.ledger, by, self.now_ms))

    deactivate = exchange = consent = keep = record

    def grant(self, req: AccessRequest, actor: AccessState, name: str = "another") -> AccessState:
        _refuse(rules.judge_access(req, actor, self.now_ms))
        return self._granted(req, actor.key_id, name)

    def revoke(self, key_id: str, actor: AccessState) -> None:
        _refuse(rules.judge_revocation(key_id, self.ledger, actor, self.now_ms))
        record = make_record.build_revocation(key_id, self.ledger, actor.key_id, self.now_ms)
        self._append(record)

    def _grant(self, name: str, role: str, *operators: str) -> AccessState:
        req = AccessRequest.model_validate(
            {"role": role, "operators": list(operators), "label": name, "days": None}
        )
        return self._granted(req, "registry", name)

    def _granted(self, req: AccessRequest, actor_id: str, name: str) -> AccessState:
        key_id = "".join("abcdefghijklmnop"[int(digit, 16)] for digit in digest(name)[:12])
        self._append(make_record.build_access(req, actor_id, self.now_ms, key_id, digest(name)))
        state = self.ledger.access(key_id)
        assert state is not None
        return state

    def _append(self, record: Record) -> None:
        assert judge_record(record, self.ledger) == []
        assert read_record(record_text(record)) == record
        assert leaf_of(record)
        self.ledger.apply(states_of(len(self.records), record))
        self.records.append(record)

    def _check(self, challenge: str) -> str:
        until = self._challenges.get(challenge)
        if until is None:
            return "unknown"
        return "good" if self.now_ms <= until else "expired"


def _refuse(found: list[Finding]) -> None:
    if found:
        raise Refused(found)


def codes(found: list[Finding]) -> list[str]:
    """The codes alone."""
    return [one.code for one in found]


ALL_SCENARIOS = [scenario.value for scenario in Scenario]
