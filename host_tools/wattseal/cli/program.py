"""Puts the commands together, and turns every failure into one line and an exit status."""

from __future__ import annotations

import os
import sys
from collections import UserDict
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from wattseal import __version__
from wattseal.cli.output import as_json, complain, say
from wattseal.common.errors import EXIT_USAGE, ToolError


def group_with(
    modules: Mapping[str, str], summaries: Mapping[str, str] | None = None
) -> type[TyperGroup]:
    """For `typer.Typer(cls=...)`: a group that also has commands of other modules of cli, by name.

    A module is named by itself, if the command is in its `app`, or as `module:name_of_the_app`.
    `summaries` has the help of commands, so that a list of them imports none.
    """

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _Commands({**self.commands, **modules})

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            commands, told = self.commands, summaries or {}
            self.commands = {
                name: TyperCommand(name, help=told[name]) if name in told else commands[name]
                for name in commands
            }
            try:
                super().format_commands(ctx, formatter)
            finally:
                self.commands = commands

    return Group


class _Commands(UserDict[str, Any]):
    """Commands by name; one that was not asked for yet is still the name of its module."""

    def __getitem__(self, name: str) -> Any:
        command = super().__getitem__(name)
        if isinstance(command, str):
            command = self[name] = _command_of(command, name)
        return command


def _command_of(module: str, name: str) -> Any:
    # A named app becomes a group of that name in here; of one without a name, the commands do.
    holder = typer.Typer(rich_markup_mode=None)
    file, _, app_name = module.partition(":")
    holder.add_typer(getattr(import_module(f"wattseal.cli.{file}"), app_name or "app"))
    return typer.main.get_group(holder).commands[name]


_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer does not export it
_INTERRUPTED = 130

SUMMARIES = {
    "verify": "Verify signatures and transactions of OCMF records.",
    "flash": "Write firmware into a new board, and check that its module runs it.",
    "port": "Find the port that a module is on.",
    "device": "Look at a module and set it up.",
    "meter": "List, find, read, trace and emulate meters.",
    "session": "Begin and end charging sessions.",
    "owner": "Keep the key that opens seals, and sign with it.",
    "firmware": "Pack, sign, check and install firmware.",
    "commission": "Commission a station: one run that can be repeated until it is through.",
    "registry": "Ask, run and audit a public-key registry.",
    "cdr": "Make, check, send, receive and bill CDRs.",
}
"""The first sentence of each command's own help."""

_MODULES = {name: name for name in SUMMARIES}
_MODULES |= {"port": "device:port_app", "owner": "device_owner:owner_app"}

app = typer.Typer(
    cls=group_with(_MODULES, SUMMARIES),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Signing modules for the energy meters of EV charging stations.",
    epilog="\b\nExample:\n  wattseal device status --port /dev/ttyACM0",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"wattseal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    pass


def run(arguments: list[str]) -> int:
    """Carry out one command line and return its exit status."""
    try:
        status = typer.main.get_command(app).main(
            args=arguments, prog_name="wattseal", standalone_mode=False
        )
    except ToolError as error:
        return _fail(error, arguments)
    except (typer.Abort, KeyboardInterrupt):
        status = _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has ended; keep Python from complaining when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
            print(_message(error))
            return EXIT_USAGE
        return _fail(_usage(error), arguments)
    except Exception as error:
        if os.environ.get("WATTSEAL_DEBUG"):
            raise
        return _fail(
            ToolError("internal_error", cause=f"{type(error).__name__}: {error}"), arguments
        )
    if status == _INTERRUPTED:  # typer may have caught the interrupt itself
        complain("wattseal: interrupted.")
    return status if isinstance(status, int) else 0


def _fail(error: ToolError, arguments: list[str]) -> int:
    complain(f"wattseal: {' '.join(str(error).split())}")
    if "--json" in arguments:
        print(as_json(error.as_json()))
    return error.exit_status


def _usage(error: Exception) -> ToolError:
    """A command line that typer refuses."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "wattseal"
    cause = _message(error)
    cause = cause if cause.endswith((".", "?")) else cause + "."
    return ToolError("usage", cause=cause, help=f"`{path} --help` shows what it takes.")


def _message(error: Exception) -> str:
    format_message = getattr(error, "format_message", None)
    return str(format_message() if format_message else error)
