"""A module on any interpreter that runs the firmware, worked from standard input.

    MICROPYPATH=firmware:.frozen micropython portable_module.py VENDOR_KEY
    PYTHONPATH=firmware:tests python portable_module.py VENDOR_KEY

VENDOR_KEY: SPKI in hex. A line {"boot": energy_kwh} starts the module over the same flash; any
other line is a request for it. Each is answered by one line of JSON. The signing core is the
interpreter's own, or the tests' fake one where it has none. The meter is in this process and time
is virtual, so nothing waits.
"""

import json
import struct
import sys

from app.boot import boot
from app.link import LinkServer
from wire.messages import decode, encode
from wire.modbus_rtu import crc16

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


class Release:
    """What was built into the image."""

    VERSION = "0.1.0"
    ROLLBACK_NUMBER = 1
    DATE_UNIX_MS = 1_767_225_600_000
    VENDOR_KEY = bytes.fromhex(sys.argv[1])


class VirtualPort:
    """Port, link and meter line in one; the meter's energy is `energy_kwh`."""

    NAME = "virtual"
    LINK = "tcp"
    echo = False

    def __init__(self):
        self.us = 0
        self.energy_kwh = 1000.5
        self._incoming = b""
        self.sent = b""
        self.is_in_boot_loader = self.is_flushed = False

    def ticks_ms(self):
        return self.us // 1000

    def ticks_us(self):
        return self.us

    def ticks_diff(self, later, earlier):
        return later - earlier

    def reset_cause(self):
        return "power_on"

    def feed(self):
        self.is_fed = True

    def bites(self):
        return 0

    def forget_bites(self):
        self.is_fed = True

    def heap_free(self):
        return 1

    def enter_boot_loader(self):
        self.is_in_boot_loader = self.is_flushed

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

    def flush(self):
        self.is_flushed = True

    def wait(self, timeout_ms):
        self.us += timeout_ms * 1000
        return bool(self._incoming)

    def wait_for_room(self, timeout_ms):
        return True


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


def find_core():
    try:
        import _wattseal
    except ImportError:
        from support.app.core import FakeCore

        return FakeCore()
    return _wattseal


def start(core, energy_kwh):
    port = VirtualPort()
    port.energy_kwh = energy_kwh
    return port, LinkServer(boot(core, port, "virtual", Release, {"portable": PROFILE}), port)


def answer(port, server, request):
    port.sent = b""
    port.send(encode(request))
    while not port.sent:
        server.serve_once()
    server.serve_once()
    return decode(port.sent[:-1])


def main():
    core = find_core()
    port = server = None
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        if "boot" in order:
            port, server = start(core, order["boot"])
            reply = {"interpreter": sys.implementation.name}
        else:
            reply = answer(port, server, order)
            reply["is_in_boot_loader"] = port.is_in_boot_loader
        sys.stdout.write(json.dumps(reply) + "\n")
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()


main()
