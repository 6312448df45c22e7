"""Key files, their passwords, and the owner's permission, as command lines give them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattseal.cli.options import first_line, option
from wattseal.common.errors import ToolError
from wattseal.device import owner
from wattseal.device.owner import SigningKey, check_password, is_locked, load_key
from wattseal.ocmf.public_key import (
    MAX_KEY_TEXT_BYTES,
    KeyUnreadableError,
    PublicKey,
    read_public_key,
)
from wattseal.wire.firmware_manifest import read_manifest

if TYPE_CHECKING:
    from wattseal.device.device import Device
    from wattseal.device.models import Hello

OWNER_PASSWORD = "WATTSEAL_OWNER_PASSWORD"  # noqa: S105 - the variable's name
VENDOR_PASSWORD = "WATTSEAL_VENDOR_PASSWORD"  # noqa: S105 - the variable's name


def _password_file(variable: str) -> Any:
    return option("FILE", f"Its first line is the password. Default: ${variable}, or asked for.")


OwnerPasswordFile = Annotated[Path | None, _password_file(OWNER_PASSWORD)]
VendorPasswordFile = Annotated[Path | None, _password_file(VENDOR_PASSWORD)]
OwnerKey = Annotated[Path | None, option("FILE", "Sign with this owner's private key.")]


def read_owner_key(path: Path, password_file: Path | None) -> SigningKey:
    """The owner's key; a key file without a password is refused."""
    if not is_locked(path):
        raise ToolError("key_not_locked", path=str(path))
    return load_key(path, _password(path, password_file, OWNER_PASSWORD))


def read_vendor_key(path: Path, password_file: Path | None) -> SigningKey:
    """The vendor's key; one without a password may live on a machine that is itself locked up."""
    password = _password(path, password_file, VENDOR_PASSWORD) if is_locked(path) else None
    return load_key(path, password)


def new_password(password_file: Path | None, variable: str) -> str:
    """The password of a key to be made, asked for twice. ToolError `password_weak`."""
    password = _given(password_file, variable)
    if password is None:
        password = _ask("Password for the new key", check=check_password)
    check_password(password)
    return password


def public_key(given: str, option_name: str) -> PublicKey:
    """A public key given as text or as a file. ToolError `key_unreadable`."""
    source: str | bytes = given
    path = Path(given)
    try:
        if len(given) < 1000 and path.is_file():
            with path.open("rb") as file:
                source = file.read(MAX_KEY_TEXT_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ToolError("key_unreadable", option=option_name, cause=str(error)) from None
    try:
        return read_public_key(source)
    except KeyUnreadableError as error:
        is_path = isinstance(source, str) and (path.suffix or len(path.parts) > 1)
        cause = f"there is no file {given}" if is_path else str(error)
        raise ToolError("key_unreadable", option=option_name, cause=cause) from None


def _password(path: Path, password_file: Path | None, variable: str) -> str:
    given = _given(password_file, variable)
    return _ask(f"Password of {path}") if given is None else given


def _given(password_file: Path | None, variable: str) -> str | None:
    """The password that needs no asking; None if there is none."""
    if password_file is not None:
        return first_line(password_file, "UTF-8")
    password = os.environ.get(variable, "")
    try:
        password.encode()
    except UnicodeEncodeError:  # its own words would show a piece of the password
        raise ToolError(
            "usage", cause=f"The password in {variable} is not UTF-8.", help="Give --password-file."
        ) from None
    return password or None


def _ask(words: str, check: Callable[[str], None] | None = None) -> str:
    if not sys.stdin.isatty():
        raise ToolError(
            "usage",
            cause="There is no terminal to ask for the password on.",
            help="Give --password-file.",
        )
    password = str(typer.prompt(words, hide_input=True, err=True))
    if check is not None:
        check(password)
        if password != str(typer.prompt("The same again", hide_input=True, err=True)):
            raise ToolError("usage", cause="The two passwords differ.", help="Try again.")
    return password


Signature = Annotated[
    str | None, option("HEX", "What `wattseal owner sign` gave for the open challenge.")
]


@dataclass(frozen=True)
class Permit:
    """Either an answer to the challenge that is open, or the key to answer a fresh one with."""

    signature: str | None
    key: SigningKey | None = None
    path: Path | None = None

    def answer(self, device: Device, hello: Hello, action: str, **given: Any) -> str:
        """The owner's signature, DER in hex; `given` are the params of the challenge.

        ToolError `owner_key_differs` before a wrong answer is sent, `challenge_malformed` if the
        module's challenge is not for this action.
        """
        if self.key is None:
            return self.signature or ""
        known = None
        with suppress(ToolError):  # in a session or a fault the module tells no settings
            known = device.configuration().settings.get("owner_key")
        if known is not None and known != self.key.public.spki.hex():
            fingerprint = self.key.public.fingerprint
            raise ToolError("owner_key_differs", path=str(self.path), fingerprint=fingerprint)
        challenge = device.challenge(action, **given).challenge
        members = owner.read_challenge(challenge)
        wanted = {"action": action, "chip_id": hello.chip_id, **given}
        if "manifest" in given:
            del wanted["manifest"], wanted["vendor_signature"]
            wanted["firmware_identity"] = read_manifest(given["manifest"])["sha256"]
        if any(members.get(name) != value for name, value in wanted.items()):
            raise ToolError("challenge_malformed", cause="it is for another module or action")
        return owner.answer(challenge, self.key)


def permit_if_given(
    signature: str | None, owner_key: Path | None, password_file: Path | None
) -> Permit | None:
    """As `permit`, but None if the command line gives none."""
    return permit(signature, owner_key, password_file) if signature or owner_key else None


def permit(signature: str | None, owner_key: Path | None, password_file: Path | None) -> Permit:
    """The permission that the command line gives; asks for the password, before a port is open."""
    if (signature is None) == (owner_key is None):
        raise ToolError(
            "usage",
            cause="The owner has to permit that.",
            help="Give either --owner-key, or the --signature over `wattseal device challenge`.",
        )
    if owner_key is None:
        return Permit(signature)
    return Permit(None, read_owner_key(owner_key, password_file), owner_key)
