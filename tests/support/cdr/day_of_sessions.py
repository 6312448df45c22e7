"""Sessions of modules as a store is told of them: good ones, to be spoiled one at a time."""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec.structs import replace
from wattseal.cdr.findings import SessionFacts
from wattseal.cdr.history.rows import Session, new_rows
from wattseal.cdr.history.store import SeenSessions
from wattseal.cdr.rules import Rules

CPO, MSP = Rules(side="cpo"), Rules(side="msp")
BEGAN_MS = 1_795_000_000_000
HOUR_MS = 3_600_000


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def session(number: int, module: str = "M", row: int | None = None, **changes: Any) -> Session:
    """The session of that number (from 0) of a module: two records, 1 kWh, an hour."""
    first = 2 * number + 1
    facts = {
        "key_fingerprint": sha(module),
        "meter_serial": f"meter of {module}",
        "register_code": "01-00:98.08.00*FF",
        "context": "T",
        "paginations": (first, first + 1),
        "begin_wh": f"{1000 * number}.0",
        "end_wh": f"{1000 * number + 1000}.0",
        "begin_ms": BEGAN_MS + 2 * number * HOUR_MS,
        "end_ms": BEGAN_MS + (2 * number + 1) * HOUR_MS,
        "time_is_good": True,
        "content": sha(f"{module} {number}"),
    }
    of_session = {name: changes.pop(name) for name in list(changes) if name not in facts}
    return replace(
        Session(
            row=number if row is None else row,
            cdr=f"DE*ABC*{module}-{number}",
            credited=None,
            is_billable=True,
            facts=SessionFacts(**facts | changes),
        ),
        **of_session,
    )


def told(
    store: SeenSessions, *sessions: Session, rules: Rules = CPO, name: str | None = None
) -> dict[str, list[str]]:
    """What a run of these sessions finds: name of the CDR -> codes; nothing of good ones."""
    run = store.begin(name or sha(repr(sessions)))
    numbered = [replace(each, row=row) for row, each in enumerate(sessions, 1)]
    names = {each.row: each.cdr for each in numbered}
    store.add(run, new_rows(numbered))
    store.compare(run, rules)
    found: dict[str, list[str]] = {}
    for row, finding in store.findings(run):
        found.setdefault(names[row], []).append(finding.code)
    return found
