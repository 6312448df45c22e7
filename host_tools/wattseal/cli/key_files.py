"""Key files and their passwords on the command line.

A password comes from --password-file, from the environment, or from a prompt that does not show
it; never from the command line, which other users of the computer can see.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.errors import ToolError
from wattseal.private_files import read_private
from wattseal.protected_key import SigningKey, check_password, is_locked, load_key
from wattseal.public_key import MAX_KEY_TEXT_BYTES, KeyUnreadableError, PublicKey, read_public_key

OWNER_PASSWORD = "WATTSEAL_OWNER_PASSWORD"  # noqa: S105 - the variable's name
VENDOR_PASSWORD = "WATTSEAL_VENDOR_PASSWORD"  # noqa: S105 - the variable's name


def _password_file(variable: str) -> Any:
    return typer.Option(
        metavar="FILE", help=f"Its first line is the password. Default: ${variable}, or asked for."
    )


OwnerPasswordFile = Annotated[Path | None, _password_file(OWNER_PASSWORD)]
VendorPasswordFile = Annotated[Path | None, _password_file(VENDOR_PASSWORD)]
OwnerKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Sign with this owner's private key.")
]


def owner_key(path: Path, password_file: Path | None) -> SigningKey:
    """The owner's key; a key file without a password is refused."""
    if not is_locked(path):
        raise ToolError("key_not_locked", path=str(path))
    return load_key(path, _password(path, password_file, OWNER_PASSWORD))


def vendor_key(path: Path, password_file: Path | None) -> SigningKey:
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


def public_key(given: str, option: str) -> PublicKey:
    """A public key given as text or as a file. ToolError `key_unreadable`."""
    source: str | bytes = given
    path = Path(given)
    try:
        if len(given) < 1000 and path.is_file():
            with path.open("rb") as file:
                source = file.read(MAX_KEY_TEXT_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ToolError("key_unreadable", option=option, cause=str(error)) from None
    try:
        return read_public_key(source)
    except KeyUnreadableError as error:
        is_path = isinstance(source, str) and (path.suffix or len(path.parts) > 1)
        cause = f"there is no file {given}" if is_path else str(error)
        raise ToolError("key_unreadable", option=option, cause=cause) from None


def _password(path: Path, password_file: Path | None, variable: str) -> str:
    given = _given(password_file, variable)
    return _ask(f"Password of {path}") if given is None else given


def _given(password_file: Path | None, variable: str) -> str | None:
    """The password that needs no asking; None if there is none."""
    if password_file is None:
        return _from_environment(variable)
    lines = read_private(password_file).splitlines()
    try:
        return lines[0].decode("utf-8") if lines else ""
    except UnicodeDecodeError:
        raise ToolError(
            "secret_unreadable", path=str(password_file), cause="its first line is not UTF-8"
        ) from None


def _from_environment(variable: str) -> str | None:
    password = os.environ.get(variable) or None
    try:
        (password or "").encode()
    except UnicodeEncodeError:  # its own words would show a piece of the password
        raise ToolError(
            "usage", cause=f"The password in {variable} is not UTF-8.", help="Give --password-file."
        ) from None
    return password


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
