"""Which keys are right: a registry, or an export of one, on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattseal.cli.registry_options import REGISTRY_URL
from wattseal.errors import ToolError

if TYPE_CHECKING:
    from wattseal.cdr.keys import KeySource

RegistryUrl = Annotated[
    str | None,
    typer.Option(
        "--registry",
        "-r",
        metavar="URL",
        envvar=REGISTRY_URL,
        help="The public-key registry that knows the right keys.",
        show_default=False,
    ),
]
KeysFile = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help="Instead: an export of the registry (`registry export --format json`).",
        show_default=False,
    ),
]


def key_source(registry: str | None, export: Path | None) -> KeySource:
    """The source that was given; the export, if both were. ToolError `keys_needed`."""
    if export is not None:
        from wattseal.cdr.export_keys import ExportKeys

        return ExportKeys(export)
    if registry:
        from wattseal.cdr.registry_keys import RegistryKeys

        return RegistryKeys(registry)
    raise ToolError("keys_needed")
