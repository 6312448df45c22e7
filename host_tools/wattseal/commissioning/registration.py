"""The steps between module and registry: prove the key, register it, hand the proof over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import ValidationError

from wattseal.commissioning.job import (
    ANSWER,
    REQUEST,
    AnswerFile,
    RequestFile,
    answer_path,
    read_file,
)
from wattseal.commissioning.job import read_file as read_job_file
from wattseal.commissioning.workplace import StepResult, Workplace
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.device.device import check_answer
from wattseal.device.models import Status
from wattseal.device.owner import Publication, offline_challenge
from wattseal.registry.api_models import (
    Confirmation,
    PublicationAnswer,
    RegistrationRequest,
    RegistryFacts,
)
from wattseal.registry.client import RegistryClient, RegistryRefusedError
from wattseal.registry.records import (
    Meter,
    Possession,
    Record,
    Registration,
    Signature,
    Statement,
    details_of,
    read_record,
)
from wattseal.tlog import tree
from wattseal.tlog.checkpoint import Checkpoint, EcdsaKey, check_note, read_checkpoint
from wattseal.wire import publication
from wattseal.wire.merkle import ProofError
from wattseal.wire.shapes import JsonObject
from wattseal.wire.signed_note import NoteError
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


STALE_CHALLENGE = frozenset(("challenge_expired", "challenge_unknown", "possession_too_old"))
"""Refusals of a request that a fresh proof of possession cures."""


def export_request(work: Workplace) -> StepResult:
    """Write the request for the registry, to be sent from elsewhere."""
    settings = work.station.settings
    challenge = offline_challenge(settings["registry_name"], work.hello.chip_id)
    request = _request_file(work, challenge)
    path = work.job.write(REQUEST, request)
    return StepResult(True, f"written: {path}", {"file": str(path)})


def register(work: Workplace) -> StepResult:
    """Have the key registered, unless the registry has it already as the module is set up now."""
    registry = _registry(work)
    facts = registry.facts()
    work.station = work.station.of_registry(facts)
    entry = _registered_entry(work, registry)
    if entry is not None:
        work.answer = answer_of(registry, facts, _confirmation_of(registry, entry))
        work.job.write(ANSWER, work.answer)
        return StepResult(False, f"registered before: entry {entry}", {"entry": entry})
    confirmation = _register(work, registry)
    work.answer = answer_of(registry, facts, confirmation)
    work.job.write(ANSWER, work.answer)
    found = {"entry": confirmation.entry, "unix_ms": confirmation.unix_ms}
    return StepResult(True, f"confirmed: entry {confirmation.entry}", found)


def _register(work: Workplace, registry: RegistryClient) -> Confirmation:
    """Send the request that was kept, if there is one; a fresh one if its challenge is too old."""
    path = work.job.path(REQUEST)
    if path.exists():
        kept = read_job_file(path, RequestFile)
        if _fits(kept, work) and isinstance(kept.request, RegistrationRequest):
            try:
                return registry.register(kept.request)
            except RegistryRefusedError as refusal:
                if not STALE_CHALLENGE & {reason.code for reason in refusal.reasons}:
                    raise
    request = _request_file(work, registry.challenge().challenge)
    work.job.write(REQUEST, request)
    assert isinstance(request.request, RegistrationRequest)  # noqa: S101 - it was just made
    return registry.register(request.request)


def _fits(kept: RequestFile, work: Workplace) -> bool:
    """Whether a request that was kept is about the module and the station as they are now."""
    request = kept.request
    if not isinstance(request, RegistrationRequest):
        return False
    status, key = work.status(), work.device.public_key()
    said = request.possession.statement
    wanted = (
        f'"chip_id":"{work.hello.chip_id}"',
        f'"public_key":"{key.spki.hex()}"',
        f'"commissioning":{status.commissioning},',
    )
    is_same_station = (
        request.scenario == work.station.scenario
        and request.module_model == work.station.module_model
        and request.meter == _label(work)
        and kept.registry_key == work.station.settings["registry_key"]
    )
    return is_same_station and all(words in said for words in wanted)


def _request_file(work: Workplace, challenge: str) -> RequestFile:
    settings = work.station.settings
    request = RegistrationRequest(
        scenario=work.station.scenario,
        possession=_prove(work, challenge),
        statements=[
            Statement(
                statement=one.statement,
                signatures=[Signature(**each.model_dump()) for each in one.signatures],
            )
            for one in work.device.statements()
        ],
        module_model=work.station.module_model or "",
        meter=_label(work),
    )
    return RequestFile(
        registry_name=settings["registry_name"],
        registry_key=settings["registry_key"],
        request=request,
    )


def _prove(work: Workplace, challenge: str) -> Possession:
    """The module's proof of possession, checked before it leaves the house."""
    answer = work.device.prove(challenge)
    key = work.device.public_key()
    expected = {"type": "possession", "challenge": challenge, "chip_id": work.hello.chip_id}
    members = check_answer("prove", answer, key, **expected)
    if members["evse_id"] != work.station.evse_id:
        cause = "its evse_id is not the expected"
        raise ToolError("answer_forged", method="prove", cause=cause)
    return Possession(statement=answer.statement, signature=answer.signature)


def _label(work: Workplace) -> Meter:
    if work.label is None:
        reading = work.device.read_meter()
        work.label = work.station.label(reading.meter_vendor, reading.meter_model)
    return work.label


def _registered_entry(work: Workplace, registry: RegistryClient) -> int | None:
    """The entry that publishes the module's key as it is set up now; None if there is none."""
    state = registry.key(work.device.public_key().fingerprint)
    if state is None or state.status != "active":
        return None
    record = registry.record(state.entry)
    try:
        check_entry(record.leaf, expected_members(work, work.status()))
    except ToolError:
        return None
    return state.entry


def expected_members(work: Workplace, status: Status) -> dict[str, Any]:
    """What an entry about this module must say, besides its time and its record."""
    settings = work.station.settings
    return {
        "evse_id": work.station.evse_id,
        "gateway_serial": settings["gateway_serial"],
        "meter_serial": settings["meter_serial"],
        "chip_id": work.hello.chip_id,
        "key_number": status.key_number,
        "public_key": work.device.public_key().spki.hex(),
        "firmware_identity": work.hello.firmware_identity,
        "commissioning": status.commissioning,
    }


def _confirmation_of(registry: RegistryClient, entry: int) -> Confirmation:
    """The confirmation of an entry that was made earlier, as the registry would repeat it."""
    record = registry.record(entry)
    publication = registry.publication(entry)
    found = check_record(publication, record.record)
    return Confirmation(entry=entry, unix_ms=found.unix_ms, publication=publication, repeated=True)


def answer_of(
    registry: RegistryClient, facts: RegistryFacts, confirmation: Confirmation
) -> AnswerFile:
    """The registry's answer with its record, checked. ToolError `registry_forged`."""
    if confirmation.publication.leaf_index != confirmation.entry:
        raise ToolError("registry_forged", cause="its proof is of another entry")
    check_publication(confirmation.publication, facts.name, facts.registry_key)
    record = registry.record(confirmation.entry)
    check_record(confirmation.publication, record.record)
    # When it was asked is of no interest later: the same answer is the same file.
    plain = confirmation.model_copy(update={"repeated": False})
    return AnswerFile(
        registry=facts.model_copy(update={"size": 0}), confirmation=plain, record=record.record
    )


def hand_over(work: Workplace) -> StepResult:
    """Check the proof of publication, and let the module check it."""
    answer = work.answer
    if answer is None:
        raise ToolError("answer_missing", path=str(work.job.path(ANSWER)))
    publication = answer.confirmation.publication
    settings = work.station.settings
    check_publication(publication, settings["registry_name"], settings["registry_key"])
    record = check_record(publication, answer.record)
    if not isinstance(record, Registration):
        raise ToolError("registry_forged", cause="its record is no registration")
    status = work.status()
    check_entry(publication.leaf, expected_members(work, status))
    place = status.publication
    is_known = place is not None and place.leaf_index == publication.leaf_index
    if is_known and status.state == "operational":
        return StepResult(False, "the module knows it", {"state": status.state})
    accepted = _accept(work, answer)
    return StepResult(True, f"checked by the module, which is {accepted}", {"state": accepted})


def _accept(work: Workplace, answer: AnswerFile) -> str:
    settings = work.station.settings
    proof = for_the_link(answer.confirmation.publication)
    checkpoint = proof.checkpoint_for(settings["registry_name"], settings["registry_key"])
    accepted = work.device.accept_publication(checkpoint, proof.leaf, proof.leaf_index, proof.proof)
    if accepted.state != "operational":
        raise ToolError("still_not_operational", state=accepted.state)
    return accepted.state


def _registry(work: Workplace) -> RegistryClient:
    if work.registry is None:
        raise ToolError("usage", cause="A registry is needed.", help="Give --registry URL.")
    return work.registry


def request_files(given: list[Path]) -> list[Path]:
    """The request files that are named, and those in folders that have no answer yet."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            found = sorted(path.rglob(f"*{REQUEST}"))
            files += [one for one in found if not answer_path(one).exists()]
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def submit(path: Path, registry: RegistryClient, facts: RegistryFacts) -> tuple[Path, AnswerFile]:
    """Send one file, and write the answer; sent again, it is answered with the entry there is."""
    file = read_file(path, RequestFile)
    for name, ours in (("registry_name", facts.name), ("registry_key", facts.registry_key)):
        if getattr(file, name) != ours:
            raise ToolError("registry_differs", setting=name, registry=facts.name)
    out = OutputDirectory(path.parent)
    out.check_writable()
    answered = answer_path(path)
    if isinstance(file.request, RegistrationRequest):
        confirmation = registry.register(file.request)
    elif answered.exists():  # a test charge is kept once
        return answered, read_file(answered, AnswerFile)
    else:
        confirmation = registry.keep_test_charge(file.request)
    answer = answer_of(registry, facts, confirmation)
    content = answer.model_dump_json(indent=2) + "\n"
    return out.write_bytes(answered.name, content.encode(), replacing=True), answer
