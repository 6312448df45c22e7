"""`wattseal device seal | prove | publish | challenge | unseal | decommission`: a key's life."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import key_files, options
from wattseal.cli.device import say_next
from wattseal.cli.key_files import Signature, permit
from wattseal.cli.options import connected
from wattseal.cli.output import complain, confirm, print_json, say, say_facts
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.device import owner
from wattseal.device.advice import advise
from wattseal.device.device import check_answer
from wattseal.device.models import SignedStatement
from wattseal.device.owner import create_key, read_publication
from wattseal.ocmf.public_key import PublicKey

app = typer.Typer()

PROOF_OF_POSSESSION = "possession.json"
FAREWELL = "farewell.json"


class Action(StrEnum):
    """What a challenge is for."""

    UNSEAL = "unseal"
    DECOMMISSION = "decommission"
    ARCHIVE_EVENTS = "archive-events"


@app.command(epilog="\b\nExample:\n  wattseal device seal --port /dev/ttyACM0")
def seal(
    port: options.Port,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Check the settings against the meter and lock them.

    From then on only the owner's key opens them again (wattseal device unseal).
    """
    with connected(port, baud, timeout) as (device, _hello):
        sealing = device.seal()
        state = device.status()
    if json_output:
        print_json({**sealing.model_dump(), "state": state.state})
        return
    say(f"Sealed, commissioning {sealing.commissioning}.", "bold green")
    if sealing.meter_serial_read:
        say("The meter itself told the serial number that was typed.")
    else:
        say("This meter cannot tell its serial number: compare its label once more.", "yellow")
    say_next(advise(state))


@app.command(
    epilog="\b\nExample:\n  wattseal device prove --port /dev/ttyACM0 \\\n"
    "    --challenge 8f0e6cfa5c1d40f8b3f1d2c4a5968778 --out registration"
)
def prove(
    port: options.Port,
    challenge: Annotated[
        str, typer.Option(metavar="HEX", help="The registry's challenge, 16 to 64 bytes.")
    ],
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Have the module sign a registry's challenge and all that a registration says.

    With --out it is written there as possession.json, which is what the registry takes.
    """
    if out:
        directory = OutputDirectory(out)
        directory.check_writable()
        directory.check_free(PROOF_OF_POSSESSION)
    with connected(port, baud, timeout) as (device, hello):
        proof = device.prove(challenge)
        key = device.public_key()
    expected = {"type": "possession", "challenge": challenge, "chip_id": hello.chip_id}
    members = check_answer("prove", proof, key, **expected)
    written = _write(out, PROOF_OF_POSSESSION, proof)
    if json_output:
        print_json({**proof.model_dump(), "members": members, "files": written})
        return
    say_facts(
        [
            ("EVSE-ID", members["evse_id"]),
            ("module", f"{members['gateway_serial']}, chip {members['chip_id']}"),
            ("meter", f"{members['meter_serial']} ({members['meter_model']})"),
            ("key", f"number {members['key_number']}, commissioning {members['commissioning']}"),
        ]
    )
    say_facts([("signature", "verified"), *(("written", path) for path in written)])
    if not written:
        say(proof.model_dump_json())


def _write(out: Path | None, name: str, statement: SignedStatement) -> list[str]:
    if out is None:
        return []
    files = {name: statement.model_dump_json(indent=2) + "\n"}
    return [str(path) for path in OutputDirectory(out).write(files)]


@app.command(epilog="\b\nExample:\n  wattseal device publish --port /dev/ttyACM0 publication.json")
def publish(
    port: options.Port,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The registry's answer: JSON with the proof.")
    ],
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Bring the registry's proof that the key is published; the module checks it itself."""
    proof = read_publication(file)
    with connected(port, baud, timeout) as (device, _hello):
        settings = device.configuration().settings
        accepted = device.accept_publication(
            proof, str(settings.get("registry_name", "")), str(settings.get("registry_key", ""))
        )
        state = device.status()
    if json_output:
        print_json(accepted)
        return
    say(f"Published: the module is {accepted.state}.", "bold green")
    say_facts([("entry", f"{accepted.leaf_index} of a log of {accepted.tree_size}")])
    say_next(advise(state))


@app.command(epilog="\b\nExample:\n  wattseal device challenge unseal --port /dev/ttyACM0")
def challenge(
    action: Annotated[Action, typer.Argument(help="What the owner's answer shall permit.")],
    port: options.Port,
    through: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="For archive-events: the last event to forget."),
    ] = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Ask the module for a challenge that the owner signs elsewhere (wattseal owner sign).

    It replaces one that is open, and is used up by one answer, right or wrong.
    """
    with connected(port, baud, timeout) as (device, _hello):
        given = device.challenge(action.value.replace("-", "_"), through)
    members = owner.read_challenge(given.challenge)
    if json_output:
        print_json({**given.model_dump(), "members": members})
        return
    print(given.challenge)
    complain(f"{owner.describe(members)} The answer counts for {given.expires_s} s.")


@app.command(
    epilog="\b\nExamples:\n  wattseal device unseal --port /dev/ttyACM0 --owner-key owner.pem\n"
    "  wattseal device unseal --port /dev/ttyACM0 --signature 3045..."
)
def unseal(
    port: options.Port,
    owner_key: key_files.OwnerKey = None,
    signature: Signature = None,
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Open the seal, so that the settings can be changed.

    The module signs no session from then on, until it is sealed and published again.
    """
    allowed = permit(signature, owner_key, password_file)
    with connected(port, baud, timeout) as (device, hello):
        device.unseal(allowed.answer(device, hello, "unseal"))
        state = device.status()
    if json_output:
        print_json({"sealed": state.sealed, "state": state.state})
        return
    say("The seal is open.", "bold yellow")
    say_next(advise(state))


@app.command(
    epilog="\b\nExample:\n  wattseal device decommission --port /dev/ttyACM0 \\\n"
    "    --owner-key owner.pem --out decommissioned"
)
def decommission(
    port: options.Port,
    owner_key: key_files.OwnerKey = None,
    signature: Signature = None,
    password_file: key_files.OwnerPasswordFile = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """End the module's life at this station: erase its private key for ever.

    Its farewell statement, signed by that key, is for the registry; with --out it is written there
    as farewell.json. Records and events stay readable. The next start makes a new key.
    """
    confirm("Erase the module's private key for ever?", yes=yes)
    allowed = permit(signature, owner_key, password_file)
    if out:
        directory = OutputDirectory(out)
        directory.check_writable()
        directory.check_free(FAREWELL)
    with connected(port, baud, timeout) as (device, hello):
        key = device.public_key()
        farewell = device.decommission(allowed.answer(device, hello, "decommission"))
        state = device.status()
    members = check_answer("decommission", farewell, key, type="farewell", chip_id=hello.chip_id)
    written = _write(out, FAREWELL, farewell)
    if json_output:
        result = {**farewell.model_dump(), "members": members, "files": written}
        print_json({**result, "state": state.state})
        return
    say(f"Decommissioned: key {members['key_number']} is erased.", "bold green")
    say_facts([("signature", "verified"), *(("written", path) for path in written)])
    if not written:
        say(farewell.model_dump_json())
    say_next(advise(state))


MAX_CHALLENGE_BYTES = 4096

owner_app = typer.Typer(
    name="owner", no_args_is_help=True, help="Keep the key that opens seals, and sign with it."
)

KeyFile = Annotated[Path, typer.Argument(metavar="KEYFILE", help="The owner's private key.")]


@owner_app.command(epilog="\b\nExample:\n  wattseal owner create owner.pem")
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


@owner_app.command(epilog="\b\nExample:\n  wattseal owner show owner.pem")
def show(
    file: KeyFile,
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
) -> None:
    """Show the public half, for `wattseal device configure --owner-key`."""
    key = key_files.read_owner_key(file, password_file)
    _tell(file, key.public, json_output=json_output)


def _tell(file: Path, key: PublicKey, *, json_output: bool) -> None:
    spki = key.spki.hex()
    if json_output:
        print_json({"file": str(file), "public_key": spki, "sha256": key.fingerprint})
        return
    say_facts([("file", str(file)), ("public key", spki), ("SHA-256", key.fingerprint)])


@owner_app.command(
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
    members = owner.read_challenge(text)
    meaning = owner.describe(members)
    complain(meaning)
    signature = owner.answer(text, key_files.read_owner_key(file, password_file))
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
