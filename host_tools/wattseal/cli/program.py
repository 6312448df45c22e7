"""Puts the commands together, and turns every failure into one line and an exit status."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from wattseal import __version__
from wattseal.cli.groups import group_with
from wattseal.cli.output import complain, print_json, say
from wattseal.errors import EXIT_USAGE, ToolError

__all__ = ["app", "run"]

_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer does not export it
_INTERRUPTED = 130

_COMMANDS = (
    *("verify", "port", "device", "session", "owner"),
    *("firmware", "commission", "registry", "cdr"),
)

app = typer.Typer(
    cls=group_with({name: (name,) for name in _COMMANDS}),
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
        # Whoever read our output has gone; keep Python from complaining when it closes it.
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
        print_json(error.as_json())
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
