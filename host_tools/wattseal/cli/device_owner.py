"""`wattseal device seal | prove | publish | challenge | unseal | ...`: what guards a key's life."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel

from wattseal.cli import key_files, options
from wattseal.cli.device import say_next
from wattseal.cli.options import Commands, Module, argument, option
from wattseal.cli.output import Result, complain, confirm, say, say_facts, written_facts
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.times import unix_ms_now
from wattseal.device import models, owner
from wattseal.device.advice import advise
from wattseal.device.device import check_answer
from wattseal.device.models import SignedStatement
from wattseal.device.update_bundle import read_bundle
from wattseal.ocmf.public_key import PublicKey

app = Commands()

PROOF_OF_POSSESSION = "possession.json"
FAREWELL = "farewell.json"


ACTIONS = ", ".join(owner.MEANINGS).replace("_", "-")


@app.command(example="wattseal device seal --port /dev/ttyACM0")
def seal(module: Module) -> Result:
    """Check the settings against the meter and lock them.

    From then on only the owner's key opens them again (wattseal device unseal).
    """
    with module.connected() as (device, _hello):
        sealing = device.seal()
        state = device.status()

    def words() -> None:
        say(f"Sealed, commissioning {sealing.commissioning}.", "bold green")
        if sealing.meter_serial_read:
            say("The meter itself told the serial number that was typed.")
        else:
            say("This meter cannot tell its serial number: compare its label once more.", "yellow")
        say_next(advise(state))

    return Result({**sealing.model_dump(), "state": state.state}, words)


@app.command(
    example="wattseal device prove --port /dev/ttyACM0 \\\n"
    "    --challenge 8f0e6cfa5c1d40f8b3f1d2c4a5968778 --out registration"
)
def prove(
    module: Module,
    challenge: Annotated[str, option("HEX", "The registry's challenge, 16 to 64 bytes.")],
    out: options.OutputPath = None,
) -> Result:
    """Have the module sign a registry's challenge and all that a registration says.

    With --out it is written there as possession.json, which is what the registry takes.
    """
    options.check_output(out, PROOF_OF_POSSESSION)
    with module.connected() as (device, hello):
        proof = device.prove(challenge)
        key = device.public_key()
    expected = {"type": "possession", "challenge": challenge, "chip_id": hello.chip_id}
    members = check_answer("prove", proof, key, **expected)
    written = _write(out, PROOF_OF_POSSESSION, proof)

    def words() -> None:
        facts = [
            ("EVSE-ID", members["evse_id"]),
            ("module", f"{members['gateway_serial']}, chip {members['chip_id']}"),
            ("meter", f"{members['meter_serial']} ({members['meter_model']})"),
            ("key", f"number {members['key_number']}, commissioning {members['commissioning']}"),
        ]
        say_facts(facts)
        _say_statement(proof, written)

    return Result({**proof.model_dump(), "members": members, "files": written}, words)


def _write(out: Path | None, name: str, signed: SignedStatement) -> list[Path]:
    return options.write_files(out, {name: signed.model_dump_json(indent=2) + "\n"})


def _say_statement(signed: SignedStatement, written: list[Path]) -> None:
    """Where a verified statement is, or the statement itself if it was not written."""
    say_facts([("signature", "verified"), *written_facts(written)])
    if not written:
        say(signed.model_dump_json())


@app.command(example="wattseal device publish --port /dev/ttyACM0 publication.json")
def publish(
    module: Module,
    file: Annotated[Path, argument("FILE", "The registry's answer: JSON with the proof.")],
) -> Result:
    """Bring the registry's proof that the key is published; the module checks it itself."""
    proof = owner.read_publication(file)
    with module.connected() as (device, _hello):
        settings = device.configuration().settings
        accepted = device.accept_publication(
            proof, str(settings.get("registry_name", "")), str(settings.get("registry_key", ""))
        )
        state = device.status()

    def words() -> None:
        say(f"Published: the module is {accepted.state}.", "bold green")
        say_facts([("entry", f"{accepted.leaf_index} of a log of {accepted.tree_size}")])
        say_next(advise(state))

    return Result(accepted, words)


@app.command(example="wattseal device challenge unseal --port /dev/ttyACM0")
def challenge(
    action: Annotated[str, argument("ACTION", f"What the answer shall permit: {ACTIONS}.")],
    module: Module,
    through: Annotated[
        int | None, option("N", "For archive-events: the last event to forget.", min=1)
    ] = None,
    unix_ms: Annotated[
        int | None, option("MS", "For set-time: the time now.", show_default="this computer's")
    ] = None,
    bundle: Annotated[
        Path | None, option("BUNDLE", "For update: the firmware to be installed.")
    ] = None,
) -> Result:
    """Ask the module for a challenge that the owner signs elsewhere (wattseal owner sign).

    It replaces one that is open, and is used up by one answer, right or wrong.
    """
    if action == "set-time" and unix_ms is None:
        unix_ms = unix_ms_now()
    offer = read_bundle(bundle).offer(bundle) if bundle else {}
    with module.connected() as (device, _hello):
        given = device.challenge(
            action.replace("-", "_"), through=through, unix_ms=unix_ms, **offer
        )
    members = owner.read_challenge(given.challenge)

    def words() -> None:
        print(given.challenge)
        complain(f"{owner.describe(members)} The answer counts for {given.expires_s} s.")

    return Result({**given.model_dump(), "members": members}, words)


def _by_owner(
    name: str, model: type[BaseModel], text: str, tell: Callable[[Any], None],
    permit: Callable[..., key_files.Permit | None] = key_files.permit,
) -> None:  # fmt: skip
    """Make the command of that name and help. tell: says to people what the module told."""
    action = name.replace("-", "_")

    def run(
        module: Module,
        owner_key: key_files.OwnerKey = None,
        signature: key_files.Signature = None,
        password_file: key_files.OwnerPasswordFile = None,
    ) -> Result:
        allowed = permit(signature, owner_key, password_file)
        with module.connected() as (device, hello):
            answer = allowed.answer(device, hello, action) if allowed else None
            done = device.by_owner(model, action, answer)
            state = device.status()

        def words() -> None:
            tell(done)
            say_next(advise(state))

        return Result({**done.model_dump(), "state": state.state}, words)

    example = f"wattseal device {name} --port /dev/ttyACM0 --owner-key owner.pem"
    app.command(name, help=text, example=example)(run)


_by_owner(
    "unseal",
    models.SealState,
    "Open the seal, so that the settings can be changed.\n\n"
    "The module signs no session from then on, until it is sealed and published again.",
    lambda _: say("The seal is open.", "bold yellow"),
)
_by_owner(
    "close-session",
    models.EndRecord,
    "End a session whose meter gives no end reading any more: nobody is billed for it.\n\n"
    "The signed record says so; `wattseal device records` exports it like any other.",
    lambda done: say(f"T{done.pagination} ends the session without a reading.", "bold yellow"),
)
_by_owner(
    "accept-meter",
    models.AcceptedMeter,
    "Let the module count on from a meter that was reset or has wrapped around.\n\n"
    "The event log keeps both readings.",
    lambda done: say(f"Was {done.earlier_kwh} kWh, counts on from {done.found_kwh} kWh."),
)


_by_owner(
    "cancel-update",
    models.NewKey,
    "Call off an update that was not finished: the firmware that runs makes a new key.\n\n"
    "The old key is gone since the update was permitted; the new one has to be published. "
    "A module without an owner's key does it for anybody.",
    lambda done: say(f"Called off: the module has made key {done.key_number}.", "bold green"),
    permit=key_files.permit_if_given,
)


@app.command(
    example="wattseal device decommission --port /dev/ttyACM0 \\\n"
    "    --owner-key owner.pem --out decommissioned"
)
def decommission(
    module: Module,
    owner_key: key_files.OwnerKey = None,
    signature: key_files.Signature = None,
    password_file: key_files.OwnerPasswordFile = None,
    yes: options.Yes = False,
    out: options.OutputPath = None,
) -> Result:
    """End the module's life at this station: erase its private key for ever.

    Its farewell statement, signed by that key, is for the registry; with --out it is written there
    as farewell.json. Records and events stay readable. The next start makes a new key.
    A key that is not whole is erased without that statement.
    """
    confirm("Erase the module's private key for ever?", yes=yes)
    allowed = key_files.permit(signature, owner_key, password_file)
    options.check_output(out, FAREWELL)
    with module.connected() as (device, hello):
        key = device.public_key() if device.status().key_number else None
        answer = allowed.answer(device, hello, "decommission")
        told = device.by_owner(models.Farewell, "decommission", answer)
        state = device.status()
    members, written = {}, []
    if key and told.statement and told.signature:
        farewell = SignedStatement(statement=told.statement, signature=told.signature)
        expected = {"type": "farewell", "chip_id": hello.chip_id}
        members = check_answer("decommission", farewell, key, **expected)
        written = _write(out, FAREWELL, farewell)

    def words() -> None:
        if members:
            say(f"Decommissioned: key {members['key_number']} is erased.", "bold green")
            _say_statement(farewell, written)
        else:
            say("All keys are erased. None was whole, so there is no farewell.", "bold yellow")
        say_next(advise(state))

    shown = {**told.model_dump(), "members": members, "files": written, "state": state.state}
    return Result(shown, words)


MAX_CHALLENGE_BYTES = 4096

owner_app = Commands(
    name="owner", no_args_is_help=True, help="Keep the key that opens seals, and sign with it."
)

KeyFile = Annotated[Path, argument("KEYFILE", "The owner's private key.")]


PublicFile = Annotated[
    Path | None, option("FILE", "Write the public half (PEM) into this new file.", "--out", "-o")
]


@owner_app.command(example="wattseal owner create owner.pem --out owner-public.pem")
def create(
    file: options.KeyFileToMake,
    password_file: key_files.OwnerPasswordFile = None,
    out: PublicFile = None,
) -> Result:
    """Make an owner's key, locked with a password.

    Keep a copy in a safe place: without it, no seal that it closed can be opened again.
    """
    options.check_new(file)
    if out:
        OutputDirectory(out.parent).check_writable()
        options.check_new(out)
    password = key_files.new_password(password_file, key_files.OWNER_PASSWORD)
    return _of_key(file, owner.create_key(file, password).public, out)


@owner_app.command(example="wattseal owner show owner.pem --out owner-public.pem")
def show(
    file: KeyFile,
    password_file: key_files.OwnerPasswordFile = None,
    out: PublicFile = None,
) -> Result:
    """Show the public half, for a station file and `wattseal device configure --owner-key`."""
    return _of_key(file, key_files.read_owner_key(file, password_file).public, out)


def _of_key(file: Path, key: PublicKey, out: Path | None) -> Result:
    spki = key.spki.hex()
    facts = [("file", str(file)), ("public key", spki), ("SHA-256", key.fingerprint)]
    if out:
        OutputDirectory(out.parent).write({out.name: key.pem})
        facts.append(("written", str(out)))
    shown = {"file": file, "public_key": spki, "sha256": key.fingerprint, "public_file": out}
    return Result(shown, lambda: say_facts(facts))


@owner_app.command(
    epilog="\b\nExamples:\n  wattseal owner sign owner.pem --challenge challenge.txt\n"
    "  wattseal device challenge unseal -p /dev/ttyACM0 | \\\n"
    "    wattseal owner sign owner.pem --challenge - --password-file pw"
)
def sign(
    file: KeyFile,
    challenge: Annotated[
        str,
        option("TEXT|FILE|-", "What `wattseal device challenge` showed; - is standard input."),
    ],
    password_file: key_files.OwnerPasswordFile = None,
) -> Result:
    """Sign a module's challenge and print the answer for --signature.

    The key signs nothing but challenges; what one permits is said first.
    """
    text = _challenge_text(challenge)
    members = owner.read_challenge(text)
    meaning = owner.describe(members)
    complain(meaning)
    signature = owner.answer(text, key_files.read_owner_key(file, password_file))
    shown = {"challenge": members, "meaning": meaning, "signature": signature}
    return Result(shown, lambda: print(signature))


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
