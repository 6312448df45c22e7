"""docs/first-module.md, followed word by word on the rig's emulated board and emulated meters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest
from support.recipes import ROOT, Step, steps_of

from hil import images

PAGE = ROOT / "docs" / "first-module.md"
READERS_FOLDER = "build/first-module"
FOLDER = ROOT / f"{READERS_FOLDER}-test"
"""Another one, so that the test deletes nothing of somebody who follows the page himself."""

LIMIT_S = 300

RIG = "./dev hil run"
SERVED = (RIG, "wattseal meter emulate", "wattseal registry serve")
"""What runs in a terminal of its own until the reader ends it."""
KEPT = ("cd ", "export ", ". ")
"""What changes the shell itself."""


class Terminal:
    """A command that goes on, as in a terminal of its own."""

    def __init__(self, script: str) -> None:
        self._process = subprocess.Popen(
            ["sh", "-ec", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._has_ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            with self._changed:
                self._said.append(line)
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def find(self, pattern: str) -> str:
        """The group of a line that it prints."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._has_ended or re.search(pattern, self.said, re.MULTILINE), LIMIT_S
            )
            found = re.search(pattern, self.said, re.MULTILINE)
        assert found, f"it does not say {pattern}, but:\n{self.said}"
        return found[1]

    @property
    def said(self) -> str:
        return "".join(self._said)

    def type(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(LIMIT_S)


class Reader:
    """Who follows the page: does what a box says, and holds the button where a person must."""

    def __init__(self) -> None:
        self.terminals: dict[str, Terminal] = {}
        self.names: dict[str, str] = {}
        """What the page has the reader fill in: name of a variable, and the value here."""
        self.output = ""
        # The emulated chip is slower than a real one, and more so on a busy machine.
        self._shell = ["export WATTSEAL_TIMEOUT=120"]

    def do(self, step: Step) -> None:
        if step.where == "new":
            (FOLDER / step.path).write_text(step.text, "utf-8")
        elif step.where == "shown":
            for line in step.text.splitlines():
                pattern = re.escape(squeezed(line)).replace(r"\.\.\.", ".*")
                assert re.search(pattern, squeezed(self.output)), f"{line}\n{self.output}"
        else:
            self.output = ""
            for line in step.text.splitlines():
                self.give(line)

    def give(self, line: str) -> None:
        """Give a command as the page has it."""
        if line.startswith("./dev build "):
            images.build(line.removeprefix("./dev build "))  # the very command, one at a time
        elif line.startswith(SERVED):
            self._start(line)
        elif line.startswith("export "):
            name = line.removeprefix("export ").partition("=")[0]
            self._shell.append(
                f"export {name}='{self.names[name]}'" if name in self.names else line
            )
        else:
            if line.startswith("wattseal flash"):
                self._hold_button()
            self.output += self.run(line)
            if line.startswith(KEPT):
                self._shell.append(line)

    def run(self, line: str) -> str:
        """What a command prints. AssertionError unless it ends well."""
        done = subprocess.run(
            ["sh", "-ec", "\n".join([*self._shell, line])],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout

    def _start(self, line: str) -> None:
        """Start what goes on, and note what it says that the page has the reader fill in."""
        if line.startswith(RIG):
            terminal = self.terminals[RIG] = Terminal(f"exec {line}")
            self.names["WATTSEAL_PORT"] = terminal.find(r"^port (.+)$")
            self.names["WATTSEAL_DRIVE"] = terminal.find(r"^boot loader's drive (.+)$")
            return
        free_port = " --port 0" if line.startswith("wattseal registry serve") else ""
        terminal = Terminal("\n".join([*self._shell, f"exec {line}{free_port}"]))
        self.terminals[line] = terminal
        if free_port:
            self._shell.append(f"export WATTSEAL_REGISTRY={terminal.find(r'(http://[0-9.:]+)')}")
        else:
            self.names["LINE"] = terminal.find(r"^port +(.+)$")

    def _hold_button(self) -> None:
        self.terminals[RIG].type("button")
        self.terminals[RIG].find(r"(boot loader's drive is)")
        self._shell.append(f"export WATTSEAL_DRIVE='{self.names['WATTSEAL_DRIVE']}'")


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    for terminal in made.terminals.values():
        terminal.close()


@pytest.mark.image("rp2040")
def test_the_page_leads_to_a_session_that_verifies(reader: Reader) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    page = PAGE.read_text("utf-8").replace(READERS_FOLDER, str(FOLDER.relative_to(ROOT)))
    for step in steps_of(page):
        reader.do(step)
    transaction = FOLDER / "session-1" / "transaction.xml"
    assert f"{transaction.relative_to(FOLDER)}: VERIFIED" in reader.output
    told = re.search(r'"RV":(\d+)', transaction.read_text())
    assert told
    transaction.write_text(transaction.read_text().replace(told[0], f"{told[0]}1", 1))
    verify = [line for line in page.splitlines() if line.startswith("wattseal verify")]
    with pytest.raises(AssertionError, match="NOT VERIFIED"):
        reader.give(verify[-1])


def test_the_registry_is_where_the_page_says(reader: Reader) -> None:
    port = re.search(
        r"WATTSEAL_REGISTRY=http://127\.0\.0\.1:(\d+)$", PAGE.read_text(), re.MULTILINE
    )
    assert port
    reader.give(". .venv/bin/activate")
    assert f"default: {port[1]};" in squeezed(reader.run("wattseal registry serve --help"))


@pytest.mark.parametrize(
    "wrong",
    [
        "wattseal meter reed --line /dev/null",
        "wattseal meter read --line /dev/null --profile sdm630",
        ". .venv/bin/deactivate",
    ],
)
def test_a_command_that_goes_wrong_is_noticed(reader: Reader, wrong: str) -> None:
    reader.give(". .venv/bin/activate")
    with pytest.raises(AssertionError, match=re.escape(wrong)):
        reader.give(wrong)


def test_output_that_the_page_only_claims_is_noticed(reader: Reader) -> None:
    reader.output = "state   operational\n"
    reader.do(Step("state operational\n", where="shown"))
    with pytest.raises(AssertionError):
        reader.do(Step("state unregistered\n", where="shown"))
