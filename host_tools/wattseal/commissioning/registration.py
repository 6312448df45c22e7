"""Registers a module's key: proof of possession, registration, proof of publication."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import ValidationError

from wattseal.commissioning import job
from wattseal.commissioning.workplace import StepResult, Workplace
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.device.device import check_answer
from wattseal.device.models import Status
from wattseal.device.owner import Publication, offline_challenge
from wattseal.registry import records
from wattseal.registry.api_models import (
    Confirmation,
    PublicationAnswer,
    RegistrationRequest,
    RegistryFacts,
    TestChargeRequest,
)
from wattseal.registry.client import RegistryClient, RegistryRefusedError
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


def check_record(answer: PublicationAnswer, text: str) -> records.Record:
    """The record that a registration's entry commits to. ToolError `registry_forged`."""
    try:
        record = records.read_record(text)
    except ValueError:
        raise ToolError("registry_forged", cause="its record cannot be read") from None
    if f'"details":"{records.details_of(text)}"' not in answer.leaf:
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
    name = work.station.settings["registry_name"]
    request = _request(work, offline_challenge(name, work.hello.chip_id))
    path = work.write_request(job.REQUEST, request)
    return StepResult(True, f"written: {path}", {"file": str(path)})


def register(work: Workplace) -> StepResult:
    """Have the key registered, unless the registry lists it already as the module is set up."""
    registry = work.registry
    if registry is None:
        raise ToolError("usage", cause="A registry is needed.", help="Give --registry URL.")
    facts = registry.facts()
    work.station = work.station.of_registry(facts)
    before = _registered_before(work, registry)
    confirmation = before or _register(work, registry)
    work.answer = answer_of(registry, facts, confirmation)
    work.job.write(job.ANSWER, work.answer)
    entry = confirmation.entry
    if before:
        return StepResult(False, f"registered before: entry {entry}", {"entry": entry})
    found = {"entry": entry, "unix_ms": confirmation.unix_ms}
    return StepResult(True, f"confirmed: entry {entry}", found)


def _register(work: Workplace, registry: RegistryClient) -> Confirmation:
    """Send the request that was kept, if there is one; a fresh one if its challenge is too old."""
    kept = _kept_request(work)
    if kept is not None:
        try:
            return registry.register(kept)
        except RegistryRefusedError as refusal:
            if not STALE_CHALLENGE & {reason.code for reason in refusal.reasons}:
                raise
    request = _request(work, registry.challenge().challenge)
    work.write_request(job.REQUEST, request)
    return registry.register(request)


def _kept_request(work: Workplace) -> RegistrationRequest | None:
    """The request in the job's folder; None if it is not about module and station as they are."""
    path = work.job.path(job.REQUEST)
    if not path.exists():
        return None
    kept = job.read_file(path, job.RequestFile)
    request = kept.request
    if not isinstance(request, RegistrationRequest):
        return None
    status, key = work.device.status(), work.device.public_key()
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
    fits = is_same_station and all(words in request.possession.statement for words in wanted)
    return request if fits else None


def _request(work: Workplace, challenge: str) -> RegistrationRequest:
    return RegistrationRequest(
        scenario=work.station.scenario,
        possession=_prove(work, challenge),
        statements=[
            records.Statement.model_validate(one.model_dump(exclude={"number"}))
            for one in work.device.statements()
        ],
        module_model=work.station.module_model or "",
        meter=_label(work),
    )


def _prove(work: Workplace, challenge: str) -> records.Possession:
    """The module's proof of possession, checked before it is sent."""
    answer = work.device.prove(challenge)
    check_answer(
        "prove",
        answer,
        work.device.public_key(),
        type="possession",
        challenge=challenge,
        chip_id=work.hello.chip_id,
        evse_id=work.station.evse_id,
    )
    return records.Possession(statement=answer.statement, signature=answer.signature)


def _label(work: Workplace) -> records.Meter:
    if work.label is None:
        reading = work.device.read_meter()
        work.label = work.station.label(reading.meter_vendor, reading.meter_model)
    return work.label


def _registered_before(work: Workplace, registry: RegistryClient) -> Confirmation | None:
    """The confirmation of the entry that publishes the module's key as it is set up now, if any."""
    state = registry.key(work.device.public_key().fingerprint)
    if state is None or state.status != "active":
        return None
    entry = registry.record(state.entry)
    try:
        check_entry(entry.leaf, expected_members(work, work.device.status()))
    except ToolError:
        return None
    publication = registry.publication(state.entry)
    unix_ms = check_record(publication, entry.record).unix_ms
    return Confirmation(entry=state.entry, unix_ms=unix_ms, publication=publication, repeated=True)


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
        "settings_sha256": status.settings_sha256,
    }


def answer_of(
    registry: RegistryClient, facts: RegistryFacts, confirmation: Confirmation
) -> job.AnswerFile:
    """The registry's answer with its record, checked. ToolError `registry_forged`."""
    if confirmation.publication.leaf_index != confirmation.entry:
        raise ToolError("registry_forged", cause="its proof is of another entry")
    check_publication(confirmation.publication, facts.name, facts.registry_key)
    record = registry.record(confirmation.entry)
    check_record(confirmation.publication, record.record)
    # Without what depends on when it was asked: the same answer is the same file.
    return job.AnswerFile(
        registry=facts.model_copy(update={"size": 0}),
        confirmation=confirmation.model_copy(update={"repeated": False}),
        record=record.record,
    )


def hand_over(work: Workplace) -> StepResult:
    """Check the proof of publication, and let the module check it."""
    answer = work.answer
    if answer is None:
        raise ToolError("answer_missing", path=str(work.job.path(job.ANSWER)))
    publication = answer.confirmation.publication
    name, key = (work.station.settings[one] for one in ("registry_name", "registry_key"))
    check_publication(publication, name, key)
    record = check_record(publication, answer.record)
    if not isinstance(record, records.Registration):
        raise ToolError("registry_forged", cause="its record is no registration")
    status = work.device.status()
    check_entry(publication.leaf, expected_members(work, status))
    place = status.publication
    is_known = place is not None and place.leaf_index == publication.leaf_index
    if is_known and status.state == "operational":
        return StepResult(False, "the module knows it", {"state": status.state})
    state = work.device.accept_publication(for_the_link(publication), name, key).state
    if state != "operational":
        raise ToolError("still_not_operational", state=state)
    return StepResult(True, f"checked by the module, which is {state}", {"state": state})


def request_files(given: list[Path]) -> list[Path]:
    """The request files that are named, and those in folders that have no answer yet."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            found = sorted(path.rglob(f"*{job.REQUEST}"))
            files += [one for one in found if _answer_to(one) is None]
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def _answer_to(path: Path) -> job.AnswerFile | None:
    """The answer to a request file; that of an earlier request in the same folder is none."""
    answered = job.answer_path(path)
    if not answered.exists():
        return None
    with suppress(ToolError):
        request = job.read_file(path, job.RequestFile).request
        answer = job.read_file(answered, job.AnswerFile)
        record = check_record(answer.confirmation.publication, answer.record)
        is_charge = isinstance(request, TestChargeRequest)
        names = ("begin", "end") if is_charge else ("possession",)
        if all(getattr(record, name, None) == getattr(request, name) for name in names):
            return answer
    return None


def submit(
    path: Path, registry: RegistryClient, facts: RegistryFacts
) -> tuple[Path, job.AnswerFile]:
    """Send one file, and write the answer; sent again, it is answered with the entry there is."""
    file = job.read_file(path, job.RequestFile)
    for name, ours in (("registry_name", facts.name), ("registry_key", facts.registry_key)):
        if getattr(file, name) != ours:
            raise ToolError("registry_differs", setting=name, registry=facts.name)
    OutputDirectory(path.parent).check_writable()
    answered = job.answer_path(path)
    if isinstance(file.request, RegistrationRequest):
        confirmation = registry.register(file.request)
    elif (kept := _answer_to(path)) is not None:  # a test charge is kept once
        return answered, kept
    else:
        confirmation = registry.keep_test_charge(file.request)
    answer = answer_of(registry, facts, confirmation)
    return job.write_file(answered, answer), answer
