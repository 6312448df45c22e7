"""`wattseal registry serve`: run the public-key registry."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.output import print_json, say
from wattseal.errors import ToolError

app = typer.Typer()

NEEDED = (
    "alembic",
    "fastapi",
    "limits",
    "prometheus_client",
    "python_multipart",
    "sqlalchemy",
    "structlog",
    "uvicorn",
)
"""What the extra `registry` brings beyond the other tools."""


@app.command(
    epilog="\b\nExamples:\n  wattseal registry serve --data keys --name registry.example/keys\n"
    "  wattseal registry serve --data keys --workers 4 \\\n"
    "    --database-url postgresql+pg8000://registry@db.example/registry",
)
def serve(
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Keys and database; made when it is not there."),
    ] = Path("registry-data"),
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="WATTSEAL_REGISTRY_DATABASE_URL",
            help="A PostgreSQL database. Default: SQLite in the data folder.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of a new registry's log, such as registry.example/keys.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="HOST", help="Listen here.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0: any free one.")
    ] = 8460,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="Processes that answer.")
    ] = 1,
    offline_days: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Age of a proof made without a network; 0: take none."
        ),
    ] = 30,
    reads_per_minute: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of one client address; 0: no limit.")
    ] = 6000,
    writes_per_minute: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of one access key; 0: no limit.")
    ] = 600,
    proxies: Annotated[
        str,
        typer.Option(
            metavar="ADDRESSES",
            help="Reverse proxies whose X-Forwarded-For tells the client's address.",
            show_default=False,
        ),
    ] = "",
    json_output: options.Json = False,
) -> None:
    """Run the public-key registry until it is told to stop (SIGTERM, Ctrl-C).

    Prints its URL once it answers; everything else goes to standard error, one JSON object a line.
    The first start makes the registry's keys and administrator.key, the first access key.
    """
    check_installed()
    from wattseal.registry.http import serving
    from wattseal.registry.http.settings import Settings
    from wattseal.registry.opening import open_registry

    # Here once, so that the workers find everything made, and so that what hinders is said here.
    open_registry(data, database_url, name).close()

    def tell(url: str) -> None:
        if json_output:
            print_json({"url": url, "data": str(data)})
        else:
            say(url)

    serving.serve(
        Settings(
            data=data,
            database_url=database_url,
            name=name,
            offline_days=offline_days,
            reads_per_minute=reads_per_minute,
            writes_per_minute=writes_per_minute,
        ),
        serving.Address(host=host, port=port, proxies=proxies),
        workers,
        tell,
    )


def check_installed() -> None:
    """The registry's packages are an extra: say so, rather than which import failed."""
    missing = [each for each in NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise ToolError("extra_missing", extra="registry", missing=", ".join(missing))
