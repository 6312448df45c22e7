"""`wattseal verify`: OCMF records of any maker, checked without a module."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from wattseal.cli import options
from wattseal.cli.key_files import public_key
from wattseal.cli.output import print_json
from wattseal.cli.reports import say_report
from wattseal.printable_text import printable
from wattseal.public_key import PublicKey
from wattseal.verify import Code, FileReport, Language, found, overall, unreadable, verify_file
from wattseal.verify.bundle import BundleError, is_bundle, read_bundle
from wattseal.verify.container import MAX_FILE_BYTES

app = typer.Typer()

STANDARD_INPUT = "-"
MAX_BUNDLE_BYTES = 64 << 20

EPILOG = """\b
Examples:
  wattseal verify session-17/transaction.xml
  wattseal verify begin.ocmf end.ocmf --key public-key.hex
  cat begin.ocmf end.ocmf | wattseal verify - --key public-key.hex
  wattseal verify --language de session-17/transaction.xml
  wattseal verify invoice-2026-11.zip

Exit status: 0 all verified, 1 not verified, 2 unreadable."""


@app.command(epilog=EPILOG)
def verify(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="OCMF, its hex, XML, or an invoice bundle (zip); - is standard input.",
        ),
    ],
    key: Annotated[
        str | None,
        typer.Option("--key", "-k", metavar="HEX|FILE", help="Trust this public key and no other."),
    ] = None,
    language: Annotated[
        Language,
        typer.Option(help="Language of what people read; --json is the same in any."),
    ] = Language.ENGLISH,
    json_output: options.Json = False,
) -> None:
    """Verify signatures and transactions of OCMF records.

    Without --key, the key inside the file judges: that shows that nothing was altered since
    signing, not who signed.
    """
    pinned = public_key(key, "--key") if key else None
    reports = [report for name in files for report in _verify(name, pinned)]
    verdict = overall(reports)
    if json_output:
        listed = [report.model_dump(mode="json") for report in reports]
        print_json({"verdict": verdict.value, "files": listed})
    else:
        for report in reports:
            say_report(report, language)
    raise typer.Exit(verdict.exit_status)


def _verify(name: str, pinned: PublicKey | None) -> list[FileReport]:
    """The report on a file, or those on the files of a bundle that hold records."""
    shown_name = "standard input" if name == STANDARD_INPUT else name
    try:
        if name == STANDARD_INPUT:
            data = _read(sys.stdin.buffer)
        else:
            with Path(name).open("rb") as file:
                data = _read(file)
        parts = read_bundle(data) if is_bundle(data) else None
    except BundleError as error:
        return [unreadable(shown_name, found(Code.FILE_UNREADABLE, cause=error))]
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        return [unreadable(shown_name, found(Code.FILE_UNREADABLE, cause=cause))]
    if parts is None:
        return [verify_file(shown_name, data, pinned)]
    return [verify_file(f"{shown_name}: {printable(part)}", held, pinned) for part, held in parts]


def _read(file: BinaryIO) -> bytes:
    """As much as a file of records may have and a byte more; of a bundle, all that it may have."""
    start = file.read(MAX_FILE_BYTES + 1)
    return start + file.read(MAX_BUNDLE_BYTES) if is_bundle(start) else start
