"""`wattseal session`: begin and end charging sessions and keep their records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattseal.cli import options
from wattseal.cli.options import connected
from wattseal.cli.output import (
    INDENT,
    complain,
    print_json,
    say,
    say_facts,
)
from wattseal.cli.verify import say_report
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.device import session
from wattseal.device.models import StoredRecord
from wattseal.device.session import BEGIN, END, TRANSACTION, begin_files, session_files
from wattseal.ocmf.record import RecordMalformedError, read_record
from wattseal.ocmf.report import FileReport, Verdict
from wattseal.ocmf.verify import verify_file
from wattseal.wire.ocmf_tables import (
    IDENTIFICATION_LEVELS,
    IDENTIFICATION_TYPES,
)

if TYPE_CHECKING:
    pass

app = typer.Typer(name="session", no_args_is_help=True, help="Begin and end charging sessions.")


@app.command(
    epilog="\b\nExample:\n  wattseal session begin --port /dev/ttyACM0 --id-tag 04A2B1C3 \\\n"
    "    --id-type ISO14443 --out session-17",
)
def begin(
    port: options.Port,
    id_tag: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Who charges; without it, no user is assigned."),
    ] = None,
    id_type: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help=f"What that is: {', '.join(IDENTIFICATION_TYPES)}."),
    ] = None,
    id_level: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help=f"How sure: {', '.join(IDENTIFICATION_LEVELS)}."),
    ] = None,
    id_flag: Annotated[
        list[str] | None,
        typer.Option(metavar="FLAG", help="How it was assigned, such as RFID_PLAIN; up to 4."),
    ] = None,
    tariff_text: Annotated[str | None, typer.Option(metavar="TEXT", help="The tariff.")] = None,
    session_id: Annotated[
        int | None,
        typer.Option(metavar="N", help="Your number of the session.", show_default="pagination"),
    ] = None,
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Begin a session: the module reads the meter and signs the begin record.

    With --out, begin.ocmf and the public key are written there.
    """
    given = {
        "id_tag": id_tag,
        "id_type": id_type,
        "id_level": id_level,
        "id_flags": id_flag or None,
        "tariff_text": tariff_text,
        "session_id": session_id,
    }
    if out:
        directory = OutputDirectory(out)
        directory.check_writable()
        for name in (BEGIN, END, TRANSACTION):
            directory.check_free(name)
    with connected(port, baud, timeout) as (device, _hello):
        params = {name: value for name, value in given.items() if value is not None}
        signed = session.begin(device, **params)
    written = _write(out, begin_files(signed.record, signed.key), signed.record)
    report = verify_file(BEGIN, signed.record.record.encode(), signed.key)
    _finish("begun", signed, report, written, json_output=json_output)


@app.command()
def intermediate(
    port: options.Port,
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Sign a reading during the session.

    With --out, it is written there as T<n>.ocmf; transaction.xml holds begin and end only.
    """
    if out:
        OutputDirectory(out).check_writable()
    with connected(port, baud, timeout) as (device, _hello):
        signed = session.intermediate(device)
    name = f"T{signed.record.pagination}.ocmf"
    written = _write(out, {name: signed.record.record}, signed.record)
    report = verify_file(name, signed.record.record.encode(), signed.key)
    _finish("continued", signed, report, written, json_output=json_output)


@app.command(
    epilog="\b\nExample:\n  wattseal session end --port /dev/ttyACM0 --reason R --out session-17",
)
def end(
    port: options.Port,
    reason: Annotated[
        str,
        typer.Option(
            metavar="E|L|R|A",
            help="E ended, L ended locally, R ended remotely, A aborted by an error.",
        ),
    ] = "E",
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """End the session: the module signs the end record, and both records are verified.

    With --out, begin.ocmf, end.ocmf, transaction.xml and the public key are written there, also
    when the session was begun elsewhere.
    """
    with connected(port, baud, timeout) as (device, _hello):
        begin_record = session.open_session(device)
        if out:
            directory = OutputDirectory(out)
            directory.check_writable()
            directory.check_free(BEGIN, begin_record.record)
            for name in (END, TRANSACTION):
                directory.check_free(name)
        ended = session.end(device, reason, begin_record)
    files = session_files(ended.begin, ended.end.record, ended.end.key)
    written = _write(out, files, ended.end.record, ended.begin)
    report = verify_file(TRANSACTION, files[TRANSACTION].encode(), ended.end.key)
    begun = _plain(ended.begin)
    _finish("ended", ended.end, report, written, json_output=json_output, begin_record=begun)


def _write(
    out: Path | None, files: dict[str, str], made: StoredRecord, first: StoredRecord | None = None
) -> list[Path]:
    """Write the files; if that fails, say that the module still has the record."""
    if out is None:
        return []
    try:
        return OutputDirectory(out).write(files)
    except ToolError as error:
        raise ToolError(
            "record_kept_by_module",
            pagination=made.pagination,
            first=(first or made).pagination,
            path=error.detail["path"],
            cause=error.detail.get("cause", "other data is there"),
        ) from None


def _finish(
    what: str,
    signed: session.Signed,
    report: FileReport,
    written: list[Path],
    *,
    json_output: bool,
    **more: Any,
) -> None:
    """Print what was signed; a record that does not verify is a failure."""
    record = signed.record
    if signed.was_recovered:
        complain("wattseal: the reply was lost; the record was fetched from the module's journal.")
    if report.verdict is not Verdict.VERIFIED:
        reason = next((finding.sentence_en for finding in report.all_findings), str(report.reason))
        raise ToolError("record_not_verified", reason=reason)
    if json_output:
        print_json(
            {
                "session": what,
                "session_id": record.session_id,
                "record": _plain(record),
                **more,
                "public_key": signed.key.hex,
                "recovered": signed.was_recovered,
                "verification": report.model_dump(mode="json"),
                "files": [str(path) for path in written],
            }
        )
        return
    say(f"Session {record.session_id} {what}: record T{record.pagination}.")
    if what == "ended":
        say_report(report)
    else:
        say_facts([("reading", describe(record)), ("signature", "verified")], indent=INDENT)
    say_facts([("written", str(path)) for path in written], indent=INDENT)


def _plain(record: StoredRecord) -> dict[str, Any]:
    return record.model_dump(include={"pagination", "session_id", "record"})


def columns(record: StoredRecord) -> tuple[str, str, str | None, str | None, str]:
    """Pagination, session, reason, time and reading; what cannot be read is None."""
    start = f"T{record.pagination}", str(record.session_id)
    try:
        payload = read_record(record.record).payload
    except RecordMalformedError:
        payload = None
    if payload is None or not payload.RD:
        return *start, None, None, "unreadable"
    reading = payload.RD[-1]
    return *start, str(reading.TX), str(reading.TM), f"{reading.RV} {reading.RU}"


def describe(record: StoredRecord) -> str:
    """The last reading of a record and its time."""
    _pagination, _session, _reason, time, reading = columns(record)
    return f"{reading}  {time}" if time else reading
