"""The core's JSON writer beside the interpreter's own, in the program built with sanitizers."""

from collections.abc import Callable

# Linear congruential numbers, so that a failure can be repeated.
SCRIPT = """
import json
from _wattseal import json_text

state = 1


def below(limit):
    global state
    state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return (state >> 8) % limit


INTEGERS = (0, -1, 1 << 30, -(1 << 30), (1 << 31) + 5, (1 << 53) - 1, 1 - (1 << 53))
REFUSED = (1 << 53, -(1 << 53), 1 << 70, -(1 << 70), 1.5, b"bytes", "\\x7f", "a\\xfc", {1: 2},
           {"a\\xe4": 1}, {1}, object(), Ellipsis, float("nan"))


def text():
    return "".join(chr(below(0x7F)) for _ in range(below(40) * below(8)))


def value(depth):
    kind = below(10 if depth else 6)
    if kind < 3:
        return text()
    if kind == 3:
        return (None, True, False)[below(3)]
    if kind < 6:
        return INTEGERS[below(len(INTEGERS))]
    items = [value(depth - 1) for _ in range(below(5))]
    if kind < 8:
        return {text(): item for item in items}
    return tuple(items) if kind == 8 else items


def within(item, at):
    return [item, 1] if at == 0 else (None, item) if at == 1 else {"b": 1, "a": item}


written = refused = 0
for _ in range(2000):
    made = value(6)
    assert json_text(made) == json.dumps(made, separators=(",", ":")).encode(), made
    written += 1
for wrong in REFUSED:
    for depth in range(6):
        assert json_text(wrong) is None, wrong
        wrong = within(wrong, below(3))
        refused += 1
endless = []
endless.append(endless)
deep = [[[[[["six"]]]]]]
assert json_text(endless) is json_text([deep]) is json_text({"a": deep}) is None
print(written, refused, json_text(deep))
"""


def test_it_writes_what_the_interpreter_writes_and_refuses_what_the_link_cannot_carry(
    run_sanitized: Callable[[str], str],
) -> None:
    assert run_sanitized(SCRIPT) == "2000 84 b'[[[[[[\"six\"]]]]]]'"
