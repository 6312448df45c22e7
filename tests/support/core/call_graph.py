"""Worst-case stack use: of C from what gcc writes with -fcallgraph-info=su, of assembler from its
text.
"""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
SIZE = re.compile(r"(\d+) bytes \((static|dynamic(?:,bounded)?)\)")
INDIRECT = "__indirect_call"

# Who can be behind a call through a pointer, by the file of the caller. The port's functions
# behind ws_storage and ws_entropy_source are the port's to count.
BEHIND_POINTERS = {
    "hmac.c": r"br_sha256_\w+",
    "ws_self_test.c": r"test_\w+",
    "ws_entropy.c": r"(?!)",
    "ws_key_slot.c": r"(?!)",
}


LABEL = re.compile(r"(\w+):")
PUSH = re.compile(r"(push|pop) \{(.*)\}")
MOVE_SP = re.compile(r"(sub|add) sp, (?:sp, )?#(\d+)")


def registers_in(names: str) -> int:
    """How many registers a list such as `r4-r7, lr` names."""
    ends = [part.strip().split("-") for part in names.split(",")]
    return sum(int(last[-1][1:]) - int(last[0][1:]) + 1 if last[1:] else 1 for last in ends)


def bytes_taken(line: str) -> int:
    """By how much an instruction moves the stack pointer down."""
    push, move = PUSH.fullmatch(line), MOVE_SP.fullmatch(line)
    if push:
        return 4 * registers_in(push[2]) * (1 if push[1] == "push" else -1)
    if move:
        return int(move[2]) * (1 if move[1] == "sub" else -1)
    assert not re.match(r"\w+ sp\b", line), f"not known what this does to sp: {line}"
    return 0


class CallGraph:
    """Functions of all `.ci` files of a folder: their frames in bytes, and whom they call.

    assembler: text of functions that take what they need at their beginning, and loops that give
    back what they take.
    """

    def __init__(self, folder: Path, assembler: str = "") -> None:
        self.frames: dict[str, int] = {}
        self.calls: defaultdict[str, set[str]] = defaultdict(set)
        self.files: dict[str, str] = {}
        for path in folder.glob("*.ci"):
            text = path.read_text()
            for title, label in NODE.findall(text):
                size = SIZE.search(label)
                if size:
                    assert size[2] == "static", f"{title} has a frame without a bound"
                    self.frames[title] = int(size[1])
                    self.files[title] = path.stem + ".c"
            for source, target in EDGE.findall(text):
                self.calls[source].add(target)
        self._read_assembler(assembler)
        self.depth = cache(self._depth)

    def _read_assembler(self, text: str) -> None:
        function, taken = "", 0
        for line in map(str.strip, text.splitlines()):
            label = LABEL.fullmatch(line)
            if label:
                function, taken = label[1], 0
                self.frames[function] = 0
            taken += bytes_taken(line)
            if function:
                self.frames[function] = max(self.frames[function], taken)
            if line.startswith("bl "):
                self.calls[function].add(line.split()[1])

    def _behind_pointers(self, caller: str) -> set[str]:
        pattern = BEHIND_POINTERS[self.files[caller]]
        return {name for name in self.frames if re.fullmatch(pattern, name.split(":")[-1])}

    def callees(self, caller: str) -> set[str]:
        """Whom a function calls, calls through pointers included."""
        called = self.calls[caller]
        if INDIRECT in called:
            called = called - {INDIRECT} | self._behind_pointers(caller)
        return called

    def _depth(self, function: str, without: str | None = None) -> int:
        """Bytes of stack that a call of the function takes at most; `without` counts as nothing.

        There is no recursion in the core: it would never end here.
        """
        if function == without:
            return 0
        below = (self.depth(callee, without) for callee in self.callees(function))
        return self.frames.get(function, 0) + max(below, default=0)

    def depth_below(self, function: str, without: str) -> int:
        """Bytes of stack that the calls of a function take, those of `without` left out."""
        return self.depth(function, without) - self.frames[function]
