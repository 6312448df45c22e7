"""`wattseal owner`: the key that opens the seals of its owner's modules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wattseal import owner_answer
from wattseal.cli import key_files, options
from wattseal.cli.output import complain, print_json, say_facts
from wattseal.errors import ToolError
from wattseal.protected_key import create_key
from wattseal.public_key import PublicKey

MAX_CHALLENGE_BYTES = 4096

app = typer.Typer(
    name="owner", no_args_is_help=True, help="Keep the key that opens seals, and sign with it."
)

KeyFile = Annotated[Path, typer.Argument(metavar="KEYFILE", help="The owner's private key.")]


@app.command(epilog="\b\nExample:\n  wattseal owner create owner.pem")
def create(
    file: Annotated[Path, typer.Argument(metavar="KEYFILE", help="The file to be made.")],
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
) -> None:
    """Make an owner's key, locked with a password.

    Keep a copy in a safe place: without it, no seal that it closed can be opened again.
    """
    if file.exists():
        raise ToolError("file_exists", path=str(file))
    password = key_files.new_password(password_file, key_files.OWNER_PASSWORD)
    key = create_key(file, password)
    _tell(file, key.public, json_output=json_output)


@app.command(epilog="\b\nExample:\n  wattseal owner show owner.pem")
def show(
    file: KeyFile,
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
) -> None:
    """Show the public half, for `wattseal device configure --owner-key`."""
    key = key_files.owner_key(file, password_file)
    _tell(file, key.public, json_output=json_output)


def _tell(file: Path, key: PublicKey, *, json_output: bool) -> None:
    spki = key.spki.hex()
    if json_output:
        print_json({"file": str(file), "public_key": spki, "sha256": key.fingerprint})
        return
    say_facts([("file", str(file)), ("public key", spki), ("SHA-256", key.fingerprint)])


@app.command(
    epilog="\b\nExamples:\n  wattseal owner sign owner.pem --challenge challenge.txt\n"
    "  wattseal device challenge unseal -p /dev/ttyACM0 | \\\n"
    "    wattseal owner sign owner.pem --challenge - --password-file pw"
)
def sign(
    file: KeyFile,
    challenge: Annotated[
        str,
        typer.Option(
            "--challenge",
            metavar="TEXT|FILE|-",
            help="What `wattseal device challenge` showed; - is standard input.",
        ),
    ],
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
) -> None:
    """Sign a module's challenge and print the answer for --signature.

    The key signs nothing but challenges; what one permits is said first.
    """
    text = _challenge_text(challenge)
    members = owner_answer.read_challenge(text)
    meaning = owner_answer.describe(members)
    complain(meaning)
    signature = owner_answer.answer(text, key_files.owner_key(file, password_file))
    if json_output:
        print_json({"challenge": members, "meaning": meaning, "signature": signature})
    else:
        print(signature)


def _challenge_text(given: str) -> str:
    """The challenge from the command line, a file or standard input, without its line end."""
    if given.lstrip().startswith("{"):
        return given.strip()
    try:
        if given == "-":
            data = sys.stdin.buffer.read(MAX_CHALLENGE_BYTES + 1)
        else:
            with Path(given).open("rb") as file:
                data = file.read(MAX_CHALLENGE_BYTES + 1)
        return data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise ToolError("challenge_malformed", cause="it is not ASCII") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise ToolError("file_unreadable", path=given, cause=cause) from None
