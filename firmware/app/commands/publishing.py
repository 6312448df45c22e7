"""Commands by which others learn to trust the key: possession, publication, the head of events."""

from wire.errors import WattsealError
from wire.statements import build_statement

from app.commands.telling import publication_fields
from app.contracts import Json
from app.module import Module
from app.publication_proof import check_publication
from app.registration import possession, registration_facts


def prove(module: Module, params: Json) -> Json:
    """Sign a registry's challenge with all that a registration says."""
    _require_seal(module)
    return _signed(module, possession(module, params["challenge"]))


def event_head(module: Module, params: Json) -> Json:
    """Sign where the event log stands."""
    number, chain = module.events.head
    text = build_statement(
        "event_head",
        challenge=params["challenge"],
        chip_id=module.core.chip_id().hex(),
        key_number=module.key_number,
        number=number,
        chain=chain,
        unix_ms=module.clock.unix_ms_or_none(),
    )
    return _signed(module, text)


def accept_publication(module: Module, params: Json) -> Json:
    """Check the proof and keep it."""
    _require_seal(module)
    module.require_room_for_events()
    settings = module.setup.settings
    registry = (settings["registry_name"], bytes.fromhex(settings["registry_key"]))
    publication = check_publication(
        module.core, params, registry, registration_facts(module), module.setup.last_publication
    )
    fields = publication_fields(publication)
    module.log("published", fields)
    module.setup.publish(publication, module.key_number)
    fields["state"] = module.state
    return fields


def _require_seal(module: Module) -> None:
    if not module.setup.sealed:
        raise WattsealError("not_sealed")


def _signed(module: Module, text: str) -> Json:
    """The statement with its signature, which is the same one if it was just asked for.

    Anybody at the link may ask, as often as he likes: he must not get one text signed over and over
    while he measures or disturbs the chip.
    """
    digest = module.core.sha256(text.encode())
    if module.answer[0] != digest:
        signature = module.core.sign_statement(module.key_number, text.encode())
        module.answer = (digest, signature)
    return {"statement": text, "signature": module.answer[1].hex()}
