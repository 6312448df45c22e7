"""One session from first boot to a cut and its recovery, on any interpreter that runs the firmware.

    WATTSEAL_FIRMWARE=firmware micropython portable_session.py

Prints one JSON object with what happened. Uses the built-in signing core where the interpreter has
one, otherwise a core in memory that seals without signing. The meter is in this process and time
is virtual, so nothing waits.
"""

import json
import os
import struct
import sys

sys.path.insert(0, os.getenv("WATTSEAL_FIRMWARE") or "firmware")

from app.boot import boot
from app.link import LinkServer
from wire.crc import crc16
from wire.link_frame import decode, encode
from wire.messages import read_reply, request
from wire.methods import check_result

PROFILE = {
    "name": "portable",
    "vendor": "Maker",
    "model": "Model",
    "current_type": "AC",
    "timeout_ms": 500,
    "unit": 1,
    "line": {"baud": 9600, "parity": "even", "stop_bits": 1},
    "energy_import": {
        "function": 4,
        "address": 72,
        "count": 2,
        "type": "f32",
        "exponent": 3,
        "resolution": 0,
    },
    "serial": {"function": 3, "address": 100, "count": 2, "type": "u32"},
}


class MemoryCore:
    """Flash areas in memory and a key without a curve."""

    AREA_SETTINGS, AREA_EVENTS, AREA_JOURNAL = 1, 2, 3
    KEY_EMPTY, KEY_VALID, KEY_BROKEN = 0, 1, 2

    class CoreError(Exception):
        pass

    def __init__(self):
        self._areas = {number: bytearray(b"\xff" * 4096 * 6) for number in (1, 2, 3)}
        self._key_number = 0

    def self_test(self, everything):
        return ()

    def key_state(self):
        return (1 if self._key_number else 0), self._key_number

    def key_create(self):
        self._key_number = 1
        return 1

    def key_public(self):
        return bytes(91)

    def seal(self, payload):
        return b'{"SD":"' + b"00" * 71 + b'"}'

    def sha256(self, data):
        import hashlib

        return hashlib.sha256(data).digest()

    def flash_info(self, area):
        return 4096, 256, 6

    def flash_read(self, area, offset, buffer):
        buffer[:] = self._areas[area][offset : offset + len(buffer)]

    def flash_program(self, area, offset, data):
        self._areas[area][offset : offset + len(data)] = data

    def flash_erase(self, area, sector):
        self._areas[area][sector * 4096 : sector * 4096 + 4096] = b"\xff" * 4096

    def chip_id(self):
        return bytes(8)


class VirtualPort:
    """Port, link and meter line in one; the meter's energy is `energy_kwh`."""

    NAME = "virtual"
    echo = False

    def __init__(self):
        self.us = 0
        self.energy_kwh = 1000.5
        self._reply = b""
        self._incoming = b""
        self.sent = b""

    def ticks_ms(self):
        return self.us // 1000

    def ticks_us(self):
        return self.us

    def ticks_diff(self, later, earlier):
        return later - earlier

    def reset_cause(self):
        return "power_on"

    def heap_free(self):
        return 1

    def open_meter_line(self, baud, parity, stop_bits):
        return VirtualLine(self)

    # The link.

    def send(self, data):
        self._incoming += data

    def read(self, max_bytes):
        data, self._incoming = self._incoming[:max_bytes], self._incoming[max_bytes:]
        return data

    def write(self, data):
        self.sent += data

    def wait(self, timeout_ms):
        self.us += timeout_ms * 1000
        return bool(self._incoming)


class VirtualLine:
    """A meter that answers at once."""

    echo = False

    def __init__(self, port):
        self._port = port
        self._reply = b""

    def write(self, data):
        unit, function, address, count = struct.unpack(">BBHH", data[:6])
        value = struct.pack(">f", self._port.energy_kwh)
        if address == 100:
            value = struct.pack(">I", 4711)
        frame = bytes((unit, function, 2 * count)) + value
        crc = crc16(frame)
        self._reply = frame + bytes((crc & 0xFF, crc >> 8))

    def read(self, max_bytes):
        data, self._reply = self._reply[:max_bytes], self._reply[max_bytes:]
        return data

    def wait(self, timeout_us):
        self._port.us += 0 if self._reply else timeout_us
        return bool(self._reply)

    def discard(self):
        self._reply = b""


def start(core, energy_kwh):
    port = VirtualPort()
    port.energy_kwh = energy_kwh
    return port, LinkServer(boot(core, port, "virtual", {"portable": PROFILE}), port)


def call(port, server, method, **params):
    port.sent = b""
    port.send(encode(request(1, method, params)))
    while not port.sent:
        server.serve_once()
    return check_result(method, read_reply(decode(port.sent[:-1]), 1))


def main():
    try:
        import _wattseal as core
    except ImportError:
        core = MemoryCore()
    port, server = start(core, 1000.5)
    call(port, server, "configure", gateway_id="G", gateway_serial="1", meter_profile="portable")
    call(
        port,
        server,
        "set_time",
        unix_ms=1780000000000,
        utc_offset_min=60,
        source="informative",
    )
    begun = call(port, server, "begin", id_tag="TAG", tariff_text='say "so"')
    call(port, server, "intermediate")
    ended = call(port, server, "end", reason="L")
    call(port, server, "begin")
    port, server = start(core, 1003.25)  # the power was cut; the meter went on counting
    status = call(port, server, "status")
    records = call(port, server, "records")["records"]
    events = call(port, server, "events")["events"]
    return {
        "interpreter": sys.implementation[0] if type(sys.implementation) is tuple else "",
        "signed": not isinstance(core, MemoryCore),
        "begun": begun,
        "ended": ended,
        "state": status["state"],
        "session": status["session"],
        "records": [item["record"] for item in records],
        "events": [item["entry"] for item in events],
    }


print(json.dumps(main()))
