"""`wattseal cdr send | serve | list`: CDRs between CPO and MSP over HTTP."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
from wattseal.cdr.marker import DEFAULT, marker_for, read_markers
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.cli import options
from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import Result, complain, local_time, say, say_table
from wattseal.common.errors import EXIT_FAILED, ToolError
from wattseal.common.files import read_private, write_private
from wattseal.common.times import unix_ms_now

if TYPE_CHECKING:
    from wattseal.cdr.exchange.inbox import Partner, Received

partner_app = Commands(
    name="partner", no_args_is_help=True, help="Say which CPOs may send CDRs, and with what token."
)

Party = Annotated[str, argument("PARTY", "Country and party, as DE*ABC.")]


@partner_app.command(
    example="wattseal cdr partner add 'DE*ABC' --out token-abc.txt \\\n"
    "    --report-to https://cpo.example/cdr-reports"
)
def add(
    party: Party,
    out: Annotated[Path, option("FILE", "Write the token into this new file.", "--out", "-o")],
    report_to: Annotated[
        str | None, option("URL", "POST error reports there.", show_default=False)
    ] = None,
    operator: Annotated[
        list[str] | None,
        option("OPERATOR", "May bill charge points of this operator; default: PARTY's."),
    ] = None,
    data: options.DataFolder = options.DATA_FOLDER,
    database_url: options.DatabaseUrl = None,
) -> Result:
    """Let a CPO send its CDRs: make its token, and write it where only you can read it.

    A hash of it is kept. A party may have several tokens, so that one can be replaced. With several
    operators give --operator for each, its own too.
    """
    from wattseal.cdr.exchange.inbox import Partners, read_party

    options.check_new(out)
    with options.cdr_database(data, database_url) as database:
        token = Partners(database).add(party, report_to, unix_ms_now(), operator or ())
    write_private(out, f"{token}\n".encode())
    name = read_party(party)
    shown = {"party": name, "token_file": out, "report_to": report_to}
    return Result(shown, lambda: say(f"Token of {name} written to {out}"))


@partner_app.command("list", example="wattseal cdr partner list --data cdr-data")
def list_partners(
    data: options.DataFolder = options.DATA_FOLDER, database_url: options.DatabaseUrl = None
) -> Result:
    """List all tokens, the revoked ones too."""
    from wattseal.cdr.exchange.inbox import Partners

    with options.cdr_database(data, database_url) as database:
        partners = Partners(database).all()
    columns = ("PARTY", "SINCE", "REVOKED", "MAY BILL", "REPORTS GO TO")
    shown = [
        {
            "party": one.party,
            "report_to": one.report_url,
            "may_bill": one.may_bill,
            "since_unix_ms": one.since_ms,
            "revoked_unix_ms": one.revoked_ms,
        }
        for one in partners
    ]
    return Result({"partners": shown}, lambda: say_table(columns, map(_partner_row, partners)))


def _partner_row(one: Partner) -> tuple[str | None, ...]:
    revoked = None if one.revoked_ms is None else local_time(one.revoked_ms)
    may_bill = ", ".join(one.may_bill)
    return one.party, local_time(one.since_ms), revoked, may_bill, one.report_url


@partner_app.command(example="wattseal cdr partner revoke 'DE*ABC'")
def revoke(
    party: Party,
    data: options.DataFolder = options.DATA_FOLDER,
    database_url: options.DatabaseUrl = None,
) -> Result:
    """Revoke all tokens of a CPO, from now on and for ever."""
    from wattseal.cdr.exchange.inbox import Partners, read_party

    with options.cdr_database(data, database_url) as database:
        count = Partners(database).revoke(party, unix_ms_now())
    name = read_party(party)
    shown = {"party": name, "revoked": count}
    return Result(shown, lambda: say(f"{name}: {count} token(s) revoked"))


app = Commands()


@app.command(
    epilog="\b\nExamples:\n"
    "  wattseal cdr send cdr-17.json --to https://msp.example/ocpi/2.2.1/cdrs \\\n"
    "    --token-file token.txt --keys registry.json\n"
    "  wattseal cdr send --to https://msp.example/ocpi/2.2.1/cdrs \\\n"
    "    --token-file token.txt --again\n\n"
    "Exit status: 0 all sent and billable, 1 not all, 2 unusable input."
)
def send(
    to: Annotated[str, option("URL", "The partner's CDR endpoint.")],
    token_file: Annotated[Path, option("FILE", "Its first line is the token the partner gave.")],
    files: Annotated[list[Path] | None, argument("[FILE]...", "JSON, one CDR each.")] = None,
    ocpi: Annotated[Literal["2.2.1", "2.3.0"], typer.Option(help="Version of OCPI.")] = "2.2.1",
    registry: options.OptionalRegistryUrl = None,
    keys: options.KeysFile = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not validate: it was done elsewhere.")
    ] = False,
    marker: options.Marker = None,
    outbox: Annotated[Path, option("DIR", "What is to be sent, and what became of it.")] = Path(
        "cdr-outbox"
    ),
    again: Annotated[
        bool, typer.Option("--again", help="Send those, too, whose answer was lost.")
    ] = False,
    json_output: options.Json = False,
) -> Result:
    """Validate CDRs and send them to an MSP; without files, what the outbox still holds.

    A CDR that fails is sent all the same, marked as having invalid metering data. What was sent is
    not sent again, so the command can be repeated whatever stopped it.
    """
    token = _token(token_file)
    box = Outbox(outbox)
    with CdrSender(to, token) as sender:
        judge = None
        if files and not unchecked:
            judge = Validator(options.key_source(registry, keys), Rules(side="cpo")).judge
        chosen = marker_for(read_markers(marker), ocpi) if files and marker else DEFAULT
        prepared = [prepare(path, judge, chosen) for path in files or []]
        put_all(prepared, box, sender.url)
        for one in prepared:
            _warn(one)
        sent = []
        for entry in send_all(box, sender, again=again):
            sent.append(entry)
            if not json_output:
                _say_sent(entry)
    left = [one for one in box.entries() if one.url == sender.url and one.state == "unknown"]
    rows = [one.model_dump(mode="json", exclude={"country_code", "party_id"}) for one in sent]
    is_failed = bool(left) or any(one.state != "sent" or one.codes for one in sent)

    def words() -> None:
        if not sent:
            say("There is nothing to send.")

    shown = {"sent": rows, "unknown": [one.cdr for one in left]}
    return Result(shown, words, EXIT_FAILED if is_failed else 0)


@app.command(
    epilog="\b\nExamples:\n  wattseal cdr serve --data cdr-data --keys registry.json\n"
    "  wattseal cdr serve --registry https://registry.example \\\n"
    "    --database-url postgresql://msp@db.example/cdrs \\\n"
    "    --public-url https://ocpi.msp.example"
)
def serve(
    data: options.DataFolder = options.DATA_FOLDER,
    database_url: options.DatabaseUrl = None,
    registry: options.OptionalRegistryUrl = None,
    keys: options.KeysFile = None,
    host: options.ListenHost = "127.0.0.1",
    port: options.ListenPort = 8461,
    public_url: Annotated[
        str | None,
        option("URL", "How partners reach it. Default: as it listens.", show_default=False),
    ] = None,
    marker: options.Marker = None,
    json_output: options.Json = False,
) -> None:
    """Receive CDRs over OCPI, validate them and report back, until told to stop.

    Prints its URL once it answers; CDRs are taken at URL/ocpi/2.2.1/cdrs and URL/ocpi/2.3.0/cdrs.
    Everything else goes to standard error, one JSON object a line.
    """
    options.check_installed("registry", options.RECEIVER_PACKAGES)
    from wattseal.cdr.exchange.inbox import DATABASE_FILE
    from wattseal.cdr.exchange.receiver import Address, serve
    from wattseal.cdr.history.rows import session_of
    from wattseal.cdr.history.store import SeenSessions

    rules = Rules(side="msp")
    validator = Validator(options.key_source(registry, keys), rules)
    with options.cdr_database(data, database_url) as database:
        seen = SeenSessions(database_url or data / DATABASE_FILE)
        serve(
            database,
            validator,
            lambda receipt, cdr, judgement: seen.take(
                receipt, session_of(0, cdr, judgement), rules
            ),
            read_markers(marker) if marker else {},
            Address(host, port, public_url),
            partial(options.say_listening, data, wants_json=json_output),
        )
        seen.close()


@app.command(
    "list",
    epilog="\b\nExamples:\n  wattseal cdr list --data cdr-data\n"
    "  wattseal cdr list --not-billable --json",
)
def list_received(
    data: options.DataFolder = options.DATA_FOLDER,
    database_url: options.DatabaseUrl = None,
    billable: Annotated[
        bool | None,
        typer.Option(
            "--billable/--not-billable", help="These only. Default: all.", show_default=False
        ),
    ] = None,
    limit: Annotated[int, option("N", "At most so many.", min=1)] = 1000,
) -> Result:
    """List the CDRs that were received, newest first, with their verdicts."""
    with options.cdr_database(data, database_url) as database:
        from wattseal.cdr.exchange.inbox import listed

        received = list(listed(database, billable=billable, limit=limit))
    columns = ("RECEIVED", "VERDICT", "KWH", "CDR", "CHARGE POINT", "WHY")
    return Result(
        {"cdrs": map(_received_members, received)},
        lambda: say_table(columns, map(_received_row, received)),
    )


def _received_members(one: Received) -> dict[str, Any]:
    return {
        "cdr": one.cdr,
        "billable": one.is_billable,
        "received_unix_ms": one.received_ms,
        "ocpi": one.version,
        "receipt": one.receipt,
        "marked_by_sender": one.marked,
        "report_state": one.report_state,
        "judgement": json.loads(one.judgement.to_json()),
    }


def _received_row(one: Received) -> tuple[str | None, ...]:
    codes = ", ".join(finding.code for finding in one.judgement.findings)
    return (
        local_time(one.received_ms),
        "billable" if one.is_billable else "not billable",
        one.judgement.energy_kwh,
        one.cdr,
        one.judgement.evse_id or None,
        codes or ("marked by the sender" if one.marked is not None else ""),
    )


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


def _token(file: Path) -> str:
    lines = read_private(file).splitlines()
    text = lines[0].decode("ascii", "replace").strip() if lines else ""
    if not (text.isascii() and text.isprintable()) or not text or " " in text:
        cause = "its first line is no token"
        raise ToolError("secret_unreadable", path=str(file), cause=cause)
    return text
