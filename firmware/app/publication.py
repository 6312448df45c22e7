"""What a registration says of this module, and the proof that the registry's log publishes it.

The registry's checkpoint, signed with the key that the seal locks, gives size and root of its log;
the inclusion proof leads from the entry to that root; the entry must say what this module is.
"""

from wire.errors import WattsealError
from wire.merkle import ProofError, leaf_hash, root_from_inclusion_proof, split_hashes
from wire.publication import difference, read_leaf
from wire.signed_note import (
    NoteError,
    ecdsa_key_id,
    find_signature,
    parse_checkpoint,
    parse_note,
)
from wire.signed_text import TextError
from wire.statements import build_statement

from app.contracts import Core, Json
from app.module import Module


def registration_facts(module: Module) -> Json:
    """Return the facts that the registry's entry must have too; only while sealed."""
    settings = module.setup.settings
    return {
        "evse_id": settings["charge_point_id"],
        "gateway_serial": settings["gateway_serial"],
        "meter_serial": settings["meter_serial"],
        "chip_id": module.core.chip_id().hex(),
        "key_number": module.key_number,
        "public_key": module.public_key.hex(),
        "firmware_identity": module.firmware.identity,
        "commissioning": module.setup.commissioning,
        "settings_sha256": module.settings_sha256(),
    }


def possession(module: Module, challenge: str) -> str:
    """Return the statement that answers a registry's challenge; challenge in hex."""
    profile = module.profiles[module.setup.settings["meter_profile"]]
    return build_statement(
        "possession",
        challenge=challenge,
        meter_vendor=profile["vendor"],
        meter_model=profile["model"],
        firmware=module.firmware.version,
        unix_ms=module.clock.unix_ms_or_none(),
        **registration_facts(module),
    )


def check_publication(
    core: Core, params: Json, registry: tuple[str, bytes], expected: Json, last: Json | None
) -> Json:
    """Check a proof; returns its `{"leaf_index", "tree_size", "root", "registry", "unix_ms"}`.

    params: those of accept_publication. registry: name, and key as SPKI DER. expected: what the
    entry must say. last: the newest publication accepted, None for none. WattsealError
    `publication_refused` with the cause in words.
    """
    try:
        size, root = _checked_checkpoint(core, bytes.fromhex(params["checkpoint"]), registry)
        found = {
            "leaf_index": params["leaf_index"],
            "tree_size": size,
            "root": root.hex(),
            "registry": core.sha256(registry[1]).hex(),
        }
        found["unix_ms"] = _check_entry(params["leaf"], expected)
        _check_inclusion(params, size, root)
    except (NoteError, TextError, ProofError) as problem:
        raise _refusal(str(problem)) from None
    _check_growth(found, last)
    return found


def _checked_checkpoint(core: Core, note: bytes, registry: tuple[str, bytes]) -> tuple[int, bytes]:
    """Check that this registry signed a checkpoint; returns its size and root."""
    name, key = registry
    text, signatures = parse_note(note)
    origin, size, root = parse_checkpoint(text)
    if origin != name:
        raise _refusal("the checkpoint is of another log than registry_name")
    signature = find_signature(signatures, name, ecdsa_key_id(key))
    if not core.verify(key, text, signature):
        raise _refusal("the checkpoint's signature is not registry_key's")
    return size, root


def _check_entry(text: str, expected: Json) -> int:
    """Check what the entry says; returns its time."""
    leaf = read_leaf(text)
    cause = difference(leaf, expected)
    if cause:
        raise _refusal(cause)
    unix_ms: int = leaf["unix_ms"]
    return unix_ms


def _check_inclusion(params: Json, size: int, root: bytes) -> None:
    hashes = split_hashes(bytes.fromhex(params["proof"]))
    entry = leaf_hash(params["leaf"].encode())
    if root_from_inclusion_proof(params["leaf_index"], size, entry, hashes) != root:
        raise _refusal("the proof does not lead to the checkpoint's root")


def _check_growth(found: Json, last: Json | None) -> None:
    """Refuse a log that has shrunk or was rewritten: it is not append-only."""
    if last is None or last["registry"] != found["registry"]:
        return
    if found["tree_size"] < last["tree_size"]:
        raise _refusal("the log is smaller than at the last proof")
    if found["tree_size"] == last["tree_size"] and found["root"] != last["root"]:
        raise _refusal("the log has another root than at the last proof, at the same size")


def _refusal(cause: str) -> WattsealError:
    return WattsealError("publication_refused", cause=cause)
