"""A module's status in words."""

from __future__ import annotations

from wattseal.advice import Advice, advise
from wattseal.cli.output import say, say_facts
from wattseal.cli.times import CLOCK_STATES, duration, kilobytes, local_time
from wattseal.device_models import Clock, Hello, Status

_OPTION_WIDTH = 21
_STYLES = {"operational": "bold green", "fault": "bold red"}


def say_status(hello: Hello, state: Status) -> None:
    """What the state means first, then the facts, and last what to do next."""
    advice = advise(state)
    say(f"{state.state.upper()}: {advice.meaning}", _STYLES.get(state.state, "bold yellow"))
    say_facts(_facts(hello, state))
    say_next(advice)


def say_next(advice: Advice) -> None:
    """The next steps, numbered if there are several."""
    if not advice.steps:
        say_facts([("next", "nothing to do")])
    for number, step in enumerate(advice.steps, 1):
        label = "next" if number == 1 else ""
        count = f"{number}. " if len(advice.steps) > 1 else ""
        say_facts([(label, count + step)])
        for option, what in advice.wanted if number == 1 else ():
            say_facts([("", f"     {option:<{_OPTION_WIDTH}}{what}")])


def _facts(hello: Hello, state: Status) -> list[tuple[str, str]]:
    journal, log = state.journal, state.events
    held = f"T{journal.oldest} to T{journal.newest}" if journal.oldest else "none"
    events = f"{log.oldest} to {log.newest}" if log.oldest else "none"
    full = ", FULL: no session can begin" if log.full else ""
    return [
        ("module", f"{hello.board}, chip {hello.chip_id}"),
        ("firmware", f"{hello.firmware}, identity {hello.firmware_identity[:16]}..."),
        ("state", state.state),
        ("key", f"number {state.key_number}" if state.key_number else "none"),
        ("seal", _seal_words(state)),
        ("published", _publication_words(state)),
        ("session", _session_words(state)),
        ("clock", clock_words(state.clock)),
        ("records", f"{held}, next T{journal.next}, room {kilobytes(journal.free_bytes)}"),
        ("events", f"{events}, room {kilobytes(log.free_bytes)}{full}"),
        ("running", f"{duration(state.uptime_ms // 1000)}, started by {state.reset_cause}"),
        ("free memory", kilobytes(state.heap_free_bytes)),
    ]


def _seal_words(state: Status) -> str:
    if not state.sealed:
        return "open"
    return f"closed, commissioning {state.commissioning}"


def _publication_words(state: Status) -> str:
    place = state.publication
    if place is None:
        return "not proven"
    return f"proven, entry {place.leaf_index} of a log of {place.tree_size}"


def _session_words(state: Status) -> str:
    session = state.session
    if session is None:
        return "none"
    since = local_time(session.begin_unix_ms, state.clock.utc_offset_min or 0)
    cut = ", cut by a power failure: the module is ending it" if session.recovery else ""
    return f"{session.session_id} since {since} (begin T{session.begin_pagination}){cut}"


def clock_words(clock: Clock) -> str:
    """The module's time, how good it is and how old."""
    if clock.unix_ms is None:
        return "not set  (wattseal device time)"
    now = local_time(clock.unix_ms, clock.utc_offset_min or 0)
    ago = "" if clock.set_ago_s is None else f", set {duration(clock.set_ago_s)} ago"
    return f"{now}, {CLOCK_STATES[clock.synchronisation]} ({clock.synchronisation}){ago}"
