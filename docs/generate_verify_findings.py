"""Writes docs/verify-findings.md from the tables that the verification answers from.

    python docs/generate_verify_findings.py [--check]

With --check nothing is written; exit status 1 says that the file is not up to date.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host_tools"))

from wattseal.common.findings import Severity  # noqa: E402
from wattseal.common.sentences import read_sentences  # noqa: E402
from wattseal.ocmf.findings import TABLE  # noqa: E402

PAGE = HERE / "verify-findings.md"

_HEAD = """\
# Findings

What a verification of OCMF records can find, in the order of importance. This page is generated \
from the tables that `wattseal verify` answers from; change those and run \
`docs/generate_verify_findings.py`. Each code has one meaning for ever. In braces are the values, \
which `--json` has one by one under `values`: where two things disagree they are `expected` and \
`found`, or `begin` and `end`; `reading` is `begin` or `end`. `--language de` says the German \
sentence, the JSON the English one.
"""

_PARTS = (
    (
        "Unreadable",
        "There was nothing to judge, or it could not be: verdict `unreadable`, exit status 2.",
        lambda told: told.is_unreadable,
    ),
    (
        "Errors",
        "The records or their transaction are not verified: verdict `not_verified`, exit status 1.",
        lambda told: told.severity == Severity.ERROR and not told.is_unreadable,
    ),
    (
        "Warnings",
        "The verdict stands; whoever bills by the records should know.",
        lambda told: told.severity == Severity.WARNING,
    ),
)


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    for title, words, belongs in _PARTS:
        rows = [
            f"| `{code}` | {_shown(told.en)} | {_shown(told.de)} |"
            for code, told in read_sentences(TABLE).items()
            if belongs(told)
        ]
        head = ["| code | English | German |", "|---|---|---|"]
        parts.append("\n".join(["", f"## {title}", "", words, "", *head, *rows, ""]))
    return "".join(parts)


def _shown(template: str) -> str:
    """The blanks without what is for the program."""
    return re.sub(r"\{(\w+):word\}", r"{\1}", template)


def main() -> int:
    """Write the page, or check that it is up to date."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page())
        return 0
    if not PAGE.exists() or PAGE.read_text() != page():
        print(f"{PAGE.name} is not up to date: run docs/{Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
