"""Writes docs/link-protocol.md from the tables that both ends of the link run.

    python docs/generate_link_protocol.py [--check]

With --check nothing is written; exit status 1 says that the file is not up to date.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "firmware"))

from wire import messages, strict_json  # noqa: E402
from wire.errors import ERRORS  # noqa: E402
from wire.methods import METHODS  # noqa: E402
from wire.schema import limit_in_words  # noqa: E402

PAGE = HERE / "link-protocol.md"

_HEAD = """\
# Link protocol

Version {version}. This page is generated from the tables that both ends run \
(`firmware/wire/methods.py`, `errors.py`); change those and run `docs/generate_link_protocol.py`.

The module listens on USB or on its link UART. It speaks only when asked: one line in, one line \
out. A host on USB that has dropped a reply by closing the port may find a piece of it, ended by a \
line feed, when it opens it again.

## Frames

    {frame}

- One JSON object, one blank, the CRC-32 (that of zlib) of the JSON bytes as eight lowercase \
hexadecimal digits, one line feed. A carriage return before the line feed is tolerated.
- Printable ASCII only. At most {max_line} bytes, line feed included.
- Integers within +-(2^53-1); no fractions, no exponents. Each key once. At most {max_depth} \
levels of nesting.
- Every line gets exactly one reply, an empty or broken one too; only a line that is itself a \
reply (an echo) is ignored. A line that is too long is \
answered as soon as it is, and the rest of it is dropped. The module finds its way back at each \
line feed.
- Over a UART bytes can be lost: the RP2040 hears 32 of them and no more while it erases a sector \
of its flash, 45 ms as a rule and at most 400. It erases within a request, where a host waits for \
the reply, and ahead of need when nothing has come for a second. A request that comes just then \
is not carried out, and answered by `parse_error` or not at all; then the line after it, which \
continues what has arrived, may get `parse_error` too. A host repeats such a request up to three \
times; before it repeats what must not be done twice (`begin`, `intermediate`, `end`) it looks in \
`status` whether the next pagination has changed. The tools here do so. Over USB bytes wait instead.

## Messages

JSON-RPC 2.0 without batches and notifications: `jsonrpc` is "2.0", `id` an integer or a text of \
at most {max_id} characters, `method` one of those below, `params` an object that may be left out \
where the method needs none.

    {request}
    {reply}

An error names its cause for programs (`name`), says what happened (`message`) and what to do \
(`remedy`), and gives the facts of the case (`detail`). Its id is null if the request had none \
that could be used.

    {error}

## Methods
"""

_STATES = ("blank", "unregistered", "operational", "fault")


def page() -> str:
    """The whole page."""
    head = _HEAD.format(
        version=messages.PROTOCOL_VERSION,
        max_line=messages.MAX_LINE_BYTES,
        max_depth=strict_json.MAX_DEPTH,
        max_id=messages.MAX_ID_CHARACTERS,
        frame=_line(messages.request(1, "release", {"through": 8})),
        request=_line(messages.request(2, "records", {"from": 9})),
        reply=_line(messages.result(2, {"records": [], "next": None})),
        error=_line(messages.error(3, messages.WattsealError("no_session"))),
    )
    parts = [head]
    parts += [_method(row) for row in METHODS]
    parts.append(_errors())
    return "\n".join(parts)


def _line(message: dict) -> str:
    return messages.encode(message).decode().rstrip("\n")


def _method(row: tuple) -> str:
    name, states, session, sentence, params, results = row
    lines = [f"### {name}\n", f"{sentence} {_allowed(states, session)}".rstrip() + "\n"]
    lines += _table("param", params) or ["No params.\n"]
    lines += _table("result", results)
    return "\n".join(lines)


def _allowed(states: tuple, session: str) -> str:
    when = "" if states == _STATES else f"Only in state {' or '.join(states)}. "
    return (
        when
        + {
            "any": "",
            "open": "Only while a session is open.",
            "closed": "Not while a session is open.",
        }[session]
    )


def _table(title: str, rows: tuple) -> list[str]:
    if not rows:
        return []
    lines = [f"| {title} | | value | meaning |", "|---|---|---|---|"]
    return lines + _rows(rows, "") + [""]


def _rows(rows: tuple, prefix: str) -> list[str]:
    """Table lines of the rows and of what is nested in them."""
    lines = []
    for row in rows:
        name, kind, bounds, presence, sentence = row
        lines.append(
            f"| `{prefix}{name}` | {presence} | {_escaped(limit_in_words(row))} "
            f"| {_escaped(sentence)} |"
        )
        if kind == "object":
            lines += _rows(bounds, f"{prefix}{name}.")
        if kind == "list" and bounds[1][1] == "object":
            lines += _rows(bounds[1][2], f"{prefix}{name}[].")
    return lines


def _errors() -> str:
    lines = ["## Errors\n", "| code | name | what happened | what to do |", "|---|---|---|---|"]
    lines += [
        f"| {code} | `{name}` | {_escaped(sentence)} | {_escaped(remedy)} |"
        for code, name, sentence, remedy in ERRORS
    ]
    lines.append("\n`parse_error` and `invalid_request` tell in `detail.reason`:\n")
    lines += [f"- `{reason}`: {words}" for reason, words in messages.REASONS.items()]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date."""
    text = page()
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text(encoding="ascii") == text:
            return 0
        print(f"{PAGE} is not up to date; run {Path(__file__).name}", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
