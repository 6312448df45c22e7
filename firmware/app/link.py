"""Serves the link: runs the command that each line asks for, and answers every line once.

Nothing that arrives can stop the loop.
"""

import gc

from wire.errors import WattsealError
from wire.messages import (
    LineDecoder,
    LinkError,
    encode,
    error,
    is_reply,
    read_request,
    request_id,
    result,
)
from wire.methods import check_params, find_method

from app.commands import charging, commissioning, owner, queries, status, update
from app.contracts import Json, Link
from app.module import Module

READ_BYTES = 256
IDLE_MS = 1000
"""After so long without a byte from the host the module does its idle work."""

LONGEST_BUSY_MS = 10_000
"""A host that never pauses delays that work by no more than this."""

COMMANDS = {
    "hello": status.hello,
    "status": status.status,
    "public_key": status.public_key,
    "self_test": status.self_test,
    "configure": commissioning.configure,
    "time_challenge": commissioning.time_challenge,
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
    "close_session": owner.close_session,
    "accept_meter": owner.accept_meter,
    "decommission": owner.decommission,
    "prove": commissioning.prove,
    "event_head": commissioning.event_head,
    "accept_publication": commissioning.accept_publication,
    "check_update": update.check_update,
    "enter_boot_loader": update.enter_boot_loader,
    "cancel_update": update.cancel_update,
}
"""The function of each method of the link; wire/methods.py says what goes in and comes out."""


class LinkServer:
    """Answers the lines of one link; its memory is bounded whatever arrives."""

    def __init__(self, module: Module, link: Link) -> None:
        self._module = module
        self._link = link
        self._decoder = LineDecoder()
        self._found: list[Json | LinkError] = []
        self._idle_at_ms = module.clock.uptime_ms()

    def serve_once(self) -> None:
        """Wait for bytes and answer their lines; do idle work without any, or without a pause.

        No line is answered before there is room for the reply: a host that fetches none is served
        again when it does, and meanwhile it keeps the module from nothing else.
        """
        self._module.port.feed()
        is_served = self._link.wait_for_room(IDLE_MS) and self._has_work()
        if is_served:
            self._answer_lines()
            if self._module.boot_loader_due:
                self._link.flush()
                self._module.port.enter_boot_loader()
        now_ms = self._module.clock.uptime_ms()
        if not is_served or now_ms - self._idle_at_ms >= LONGEST_BUSY_MS:
            self._idle_at_ms = now_ms
            self._idle()

    def _has_work(self) -> bool:
        return bool(self._found) or self._link.wait(IDLE_MS)

    def _answer_lines(self) -> None:
        if not self._found:
            self._found = self._decoder.feed(self._link.read(READ_BYTES))
        while self._found and self._link.wait_for_room(0):
            answer = self._answer(self._found.pop(0))
            if answer:
                self._link.write(answer)

    def _answer(self, found: Json | LinkError) -> bytes:
        """Return the line to send: b"" for a reply, or two modules would answer each other."""
        self._module.port.feed()  # some bytes may bring several requests, each of them a long one
        if isinstance(found, LinkError):
            return encode(error(None, found))
        if is_reply(found):
            return b""
        try:
            return _encoded(_reply_to(self._module, found))
        except Exception as problem:
            gc.collect()  # most likely memory ran out
            return encode(error(None, self._module.refuse("reply", problem)))

    def _idle(self) -> None:
        self._module.port.feed()
        gc.collect()  # now, not while a session begins
        try:
            self._module.idle()
        except Exception as problem:
            self._module.refuse("idle", problem)


def _reply_to(module: Module, message: Json) -> Json:
    """Return the reply to a message; whatever goes wrong becomes an error reply.

    A message without an id is refused like any other that is not a request: the link has no
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
    if module.pending_update is not None:
        raise module.pending_update
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


def _encoded(reply: Json) -> bytes:
    """Return the line of a reply, or of the error that says why it cannot be sent."""
    try:
        return encode(reply)
    except LinkError as problem:
        if problem.reason == "oversized":
            return encode(error(request_id(reply), WattsealError("too_long")))
    return _encoded_without_foreign_text(reply)


def _encoded_without_foreign_text(reply: Json) -> bytes:
    """Return the line of an error reply without its detail, which quotes text outside ASCII."""
    code = reply.get("error", {}).get("data", {}).get("name", "internal_error")
    bare = WattsealError(code)
    try:
        return encode(error(request_id(reply), bare))
    except LinkError:
        return encode(error(None, bare))
