"""The registry's answer, checked by whoever depends on it, before the module gets to see it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import ValidationError

from wattseal.errors import ToolError
from wattseal.publication_file import Publication
from wattseal.registry.records import Record, details_of, read_record
from wattseal.registry.requests import PublicationAnswer
from wattseal.tlog import tree
from wattseal.tlog.checkpoint import Checkpoint, read_checkpoint
from wattseal.tlog.note import EcdsaKey, NoteError, check_note
from wattseal.wire import publication
from wattseal.wire.merkle import ProofError
from wattseal.wire.shapes import JsonObject
from wattseal.wire.signed_text import TextError


def check_publication(answer: PublicationAnswer, name: str, registry_key: str) -> Checkpoint:
    """The checkpoint of a proof that holds: signed by this registry, and the entry is under it.

    registry_key: SPKI in hex, as the module is configured with it. ToolError `registry_forged`.
    """
    try:
        checkpoint = read_checkpoint(check_note(answer.checkpoint, [_note_key(name, registry_key)]))
        found = tree.root_from_inclusion_proof(
            answer.leaf_index,
            checkpoint.size,
            tree.leaf_hash(answer.leaf.encode()),
            [bytes.fromhex(one) for one in answer.proof],
        )
    except (NoteError, ProofError, ValueError) as error:
        raise ToolError("registry_forged", cause=str(error)) from None
    if checkpoint.origin != name:
        raise ToolError("registry_forged", cause="its checkpoint is another log's")
    if found != checkpoint.root:
        raise ToolError("registry_forged", cause="its entry is not in the log that it signed")
    return checkpoint


def check_record(answer: PublicationAnswer, text: str) -> Record:
    """The record that a registration's entry commits to. ToolError `registry_forged`."""
    try:
        record = read_record(text)
    except (ValidationError, ValueError):
        raise ToolError("registry_forged", cause="its record cannot be read") from None
    if f'"details":"{details_of(text)}"' not in answer.leaf:
        raise ToolError("registry_forged", cause="its record is not the one that the log names")
    return record


def check_entry(leaf: str, expected: JsonObject) -> None:
    """ToolError `answer_of_another` unless an entry says of the module what the module says.

    expected: the members of the module's own proof of possession.
    """
    try:
        members = publication.read_leaf(leaf)
    except TextError as error:
        raise ToolError("registry_forged", cause=f"its entry cannot be read ({error})") from None
    different = publication.difference(members, expected)
    if different:
        raise ToolError("answer_of_another", cause=different)


def for_the_link(answer: PublicationAnswer) -> Publication:
    """The proof in the form that crosses the link. ToolError `registry_forged`."""
    try:
        return Publication.model_validate(answer.model_dump())
    except ValidationError:
        raise ToolError("registry_forged", cause="no module could take this proof") from None


def _note_key(name: str, registry_key: str) -> EcdsaKey:
    key = load_der_public_key(bytes.fromhex(registry_key))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NoteError("the registry's key is not on an elliptic curve")
    return EcdsaKey(name, key)
