"""A signed value on its way from the file to its report."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattseal.verify.codes import Code, Severity
from wattseal.verify.findings import Finding
from wattseal.verify.record import Record
from wattseal.verify.signature_check import KeyRing
from wattseal.verify.signed_value import SignedValue


@dataclass
class JudgedValue:
    """Value number `number` of a file; `record` is None if its text is no OCMF record."""

    number: int
    value: SignedValue
    record: Record | None = None
    ring: KeyRing = field(default_factory=KeyRing)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_authentic(self) -> bool:
        """Whether the record is what the judging key's owner signed."""
        return Severity.ERROR not in [finding.severity for finding in self.findings]

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier value is the same word for word."""
        return self.has(Code.RECORD_REPEATED)

    def has(self, code: Code) -> bool:
        """Whether the code was found."""
        return code in [finding.code for finding in self.findings]
