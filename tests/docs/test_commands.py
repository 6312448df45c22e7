"""Every command that README and docs show exists and has the options that are shown."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from wattseal.cli.program import app, run

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown_commands() -> list[str]:
    commands = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            commands += [line for line in block.splitlines() if line.strip()]
    return sorted(set(commands))


COMMANDS = shown_commands()


def test_there_are_commands_to_test() -> None:
    assert any(command.startswith("wattseal verify") for command in COMMANDS)
    assert "./dev test" in COMMANDS


def command_path(words: list[str]) -> list[str]:
    """The words before the first that is no command: groups and the command in them."""
    inner, path = typer.main.get_command(app), []
    for word in words:
        if word not in getattr(inner, "commands", {}):
            break
        inner = inner.commands[word]
        path.append(word)
    assert path, words
    is_command = not hasattr(inner, "commands") or inner.invoke_without_command
    assert is_command, f"{words} names a group, no command"
    return path


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command.startswith("wattseal")]
)
def test_wattseal_knows_the_command_and_its_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(command)[1:]
    path = command_path(words)
    status = run([*path, "--help"])
    helped = capsys.readouterr()
    assert status == 0, helped.err
    for option in (word for word in words if word.startswith("--")):
        assert option in helped.out


@pytest.mark.parametrize("command", [command for command in COMMANDS if "./dev" in command])
def test_dev_knows_the_command(command: str) -> None:
    name = command.split("./dev ")[1].split()[0]
    helped = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True)
    assert re.search(rf"^  {name}\b", helped.stdout, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
