"""Groups whose commands are imported when a command line names them.

Each command needs packages that the others do not: whoever runs one is not to wait for all.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


def group_with(modules: Mapping[str, Sequence[str]]) -> type[TyperGroup]:
    """For `typer.Typer(cls=...)`: a group that also has these commands of these modules of cli."""
    elsewhere = {name: module for module, names in modules.items() for name in names}

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _Commands({**self.commands, **elsewhere})

    return Group


class _Commands(UserDict[str, Any]):
    """Commands by name; in place of one that nobody has asked for yet stands its module's name."""

    def __getitem__(self, name: str) -> Any:
        command = super().__getitem__(name)
        if isinstance(command, str):
            command = self[name] = _command_of(command, name)
        return command


def _command_of(module: str, name: str) -> Any:
    # A named app becomes a group of that name in here; of one without a name, the commands do.
    holder = typer.Typer(rich_markup_mode=None)
    holder.add_typer(import_module(f"wattseal.cli.{module}").app)
    return typer.main.get_group(holder).commands[name]
