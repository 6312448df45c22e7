"""How the registry says no: names, each with what happened and what to do.

What speaks against a request is told by findings instead, all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattseal.common.sentences import read_sentences

if TYPE_CHECKING:
    from wattseal.common.findings import Finding

TABLE = "registry_failures"


class RegistryError(Exception):
    """`name` for programs, `sentence` and `remedy` for people, `detail` what fills the blanks.

    `status`: of the answer over HTTP. `table`: the sentences that the names are looked up in.
    """

    table = TABLE

    def __init__(self, name: str, /, **detail: str | int) -> None:
        told = read_sentences(self.table)[name]
        super().__init__(name)
        self.name = name
        self.status = told.status
        self.sentence = told.en.format(**detail)
        self.remedy = told.remedy.format(**detail)
        self.detail = dict(detail)

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}"


class AccessError(RegistryError):
    """Names `access_...`: the access key is none, is good no more, or may not do this."""


class NotFound(RegistryError):  # noqa: N818
    """Names `not_found`, `not_in_log`."""


class StateBroken(RegistryError):  # noqa: N818
    """Name `state_broken`: what is stored contradicts itself, so it is not served."""


class ClockWrong(RegistryError):  # noqa: N818
    """Names `clock_...`: no record can be made, for its time would not be true."""


class Refused(Exception):  # noqa: N818
    """The registry does not record this; `reasons` says all that speaks against it."""

    def __init__(self, reasons: list[Finding]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons
