"""From power-on to a module that can be asked: self-test, storage, key, cut session."""

from wire.errors import WattsealError

from app.contracts import Core, Json, Port
from app.key_policy import settle_key
from app.module import Module
from app.problems import as_wattseal_error
from app.version import VERSION


def boot(core: Core, port: Port, board_name: str, profiles: Json) -> Module:
    """Bring the module up. Whatever fails puts it into the state fault, in which it still tells
    its status and gives out records, events and public key.
    """
    module = Module(core, port, board_name, profiles)
    for step in (_test_core, _check_storage, _log_start, _settle_key):
        try:
            step(module)
        except Exception as problem:
            module.stop_signing(as_wattseal_error(core, problem))
            break
    if module.fault is not None:
        _tell_fault(module)
    elif module.sessions.needs_recovery:
        module.recover()
    return module


def _test_core(module: Module) -> None:
    failed = list(module.core.self_test(False))
    if failed:
        raise WattsealError("self_test_failed", failed=failed)


def _check_storage(module: Module) -> None:
    """Nothing may have decayed, and no log may know more of another than that one itself does."""
    for name, log in (
        ("events", module.events),
        ("journal", module.journal),
        ("settings", module.settings),
    ):
        if log.damage:
            raise WattsealError("storage_broken", where=name, cause=log.damage)
    newest = module.journal.standing.pagination
    if module.events.mark.pagination > newest:
        raise WattsealError("storage_broken", where="journal", cause="records have vanished")
    if newest and not module.events.mark.number:
        raise WattsealError("storage_broken", where="events", cause="events have vanished")


def _log_start(module: Module) -> None:
    """A full event log does not stop the start; it stops the next session."""
    try:
        module.log(
            "started",
            {
                "reset_cause": module.port.reset_cause(),
                "firmware": VERSION,
                "newest_record": module.journal.standing.pagination,
            },
            spare_sectors=0,
        )
    except WattsealError as problem:
        if problem.name != "journal_full":
            raise


def _settle_key(module: Module) -> None:
    decision = settle_key(module.core, module.events.mark.key_number)
    if decision.discarded:
        module.log("key_discarded", {"slots": decision.discarded, "cause": "first storing was cut"})
    module.use_key(decision.key_number)
    if decision.is_new:
        fingerprint = module.core.sha256(module.public_key).hex()
        detail = {"key_number": decision.key_number, "sha256": fingerprint}
        module.log("key_made", detail, key_number=decision.key_number)


def _tell_fault(module: Module) -> None:
    """Log the fault if the log still takes it, and find the public key for those who verify."""
    fault = module.fault
    try:
        if fault is not None:
            module.log("fault", {"error": fault.name, "detail": fault.detail}, spare_sectors=0)
    except Exception:
        module.fault = fault  # an event log that takes nothing is no reason to say less
    try:
        if not module.public_key:
            module.use_key(module.core.key_state()[1])
    except Exception:
        module.public_key = b""
