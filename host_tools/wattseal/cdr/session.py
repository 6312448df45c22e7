"""What a module has signed of one charging session: the readings that bill it, and their place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from hashlib import blake2b

from msgspec import Struct

from wattseal.cdr.judgement import SessionFacts

_CONTENT_BYTES = 32

_EXACT = Context(
    prec=120
)  # verify.transaction_parts.is_sound leaves at most 30 digits, E-18 to E18


class SignedReading(Struct, frozen=True, gc=False):
    """A begin or end reading. `value` in `unit` (kWh or Wh) with the digits as signed.

    `time` is RFC 3339, `at_ms` the same in Unix milliseconds. `has_time`: the clock was set, and
    no flag says that the time is not to be used.
    """

    value: Decimal
    unit: str
    time: str
    at_ms: int
    has_time: bool

    @property
    def watt_hours(self) -> Decimal:
        """The register in Wh, exactly."""
        return self.value if self.unit == "Wh" else _EXACT.scaleb(self.value, 3)


class Session(Struct, frozen=True):
    """A session of authentic records with one begin and one end, in one unit.

    `evse_ids` are those that the records name, as written. `paginations` count in `context` (T or
    F), in the order signed. `content` is that of the records (content_of).
    """

    begin: SignedReading
    end: SignedReading
    meter_serial: str
    register_code: str
    evse_ids: tuple[str, ...]
    context: str
    paginations: tuple[int, ...]
    content: str

    @property
    def energy_kwh(self) -> Decimal:
        """End minus begin, exactly."""
        energy = _EXACT.subtract(self.end.value, self.begin.value)
        return energy if self.begin.unit == "kWh" else _EXACT.scaleb(energy, -3)

    def facts(self, key_fingerprint: str) -> SessionFacts:
        """What later sessions are compared with."""
        return SessionFacts(
            key_fingerprint=key_fingerprint,
            meter_serial=self.meter_serial,
            register_code=self.register_code,
            context=self.context,
            paginations=self.paginations,
            begin_wh=f"{self.begin.watt_hours:f}",
            end_wh=f"{self.end.watt_hours:f}",
            begin_ms=self.begin.at_ms,
            end_ms=self.end.at_ms,
            time_is_good=self.begin.has_time and self.end.has_time,
            content=self.content,
        )


def content_of(texts: Iterable[str]) -> str:
    """BLAKE2b-256 in hex over the records' texts in the order signed, each on a line of its own."""
    return blake2b("\n".join(texts).encode(), digest_size=_CONTENT_BYTES).hexdigest()
