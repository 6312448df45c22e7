"""`wattseal cdr partner add | list | revoke`: the CPOs that may send CDRs to this MSP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.cdr_inbox import DatabaseUrl, DataFolder, opened
from wattseal.cli.output import print_json, say, say_table
from wattseal.cli.times import local_time
from wattseal.computer_clock import unix_ms_now
from wattseal.errors import ToolError
from wattseal.private_files import write_private

app = typer.Typer(
    name="partner", no_args_is_help=True, help="Say which CPOs may send CDRs, and with what token."
)

Party = Annotated[str, typer.Argument(metavar="PARTY", help="Country and party, as DE*ABC.")]


@app.command(
    epilog="\b\nExample:\n  wattseal cdr partner add 'DE*ABC' --out token-abc.txt \\\n"
    "    --report-to https://cpo.example/cdr-reports"
)
def add(
    party: Party,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="Write the token into this new file."),
    ],
    report_to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="POST error reports there.", show_default=False),
    ] = None,
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """Let a CPO send its CDRs: make its token, and write it where only you can read it.

    A hash of it is kept. A party may have several tokens, so that one can be replaced.
    """
    from wattseal.cdr.exchange.partners import Partners, read_party

    if out.exists():
        raise ToolError("file_exists", path=str(out))
    with opened(data, database_url) as database:
        token = Partners(database).add(party, report_to, unix_ms_now())
    write_private(out, f"{token}\n".encode())
    if json_output:
        print_json({"party": read_party(party), "token_file": str(out), "report_to": report_to})
    else:
        say(f"Token of {read_party(party)} written to {out}")


@app.command("list", epilog="\b\nExample:\n  wattseal cdr partner list --data cdr-data")
def list_partners(
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """List all tokens, the revoked ones too."""
    from wattseal.cdr.exchange.partners import Partners

    with opened(data, database_url) as database:
        partners = Partners(database).all()
    if json_output:
        rows = [
            {
                "party": one.party,
                "report_to": one.report_url,
                "since_unix_ms": one.since_ms,
                "revoked_unix_ms": one.revoked_ms,
            }
            for one in partners
        ]
        print_json({"partners": rows})
        return
    say_table(
        ("PARTY", "SINCE", "REVOKED", "REPORTS GO TO"),
        [
            (
                one.party,
                local_time(one.since_ms),
                None if one.revoked_ms is None else local_time(one.revoked_ms),
                one.report_url,
            )
            for one in partners
        ],
    )


@app.command(epilog="\b\nExample:\n  wattseal cdr partner revoke 'DE*ABC'")
def revoke(
    party: Party,
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """Revoke all tokens of a CPO, from now on and for ever."""
    from wattseal.cdr.exchange.partners import Partners, read_party

    with opened(data, database_url) as database:
        count = Partners(database).revoke(party, unix_ms_now())
    if json_output:
        print_json({"party": read_party(party), "revoked": count})
    else:
        say(f"{read_party(party)}: {count} token(s) revoked")
