"""From power-on to a module that can be asked: image, self-test, storage, key, cut session."""

from wire.errors import WattsealError

from app.contracts import Core, Port, Profiles, Release
from app.key_policy import ensure_key
from app.module import Module
from app.refusals import as_wattseal_error

MAX_BITES = 3
"""After so many bites of the watchdog, none of them a minute after a start, nothing is tried any
more that may have brought them about: the module answers and does not sign."""


def boot(core: Core, port: Port, board_name: str, release: Release, profiles: Profiles) -> Module:
    """Start the module. Any failure puts it into the state fault, in which it still answers for
    status, records, events and public key.
    """
    module = Module(core, port, board_name, release, profiles)
    for step in (
        _check_bites,
        _measure_image,
        _test_core,
        _hedge,
        _check_storage,
        _log_start,
        ensure_key,
    ):
        port.feed()
        try:
            step(module)
        except Exception as problem:
            module.stop_signing(as_wattseal_error(core, problem))
            break
    port.feed()
    if module.fault is not None:
        _log_fault(module)
    elif module.sessions.needs_recovery and module.public_key:
        module.recover()
    return module


def _check_bites(module: Module) -> None:
    bites = module.port.bites()
    if bites >= MAX_BITES:
        raise WattsealError("watchdog_bites", bites=bites)


def _measure_image(module: Module) -> None:
    module.firmware.measure(module.core)


def _test_core(module: Module) -> None:
    failed = list(module.core.self_test(False))
    if failed:
        raise WattsealError("self_test_failed", failed=failed)


def _hedge(module: Module) -> None:
    """Seed the entropy of the nonces before anything is signed; bad noise is logged, no fault."""
    module.is_hedged = module.core.hedge()


def _check_storage(module: Module) -> None:
    """Raise `storage_broken` if something has decayed, or if a log has lost entries at its end."""
    for name, log in (
        ("statements", module.statements),
        ("events", module.events),
        ("journal", module.journal),
        ("settings", module.setup),
    ):
        if log.damage:
            raise WattsealError("storage_broken", where=name, cause=log.damage)
    newest, stated = module.journal.state.pagination, module.statements.state.number
    if module.events.state.statement > stated:
        raise WattsealError("storage_broken", where="statements", cause="statements have vanished")
    if module.events.state.pagination > newest:
        raise WattsealError("storage_broken", where="journal", cause="records have vanished")
    if (newest or stated) and not module.events.state.number:
        raise WattsealError("storage_broken", where="events", cause="events have vanished")


def _log_start(module: Module) -> None:
    """Log the start, with what the journal holds: so no release needs an event at once."""
    module.log_start(
        "started",
        {
            "reset_cause": module.port.reset_cause(),
            "firmware": module.firmware.label,
            "oldest_record": module.journal.oldest,
            "newest_record": module.journal.state.pagination,
            "hedged": module.is_hedged,
        },
    )


def _log_fault(module: Module) -> None:
    """Log the fault if the log still takes it, and find the public key for those who verify."""
    fault = module.fault
    try:
        if fault is not None:
            detail = {"error": fault.name, "detail": fault.detail}
            module.log_start("fault", detail)
    except Exception:
        module.fault = fault  # also when the event log takes nothing
    try:
        if not module.public_key and module.statements.announced:
            module.use_key(module.statements.announced)
    except Exception:
        module.public_key = b""
