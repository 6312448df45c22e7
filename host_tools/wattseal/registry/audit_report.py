"""What an audit of a registry tells: its findings, each with a code that stays, and the sums."""

from __future__ import annotations

from wattseal.registry.records import Model

MAX_FINDINGS = 100
"""An audit that has found so many stops: more would say nothing new."""

SENTENCES = {
    # Whose log it is.
    "key_changed": "The registry shows other keys than {source}.",
    "name_differs": "The checkpoint is of the log {found}, the registry calls itself {expected}.",
    "checkpoint_broken": "The checkpoint does not hold: {cause}.",
    # The log against what was seen of it before.
    "log_shrank": "The log has {found} entries, and had {expected} at the last audit.",
    "history_rewritten": "The first {size} entries are not those of the last audit.",
    # The log against itself.
    "not_served": "The registry does not serve what its log must have: {cause}.",
    "entry_differs": "The bundle of entries has another entry than the list of records.",
    "leaf_hash_wrong": "The tile has another hash than that of the entry.",
    "node_wrong": "Hash {number} of level {level} is not the root of the hashes below it.",
    "root_wrong": "The checkpoint's root is not that of the entries.",
    # The records against the log, the rules and the tables.
    "record_unreadable": "The record cannot be read: {cause}.",
    "record_differs": "The log's entry commits to another record.",
    "time_went_back": "The record is older than the one before it.",
    "time_in_future": "The record's time is later than this computer's clock.",
    "rule_broken": "The record should have been refused: {sentence} [{code}]",
    "state_wrong": "The registry's tables have another state than the record leads to: {what}.",
}


class Finding(Model):
    """Something that is not as it must be; `entry` None where it is about the whole log."""

    code: str
    entry: int | None
    sentence: str


def make_finding(finding: str, entry: int | None = None, /, **values: object) -> Finding:
    """A finding by its code; `values` fill the blanks of its sentence."""
    return Finding(code=finding, entry=entry, sentence=SENTENCES[finding].format(**values))


class AuditReport(Model):
    """What was audited, and what was found.

    `complete` False: the audit stopped before the end, for what the last finding says. `compared`:
    size of the earlier checkpoint that the log was shown to have grown from; None without one.
    """

    name: str
    vkey: str
    registry_key: str
    size: int
    root: str
    checkpoint: str
    compared: int | None
    records: dict[str, int]
    complete: bool
    findings: list[Finding]

    @property
    def is_sound(self) -> bool:
        """Whether everything was looked at and nothing was found."""
        return self.complete and not self.findings


class Findings:
    """Collects findings; raises EnoughFoundError with the last one that it takes."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, finding: str, entry: int | None = None, **values: object) -> None:
        """Note a finding by its code; `values` fill the blanks of its sentence."""
        self.take(make_finding(finding, entry, **values))

    def take(self, finding: Finding) -> None:
        """Note a finding that was made elsewhere."""
        self.found.append(finding)
        if len(self.found) >= MAX_FINDINGS:
            raise EnoughFoundError


class EnoughFoundError(Exception):
    """The audit need not go on."""
