"""Recipes of docs/adding.md and other pages, and a copy of the repository to follow them in.

A box of the page belongs to the file that the words before it name: "New file `X`:",
"In `X`, after `LINE`:", "In `X`, before `LINE`:" or "At the end of `X`:". A box of `sh` is run. A
box of no language shows what the commands before it print.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding.md"

_BOX = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(
    r"(?:(?P<new>New file)|In|(?P<end>At the end of)) `(?P<path>[^`]+)`"
    r"(?:, (?P<where>after|before) `(?P<line>[^`]+)`)?:\s*\Z"
)
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "build", ".*_cache", ".hypothesis")


@dataclass(frozen=True)
class Step:
    """What a box says: text for a file, commands, or what they print (then `path` is empty)."""

    text: str
    path: str = ""
    where: str = "run"
    line: str = ""

    def __str__(self) -> str:
        return f"{self.where} {self.path} {self.line}".rstrip()


def recipe(title: str) -> list[Step]:
    """The steps of a recipe in the order of docs/adding.md; every box of it is one."""
    parts = re.split(r"^## (.+)\n", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return steps_of(dict(zip(parts[1::2], parts[2::2], strict=True))[title])


def steps_of(page: str) -> list[Step]:
    """The boxes of a page, or of a part of one."""
    steps, start = [], 0
    for box in _BOX.finditer(page):
        steps.append(_step(page[start : box.start()], box[1], box[2]))
        start = box.end()
    return steps


def _step(before: str, language: str, text: str) -> Step:
    if language in ("sh", ""):
        return Step(text, where="run" if language else "shown")
    place = _PLACE.search(before)
    assert place, f"no file is named for the box with {text[:60]!r}"
    where = place["where"] or ("new" if place["new"] else "end")
    return Step(text, place["path"], where, place["line"] or "")


class Copy:
    """A copy of the repository, in which recipes may be followed and commands run."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "copy"
        shutil.copytree(ROOT, self.root, symlinks=True, ignore=_NOT_COPIED)
        (self.root / ".venv").symlink_to(sys.prefix)
        self._environment = {
            "PYTHONPATH": f"{self.root / 'host_tools'}:{self.root}",
            # They take longer to import than these tests do.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }

    def follow(self, title: str) -> None:
        """Do each step of a recipe. A `./dev` is left out: it builds for minutes."""
        for step in recipe(title):
            self.do(step)

    def do(self, step: Step) -> None:
        """Write what a step says, or run it."""
        if step.where == "run":
            for command in step.text.splitlines():
                if not command.startswith("./dev"):
                    done = self.run("sh", "-c", command)
                    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            return
        path = self.root / step.path
        assert path.exists() == (step.where != "new"), step
        path.parent.mkdir(exist_ok=True)
        path.write_text(_with(path.read_text("utf-8") if path.exists() else "", step), "utf-8")

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """A command in the copy, which imports the copy's packages."""
        kept = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
        return subprocess.run(
            command,
            cwd=self.root,
            env={**kept, **self._environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def wattseal(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The command line of the copy."""
        program = "from wattseal.cli import main; main()"
        return self.run(sys.executable, "-c", program, *arguments)


def _with(text: str, step: Step) -> str:
    """The text of a file with what the step adds to it."""
    if step.where == "new":
        return step.text
    if step.where == "end":
        return f"{text}\n\n{step.text}"
    lines = text.splitlines(keepends=True)
    [at] = [number for number, line in enumerate(lines) if line.strip() == step.line]
    at += step.where == "after"
    return "".join([*lines[:at], step.text, *lines[at:]])
