"""From a message to its reply: which command a method is, and what must hold before it may run."""

from wire.errors import WattsealError
from wire.messages import error, read_request, request_id, result
from wire.methods import check_params, find_method

from app.commands import charging, commissioning, owner, queries, status, update
from app.contracts import Json
from app.module import Module

COMMANDS = {
    "hello": status.hello,
    "status": status.status,
    "public_key": status.public_key,
    "self_test": status.self_test,
    "configure": commissioning.configure,
    "set_time": commissioning.set_time,
    "read_meter": commissioning.read_meter,
    "seal": commissioning.seal,
    "begin": charging.begin,
    "intermediate": charging.intermediate,
    "end": charging.end,
    "records": queries.records,
    "release": charging.release,
    "events": queries.events,
    "statements": queries.statements,
    "challenge": owner.challenge,
    "unseal": owner.unseal,
    "archive_events": owner.archive_events,
    "decommission": owner.decommission,
    "prove": commissioning.prove,
    "event_head": commissioning.event_head,
    "accept_publication": commissioning.accept_publication,
    "check_update": update.check_update,
    "enter_boot_loader": update.enter_boot_loader,
}
"""The function of each method of the link; wire/methods.py says what goes in and comes out."""


def handle(module: Module, message: Json) -> Json:
    """Return the reply to a message; whatever goes wrong becomes an error reply.

    A message without an id is refused like any other that is not a request: the link knows no
    notifications, because a command without a reply could be lost unnoticed.
    """
    identity = request_id(message)
    if isinstance(identity, str) and not _can_be_sent(identity):
        # Refused now, before a command is done whose reply could not be sent.
        problem = WattsealError("invalid_request", member="id", problem="not printable ASCII")
        return error(None, problem)
    method = ""
    try:
        identity, method, params = read_request(message)
        return result(identity, _run(module, method, params))
    except Exception as problem:
        return error(identity, module.refuse(method, problem))


def _can_be_sent(text: str) -> bool:
    return all(" " <= character <= "~" for character in text)


def _run(module: Module, method: str, params: Json) -> Json:
    row = find_method(method)
    params = check_params(method, params)
    _require_state(module, row[1])
    _require_session(module, row[2])
    return COMMANDS[method](module, params)


def _require_state(module: Module, states: tuple[str, ...]) -> None:
    if module.state in states:
        return
    if module.fault is not None:
        raise WattsealError("fault", cause=module.fault.name)
    raise WattsealError("not_operational", state=module.state, states=list(states))


def _require_session(module: Module, wanted: str) -> None:
    """Raise unless a session is as wanted: "any", "open" or "closed"."""
    if wanted == "any":
        return
    if module.sessions.needs_recovery:
        cause = module.recovery_problem.name if module.recovery_problem else None
        raise WattsealError("recovery_pending", cause=cause)
    if wanted == "closed" and module.sessions.is_open:
        raise WattsealError("session_open")
    if wanted == "open" and not module.sessions.is_open:
        raise WattsealError("no_session")
