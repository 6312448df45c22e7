"""Which key the module signs with, decided at every start.

The event log is the witness: it tells whether a key was ever announced. A key that was not may be
made, or discarded when its first storing was cut; one that was announced is never replaced.
"""

from wire.errors import WattsealError

from app.contracts import Core


class KeyDecision:
    """key_number: of the whole key. is_new: it was not announced yet. discarded: broken slots
    that a cut first storing had left.
    """

    def __init__(self, key_number: int, is_new: bool, discarded: int) -> None:
        self.key_number = key_number
        self.is_new = is_new
        self.discarded = discarded


def settle_key(core: Core, announced_number: int) -> KeyDecision:
    """Make a key if none was ever announced; otherwise insist on the announced one.

    announced_number: of the newest key that the event log tells of, 0 for none. WattsealError
    `key_lost`, `key_broken` or `key_error` if the announced key is not the one stored; what
    CoreError `key_create` raises.
    """
    state, number = core.key_state()
    if announced_number:
        _require_announced(core, state, number, announced_number)
        return KeyDecision(number, False, 0)
    discarded = 0
    if state == core.KEY_BROKEN:
        discarded = core.key_discard_broken()
        state, number = core.key_state()
    if state == core.KEY_EMPTY:
        number = core.key_create()
    return KeyDecision(number, True, discarded)


def _require_announced(core: Core, state: int, number: int, announced_number: int) -> None:
    if state == core.KEY_EMPTY:
        raise WattsealError("key_lost", key_number=announced_number)
    if state == core.KEY_BROKEN:
        raise WattsealError("key_broken", key_number=announced_number)
    if number != announced_number:
        raise WattsealError("key_error", announced=announced_number, stored=number)
