"""Writes docs/registry-reasons.md from the tables that the registry answers from.

    python docs/generate_registry_reasons.py [--check]

With --check nothing is written; exit status 1 says that the file is not up to date.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host_tools"))

from wattseal.common.sentences import read_sentences  # noqa: E402
from wattseal.registry import failures  # noqa: E402
from wattseal.registry.rules import eligibility, reasons  # noqa: E402

PAGE = HERE / "registry-reasons.md"

_HEAD = """\
# Reasons

Why the registry did not record something, or did but wants it looked at. This page is generated \
from the tables that the registry answers from; change those and run \
`docs/generate_registry_reasons.py`. Each code has one meaning for ever and a test of its name; \
in braces are the values, which an answer also has one by one.
"""

_PARTS = (
    (
        "Requests",
        "`reasons` of a refused request (status 422, or 403 where it is about whose station it "
        "is), all that were found. `meter_model_changed`, `module_model_changed` and "
        "`register_map_changed` are remarks: the request was recorded. Those about a record come "
        "from an audit.",
        reasons.TABLE,
    ),
    (
        "Publication gate",
        "`reasons` of a charge point that may not be published as compliant with calibration law "
        "and may not charge.",
        eligibility.TABLE,
    ),
    ("Failures", "`error.name` of every other answer that is none.", failures.TABLE),
)


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    for title, words, table in _PARTS:
        rows = [
            f"| `{code}` | {_shown(told.en)} | {_shown(told.remedy)} |"
            for code, told in read_sentences(table).items()
        ]
        head = ["| code | what it says | what to do |", "|---|---|---|"]
        parts.append("\n".join(["", f"## {title}", "", words, "", *head, *rows, ""]))
    return "".join(parts)


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
