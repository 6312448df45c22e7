"""Everything that can speak against a request, with what to do about it: registry.toml.

A code is never given a second meaning; the rule that finds it is tested under its name.
"""

from __future__ import annotations

from wattseal.common.findings import Finding, make_finding

TABLE = "registry"


def reason(code: str, **values: str | int | None) -> Finding:
    """A finding of the table; TypeError unless the values are those that it has blanks for."""
    return make_finding(TABLE, code, values)
