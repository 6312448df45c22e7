"""`wattseal firmware update`: leads an engineer through the update of one module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattseal.advice import advise
from wattseal.cli import key_files, options
from wattseal.cli.firmware import BundleFile
from wattseal.cli.options import connected
from wattseal.cli.output import complain, print_json, say, say_facts
from wattseal.cli.progress import progress_bar
from wattseal.cli.status import say_next
from wattseal.device import key_of
from wattseal.device_models import Hello, Status
from wattseal.errors import ToolError
from wattseal.firmware import boot_drive, update
from wattseal.firmware.boards import drive_of
from wattseal.firmware.bundle import Bundle, read_bundle
from wattseal.firmware.manifest import Manifest
from wattseal.key_history import check_history, check_present_key

app = typer.Typer()

WAIT_S = 120.0


@app.command(
    "update",
    epilog="\b\nExamples:\n  wattseal firmware update --port /dev/ttyACM0 wattseal-0.2.0.wsfw\n"
    "  wattseal firmware update --port /dev/ttyACM0 --drive /media/me/RPI-RP2 \\\n"
    "    wattseal-0.2.0.wsfw",
)
def update_command(
    bundle_file: BundleFile,
    port: options.Port,
    drive: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The boot loader's drive.", show_default="looked for"),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", "-k", metavar="HEX|FILE", help="Check the vendor's key here too."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="The module waits in its boot loader already.")
    ] = False,
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, max=3600, help="For the drive, then the module."),
    ] = WAIT_S,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Install a bundle: the module checks it, its boot loader takes it, the identity proves it.

    The module makes a new key when it starts with the new firmware, and has to be published again.
    If the copying was cut, --resume goes on where the chip waits in its boot loader.
    """
    bundle = read_bundle(bundle_file)
    signature = bundle.vendor_signature(bundle_file)
    if key is not None:
        bundle.check_signature(bundle_file, key_files.public_key(key, "--key"))
    elif resume:
        raise ToolError(
            "usage",
            cause="With --resume no module checks the bundle.",
            help="Give the vendor's public key with --key.",
        )
    patience = update.Patience(wait)
    before = None if resume else _start(bundle, signature, port, baud, timeout)
    was_running = before is not None and before.firmware_identity == bundle.manifest.sha256
    if not was_running:
        _copy(bundle, drive, patience)
    state = _finish(bundle, port, baud, timeout, patience)
    if json_output:
        facts = {"firmware": bundle.manifest.firmware, "firmware_identity": bundle.manifest.sha256}
        now = {"state": state.state, "key_number": state.key_number}
        was = before.firmware if before else None
        print_json({"updated": not was_running, "before": was, **facts, **now})
    else:
        _tell(bundle.manifest, state, was_running=was_running)


def _start(bundle: Bundle, signature: bytes, port: str, baud: int, timeout: float | None) -> Hello:
    """Have the module check the bundle and enter its boot loader; nothing if it runs it already."""
    with connected(port, baud, timeout) as (device, hello):
        update.check_fits(bundle.manifest, hello)
        drive_of(hello.board)
        if hello.firmware_identity != bundle.manifest.sha256:
            update.enter_boot_loader(device, bundle.manifest, signature)
            complain("wattseal: the module accepted the bundle and starts its boot loader.")
    return hello


def _copy(bundle: Bundle, given: Path | None, patience: update.Patience) -> None:
    drive = drive_of(bundle.manifest.board)
    where = f" at {given}" if given else ""
    complain(f"wattseal: waiting for the boot loader's drive {drive.board_id}{where}.")
    folder = update.await_drive(drive, given, patience)
    with progress_bar("copying") as progress:
        boot_drive.copy(bundle.image, drive, folder, progress)
    complain("wattseal: copied; waiting for the module to start with it.")


def _finish(
    bundle: Bundle, port: str, baud: int, timeout: float | None, patience: update.Patience
) -> Status:
    """What the module says of itself now, its history of keys checked."""
    hello = update.await_module(lambda: connected(port, baud, timeout), port, patience)
    update.check_running(bundle.manifest, hello)
    with connected(port, baud, timeout) as (device, _hello):
        state = device.status()
        if state.state == "fault":
            advice = advise(state)
            raise ToolError(
                "update_in_fault",
                firmware=hello.firmware,
                meaning=advice.meaning,
                step=" ".join(advice.steps),
            )
        if state.key_number:
            history = check_history(device.statements(), hello.chip_id)
            module_key = device.key_number()
            check_present_key(
                history, module_key.key_number, key_of(module_key.public_key, "public_key")
            )
    return state


def _tell(manifest: Manifest, state: Status, *, was_running: bool) -> None:
    if was_running:
        say(f"The module runs firmware {manifest.firmware} already; nothing was changed.")
    else:
        say(f"Updated: the module runs firmware {manifest.firmware}.", "bold green")
    advice = advise(state)
    say_facts(
        [
            ("identity", f"{manifest.sha256}, as measured by the module"),
            ("key", f"number {state.key_number}" if state.key_number else "none"),
            ("state", f"{state.state}: {advice.meaning}"),
        ]
    )
    say_next(advice)
