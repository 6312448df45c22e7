"""Permission by the owner of the station: one challenge, one answer, then a fresh challenge.

The challenge is kept in memory only: a restart ends it. Wrong answers make nobody wait: a signature
cannot be found by trying, and a stranger must not keep the owner from his module.
"""

from wire.errors import WattsealError
from wire.owner_challenge import build_challenge, signed_bytes

from app.clock import Clock
from app.contracts import Core, Json

EXPIRES_S = 3600


class Owner:
    """The open challenge, if any, and the count of wrong answers."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self._core = core
        self._clock = clock
        self._text = ""
        self._action = ""
        self._facts: Json = {}
        self.asked_ms = 0
        self._expires_ms = 0
        self.wrong_answers = 0

    def challenge(self, action: str, event_head: tuple[int, str], facts: Json) -> str:
        """Open a challenge, instead of any that was open; `asked_ms` is the uptime then.

        event_head: number and chain value of the newest event. facts: members of this action alone.
        CoreError `entropy`.
        """
        number, chain = event_head
        nonce = self._nonce(action, chain).hex()
        chip_id = self._core.chip_id().hex()
        self._text = build_challenge(action, chip_id, nonce, number, **facts)
        self._action, self._facts = action, facts
        self.asked_ms = self._clock.uptime_ms()
        self._expires_ms = self.asked_ms + EXPIRES_S * 1000
        return self._text

    def check_answer(self, action: str, owner_key: bytes, signature: bytes) -> Json:
        """Check the answer to the open challenge, which can be used once; returns its facts.

        owner_key: SPKI DER. WattsealError `no_challenge` if none is open for that action,
        `owner_refused`.
        """
        text, self._text = self._text, ""
        is_late = self._clock.uptime_ms() >= self._expires_ms
        if not text or is_late or action != self._action:
            raise WattsealError("no_challenge", action=action)
        if not self._core.verify(owner_key, signed_bytes(text), signature):
            self.wrong_answers += 1
            raise WattsealError("owner_refused", action=action, wrong_answers=self.wrong_answers)
        self.wrong_answers = 0
        return self._facts

    def _nonce(self, action: str, chain: str) -> bytes:
        """Return the challenge's nonce: noise, if need be without it for erasing the key.

        A module whose noise fails must not keep its key for that. The event log and the time since
        the start do not come again together, or only if the log takes no event any more; and an
        answer has no use but once, when the key goes.
        """
        try:
            return self._core.random()
        except self._core.CoreError:
            if action != "decommission":
                raise
        return self._core.sha256(f"{chain} {self._clock.uptime_ms()}".encode())
