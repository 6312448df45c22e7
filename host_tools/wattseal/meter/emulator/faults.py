"""What can go wrong with a meter and its line, by name.

A value fault changes what the registers show, a frame fault what becomes of the reply. Each is
armed for a number of requests, and only for those that touch a given quantity if one is named.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pymodbus.framer.rtu import FramerRTU

from wattseal.meter.emulator.encode import WIDTHS, encode_pattern
from wattseal.meter.emulator.register_map import ENERGY, RegisterMap, Values

NS_PER_MS = 1_000_000

EXCEPTION_BIT = 0x80
NAN = {"f32": "7fc00000", "f64": "7ff8000000000000"}
INFINITY = {"f32": "7f800000", "f64": "7ff0000000000000"}


@dataclass(frozen=True)
class Segment:
    """Bytes sent in one go, this long after those before, or after a good reply would begin."""

    data: bytes
    delay_ns: int = 0


@dataclass(frozen=True)
class Reply:
    """What the meter sends; `held` waits for the end of the next request and goes out first."""

    segments: tuple[Segment, ...] = ()
    held: bytes = b""


@dataclass
class Fault:
    """An armed fault: after `skip` requests that match, it strikes the next `count` ones."""

    name: str
    count: int
    skip: int
    quantity: str | None
    options: dict[str, Any]
    struck: int = field(default=0, init=False)

    def strikes(self, quantities: set[str]) -> bool:
        """Whether this request is struck; counts it if it matches."""
        if self.quantity is not None and self.quantity not in quantities:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.struck == self.count:
            return False
        self.struck += 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it will strike no more."""
        return self.struck == self.count


def checked(frame: bytes) -> bytes:
    """A frame with its CRC, as pymodbus computes it."""
    return frame + FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def _good(frame: bytes) -> Reply:
    return Reply((Segment(frame),))


def wrong_crc(frame: bytes) -> Reply:
    """The last byte of the CRC is wrong."""
    return _good(frame[:-1] + bytes((frame[-1] ^ 0xFF,)))


def flipped_bit(frame: bytes, bit: int = 24) -> Reply:
    """One bit arrives inverted, the CRC as sent; bit 24 is the first of the data."""
    damaged = bytearray(frame)
    damaged[bit // 8] ^= 0x80 >> bit % 8
    return _good(bytes(damaged))


def wrong_unit(frame: bytes) -> Reply:
    """Another unit's number, with a right CRC."""
    return _good(checked(bytes((frame[0] % 247 + 1,)) + frame[1:-2]))


def wrong_function(frame: bytes) -> Reply:
    """The other read function's number, with a right CRC."""
    return _good(checked(frame[:1] + bytes((frame[1] ^ 7,)) + frame[2:-2]))


def wrong_length(frame: bytes) -> Reply:
    """One register more than asked for, whole and with a right CRC."""
    return _good(checked(frame[:2] + bytes((frame[2] + 2,)) + frame[3:-2] + b"\0\0"))


def exception(frame: bytes, code: int = 2) -> Reply:
    """A Modbus exception; 2 is illegal data address."""
    return _good(checked(bytes((frame[0], frame[1] | EXCEPTION_BIT, code))))


def silence(_frame: bytes) -> Reply:
    """Nothing at all."""
    return Reply()


def slow(frame: bytes, delay_ms: int = 200) -> Reply:
    """The reply comes, but later."""
    return Reply((Segment(frame, delay_ms * NS_PER_MS),))


def late_reply(frame: bytes, delay_ms: int | None = None) -> Reply:
    """The reply comes when the next request is over, before the reply to that one.

    With `delay_ms` it comes that much later whatever the master does meanwhile.
    """
    return slow(frame, delay_ms) if delay_ms is not None else Reply(held=frame)


def doubled_reply(frame: bytes, gap_ms: int = 0) -> Reply:
    """The reply comes twice."""
    return Reply((Segment(frame), Segment(frame, gap_ms * NS_PER_MS)))


def cut_reply(frame: bytes, keep: int | None = None) -> Reply:
    """Only the first bytes come; half of them unless told."""
    return _good(frame[: len(frame) // 2 if keep is None else keep])


def trailing_garbage(frame: bytes, data: bytes = b"\x00\xff\x5a") -> Reply:
    """Bytes follow the reply with no silence between."""
    return _good(frame + data)


def noise(frame: bytes, data: bytes = b"\xff\x00\x5a", gap_ms: int = 0) -> Reply:
    """Bytes come before the reply."""
    return Reply((Segment(data), Segment(frame, gap_ms * NS_PER_MS)))


def sentinel(values: Values, registers: RegisterMap, _strike: int) -> Values:
    """The energy registers say that there is no value."""
    facts = registers.profile[ENERGY]
    pattern = NAN.get(facts["type"]) or next(iter(facts.get("sentinels", ())), None)
    if pattern is None:
        raise ValueError(f"profile {registers.profile['name']} knows no pattern for 'no value'")
    return replace(values, raw_energy=encode_pattern(pattern, facts.get("word_order", "big")))


def out_of_range(values: Values, registers: RegisterMap, _strike: int) -> Values:
    """The energy registers hold what no energy can be: less than nothing, or beyond 2**53 Wh."""
    facts = registers.profile[ENERGY]
    kind = facts["type"]
    if kind in ("u16", "u32"):
        raise ValueError(f"profile {registers.profile['name']} shows every value of its {kind}")
    impossible = INFINITY.get(kind) or "fe" * 2 * WIDTHS[kind]
    return replace(values, raw_energy=encode_pattern(impossible, facts.get("word_order", "big")))


def decreasing(values: Values, _registers: RegisterMap, _strike: int, by_wh: int = 1000) -> Values:
    """The energy is lower than it was."""
    return replace(values, energy_wh=values.energy_wh - by_wh)


def unstable(values: Values, _registers: RegisterMap, strike: int, by_wh: int = 5000) -> Values:
    """Every other reading is far too high."""
    return replace(values, energy_wh=values.energy_wh + (by_wh if strike % 2 else 0))


def other_serial(
    values: Values, _registers: RegisterMap, _strike: int, serial: str = "87654321"
) -> Values:
    """The meter is another one."""
    return replace(values, serial=serial)


FRAME_FAULTS: dict[str, Callable[..., Reply]] = {
    fault.__name__: fault
    for fault in (
        wrong_crc,
        flipped_bit,
        wrong_unit,
        wrong_function,
        wrong_length,
        exception,
        silence,
        slow,
        late_reply,
        doubled_reply,
        cut_reply,
        trailing_garbage,
        noise,
    )
}

VALUE_FAULTS: dict[str, Callable[..., Values]] = {
    fault.__name__: fault for fault in (sentinel, out_of_range, decreasing, unstable, other_serial)
}

ECHO = "echo"
"""The adaptor hears the master's own bytes: armed for requests, whatever they ask."""

FAULT_NAMES = tuple(sorted({ECHO, *FRAME_FAULTS, *VALUE_FAULTS}))
