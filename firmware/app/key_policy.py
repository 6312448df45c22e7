"""Which key the module signs with, decided at every start.

The log of statements decides: a key is announced once its birth or roll-over statement is stored,
until its farewell or hand-over statement is. A key that is not announced, because a power cut
interrupted its making, may be erased; one that is announced is replaced or retired only together
with a statement. A power cut between any two steps only delays them: the next start continues.

After a hand-over the image that it names makes the next key, no other; another one waits for it
without a key, until the owner calls the update off.
"""

from wire.errors import WattsealError
from wire.statements import build_statement, read_statement

from app.contracts import Json, Step
from app.module import Module
from app.statements import HANDED_OVER, IN_USE, RETIRED, KeyState

FAREWELL_ATTEMPTS = 3
"""A page that fails is passed over by the next attempt."""


def ensure_key(module: Module) -> None:
    """Leave exactly one whole key stored, made by the running image, announced and in use.

    None is stored while another image is awaited, to which the last key was handed over.
    WattsealError `key_lost`, `key_broken`, `firmware_rolled_back` or `statements_full`, and no key
    that is announced is touched; what CoreError the core raises when it makes a key or signs.
    """
    log_newest_statement(module)
    state = module.statements.state
    if state.fate == RETIRED:
        _finish_retirement(module)
    elif state.fate == HANDED_OVER:
        module.statements.handover()  # raises if it has decayed
        is_awaited = module.pending_update is not None
        _discard_all_but(module, 0 if is_awaited else state.key_number + 1, 0)
    if module.firmware.rollback_number < state.rollback_number:
        raise WattsealError("firmware_rolled_back", rollback_number=state.rollback_number)
    if module.statements.announced:
        module.use_key(_keep_or_roll_over(module, state.key_number))
    elif state.fate != HANDED_OVER:
        module.use_key(_create_key(module, state.key_number + 1))
    elif module.pending_update is None:
        make_key_after_all(module)


def hand_over(module: Module, manifest: Json) -> None:
    """Sign with the key that another image follows, then erase the key.

    Once that is stored there is no way back: the next start finishes what a power cut leaves
    undone.
    """
    number, before = module.statements.announced, module.statements.state
    text = build_statement(
        "handover",
        next_firmware=manifest["firmware"],
        next_firmware_identity=manifest["sha256"],
        next_rollback_number=manifest["rollback_number"],
        commissioning=module.setup.commissioning,
        **_last_facts(module, number),
    )
    signature = module.core.sign_statement(number, text.encode())
    state = KeyState(before.number + 1, number, before.rollback_number, HANDED_OVER)
    module.statements.store(state, text, [(number, signature)])
    module.drop_key()
    module.core.key_erase_all()
    log_newest_statement(module)


def make_key_after_all(module: Module) -> None:
    """Make and announce the key that follows a hand-over, whichever image is running."""
    before, text = module.statements.handover()
    module.statements.require_room()
    number = before["key_number"] + 1
    _prepare_key(module, number, 0)
    old = (before["key_number"], before["public_key"], before["firmware_identity"])
    digest = module.core.sha256(text.encode()).hex()
    _roll_over(module, old, [number], module.statements.state.number, digest)
    module.use_key(number)


def retire_key(module: Module) -> tuple[str, bytes] | None:
    """Sign the key's farewell statement with it, then erase the key store and clear the setup.

    An open session is closed first. Returns text and signature of the statement, None if there is
    no whole key that can sign. Once it is stored there is no way back: the next start finishes what
    a power cut leaves undone. Whatever else is broken, the keys go; what is raised is that they do
    not, CoreError `storage`.
    """
    if module.sessions.is_open:
        _attempt(module.close_session)
    farewell = _say_farewell(module)
    if module.statements.announced:
        detail = {"fault": module.fault.name if module.fault else None}
        _attempt(lambda: module.log_if_room("keys_erased", detail))
    module.drop_key()
    module.core.key_erase_all()
    _attempt(lambda: module.setup.clear(module.journal.state.pagination))
    module.forget_meter()
    return farewell


def log_newest_statement(module: Module) -> None:
    """Log the event about the newest statement, unless it was logged.

    A full event log is no reason to stop: the statement itself is kept, and the next start tries
    again.
    """
    number = module.statements.state.number
    if number <= module.events.state.statement:
        return
    module.statements.secure()
    facts = read_statement(module.statements.read(number)["statement"])
    event, detail = _event_of(module, facts)
    module.log_if_room(event, detail, number)


# --- create, replace, retire -----------------------------------------------------------------


def _keep_or_roll_over(module: Module, number: int) -> int:
    """Keep the announced key if the running image made it, else roll over to the next one."""
    broken, whole = module.core.key_slots()
    identities = {found: identity.hex() for found, identity in whole}
    if number not in identities:
        raise WattsealError("key_broken" if broken else "key_lost", key_number=number)
    if identities[number] == module.firmware.identity:
        _discard_all_but(module, number, 0)
        return number
    module.statements.require_room()
    _prepare_key(module, number + 1, number)
    old = (number, module.core.key_public(number).hex(), identities[number])
    _roll_over(module, old, [number, number + 1], None, None)
    module.core.key_erase(number)
    return number + 1


def _create_key(module: Module, number: int) -> int:
    """Make the first key, or the first one after a farewell, and announce it."""
    module.statements.require_room()
    _prepare_key(module, number, 0)
    text = build_statement("birth", **_new_key_facts(module, number))
    _announce(module, number, text, [number])
    return number


def _say_farewell(module: Module) -> tuple[str, bytes] | None:
    """Sign the farewell statement and store it, if there is a whole key that can.

    A statement that could not be stored is for the owner all the same.
    """
    number, before = module.statements.announced, module.statements.state
    farewell: list[tuple[str, bytes]] = []

    def sign() -> None:
        text = build_statement("farewell", **_last_facts(module, number))
        farewell.append((text, module.core.sign_statement(number, text.encode())))

    def store() -> None:
        text, signature = farewell[0]
        state = KeyState(before.number + 1, number, before.rollback_number, RETIRED)
        module.statements.store(state, text, [(number, signature)])

    if not _attempt(sign):
        return None
    for _ in range(FAREWELL_ATTEMPTS):
        if _attempt(store):
            _attempt(lambda: log_newest_statement(module))
            break
    return farewell[0]


def _finish_retirement(module: Module) -> None:
    """Erase the retired key and clear the setup, if a power cut left that undone.

    A session that could not be closed while there was a key ends without a record: no owner is left
    who could close it.
    """
    _discard_all_but(module, module.statements.state.key_number + 1, 0)
    module.setup.clear(module.journal.state.pagination)
    if module.sessions.is_open:
        detail = {"begin_pagination": module.journal.state.begin_pagination}
        module.log_if_room("session_abandoned", detail)
        module.journal.abandon_session()


def _roll_over(
    module: Module,
    old: tuple[int, str, str],
    signers: list[int],
    handover: int | None,
    digest: str | None,
) -> None:
    """Announce the key that follows an old one: `(number, public key, its image)`.

    handover, digest: number and SHA-256 of the hand-over; None if there was none, and the old key
    signs too.
    """
    new = old[0] + 1
    text = build_statement(
        "rollover",
        old_key_number=old[0],
        old_public_key=old[1],
        old_firmware_identity=old[2],
        handover=handover,
        handover_sha256=digest,
        **_new_key_facts(module, new),
    )
    _announce(module, new, text, signers)


# --- steps -----------------------------------------------------------------------------------


def _prepare_key(module: Module, number: int, announced: int) -> None:
    """Make sure that the key is stored whole: the one that a cut left unannounced, or a new one.

    The former stays, because the cut may have been in the statement that announces it, and is
    secured, because it may have been in its storing. All other keys but the announced one (0 for
    none) are discarded.
    """
    candidate = (number, bytes.fromhex(module.firmware.identity))
    if candidate in module.core.key_slots()[1]:
        _discard_all_but(module, number, announced)
        module.core.key_secure(number)
    else:
        _discard_all_but(module, announced, 0)
        module.core.key_create(number)


def _discard_all_but(module: Module, number: int, other: int) -> None:
    """Erase what a cut left in the key store: keys never announced, or announced and followed.

    No key has the number 0.
    """
    broken, whole = module.core.key_slots()
    surplus = [found for found, _ in whole if found not in (number, other)]
    if broken or surplus:
        module.log_if_room("key_discarded", {"broken_slots": broken, "key_numbers": surplus})
    for found in surplus:
        module.core.key_erase(found)
    if broken:
        module.core.key_discard_broken()


def _attempt(step: Step) -> bool:
    """Do what a module may be too broken to do; returns whether it did."""
    try:
        step()
    except Exception:
        return False
    return True


def _announce(module: Module, number: int, text: str, signers: list[int]) -> None:
    """Sign and store a birth or roll-over: from then on the key of that number is announced."""
    state = KeyState(
        module.statements.state.number + 1, number, module.firmware.rollback_number, IN_USE
    )
    signatures = [(signer, module.core.sign_statement(signer, text.encode())) for signer in signers]
    module.statements.store(state, text, signatures)
    log_newest_statement(module)


def _new_key_facts(module: Module, number: int) -> Json:
    """Return the facts of a new key for its birth or roll-over statement.

    The clock is not set yet: the newest time in the logs is the earliest time possible.
    """
    newest_ms = max(module.events.state.unix_ms, module.time.newest_record_ms())
    return {
        "chip_id": module.core.chip_id().hex(),
        "key_number": number,
        "public_key": module.core.key_public(number).hex(),
        "firmware": module.firmware.version,
        "firmware_identity": module.firmware.identity,
        "rollback_number": module.firmware.rollback_number,
        "last_pagination": module.journal.state.pagination,
        "after_unix_ms": newest_ms or None,
    }


def _last_facts(module: Module, number: int) -> Json:
    """Return what the last statement of a key says of it and of the module as it then is.

    CoreError `no_key` or `key_broken` if it is not whole.
    """
    public_key = module.core.key_public(number).hex()
    event_number, event_chain = module.events.head
    return {
        "chip_id": module.core.chip_id().hex(),
        "key_number": number,
        "public_key": public_key,
        "firmware_identity": dict(module.core.key_slots()[1])[number].hex(),
        "last_pagination": module.journal.state.pagination,
        "unix_ms": module.clock.unix_ms_or_none(),
        "event_number": event_number,
        "event_chain": event_chain,
    }


def _event_of(module: Module, facts: Json) -> tuple[str, Json]:
    """Return name and detail of the event about a statement."""
    number = facts["key_number"]
    fingerprint = module.core.sha256(bytes.fromhex(facts["public_key"])).hex()
    detail = {"key_number": number, "sha256": fingerprint}
    if facts["type"] == "birth":
        return "key_made", detail
    if facts["type"] == "farewell":
        return "decommissioned", detail
    if facts["type"] == "handover":
        detail["firmware"] = facts["next_firmware"]
        detail["firmware_identity"] = facts["next_firmware_identity"]
        return "key_handed_over", detail
    for name in ("old_key_number", "handover", "firmware", "firmware_identity"):
        detail[name] = facts[name]
    return "key_changed", detail
