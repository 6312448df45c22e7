"""Worst-case stack use, from what gcc writes with -fcallgraph-info=su."""

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
    "ec_keygen.c": r"api_order|br_hmac_drbg_generate",
    "ecdsa_i15_sign_raw.c": r"api_mulgen",
    "ecdsa_i15_vrfy_raw.c": r"api_muladd",
    "ws_ecdsa.c": r"api_(order|muladd)",
    "ws_p256.c": r"api_(order|mul|mulgen)",
    "ws_self_test.c": r"test_\w+",
    "ws_entropy.c": r"(?!)",
    "ws_key_slot.c": r"(?!)",
}


class CallGraph:
    """Functions of all `.ci` files of a folder: their frames in bytes, and whom they call."""

    def __init__(self, folder: Path) -> None:
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
        self.depth = cache(self._depth)

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
