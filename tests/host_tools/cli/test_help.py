"""Help pages that fit a terminal, and promises that hold for every command."""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points, version
from typing import Any

import pytest
import typer
from wattseal.cli.program import app, run

Run = Callable[..., object]


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, inner in getattr(command, "commands", {}).items():
        if hasattr(inner, "commands"):
            yield from _commands(inner, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(_commands(typer.main.get_command(app)))

GROUPS = sorted({command[:depth] for command in COMMANDS for depth in range(1, len(command))})


def _as_typed(command: tuple[str, ...]) -> str:
    return " ".join(("wattseal", *command))


def test_every_command_is_there() -> None:
    assert set(COMMANDS) == {
        ("port", "list"),
        *(
            ("device", name)
            for name in (
                "status",
                "key",
                "configure",
                "time",
                "read",
                "records",
                "events",
                "release",
                "self-test",
                "seal",
                "prove",
                "publish",
                "challenge",
                "unseal",
                "cancel-update",
                "close-session",
                "accept-meter",
                "decommission",
                "archive-events",
                "statements",
                "watch",
                "report",
            )
        ),
        *(("meter", name) for name in ("list", "show", "check", "read")),
        *(("meter", name) for name in ("scan", "watch", "trace", "emulate")),
        *(("session", name) for name in ("begin", "intermediate", "end")),
        *(("owner", name) for name in ("create", "show", "sign")),
        *(("firmware", name) for name in ("key", "pack", "sign", "verify", "info", "update")),
        *(
            ("registry", name)
            for name in (
                *("eligible", "show", "history", "key", "search"),
                *("deactivate", "consent", "hardware-exchange", "audit"),
                *("export", "backup", "restore", "serve"),
            )
        ),
        *(("registry", "access", name) for name in ("create", "list", "revoke")),
        *(("cdr", name) for name in ("build", "send", "serve", "list", "invoice")),
        *(("cdr", name) for name in ("validate", "reconcile")),
        *(("cdr", "partner", name) for name in ("add", "list", "revoke")),
        *(("commission", name) for name in ("export", "submit", "finish", "document", "batch")),
        ("flash",),
        ("verify",),
    }


@pytest.mark.parametrize("command", [(), *GROUPS, *COMMANDS], ids=_as_typed)
def test_help_fits_80_columns(
    wattseal: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = wattseal(*command, "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert max(len(line) for line in outcome.out.splitlines()) <= 80
    assert len(outcome.out.splitlines()) < 60


@pytest.mark.parametrize("command", COMMANDS, ids=_as_typed)
def test_every_command_speaks_json(wattseal: Run, command: tuple[str, ...]) -> None:
    assert "--json" in wattseal(*command, "--help").out


def test_version(wattseal: Run) -> None:
    assert wattseal("--version").out == f"wattseal {version('wattseal')}\n"


def test_console_script_is_this_command() -> None:
    [script] = entry_points(group="console_scripts", name="wattseal")
    assert script.value == "wattseal.cli:main"


def test_port_list(wattseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattseal.cli.device.list_ports", list)
    assert "no serial port" in wattseal("port", "list").out
    assert wattseal("port", "list", "--json").json == {"ports": []}


def test_examples_name_options_that_exist(wattseal: Run) -> None:
    for command in COMMANDS:
        text = wattseal(*command, "--help").out
        example = text.partition("Example")[2]
        used = {word for word in example.split() if word.startswith("--")}
        assert all(word in text.partition("Example")[0] for word in used), command


def test_exit_status_of_run_is_an_integer() -> None:
    assert run(["--help"]) == 0
