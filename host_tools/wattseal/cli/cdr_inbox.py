"""Where received CDRs are kept, on the command line."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattseal.errors import ToolError

if TYPE_CHECKING:
    from wattseal.registry.database import Database

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
    from wattseal.cdr.exchange.schema import open_database
    from wattseal.registry.failures import NotReady

    database = open_database(data, database_url)
    try:
        yield database
    except NotReady as error:
        cause = str(error.detail["cause"])
        raise ToolError("receiver_data_unusable", path=str(data), cause=cause) from None
    finally:
        database.close()


def check_installed() -> None:
    """The packages are an extra: say so, rather than which import failed."""
    missing = [each for each in NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise ToolError("extra_missing", extra="registry", missing=", ".join(missing))
