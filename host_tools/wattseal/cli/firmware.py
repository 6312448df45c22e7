"""`wattseal firmware`: bundles of firmware, and bringing one into a module."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.cli import key_files
from wattseal.cli.device import say_next
from wattseal.cli.options import Commands, KeyFileToMake, Module, argument, check_new, option
from wattseal.cli.output import Result, complain, progress_bar, say, say_facts
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory, read_at_most
from wattseal.device import update
from wattseal.device.advice import advise
from wattseal.device.device import key_of
from wattseal.device.firmware_file import family_words, read_firmware
from wattseal.device.key_history import check_history, check_present_key
from wattseal.device.models import Hello, Status
from wattseal.device.owner import create_key
from wattseal.device.session import KEY_PEM
from wattseal.device.update_bundle import (
    SUFFIX,
    Bundle,
    Manifest,
    ManifestError,
    describe,
    read_bundle,
)

app = Commands(
    name="firmware", no_args_is_help=True, help="Pack, sign, check and install firmware."
)

BundleFile = Annotated[Path, argument("BUNDLE", f"A {SUFFIX} file.")]


@app.command(example="wattseal firmware key vendor.pem")
def key(file: KeyFileToMake, password_file: key_files.VendorPasswordFile = None) -> Result:
    """Make a vendor's key, locked with a password, and public-key.pem beside it.

    Images built with WATTSEAL_VENDOR_KEY=public-key.pem take bundles that this key signs.
    """
    check_new(file)
    directory = OutputDirectory(file.parent)
    directory.check_free(KEY_PEM)
    password = key_files.new_password(password_file, key_files.VENDOR_PASSWORD)
    public = create_key(file, password).public
    [public_file] = directory.write({KEY_PEM: public.pem})
    shown = {
        "file": file,
        "public_file": public_file,
        "public_key": public.spki.hex(),
        "sha256": public.fingerprint,
    }
    facts = [
        ("private key", str(file)),
        ("public key", str(public_file)),
        ("SHA-256", public.fingerprint),
    ]
    return Result(shown, lambda: say_facts(facts))


@app.command(
    example="wattseal firmware pack firmware.bin --board rp2040 \\\n"
    "    --firmware 0.2.0 --rollback-number 1 --out wattseal-0.2.0.wsfw"
)
def pack(
    image: Annotated[Path, argument("IMAGE", "The image: firmware.bin.")],
    board: Annotated[str, option("NAME", "The board it was built for.")],
    firmware: Annotated[str, option("VERSION", "Its version.")],
    rollback_number: Annotated[int, option("N", "Modules refuse lower ones from then on.")],
    out: Annotated[Path, option("BUNDLE", "The file to write.", "--out", "-o")],
) -> Result:
    """Put an image and its manifest into a bundle, which is still to be signed."""
    limit = update.image_limit(board)
    data = read_at_most(image, limit)
    if len(data) > limit:
        raise ToolError("manifest_refused", cause=f"the image has over {limit} bytes")
    try:
        manifest = describe(data, board, firmware, rollback_number)
    except ManifestError as error:
        raise ToolError("manifest_refused", cause=str(error)) from None
    OutputDirectory(out.parent).write_bytes(out.name, Bundle(manifest, data).to_bytes())
    return _of_bundle(out, manifest, "not signed yet")


@app.command(example="wattseal firmware sign wattseal-0.2.0.wsfw --key vendor.pem")
def sign(
    bundle_file: BundleFile,
    key: Annotated[Path, option("KEYFILE", "The vendor's private key.")],
    password_file: key_files.VendorPasswordFile = None,
) -> Result:
    """Sign a bundle with the vendor's key; the file is replaced by the signed one."""
    bundle = read_bundle(bundle_file)
    signing = key_files.read_vendor_key(key, password_file)
    signed = bundle.signed(signing).to_bytes()
    OutputDirectory(bundle_file.parent).write_bytes(bundle_file.name, signed, replacing=True)
    return _of_bundle(bundle_file, bundle.manifest, f"by {signing.public.fingerprint}")


@app.command(example="wattseal firmware verify wattseal-0.2.0.wsfw --key public-key.pem")
def verify(
    bundle_file: BundleFile,
    key: Annotated[str, option("HEX|FILE", "The vendor's public key.", "--key", "-k")],
) -> Result:
    """Check that a bundle is whole and signed by the vendor's key."""
    public = key_files.public_key(key, "--key")
    bundle = read_bundle(bundle_file)
    bundle.check_signature(bundle_file, public)
    return _of_bundle(bundle_file, bundle.manifest, f"by {public.fingerprint}")


@app.command(example="wattseal firmware info build/rp2040/firmware.uf2")
def info(
    file: Annotated[Path, argument("FILE", f"A .uf2, .bin or {SUFFIX} file.")],
) -> Result:
    """Say what a firmware file is for, what was built into it, and which identity it has."""
    found = read_firmware(file)
    facts = found.facts
    manifest = found.bundle.manifest if found.bundle else None
    signature = found.bundle.signature if found.bundle else None
    sbom = file.with_suffix(SBOM_SUFFIX)
    shown = {
        "file": file,
        "kind": found.kind,
        "board": manifest.board if manifest else facts and facts.board,
        "firmware": manifest.firmware if manifest else facts and facts.firmware,
        "rollback_number": manifest.rollback_number
        if manifest
        else facts and facts.rollback_number,
        "family": None if found.family is None else family_words(found.family),
        "size": len(found.image),
        "sha256": found.sha256,
        "vendor_key": facts and facts.vendor_key,
        "signature": signature.hex() if signature else None,
        "sbom": sbom if sbom.exists() else None,
    }
    return Result(shown, lambda: _say_info(shown))


SBOM_SUFFIX = ".cdx.json"
_KINDS = {"uf2": "UF2", "bin": "plain image", "bundle": "update bundle"}


def _say_info(shown: dict[str, Any]) -> None:
    family = f", family {shown['family']}" if shown["family"] else ""
    signed = "signed; `wattseal firmware verify` checks by whom"
    say_facts(
        [
            ("file", f"{shown['file']}: {_KINDS[shown['kind']]}{family}"),
            ("board", shown["board"] or "not told: no Wattseal image, or an old one"),
            ("firmware", shown["firmware"] or "not told"),
            ("rollback", str(shown["rollback_number"]) if shown["board"] else "not told"),
            ("image", f"{shown['size']} bytes, identity {shown['sha256']}"),
            ("vendor key", f"SHA-256 {shown['vendor_key']}" if shown["vendor_key"] else "none"),
            *(
                [("signature", signed if shown["signature"] else "not signed yet")]
                if shown["kind"] == "bundle"
                else []
            ),
            ("SBOM", str(shown["sbom"] or "none beside it")),
        ]
    )


def _of_bundle(path: Path, manifest: Manifest, signed: str) -> Result:
    shown = {
        "board": manifest.board,
        "firmware": manifest.firmware,
        "rollback_number": manifest.rollback_number,
        "size": manifest.size_bytes,
        "sha256": manifest.sha256,
    }
    facts = [
        ("bundle", str(path)),
        ("firmware", f"{manifest.firmware} for {manifest.board}"),
        ("rollback", str(manifest.rollback_number)),
        ("image", f"{manifest.size_bytes} bytes, identity {manifest.sha256}"),
        ("signed", signed),
    ]
    return Result({"file": path, "manifest": shown, "signed": signed}, lambda: say_facts(facts))


def _start(
    bundle: Bundle, offer: dict[str, str], module: Module, allowed: key_files.Permit | None
) -> Hello:
    """Have the module give way to the bundle and enter its boot loader, unless it runs it."""
    with module.connected() as (device, hello):
        update.check_fits(bundle.manifest, hello)
        where = update.place_of_drive(hello)
        if hello.firmware_identity != bundle.manifest.sha256:
            signed = {}
            if device.check_update(offer).owner_needed and allowed:
                signed["signature"] = allowed.answer(device, hello, "update", **offer)
            update.enter_boot_loader(device, offer, **signed)
            complain(f"wattseal: the module has given way and starts its boot loader. {where}")
    return hello


def _copy(bundle: Bundle, given: Path | None, patience: update.Patience) -> None:
    drive = update.drive_of(bundle.manifest.board)
    where = f" at {given}" if given else ""
    complain(f"wattseal: waiting for the boot loader's drive {drive.board_id}{where}.")
    folder = update.await_drive(drive, given, patience)
    with progress_bar("copying") as progress:
        update.copy(bundle.image, drive, folder, progress)
    complain("wattseal: copied; waiting for the module to start with it.")


def _finish(bundle: Bundle, module: Module, patience: update.Patience) -> Status:
    """What the module says of itself now, its history of keys checked."""
    # What is asked while it starts is lost: --timeout, which may be long, is not for that.
    probe = replace(module, timeout_s=None)
    hello = update.await_module(probe.connected, module.port, patience)
    update.check_running(bundle.manifest, hello)
    with module.connected() as (device, _hello):
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


def _say_update(manifest: Manifest, state: Status, *, was_running: bool) -> None:
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


@app.command(
    "update",
    epilog="\b\nExamples:\n  wattseal firmware update --port /dev/ttyACM0 wattseal-0.2.0.wsfw \\\n"
    "    --owner-key owner.pem\n"
    "  wattseal firmware update --port /dev/ttyUSB0 wattseal-0.2.0.wsfw \\\n"
    "    --signature 3045... --drive /media/me/RPI-RP2",
)
def update_command(
    bundle_file: BundleFile,
    module: Module,
    owner_key: key_files.OwnerKey = None,
    signature: key_files.Signature = None,
    password_file: key_files.OwnerPasswordFile = None,
    drive: Annotated[
        Path | None,
        option(
            "DIR", "The boot loader's drive.", envvar="WATTSEAL_DRIVE", show_default="looked for"
        ),
    ] = None,
    key: Annotated[
        str | None, option("HEX|FILE", "Check the vendor's key here too.", "--key", "-k")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="The module waits in its boot loader already.")
    ] = False,
    wait: Annotated[
        float, option("SECONDS", "For the drive, then the module.", min=1, max=3600)
    ] = 120.0,
) -> Result:
    """Install a bundle: the module checks it, its boot loader takes it, the identity proves it.

    The owner permits it, as the module's key is erased before its boot loader starts. The new
    firmware makes a new key, which has to be published. If the copying was cut, --resume goes on
    where the chip waits in its boot loader; a module that is back in its old firmware takes the
    same command again, without the owner.
    """
    bundle = read_bundle(bundle_file)
    offer = bundle.offer(bundle_file)
    allowed = key_files.permit_if_given(signature, owner_key, password_file)
    if key is not None:
        bundle.check_signature(bundle_file, key_files.public_key(key, "--key"))
    elif resume:
        raise ToolError(
            "usage",
            cause="With --resume no module checks the bundle.",
            help="Give the vendor's public key with --key.",
        )
    patience = update.Patience(wait)
    before = None if resume else _start(bundle, offer, module, allowed)
    was_running = before is not None and before.firmware_identity == bundle.manifest.sha256
    if not was_running:
        _copy(bundle, drive, patience)
    state = _finish(bundle, module, patience)
    shown = {
        "updated": not was_running,
        "before": before.firmware if before else None,
        "firmware": bundle.manifest.firmware,
        "firmware_identity": bundle.manifest.sha256,
        "state": state.state,
        "key_number": state.key_number,
    }
    return Result(shown, lambda: _say_update(bundle.manifest, state, was_running=was_running))
