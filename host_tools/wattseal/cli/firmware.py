"""`wattseal firmware`: bundles of firmware, and bringing one into a module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattseal.bounded_file import read_at_most
from wattseal.cli import key_files, options
from wattseal.cli.groups import group_with
from wattseal.cli.output import print_json, say_facts
from wattseal.errors import ToolError
from wattseal.firmware.bundle import SUFFIX, Bundle, read_bundle
from wattseal.firmware.manifest import Manifest, ManifestError, describe
from wattseal.output_files import OutputDirectory
from wattseal.protected_key import create_key
from wattseal.session_files import KEY_PEM
from wattseal.wire.firmware_manifest import MAX_IMAGE_BYTES

app = typer.Typer(
    name="firmware",
    cls=group_with({"firmware_update": ("update",)}),
    no_args_is_help=True,
    help="Pack, sign, check and install firmware.",
)

BundleFile = Annotated[Path, typer.Argument(metavar="BUNDLE", help=f"A {SUFFIX} file.")]


@app.command(epilog="\b\nExample:\n  wattseal firmware key vendor.pem")
def key(
    file: Annotated[Path, typer.Argument(metavar="KEYFILE", help="The file to be made.")],
    password_file: key_files.VendorPasswordFile = None,
    json_output: options.Json = False,
) -> None:
    """Make a vendor's key, locked with a password, and public-key.pem beside it.

    Images built with WATTSEAL_VENDOR_KEY=public-key.pem take bundles that this key signs.
    """
    if file.exists():
        raise ToolError("file_exists", path=str(file))
    directory = OutputDirectory(file.parent)
    directory.check_free(KEY_PEM)
    password = key_files.new_password(password_file, key_files.VENDOR_PASSWORD)
    public = create_key(file, password).public
    [public_file] = directory.write({KEY_PEM: public.pem})
    if json_output:
        names = {"file": str(file), "public_file": str(public_file)}
        print_json({**names, "public_key": public.spki.hex(), "sha256": public.fingerprint})
        return
    say_facts(
        [
            ("private key", str(file)),
            ("public key", str(public_file)),
            ("SHA-256", public.fingerprint),
        ]
    )


@app.command(
    epilog="\b\nExample:\n  wattseal firmware pack firmware.bin --board wattseal_rp2040 \\\n"
    "    --firmware 0.2.0 --rollback-number 1 --out wattseal-0.2.0.wsfw",
)
def pack(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image: firmware.bin.")],
    board: Annotated[str, typer.Option(metavar="NAME", help="The board it was built for.")],
    firmware: Annotated[str, typer.Option(metavar="VERSION", help="Its version.")],
    rollback_number: Annotated[
        int, typer.Option(metavar="N", help="Modules refuse lower ones from then on.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="BUNDLE", help="The file to write.")],
    json_output: options.Json = False,
) -> None:
    """Put an image and its manifest into a bundle, which is still to be signed."""
    data = _read_image(image)
    try:
        manifest = describe(data, board, firmware, rollback_number)
    except ManifestError as error:
        raise ToolError("manifest_refused", cause=str(error)) from None
    _write(out, Bundle(manifest, data))
    _tell(out, manifest, "not signed yet", json_output=json_output)


@app.command(epilog="\b\nExample:\n  wattseal firmware sign wattseal-0.2.0.wsfw --key vendor.pem")
def sign(
    bundle_file: BundleFile,
    key: Annotated[Path, typer.Option(metavar="KEYFILE", help="The vendor's private key.")],
    password_file: key_files.VendorPasswordFile = None,
    json_output: options.Json = False,
) -> None:
    """Sign a bundle with the vendor's key; the file is replaced by the signed one."""
    bundle = read_bundle(bundle_file)
    signing = key_files.vendor_key(key, password_file)
    _write(bundle_file, bundle.signed(signing), replacing=True)
    _tell(bundle_file, bundle.manifest, f"by {signing.public.fingerprint}", json_output=json_output)


@app.command(
    epilog="\b\nExample:\n  wattseal firmware verify wattseal-0.2.0.wsfw --key public-key.pem"
)
def verify(
    bundle_file: BundleFile,
    key: Annotated[
        str, typer.Option("--key", "-k", metavar="HEX|FILE", help="The vendor's public key.")
    ],
    json_output: options.Json = False,
) -> None:
    """Check that a bundle is whole and signed by the vendor's key."""
    public = key_files.public_key(key, "--key")
    bundle = read_bundle(bundle_file)
    bundle.check_signature(bundle_file, public)
    _tell(bundle_file, bundle.manifest, f"by {public.fingerprint}", json_output=json_output)


def _read_image(path: Path) -> bytes:
    data = read_at_most(path, MAX_IMAGE_BYTES)
    if len(data) > MAX_IMAGE_BYTES:
        raise ToolError("manifest_refused", cause=f"the image has over {MAX_IMAGE_BYTES} bytes")
    return data


def _write(path: Path, bundle: Bundle, *, replacing: bool = False) -> None:
    OutputDirectory(path.parent).write_bytes(path.name, bundle.to_bytes(), replacing=replacing)


def _tell(path: Path, manifest: Manifest, signed: str, *, json_output: bool) -> None:
    if json_output:
        facts = {
            "board": manifest.board,
            "firmware": manifest.firmware,
            "rollback_number": manifest.rollback_number,
            "size": manifest.size_bytes,
            "sha256": manifest.sha256,
        }
        print_json({"file": str(path), "manifest": facts, "signed": signed})
        return
    say_facts(
        [
            ("bundle", str(path)),
            ("firmware", f"{manifest.firmware} for {manifest.board}"),
            ("rollback", str(manifest.rollback_number)),
            ("image", f"{manifest.size_bytes} bytes, identity {manifest.sha256}"),
            ("signed", signed),
        ]
    )
