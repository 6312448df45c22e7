"""Options that several commands share, and the connection that they describe."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattseal.common.errors import ToolError
from wattseal.common.files import read_private
from wattseal.device.link import DEFAULT_BAUD

if TYPE_CHECKING:
    from wattseal.cdr.keys import KeySource
    from wattseal.common.sql import Database
    from wattseal.device.device import Device
    from wattseal.device.models import Hello
    from wattseal.registry.client import RegistryClient


DATA = "cdr-data"
NEEDED = ("alembic", "fastapi", "sqlalchemy", "structlog", "uvicorn")
"""Of the extra `registry`, which the receiver stands on too."""

DataFolder = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Where received CDRs are kept.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="WATTSEAL_CDR_DATABASE_URL",
        help="A PostgreSQL database. Default: SQLite in the data folder.",
        show_default=False,
    ),
]


@contextmanager
def opened(data: Path, database_url: str | None) -> Iterator[Database]:
    """The database, closed afterwards. ToolError `extra_missing`, `receiver_data_unusable`."""
    check_installed()
    from wattseal.cdr.exchange.inbox import open_database
    from wattseal.common.sql import DatabaseUnusable

    database = open_database(data, database_url)
    try:
        yield database
    except DatabaseUnusable as error:
        cause = error.cause
        raise ToolError("receiver_data_unusable", path=str(data), cause=cause) from None
    finally:
        database.close()


def check_installed() -> None:
    """The packages are an extra: say so, rather than which import failed."""
    missing = [each for each in NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise ToolError("extra_missing", extra="registry", missing=", ".join(missing))


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
    from wattseal.registry.client import RegistryClient

    return RegistryClient(url)


def writing_client(url: str, access_key_file: Path | None) -> RegistryClient:
    """The registry for what takes an access key. ToolError `usage` if there is none."""
    from wattseal.registry.client import RegistryClient

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


OptionalRegistryUrl = Annotated[
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
        from wattseal.cdr.keys import ExportKeys

        return ExportKeys(export)
    if registry:
        from wattseal.cdr.keys import RegistryKeys

        return RegistryKeys(registry)
    raise ToolError("keys_needed")


Port = Annotated[
    str,
    typer.Option(
        "--port",
        "-p",
        metavar="PORT",
        envvar="WATTSEAL_PORT",
        help="Serial device, or a URL such as socket://host:port.",
    ),
]
Baud = Annotated[int, typer.Option(metavar="BITS/S", help="Speed of a UART; USB ignores it.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        min=0.1,
        max=3600,
        help="Longest wait for an answer. Default: 5, or 60 where the module reads or signs.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OutputPath = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Write the files into this directory."),
]

BAUD = DEFAULT_BAUD


@contextmanager
def connected(port: str, baud: int, timeout_s: float | None) -> Iterator[tuple[Device, Hello]]:
    """A module that has said hello; the port is free again afterwards."""
    from wattseal.device.device import Device
    from wattseal.device.link import LinkClient, SerialTransport

    with SerialTransport(port, baud) as transport:
        device = Device(LinkClient(transport, timeout_s))
        yield device, device.connect(port)
