"""`wattseal registry access create | list | revoke`: who may write, for administrators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.output import print_json, say_table
from wattseal.cli.registry_changes import checked, tell
from wattseal.cli.registry_options import AccessKeyFile, RegistryUrl, writing_client
from wattseal.cli.times import local_time
from wattseal.errors import ToolError
from wattseal.private_files import write_private
from wattseal.registry.requests import AccessRequest, AccessState

app = typer.Typer(name="access", no_args_is_help=True, help="Make, list and revoke access keys.")

FOR_EVER = 0


@app.command(
    epilog="\b\nExamples:\n  wattseal registry access create --operator 'DE*ABC' \\\n"
    "    --label 'Example CPO' --out abc.txt --access-key administrator.key\n"
    "  wattseal registry access create --administrator --days 30 \\\n"
    "    --out second.txt --access-key administrator.key"
)
def create(
    registry: RegistryUrl,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Write the key into this new file.")
    ],
    operator: Annotated[
        list[str] | None,
        typer.Option(metavar="OPERATOR", help="May change its stations, such as DE*ABC; repeat."),
    ] = None,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="May change everything.")
    ] = False,
    label: Annotated[str, typer.Option(metavar="TEXT", help="Whose it is; public.")] = "",
    days: Annotated[
        int,
        typer.Option(
            metavar="DAYS", min=FOR_EVER, max=3660, help="How long it is good for; 0: for ever."
        ),
    ] = 366,
    access_key: AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Make an access key, and write it where only you can read it.

    The registry keeps a hash of it: a key that was lost is revoked and replaced.
    """
    if administrator == bool(operator):
        raise ToolError("usage", cause="Give --operator or --administrator.", help="")
    if out.exists():
        raise ToolError("file_exists", path=str(out))
    request = checked(
        AccessRequest,
        role="administrator" if administrator else "cpo",
        operators=operator or [],
        label=label,
        days=days or None,
    )
    with writing_client(registry, access_key) as client:
        answer = client.grant(request)
    write_private(out, f"{answer.access_key}\n".encode())
    told = answer.model_copy(update={"access_key": None})
    tell(told, f"Access key {answer.key_id} written to {out}", json_output=json_output)


@app.command(
    "list", epilog="\b\nExample:\n  wattseal registry access list --access-key administrator.key"
)
def list_keys(
    registry: RegistryUrl, access_key: AccessKeyFile = None, json_output: options.Json = False
) -> None:
    """List all access keys, the revoked ones too."""
    with writing_client(registry, access_key) as client:
        keys = client.access_keys()
    if json_output:
        print_json({"keys": [key.model_dump() for key in keys]})
        return
    say_table(("KEY", "ROLE", "GOOD UNTIL", "OPERATORS", "LABEL"), [_row(key) for key in keys])


@app.command(
    epilog="\b\nExample:\n  wattseal registry access revoke k7qy2m4nxa5d \\\n"
    "    --access-key administrator.key"
)
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="As `access list` names it.")],
    registry: RegistryUrl,
    access_key: AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Revoke an access key, from now on and for ever."""
    with writing_client(registry, access_key) as client:
        answer = client.revoke(key_id)
    tell(answer, f"Access key {key_id} is revoked", json_output=json_output)


def _row(key: AccessState) -> tuple[str, str, str, str, str]:
    until = "for ever" if key.until_unix_ms is None else local_time(key.until_unix_ms)
    operators = " ".join(key.operators) or "all"
    return key.key_id, key.role, "revoked" if key.revoked else until, operators, key.label
