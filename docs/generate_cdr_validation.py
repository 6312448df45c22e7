"""Writes docs/cdr-validation.md from its template and the tables that the validation answers from.

    python docs/generate_cdr_validation.py [--check]

With --check nothing is written; exit status 1 says that the file is not up to date.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host_tools"))

from wattseal.cdr.findings import EXPLAINED_BY, TABLE, VERIFICATION  # noqa: E402
from wattseal.common.findings import Severity  # noqa: E402
from wattseal.common.sentences import read_sentences  # noqa: E402

PAGE = HERE / "cdr-validation.md"
TEMPLATE = HERE / "templates" / "cdr-validation.md"


def page() -> str:
    """The page's text."""
    text = TEMPLATE.read_text()
    for name, table in _tables().items():
        text = text.replace("{" + name + "}", table)
    return text


def _tables() -> dict[str, str]:
    findings = [
        (f"`{code}`", told.severity, _shown(told.en), _shown(told.de))
        for code, told in read_sentences(TABLE).items()
    ]
    explained = [(f"`{code}`", _codes(sorted(causes))) for code, causes in EXPLAINED_BY.items()]
    verification = read_sentences(VERIFICATION).items()
    by_effect = {
        effect: [code for code, told in verification if told.in_cdr == effect]
        for effect in Severity
    }
    effects = [(effect.value, _codes(codes)) for effect, codes in by_effect.items() if codes]
    elsewhere = [
        (f"`{code}`", told.instead_in_cdr) for code, told in verification if told.instead_in_cdr
    ]
    return {
        "findings": _table(("code", "effect", "English", "German"), findings),
        "explained": _table(("finding", "left out beside"), explained),
        "effects": _table(("effect", "codes"), effects),
        "elsewhere": _table(("code", "in its place"), elsewhere),
    }


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [" | ".join(head), "|".join(["---"] * len(head)), *(" | ".join(row) for row in rows)]
    return "\n".join(
        f"|{line}|" if number == 1 else f"| {line} |" for number, line in enumerate(lines)
    )


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _shown(text: str) -> str:
    """Stars of EVSE-IDs are no emphasis."""
    return text.replace("*", "\\*")


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
