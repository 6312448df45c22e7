"""What came of a run, in numbers."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict


class Summary(BaseModel):
    """cdrs: results. unchecked: billable or not, there was nothing signed. doubts: CDRs that cast
    doubt on earlier sessions. codes: finding -> number of CDRs that have it."""

    model_config = ConfigDict(frozen=True)

    cdrs: int
    billable: int
    not_billable: int
    unchecked: int
    doubts: int
    codes: dict[str, int]


def summary_of(counts: Counter[str]) -> Summary:
    """From what judging.count has counted."""
    codes = {key.removeprefix("code:"): n for key, n in counts.items() if key.startswith("code:")}
    billable, refused = counts["verdict:billable"], counts["verdict:not_billable"]
    return Summary(
        cdrs=billable + refused,
        billable=billable,
        not_billable=refused,
        unchecked=counts["unchecked:"],
        doubts=counts["doubt:"],
        codes={
            code: codes[code] for code in sorted(codes, key=lambda c: (-codes[c], c)) if codes[code]
        },
    )
