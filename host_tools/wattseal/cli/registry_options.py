"""The registry on the command line: where it is, and with whose access key it is asked.

An access key comes from a file that nobody else can read or from the environment, never from the
command line, which other users of the computer can see.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattseal.errors import ToolError
from wattseal.private_files import read_private

if TYPE_CHECKING:
    from wattseal.registry_client import RegistryClient

REGISTRY_URL = "WATTSEAL_REGISTRY"
ACCESS_KEY = "WATTSEAL_ACCESS_KEY"

RegistryUrl = Annotated[
    str,
    typer.Option(
        "--registry",
        "-r",
        metavar="URL",
        envvar=REGISTRY_URL,
        help="The public-key registry, such as https://registry.example.",
    ),
]
AccessKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--access-key",
        metavar="FILE",
        help=f"Its first line is the access key. Default: ${ACCESS_KEY}.",
    ),
]


def reading_client(url: str) -> RegistryClient:
    """The registry as everybody may use it."""
    from wattseal.registry_client import RegistryClient

    return RegistryClient(url)


def writing_client(url: str, access_key_file: Path | None) -> RegistryClient:
    """The registry for what takes an access key. ToolError `usage` if there is none."""
    from wattseal.registry_client import RegistryClient

    return RegistryClient(url, access_key(access_key_file))


def access_key(file: Path | None) -> str:
    """The access key; ToolError `usage`, `secret_exposed`, `secret_unreadable`."""
    text = _first_line(file) if file else os.environ.get(ACCESS_KEY, "").strip()
    if not text:
        raise ToolError(
            "usage",
            cause="The registry takes that with an access key only.",
            help=f"Give --access-key FILE, or set {ACCESS_KEY}.",
        )
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ToolError(
            "usage", cause="The access key holds characters that no access key has.", help=""
        )
    return text


def _first_line(file: Path) -> str:
    lines = read_private(file).splitlines()
    try:
        return lines[0].decode("ascii").strip() if lines else ""
    except UnicodeDecodeError:
        raise ToolError(
            "secret_unreadable", path=str(file), cause="its first line is not ASCII"
        ) from None
