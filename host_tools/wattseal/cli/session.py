"""`wattseal session`: begin and end charging sessions and keep their records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from wattseal.cli import options
from wattseal.cli.options import Commands, Module, OutputPath, check_output, option
from wattseal.cli.output import INDENT, Result, complain, say, say_facts, written_facts
from wattseal.cli.verify import say_report
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.device import session
from wattseal.device.device import Device
from wattseal.device.models import Hello, StoredRecord
from wattseal.device.session import BEGIN, END, TRANSACTION, begin_files, session_files
from wattseal.ocmf.record import RecordMalformedError, read_record
from wattseal.ocmf.report import FileReport, Verdict
from wattseal.ocmf.verify import verify_file
from wattseal.wire.ocmf_tables import IDENTIFICATION_LEVELS, IDENTIFICATION_TYPES

app = Commands(name="session", no_args_is_help=True, help="Begin and end charging sessions.")


@app.command(
    example="wattseal session begin --port /dev/ttyACM0 --id-tag 04A2B1C3 \\\n"
    "    --id-type ISO14443 --out session-17"
)
def begin(
    module: Module,
    id_tag: Annotated[
        str | None, option("TEXT", "Who charges; without it, no user is assigned.")
    ] = None,
    id_type: Annotated[
        str | None, option("TYPE", f"What that is: {', '.join(IDENTIFICATION_TYPES)}.")
    ] = None,
    id_level: Annotated[
        str | None, option("LEVEL", f"How sure: {', '.join(IDENTIFICATION_LEVELS)}.")
    ] = None,
    id_flag: Annotated[
        list[str] | None, option("FLAG", "How it was assigned, such as RFID_PLAIN; up to 4.")
    ] = None,
    tariff_text: Annotated[str | None, option("TEXT", "The tariff.")] = None,
    session_id: Annotated[
        int | None, option("N", "Your number of the session.", show_default="pagination")
    ] = None,
    registry: Annotated[
        str | None,
        options.registry_option("Set the clock before, to the time that this registry signs."),
    ] = None,
    out: OutputPath = None,
) -> Result:
    """Begin a session: the module reads the meter and signs the begin record.

    With --out, begin.ocmf and the public key are written there. A registry that cannot be reached
    is no reason not to begin.
    """
    given = {
        "id_tag": id_tag,
        "id_type": id_type,
        "id_level": id_level,
        "id_flags": id_flag or None,
        "tariff_text": tariff_text,
        "session_id": session_id,
    }
    check_output(out, BEGIN, END, TRANSACTION)
    with module.connected() as (device, hello):
        if registry:
            _set_time(device, hello, registry)
        params = {name: value for name, value in given.items() if value is not None}
        signed = session.begin(device, **params)
    written = _write(out, begin_files(signed.record, signed.key), signed.record)
    report = verify_file(BEGIN, signed.record.record.encode(), signed.key)
    return _finish("begun", signed, report, written)


@app.command()
def intermediate(module: Module, out: OutputPath = None) -> Result:
    """Sign a reading during the session.

    With --out, it is written there as T<n>.ocmf; transaction.xml holds begin and end only.
    """
    check_output(out)
    with module.connected() as (device, _hello):
        signed = session.intermediate(device)
    name = f"T{signed.record.pagination}.ocmf"
    written = _write(out, {name: signed.record.record}, signed.record)
    report = verify_file(name, signed.record.record.encode(), signed.key)
    return _finish("continued", signed, report, written)


@app.command(example="wattseal session end --port /dev/ttyACM0 --reason R --out session-17")
def end(
    module: Module,
    reason: Annotated[
        str, option("E|L|R|A", "E ended, L ended locally, R ended remotely, A aborted by an error.")
    ] = "E",
    out: OutputPath = None,
) -> Result:
    """End the session: the module signs the end record, and both records are verified.

    With --out, begin.ocmf, end.ocmf, transaction.xml and the public key are written there, also
    when the session was begun elsewhere.
    """
    with module.connected() as (device, _hello):
        begin_record = session.open_session(device)
        if out:
            OutputDirectory(out).check_writable()
            OutputDirectory(out).check_free(BEGIN, begin_record.record)
        check_output(out, END, TRANSACTION)
        ended = session.end(device, reason, begin_record)
    files = session_files(begin_record, ended.record, ended.key)
    written = _write(out, files, ended.record, begin_record)
    report = verify_file(TRANSACTION, files[TRANSACTION].encode(), ended.key)
    begun = _plain(begin_record)
    return _finish("ended", ended, report, written, begin_record=begun)


def _set_time(device: Device, hello: Hello, registry: str) -> None:
    try:
        with options.registry_client(registry) as client:
            device.set_signed_time(hello.chip_id, client.sign_time)
    except ToolError as error:
        complain(f"wattseal: the clock was not set. {error}")


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
    what: str, signed: session.Signed, report: FileReport, written: list[Path], **more: Any
) -> Result:
    """What was signed; a record that does not verify is a failure."""
    record = signed.record
    if signed.was_recovered:
        complain("wattseal: the reply was lost; the record was fetched from the module's journal.")
    if report.verdict is not Verdict.VERIFIED:
        reason = next((finding.sentence_en for finding in report.all_findings), str(report.reason))
        raise ToolError("record_not_verified", reason=reason)

    def tell() -> None:
        say(f"Session {record.session_id} {what}: record T{record.pagination}.")
        if what == "ended":
            say_report(report)
        else:
            *_others, time, reading = columns(record)
            words = f"{reading}  {time}" if time else reading
            say_facts([("reading", words), ("signature", "verified")], indent=INDENT)
        say_facts(written_facts(written), indent=INDENT)

    shown = {
        "session": what,
        "session_id": record.session_id,
        "record": _plain(record),
        **more,
        "public_key": signed.key.hex,
        "recovered": signed.was_recovered,
        "verification": report,
        "files": written,
    }
    return Result(shown, tell)


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
