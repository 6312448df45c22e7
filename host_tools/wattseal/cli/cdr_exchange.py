"""`wattseal cdr send | serve | list`: CDRs between CPO and MSP over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cdr.exchange.sender import (
    CdrSender,
    Entry,
    Outbox,
    Prepared,
    prepare,
    put_all,
    send_all,
)
from wattseal.cdr.marker import DEFAULT, Markers, marker_for, read_markers
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.cli import options
from wattseal.cli.options import (
    DatabaseUrl,
    DataFolder,
    KeysFile,
    OptionalRegistryUrl,
    check_installed,
    key_source,
    opened,
)
from wattseal.cli.output import complain, local_time, print_json, say, say_table
from wattseal.common.errors import EXIT_FAILED, ToolError
from wattseal.common.files import read_private, write_private
from wattseal.common.times import unix_ms_now

partner_app = typer.Typer(
    name="partner", no_args_is_help=True, help="Say which CPOs may send CDRs, and with what token."
)

Party = Annotated[str, typer.Argument(metavar="PARTY", help="Country and party, as DE*ABC.")]


@partner_app.command(
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
    from wattseal.cdr.exchange.inbox import Partners, read_party

    if out.exists():
        raise ToolError("file_exists", path=str(out))
    with opened(data, database_url) as database:
        token = Partners(database).add(party, report_to, unix_ms_now())
    write_private(out, f"{token}\n".encode())
    if json_output:
        print_json({"party": read_party(party), "token_file": str(out), "report_to": report_to})
    else:
        say(f"Token of {read_party(party)} written to {out}")


@partner_app.command("list", epilog="\b\nExample:\n  wattseal cdr partner list --data cdr-data")
def list_partners(
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """List all tokens, the revoked ones too."""
    from wattseal.cdr.exchange.inbox import Partners

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


@partner_app.command(epilog="\b\nExample:\n  wattseal cdr partner revoke 'DE*ABC'")
def revoke(
    party: Party,
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """Revoke all tokens of a CPO, from now on and for ever."""
    from wattseal.cdr.exchange.inbox import Partners, read_party

    with opened(data, database_url) as database:
        count = Partners(database).revoke(party, unix_ms_now())
    if json_output:
        print_json({"party": read_party(party), "revoked": count})
    else:
        say(f"{read_party(party)}: {count} token(s) revoked")


app = typer.Typer()

Marking = Annotated[
    Path | None,
    typer.Option("--marker", metavar="FILE", help="TOML: which field marks invalid metering data."),
]


class Version(StrEnum):
    """The versions of OCPI that are spoken."""

    V2_2_1 = "2.2.1"
    V2_3_0 = "2.3.0"


@app.command(
    epilog="\b\nExamples:\n"
    "  wattseal cdr send cdr-17.json --to https://msp.example/ocpi/2.2.1/cdrs \\\n"
    "    --token-file token.txt --keys registry.json\n"
    "  wattseal cdr send --to https://msp.example/ocpi/2.2.1/cdrs \\\n"
    "    --token-file token.txt --again\n\n"
    "Exit status: 0 all sent and billable, 1 not all, 2 unusable input."
)
def send(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The partner's CDR endpoint.")],
    token_file: Annotated[
        Path, typer.Option(metavar="FILE", help="Its first line is the token the partner gave.")
    ],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="JSON, one CDR each.")
    ] = None,
    ocpi: Annotated[Version, typer.Option("--ocpi", help="Version of OCPI.")] = Version.V2_2_1,
    registry: OptionalRegistryUrl = None,
    keys: KeysFile = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not validate: it was done elsewhere.")
    ] = False,
    marker: Marking = None,
    outbox: Annotated[
        Path, typer.Option(metavar="DIR", help="What is to be sent, and what became of it.")
    ] = Path("cdr-outbox"),
    again: Annotated[
        bool, typer.Option("--again", help="Send those, too, whose answer was lost.")
    ] = False,
    json_output: options.Json = False,
) -> None:
    """Validate CDRs and send them to an MSP; without files, what the outbox still holds.

    A CDR that fails is sent all the same, marked as having invalid metering data. What was sent is
    not sent again, so the command can be repeated whatever stopped it.
    """
    token = _first_line(token_file)
    box = Outbox(outbox)
    with CdrSender(to, token) as sender:
        prepared = _prepared(files or [], ocpi, registry, keys, marker, unchecked=unchecked)
        put_all(prepared, box, sender.url)
        for one in prepared:
            _warn(one)
        sent = []
        for entry in send_all(box, sender, again=again):
            sent.append(entry)
            if not json_output:
                _say_sent(entry)
    left = [one for one in box.entries() if one.url == sender.url and one.state == "unknown"]
    if json_output:
        rows = [one.model_dump(mode="json", exclude={"country_code", "party_id"}) for one in sent]
        print_json({"sent": rows, "unknown": [one.cdr for one in left]})
    elif not sent:
        say("There is nothing to send.")
    if left or any(one.state != "sent" or one.codes for one in sent):
        raise typer.Exit(EXIT_FAILED)


@app.command(
    epilog="\b\nExamples:\n  wattseal cdr serve --data cdr-data --keys registry.json\n"
    "  wattseal cdr serve --registry https://registry.example \\\n"
    "    --database-url postgresql://msp@db.example/cdrs \\\n"
    "    --public-url https://ocpi.msp.example"
)
def serve(
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    registry: OptionalRegistryUrl = None,
    keys: KeysFile = None,
    host: Annotated[str, typer.Option(metavar="HOST", help="Listen here.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0: any free one.")
    ] = 8461,
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="How partners reach it. Default: as it listens.", show_default=False
        ),
    ] = None,
    marker: Marking = None,
    json_output: options.Json = False,
) -> None:
    """Receive CDRs over OCPI, validate them and report back, until told to stop.

    Prints its URL once it answers; CDRs are taken at URL/ocpi/2.2.1/cdrs and URL/ocpi/2.3.0/cdrs.
    Everything else goes to standard error, one JSON object a line.
    """
    check_installed()
    from wattseal.cdr.exchange.inbox import DATABASE_FILE
    from wattseal.cdr.exchange.receiver import Address, serve
    from wattseal.cdr.history.rows import session_of
    from wattseal.cdr.history.store import SeenSessions

    rules = Rules(side="msp")
    validator = Validator(key_source(registry, keys), rules)

    def tell(url: str) -> None:
        if json_output:
            print_json({"url": url, "data": str(data)})
        else:
            say(url)

    with opened(data, database_url) as database:
        seen = SeenSessions(database_url or data / DATABASE_FILE)
        serve(
            database,
            validator,
            lambda receipt, cdr, judgement: seen.take(
                receipt, session_of(0, cdr, judgement), rules
            ),
            _markers(marker),
            Address(host, port, public_url),
            tell,
        )
        seen.close()


@app.command(
    "list",
    epilog="\b\nExamples:\n  wattseal cdr list --data cdr-data\n"
    "  wattseal cdr list --not-billable --json",
)
def list_received(
    data: DataFolder = Path("cdr-data"),
    database_url: DatabaseUrl = None,
    billable: Annotated[
        bool | None,
        typer.Option(
            "--billable/--not-billable", help="These only. Default: all.", show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")] = 1000,
    json_output: options.Json = False,
) -> None:
    """List the CDRs that were received, newest first, with their verdicts."""
    with opened(data, database_url) as database:
        from wattseal.cdr.exchange.inbox import listed

        received = list(listed(database, billable=billable, limit=limit))
    if json_output:
        rows = [
            {
                "cdr": one.cdr,
                "billable": one.is_billable,
                "received_unix_ms": one.received_ms,
                "ocpi": one.version,
                "receipt": one.receipt,
                "marked_by_sender": one.marked,
                "report_state": one.report_state,
                "judgement": json.loads(one.judgement.to_json()),
            }
            for one in received
        ]
        print_json({"cdrs": rows})
        return
    say_table(
        ("RECEIVED", "VERDICT", "KWH", "CDR", "CHARGE POINT", "WHY"),
        [
            (
                local_time(one.received_ms),
                "billable" if one.is_billable else "not billable",
                one.judgement.energy_kwh,
                one.cdr,
                one.judgement.evse_id or None,
                ", ".join(finding.code for finding in one.judgement.findings)
                or ("marked by the sender" if one.marked is not None else ""),
            )
            for one in received
        ],
    )


def _prepared(
    files: Iterable[Path],
    ocpi: Version,
    registry: str | None,
    keys: Path | None,
    marker: Path | None,
    *,
    unchecked: bool,
) -> list[Prepared]:
    paths = list(files)
    if not paths:
        return []
    judge = None
    if not unchecked:
        judge = Validator(key_source(registry, keys), Rules(side="cpo")).judge
    chosen = marker_for(_markers(marker), ocpi.value) if marker else DEFAULT
    return [prepare(path, judge, chosen) for path in paths]


def _markers(path: Path | None) -> Markers:
    return read_markers(path) if path else {}


def _warn(one: Prepared) -> None:
    for finding in one.judgement.findings if one.judgement else ():
        if finding.severity.is_error or finding.severity.is_doubt:
            complain(f"wattseal: {one.cdr.name}: {finding.sentence_en} [{finding.code}]")


def _say_sent(entry: Entry) -> None:
    marked = f" (marked: {', '.join(entry.codes)})" if entry.codes else ""
    if entry.state == "sent":
        say(f"{entry.cdr}: sent{marked}")
    else:
        say(f"{entry.cdr}: {entry.state}{marked}. {entry.cause}")
    if entry.report:
        say(f"  report: {entry.report}")


def _first_line(file: Path) -> str:
    lines = read_private(file).splitlines()
    text = lines[0].decode("ascii", "replace").strip() if lines else ""
    if not (text.isascii() and text.isprintable()) or not text or " " in text:
        cause = "its first line is no token"
        raise ToolError("secret_unreadable", path=str(file), cause=cause)
    return text
