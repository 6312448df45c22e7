"""A module on the bench: fake core, port and meter below it, the link's own frames above."""

import json

from app.boot import boot
from app.link import LinkServer
from app.module import Module
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wire.messages import decode, encode, read_reply, request
from wire.methods import check_result

from .core import SIGNING, STATEMENT_PREFIX, FakeCore, spki_of
from .meter import FakeMeter, FakeMeterLine
from .port import FakeLink, FakePort
from .registry import NAME, FakeRegistry

NOON = 1_780_000_000_000
RELEASED = NOON - 100 * 86_400_000

SDM630 = {
    "name": "sdm630",
    "vendor": "Eastron",
    "model": "SDM630",
    "current_type": "AC",
    "timeout_ms": 1000,
    "max_registers": 125,
    "unit": 1,
    "line": {"baud": 9600, "parity": "none", "stop_bits": 1},
    "energy_import": {
        "function": 4,
        "address": 72,
        "count": 2,
        "type": "f32",
        "exponent": 3,
        "resolution": 0,
    },
    "serial": {
        "function": 3,
        "address": 64512,
        "count": 2,
        "type": "u32",
        "sentinels": ["00000000", "ffffffff"],
    },
    "firmware": {"function": 3, "address": 64515, "count": 1, "type": "hex"},
}
MUTE = {key: SDM630[key] for key in SDM630 if key not in ("serial", "firmware", "unit", "line")}
TWO_WAY = {
    **SDM630,
    "name": "two_way",
    "energy_export": {**SDM630["energy_import"], "address": 74},  # type: ignore[dict-item]
}
PROFILES = {"sdm630": SDM630, "mute": {**MUTE, "name": "mute"}, "two_way": TWO_WAY}

OWNER = ec.derive_private_key(3, ec.SECP256R1())
VENDOR = ec.derive_private_key(4, ec.SECP256R1())

SETTINGS = {
    "gateway_id": "Wattseal test",
    "gateway_serial": "WS-0001",
    "meter_profile": "sdm630",
    "meter_serial": "12345678",
    "charge_point_type": "EVSEID",
    "charge_point_id": "DE*ABC*E0001",
    "registry_name": NAME,
    "registry_key": FakeRegistry().public_key.hex(),
    "owner_key": spki_of(OWNER).hex(),
}


class Release:
    """What was built into an image."""

    def __init__(self, version: str = "0.1.0", rollback_number: int = 1) -> None:
        self.VERSION = version
        self.ROLLBACK_NUMBER = rollback_number
        self.DATE_UNIX_MS = RELEASED
        self.VENDOR_KEY = spki_of(VENDOR)


class Bench:
    """Boots a module again and again over the same flash, meter and registry."""

    def __init__(self, core: FakeCore | None = None, meter: FakeMeter | None = None) -> None:
        self.core = core or FakeCore()
        self.meter = meter or FakeMeter()
        self.registry = FakeRegistry()
        self.release = Release()
        self.lines: list[FakeMeterLine] = []
        self.line_echoes = False  # and the board says so
        self.module: Module
        self._ids = 0

    def boot(self) -> "Bench":
        return self.restart(bites=0)

    def restart(self, bites: int) -> "Bench":
        """Boot after so many bites of the watchdog."""
        self.core.dark = False
        self.port = FakePort(self._make_line)
        self.port.bite_count = bites
        self.link = FakeLink(self.port)
        self.module = boot(self.core, self.port, "bench", self.release, PROFILES)
        self.server = LinkServer(self.module, self.link)
        return self

    def flash(self, image: bytes, version: str = "0.2.0", rollback_number: int = 1) -> "Bench":
        """Put another image in place, by its identity; nothing runs until `boot`."""
        self.core.image = image
        self.release = Release(version, rollback_number)
        return self

    def set_up(self) -> "Bench":
        """Boot, set the time, commission."""
        self.boot()
        self.set_time()
        self.commission()
        self.set_time()
        return self

    def commission(self) -> "Bench":
        """Do what is left to do until the module is operational."""
        status = self.call("status")
        if not status["sealed"]:
            self.call("configure", **{name: SETTINGS[name] for name in status["missing"]})
            self.call("seal")
        if status["state"] != "operational":
            self.publish()
        assert self.call("status")["state"] == "operational"
        return self

    def reconfigure(self, **settings) -> "Bench":
        """Have the owner open the seal for other settings, and commission again."""
        self.by_owner("unseal")
        self.call("configure", **settings)
        self.call("seal")
        self.publish()
        return self

    def publish(self, **changes: object) -> dict:
        """Register the key with these changes to the truth, and bring the module the proof."""
        possession = json.loads(self.call("prove", challenge="ab" * 16)["statement"])
        index = self.registry.register(possession, **changes)
        return self.call("accept_publication", **self.registry.proof(index))

    def ask_owner(self, action: str, key: ec.EllipticCurvePrivateKey = OWNER, **params) -> str:
        """The signature in hex that answers a fresh challenge."""
        text = self.call("challenge", action=action, **params)["challenge"]
        return key.sign(b"wattseal.owner.v1\n" + text.encode(), SIGNING).hex()

    def by_owner(self, action: str, **params) -> dict:
        """Do what only the owner may; params are those of the challenge."""
        return self.call(action, signature=self.ask_owner(action, **params))

    def let_update(self, image: bytes, by: ec.EllipticCurvePrivateKey = OWNER, **facts) -> dict:
        """Have the owner let the module give its key up for an image; into the boot loader."""
        offer = offered(image, **facts)
        signature = self.ask_owner("update", by, **offer)
        return self.call("enter_boot_loader", signature=signature, **offer)

    def statements(self) -> list[dict]:
        """Every statement, its signatures checked; the newest key must be the one in use."""
        found: list[dict] = []
        start: int | None = 1
        while start is not None:
            part = self.call("statements", from_=start)
            for item in part["statements"]:
                found.append(read_signed(item))
                assert item["number"] == len(found)
            start = part["next"]
        return found

    def set_time(
        self, unix_ms: int = NOON, source: str | None = None, utc_offset_min: int = 120
    ) -> dict:
        """Set the clock; by default with the registry's signature, or none before the seal."""
        is_sealed = self.call("status")["sealed"]
        source = source or ("signed" if is_sealed else "informative")
        params = {"unix_ms": unix_ms, "utc_offset_min": utc_offset_min, "source": source}
        if source == "signed":
            params["signature"] = self.sign_time(unix_ms).hex()
        if source == "owner":
            params["signature"] = self.ask_owner("set_time", unix_ms=unix_ms)
        return self.call("set_time", **params)

    def sign_time(
        self, unix_ms: int, key: ec.EllipticCurvePrivateKey | None = None, **changes: object
    ) -> bytes:
        """The registry's signature, or another key's, that answers a fresh question."""
        text: dict = {"type": "time", "version": 1, "chip_id": self.core.chip_id().hex()}
        text["nonce"] = self.call("time_challenge")["nonce"]
        text["unix_ms"] = unix_ms
        text.update(changes)
        message = b"wattseal.time.v1\n" + json.dumps(text, separators=(",", ":")).encode()
        return (key or self.registry.key).sign(message, SIGNING)

    def call(self, method: str, **params) -> dict:
        """The result's fields, checked against the method table; raises the error replied."""
        self._ids += 1
        if "from_" in params:
            params["from"] = params.pop("from_")
        (reply,) = self.exchange(encode(request(self._ids, method, params)))
        return check_result(method, read_reply(reply, self._ids))

    def exchange(self, data: bytes) -> list[dict]:
        """Every reply to some bytes."""
        del self.link.sent[:]
        self.link.send(data)
        while not self.link.is_drained:
            self.server.serve_once()
        lines = bytes(self.link.sent).split(b"\n")
        assert lines.pop() == b"", "a reply without its line feed"
        return [decode(line) for line in lines]

    def idle(self, seconds: int = 1) -> None:
        """Let time pass with nothing on the link, in at most ten rounds of the serve loop."""
        rounds = min(seconds, 10)
        for _ in range(rounds):
            self.port.us += (seconds // rounds - 1) * 1_000_000
            self.server.serve_once()

    def idle_days(self, days: int) -> None:
        """Let days pass with nothing on the link."""
        for _ in range(days):
            self.idle(86_400)

    def all_records(self) -> dict[int, str]:
        """Every record held, by pagination."""
        found: dict[int, str] = {}
        start: int | None = self.call("status")["journal"]["oldest"]
        while start is not None:
            part = self.call("records", from_=start)
            for item in part["records"]:
                assert item["pagination"] not in found
                found[item["pagination"]] = item["record"]
            start = part["next"]
        return found

    def all_events(self) -> list[dict]:
        """Every event, its chain checked from the first on; of an archived log, from the second."""
        found: list[dict] = []
        start: int | None = self.call("status")["events"]["oldest"]
        first, chain = start, bytes(32)
        while start is not None:
            part = self.call("events", from_=start)
            for item in part["events"]:
                chain = self.core.sha256(chain + item["entry"].encode())
                if found or first == 1:
                    assert item["chain"] == chain.hex()
                chain = bytes.fromhex(item["chain"])
                found.append(json.loads(item["entry"]))
                assert first is not None
                assert found[-1]["number"] == item["number"] == first + len(found) - 1
            start = part["next"]
        return found

    def event_names(self) -> list[str]:
        return [event["event"] for event in self.all_events()]

    def _make_line(self, port: FakePort) -> FakeMeterLine:
        self.lines.append(FakeMeterLine(port, self.meter, echo=self.line_echoes))
        return self.lines[-1]


def manifest(image: bytes, **changes: object) -> str:
    """The text of an image's manifest, for the bench's board."""
    members = {
        "type": "firmware",
        "version": 1,
        "board": "bench",
        "firmware": "0.2.0",
        "rollback_number": 1,
        "size": 300_000,
        "sha256": image.hex(),
    }
    return json.dumps({**members, **changes}, separators=(",", ":"))


def signed_by(
    key: ec.EllipticCurvePrivateKey, text: str, prefix: bytes = b"wattseal.firmware.v1\n"
) -> dict:
    """A manifest and its signature, as the link's methods take them."""
    return {"manifest": text, "vendor_signature": key.sign(prefix + text.encode(), SIGNING).hex()}


def offered(image: bytes, **changes: object) -> dict:
    """The manifest that the vendor has signed of an image."""
    return signed_by(VENDOR, manifest(image, **changes))


def read_signed(item: dict) -> dict:
    """The members of a stored statement, after every signature was checked with the key named."""
    facts: dict = json.loads(item["statement"])
    keys = {facts["key_number"]: facts["public_key"]}
    if facts["type"] == "rollover" and facts["handover"] is None:
        keys = {facts["old_key_number"]: facts["old_public_key"], **keys}
    assert [signature["key_number"] for signature in item["signatures"]] == list(keys)
    for signature in item["signatures"]:
        verify_statement(item["statement"], signature["signature"], keys[signature["key_number"]])
    return facts


def verify_statement(text: str, signature_hex: str, public_key_hex: str) -> None:
    """Raises InvalidSignature unless the statement was signed by the key."""
    key = serialization.load_der_public_key(bytes.fromhex(public_key_hex))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    message = STATEMENT_PREFIX + text.encode()
    key.verify(bytes.fromhex(signature_hex), message, ec.ECDSA(hashes.SHA256()))


def payload_of(record: str) -> dict:
    return json.loads(record.split("|")[1])


def reading_of(record: str) -> dict:
    (reading,) = payload_of(record)["RD"]
    return reading


def verify(record: str, public_key_hex: str) -> None:
    """Raises InvalidSignature unless the record was signed by the key."""
    header, payload, section = record.split("|")
    assert header == "OCMF"
    key = serialization.load_der_public_key(bytes.fromhex(public_key_hex))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = bytes.fromhex(json.loads(section)["SD"])
    key.verify(signature, payload.encode(), ec.ECDSA(hashes.SHA256()))
