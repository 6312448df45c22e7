"""A meter on a line in virtual time: each byte arrives when it would, and faults are to order."""

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

from wire.modbus_rtu import crc16

ENERGY = (4, 0x0048)
EXPORT = (4, 0x004A)
SERIAL = (3, 0xFC00)
FIRMWARE = (3, 0xFC03)


class Clock(Protocol):
    us: int


class FakeMeter:
    """An SDM630 (by its profile): energy in Wh that may rise, serial number, version.

    `faults` is used up by one for each request: None answers right, else a function from
    `(request, reply)` to a list of `(delay in us, bytes)` that are sent instead.
    """

    def __init__(self, energy_wh: int = 1_000_000, serial: int = 12345678) -> None:
        self.energy_wh = energy_wh
        self.rise_wh = 0  # at each reading of the energy
        self.export_wh: int | None = 0
        self.serial = serial
        self.firmware: int | None = 0x0102
        self.unit = 1
        self.is_silent = False
        self.faults: list[Fault | None] = []
        self.requests: list[tuple[int, int, int]] = []

    def answer(self, request: bytes) -> list[tuple[int, bytes]]:
        """What goes onto the line after a request, with the delay before each part."""
        unit, function, address, count = struct.unpack(">BBHH", request[:6])
        assert crc16(request[:6]) == int.from_bytes(request[6:], "little"), "request with a bad CRC"
        self.requests.append((function, address, count))
        reply = self._reply(unit, function, address, count)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            return fault(request, reply)
        if self.is_silent or unit != self.unit:
            return []
        return [(TURNAROUND_US, reply)]

    def _reply(self, unit: int, function: int, address: int, count: int) -> bytes:
        registers = self._registers(function, address)
        if registers is None or len(registers) != 2 * count:
            return with_crc(bytes((unit, function | 0x80, 2)))
        return with_crc(bytes((unit, function, 2 * count)) + registers)

    def _registers(self, function: int, address: int) -> bytes | None:
        if (function, address) == ENERGY:
            self.energy_wh += self.rise_wh
            return struct.pack(">f", self.energy_wh / 1000)
        if (function, address) == EXPORT and self.export_wh is not None:
            return struct.pack(">f", self.export_wh / 1000)
        if (function, address) == SERIAL:
            return struct.pack(">I", self.serial)
        if (function, address) == FIRMWARE and self.firmware is not None:
            return struct.pack(">H", self.firmware)
        return None


Fault = Callable[[bytes, bytes], list[tuple[int, bytes]]]
TURNAROUND_US = 4000
FINE_US = 2000
NEVER_US = 1e15


class FakeMeterLine:
    """The line's end at the module: bytes arrive one character time after the other.

    A UART with a FIFO ends a `wait` of more than FINE_US only when `fifo_bytes` are there, or when
    nothing has come behind the last one for 32 bits, or when the time is over.
    """

    def __init__(
        self, clock: Clock, meter: FakeMeter, baud: int = 9600, bits: int = 10, echo: bool = False
    ) -> None:
        self.echo = echo
        self.silences_us: list[int] = []  # before each request, since the last byte
        self.collisions = 0  # requests sent while something else was on the line
        self._clock = clock
        self._meter = meter
        self.fifo_bytes = 1
        self._character_us = bits * 1_000_000 / baud
        self._fifo_silence_us = 32 * 1_000_000 / baud
        self._incoming: list[tuple[float, int]] = []
        self._last_byte_us = clock.us - 1_000_000.0

    def write(self, data: bytes) -> None:
        pending = [at for at, _ in self._incoming if at <= self._clock.us]
        last_us = max([self._last_byte_us, *pending])
        self.silences_us.append(int(self._clock.us - last_us))
        start_us = self._clock.us
        self._clock.us += int(len(data) * self._character_us)
        self.collisions += any(start_us < at <= self._clock.us for at, _ in self._incoming)
        if self.echo:
            self.receive(start_us, data)
        self._last_byte_us = self._clock.us
        after_us = 0
        for delay_us, part in self._meter.answer(data):
            after_us += delay_us
            self.receive(self._clock.us + after_us, part)
            after_us += int(len(part) * self._character_us)

    def receive(self, start_us: float, data: bytes) -> None:
        """Let bytes arrive from a moment on."""
        for index, byte in enumerate(data):
            self._incoming.append((start_us + (index + 1) * self._character_us, byte))
        self._incoming.sort(key=lambda item: item[0])

    def wait(self, timeout_us: int) -> bool:
        assert timeout_us >= 0
        limit_us = self._clock.us + timeout_us
        is_fine = self.fifo_bytes == 1 or timeout_us <= FINE_US
        told_us = self._arrival_us() if is_fine else self._interrupt_us()
        self._clock.us = max(self._clock.us, min(limit_us, -int(-told_us // 1)))
        return self._arrival_us() <= self._clock.us

    def _arrival_us(self) -> float:
        """When the next byte is there."""
        return self._incoming[0][0] if self._incoming else NEVER_US

    def _interrupt_us(self) -> float:
        """When the FIFO tells of the next bytes; those that are there already were told of."""
        times = [at for at, _ in self._incoming]
        if times and times[0] <= self._clock.us:
            return times[0]
        for count, (at, following) in enumerate(pairwise([*times, NEVER_US]), 1):
            if count == self.fifo_bytes:
                return at
            if following - at > self._fifo_silence_us:
                return at + self._fifo_silence_us
        return NEVER_US

    def read(self, max_bytes: int) -> bytes:
        data = bytearray()
        while self._incoming and self._incoming[0][0] <= self._clock.us and len(data) < max_bytes:
            at_us, byte = self._incoming.pop(0)
            self._last_byte_us = at_us
            data.append(byte)
        return bytes(data)

    def discard(self) -> None:
        while self.read(64):
            pass


# --- faults to order -------------------------------------------------------------------------


def with_crc(frame: bytes) -> bytes:
    return frame + crc16(frame).to_bytes(2, "little")


def silence(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return []


def bad_crc(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, reply[:-1] + bytes((reply[-1] ^ 0x10,)))]


def wrong_unit(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, with_crc(bytes((reply[0] + 1,)) + reply[1:-2]))]


def stranger_first(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [*wrong_unit(request, reply), (20_000, reply)]


def wrong_function(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, with_crc(bytes((reply[0], 7 - reply[1])) + reply[2:-2]))]


def exception(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, with_crc(bytes((reply[0], reply[1] | 0x80, 4))))]


def doubled(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, reply + reply)]


def cut(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, reply[:-3])]


def trailing_garbage(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, reply + b"\x00")]


def too_long(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, with_crc(reply[:2] + bytes((reply[2] + 2,)) + reply[3:-2] + b"ab"))]


def sentinel(request: bytes, reply: bytes) -> list[tuple[int, bytes]]:
    return [(TURNAROUND_US, with_crc(reply[:3] + b"\xff" * (len(reply) - 5)))]


def late(delay_us: int) -> Fault:
    return lambda _, reply: [(delay_us, reply)]


def value(registers: bytes) -> Fault:
    """A right frame with other content."""
    return lambda _, reply: [(TURNAROUND_US, with_crc(reply[:3] + registers))]
