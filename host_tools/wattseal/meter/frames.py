"""Finds Modbus RTU frames in what was heard on a line, and says what they mean.

An adaptor tells neither who has sent a byte nor when exactly, so that frames are found by their own
form and checksum: MODBUS Application Protocol V1.1b3, sections 6.3, 6.4 and 7. What is no frame is
told as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wattseal.meter.power import decode_power
from wattseal.meter.profile import ENERGIES, QUANTITIES, Profile
from wattseal.wire.errors import WattsealError
from wattseal.wire.modbus_rtu import EXCEPTIONS, MAX_FRAME_BYTES, crc16
from wattseal.wire.reading import decode_energy, decode_text

REQUEST, REPLY, EXCEPTION, ECHO, NOISE = "request", "reply", "exception", "echo", "noise"
ECHO_WITHIN_US = 100_000
"""The same request later than that is a repetition: no meter's time-out is so short."""
_READS = (3, 4)
_REQUEST_BYTES, _EXCEPTION_BYTES = 8, 5


@dataclass(frozen=True)
class Frame:
    """What was heard in one go. `at_us` is when its first byte was handed over.

    `after_us`: of a reply, how long after the request's last byte. `meaning`: for a reader.
    """

    kind: str
    data: bytes
    at_us: int
    after_us: int | None
    meaning: str

    @property
    def crc_is_right(self) -> bool:
        """Whether it ends with the checksum of what is before."""
        return self.kind != NOISE


class FrameFinder:
    """Feed it what was heard; it gives the frames. Its memory is bounded by the longest frame.

    profile: names the registers; None if it is not known.
    """

    def __init__(self, profile: Profile | None = None) -> None:
        self._profile = profile
        self._heard = bytearray()
        self._times: list[int] = []
        self._request: tuple[bytes, int] | None = None

    def feed(self, data: bytes, at_us: int) -> Iterator[Frame]:
        """The frames that these bytes complete."""
        self._heard += data
        self._times += [at_us] * len(data)
        while self._heard:
            length = self._length_at(0)
            if length is None and len(self._heard) <= MAX_FRAME_BYTES:
                return
            yield self._take(length) if length else self._noise(1)

    def flush(self) -> Iterator[Frame]:
        """The line has been silent: what is left is whole frames and noise."""
        while self._heard:
            starts = range(len(self._heard))
            first = next((at for at in starts if self._length_at(at)), len(self._heard))
            if first:
                yield self._noise(first)
            else:
                yield self._take(self._length_at(0) or 0)

    def _length_at(self, at: int) -> int | None:
        """The length of a right frame at this place: that of a reply, if one is awaited."""
        heard = self._heard[at:]
        if len(heard) < _EXCEPTION_BYTES or not 1 <= heard[0] <= 247:
            return None
        function = heard[1] & 0x7F
        if function not in _READS:
            return None
        reply = _EXCEPTION_BYTES if heard[1] & 0x80 else _EXCEPTION_BYTES + heard[2]
        lengths = (reply, _REQUEST_BYTES) if self._request else (_REQUEST_BYTES, reply)
        for length in lengths:
            if heard[1] & 0x80 and length == _REQUEST_BYTES:
                continue
            if len(heard) >= length and _crc_is_right(bytes(heard[:length])):
                return length
        return None

    def _take(self, length: int) -> Frame:
        data, at_us, end_us = self._cut(length)
        asked = self._request
        if data[1] & 0x80:
            self._request = None
            return Frame(EXCEPTION, data, at_us, _since(asked, at_us), _of_exception(data))
        if length == _REQUEST_BYTES:
            is_echo = asked and asked[0] == data and at_us - asked[1] < ECHO_WITHIN_US
            kind = ECHO if is_echo else REQUEST
            self._request = (data, end_us)
            meaning = "the request came back" if kind == ECHO else self._of_request(data)
            return Frame(kind, data, at_us, None, meaning)
        self._request = None
        return Frame(REPLY, data, at_us, _since(asked, at_us), self._of_reply(data, asked))

    def _noise(self, length: int) -> Frame:
        data, at_us, _ = self._cut(length)
        meaning = f"{length} byte(s) that are no frame with a right CRC"
        if data == b"\0":
            meaning = "turn-around noise"
        return Frame(NOISE, data, at_us, None, meaning)

    def _cut(self, length: int) -> tuple[bytes, int, int]:
        data, times = bytes(self._heard[:length]), self._times[:length]
        del self._heard[:length], self._times[:length]
        return data, times[0], times[-1]

    # --- what they mean ----------------------------------------------------------------------

    def _of_request(self, data: bytes) -> str:
        address, count = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:6], "big")
        names = self._names(data[1], address, count)
        told = f" ({', '.join(names)})" if names else ""
        return f"unit {data[0]}, function {data[1]}: {count} from 0x{address:04X}{told}"

    def _of_reply(self, data: bytes, asked: tuple[bytes, int] | None) -> str:
        words = [int.from_bytes(data[at : at + 2], "big") for at in range(3, len(data) - 2, 2)]
        whose = f"unit {data[0]}, function {data[1]}: {len(words)} register(s)"
        if asked is None or asked[0][:2] != data[:2]:
            return whose + ", no request to it was heard"
        address, count = (int.from_bytes(asked[0][at : at + 2], "big") for at in (2, 4))
        if count != len(words):
            return whose + f", {count} were asked for"
        values = [self._value(name, words) for name in self._names(data[1], address, count)]
        return ", ".join([whose, *values])

    def _names(self, function: int, address: int, count: int) -> list[str]:
        """The quantities of the profile that are read by exactly that."""
        profile = self._profile or {}
        place = (function, address, count)
        quantities = [(name, profile[name]) for name in QUANTITIES if name in profile]
        return [
            name
            for name, one in quantities
            if "model" not in one and (one["function"], one["address"], one["count"]) == place
        ]

    def _value(self, name: str, words: list[int]) -> str:
        quantity: dict[str, Any] = (self._profile or {})[name]
        try:
            if name in ENERGIES:
                return f"{name} {decode_energy(quantity, words).to_text_kwh()} kWh"
            if name == "power":
                return f"power {decode_power(quantity, words):f} W"
            return f"{name} {decode_text(quantity, words)}"
        except WattsealError as error:
            return f"{name}: {error.name}"


def _since(asked: tuple[bytes, int] | None, at_us: int) -> int | None:
    return None if asked is None else at_us - asked[1]


def _of_exception(data: bytes) -> str:
    name = EXCEPTIONS.get(data[2], "unknown").replace("_", " ")
    return f"unit {data[0]}, function {data[1] & 0x7F}: exception {data[2]}, {name}"


def _crc_is_right(data: bytes) -> bool:
    crc: int = crc16(data[:-2])
    return crc.to_bytes(2, "little") == data[-2:]
