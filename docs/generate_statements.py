"""Writes docs/statements.md: its template, with the tables that both ends run and worked examples.

    python docs/generate_statements.py [--check]

With --check nothing is written; exit status 1 says that the file is not up to date. In the
template, `{{name}}` and `{{name argument}}` on a line of their own stand for what the functions
below give.
"""

import re
import sys
from pathlib import Path

import statement_examples as examples
from wire import (
    firmware_manifest,
    owner_challenge,
    publication,
    signed_text,
    signed_time,
    statements,
)
from wire.schema import limit_in_words

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "templates" / "statements.md"
PAGE = HERE / "statements.md"

_MEANINGS = {
    "action": "What the signature permits.",
    "after_unix_ms": "Newest time that the module knew of at that start, from its logs: it "
    "happened after that (the clock is unset at a start). Null if it knew none.",
    "board": "Board and variant, as `hello` tells them.",
    "chain": "Chain value after that event.",
    "challenge": "As it was given.",
    "chip_id": "The chip's unique id.",
    "commissioning": "Counts the sealings that changed anything that they lock, and the times "
    "that the owner set back.",
    "details": "Commitment of the registry to its fuller record; the module does not judge it.",
    "event_chain": "Chain value after that event.",
    "event_number": "Number of the newest event then.",
    "evse_id": "The charge point (setting `charge_point_id`, OCMF CI).",
    "firmware": "Version of the image.",
    "firmware_identity": "SHA-256 of the image.",
    "gateway_serial": "The module's serial number (OCMF GS).",
    "handover": "Number of the hand-over that came before; null if there was none.",
    "handover_sha256": "SHA-256 of its text; null if there was none.",
    "key_number": "Number of the key.",
    "last_pagination": "Newest record then; 0 if none.",
    "meter_model": "From the meter's profile (OCMF MM).",
    "meter_serial": "The meter's serial number (OCMF MS).",
    "meter_vendor": "From the meter's profile (OCMF MV).",
    "next_firmware": "Version of the image that was accepted.",
    "next_firmware_identity": "SHA-256 of that image.",
    "next_rollback_number": "Its rollback number.",
    "nonce": "32 bytes from the module's generator.",
    "number": "Number of the newest event.",
    "old_firmware_identity": "SHA-256 of the image that made the old key.",
    "old_key_number": "Number of the old key.",
    "old_public_key": "The old key, in the form of `public_key`.",
    "public_key": "SubjectPublicKeyInfo in DER: secp256r1, uncompressed point.",
    "rollback_number": "An image with a lower one is refused.",
    "settings_sha256": "SHA-256 of what the seal locks; see below the entry of the log.",
    "sha256": "Of the image; the identity that it will measure of itself.",
    "size": "Bytes of the image.",
    "through": "The last event that may be forgotten.",
    "unix_ms": "Milliseconds since 1970 in UTC.",
}
_FORMS = {
    "owner": owner_challenge.form_of("archive_events"),
    "time": signed_time.FORM,
    "registration": publication.FORM,
    "firmware": firmware_manifest.FORM,
} | {form[0]: form for form in statements.FORMS}


def members(kind: str) -> str:
    """The table of a form's members."""
    lines = ["| member | value | meaning |", "|---|---|---|", f'| `type` | "{kind}" | |']
    lines.append(f"| `version` | {signed_text.version_of(_FORMS[kind])} | |")
    for row in _FORMS[kind][2]:
        limit = limit_in_words(row) + (", or null" if row[3] == "nullable" else "")
        lines.append(f"| `{row[0]}` | {limit.replace('|', chr(92) + '|')} | {_MEANINGS[row[0]]} |")
    return "\n".join(lines)


def statement(kind: str) -> str:
    """A statement and its signatures."""
    text, signers = examples.statement_examples()[kind]
    return _signed(text, statements.PREFIX, *signers)


def challenge(action: str) -> str:
    """A challenge and the owner's signature."""
    return _signed(examples.challenge(action), owner_challenge.PREFIX, examples.OWNER)


def time() -> str:
    """A signed time and the registry's signature."""
    return _signed(examples.signed_time_text(), signed_time.PREFIX, examples.REGISTRY)


def manifest() -> str:
    """The manifest and the vendor's signature."""
    return _signed(examples.manifest(), firmware_manifest.PREFIX, examples.VENDOR)


def entry() -> str:
    """The entry of the log."""
    return _block(examples.entry())


def checkpoint() -> str:
    """The checkpoint of the log, a signed note."""
    return _block(examples.published()[0].rstrip("\n"))


def proof() -> str:
    """The hashes of the inclusion proof."""
    return _block("\n".join(beside.hex() for beside in examples.published()[2]))


def keys() -> str:
    """The public keys of the examples."""
    ecdsa = [f"{key.name}:\n\n{_block(key.spki.hex())}" for key in examples.KEYS]
    return "\n\n".join([*ecdsa, f"registry, Ed25519:\n\n{_block(examples.ed25519_line())}"])


_PARTS = (members, statement, challenge, time, manifest, entry, checkpoint, proof, keys)


def page() -> str:
    """The whole page."""
    makers = {make.__name__: make for make in _PARTS}

    def part(found: re.Match[str]) -> str:
        name, *arguments = found[1].split()
        return makers[name](*arguments)

    return re.sub(r"^\{\{(.+)\}\}$", part, TEMPLATE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _signed(text: str, prefix: bytes, *signers: examples.ExampleKey) -> str:
    parts = [_block(text)]
    for key in signers:
        signature = key.sign(prefix + text.encode()).hex()
        parts.append(f"Signature ({key.name}):\n\n{_block(signature)}")
    return "\n\n".join(parts)


def _block(text: str) -> str:
    return f"```text\n{text}\n```"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date."""
    text = page()
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is not up to date; run {Path(__file__).name}", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
