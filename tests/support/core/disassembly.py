"""Compiled code as its disassembly tells it: branches and calls of each function."""

import re
from collections import defaultdict
from pathlib import Path

from support.core.build import run

LABEL = re.compile(r"[0-9a-f]+ <(\S+)>:")
LINE = re.compile(r"\s*[0-9a-f]+:\t(\S+)\s*(.*)")
CONDITION = re.compile(r"b(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)(\.n|\.w)?")
TARGET = re.compile(r"<([^+>]+)>?")
CALLS = ("bl", "b", "b.n", "b.w")
TO_REGISTER = ("blx", "bx")


class Disassembly:
    """The functions of an ELF file for the Cortex-M0+."""

    def __init__(self, program: Path) -> None:
        self.branches: defaultdict[str, int] = defaultdict(int)
        """Conditional branches of each function."""
        self.calls: defaultdict[str, set[str]] = defaultdict(set)
        """Functions that it calls or goes on in; `through a register` for those not known."""
        command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(program)]
        function = ""
        for line in run(command, program.parent).splitlines():
            label, instruction = LABEL.match(line), LINE.match(line)
            if label:
                function = label[1]
                self.branches[function] += 0
            elif instruction:
                self._take(function, instruction[1], instruction[2])

    def _take(self, function: str, mnemonic: str, operands: str) -> None:
        target = TARGET.search(operands)
        if CONDITION.fullmatch(mnemonic):
            self.branches[function] += 1
        if target and (mnemonic in CALLS or CONDITION.fullmatch(mnemonic)):
            self.calls[function] |= {target[1]} - {function}
        if mnemonic in TO_REGISTER and operands.strip() != "lr":
            self.calls[function].add("through a register")

    def reached(self, *functions: str) -> set[str]:
        """These functions and all that they call."""
        found, waiting = set(), list(functions)
        while waiting:
            function = waiting.pop()
            if function not in found:
                found.add(function)
                waiting += self.calls[function]
        return found
