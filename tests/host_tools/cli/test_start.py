"""A command imports what it needs and no more: nothing else is to be waited for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from wattseal.cli.program import SUMMARIES, app

from bench.cdr.population import cdr_line, write_export

PROGRAM = """\
import json, sys
from wattseal.cli.program import run
status = run(sys.argv[1:])
print(json.dumps({"status": status, "modules": sorted(sys.modules)}))
"""

HEAVY = {
    *("alembic", "cryptography", "fastapi", "httpx", "jinja2", "pyarrow", "pydantic", "pyocmf"),
    *("reportlab", "serial", "sqlalchemy"),
}


def imported(*arguments: str) -> set[str]:
    """The modules that are there once a process has carried out a command."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["status"] == 0, done.stderr
    return set(told["modules"])


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (("--version",), set()),
        (("--help",), set()),
        (("verify", "--help"), {"cryptography", "pydantic", "pyocmf"}),
        (("device", "status", "--help"), {"cryptography", "pydantic"}),
        (("cdr", "validate", "--help"), {"pydantic"}),
        (("registry", "show", "--help"), {"cryptography", "httpx", "pydantic"}),
    ],
)
def test_no_package_that_the_command_does_not_need(
    arguments: tuple[str, ...], needed: set[str]
) -> None:
    assert imported(*arguments) & HEAVY <= needed


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    commands = typer.main.get_command(app).commands
    assert list(commands) == list(SUMMARIES)
    for name, summary in SUMMARIES.items():
        told = commands[name].help or ""
        assert " ".join(told.split("\n\n")[0].split()) == summary


def test_a_validation_needs_neither_network_nor_invoices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keys, cdrs = tmp_path / "registry.json", tmp_path / "cdrs.jsonl"
    write_export(keys, 2)
    cdrs.write_bytes(cdr_line(0, 2))
    command = ["cdr", "validate", cdrs, "-o", tmp_path / "out.jsonl", "--keys", keys]
    modules = imported(*map(str, command), "--engine", "serial")
    assert "wattseal.cdr.validate" in modules
    assert not modules & {"fastapi", "httpx", "pyarrow", "reportlab", "serial"}
    others = tuple(f"wattseal.cdr.{n}" for n in ("build", "exchange", "invoice"))
    assert not [name for name in modules if name.startswith(others)]
