"""A signing module that behaves: the real wire code, real signatures, and faults on demand.

It keeps the promises of the method table (states, sessions, paginations) and runs on virtual
quantities: its meter gains 1 kWh at every reading and its clock a minute.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wattseal.wire import messages, methods, signed_time
from wattseal.wire.errors import WattsealError
from wattseal.wire.ocmf_payload import build_payload, build_record
from wattseal.wire.reading import Reading

from support.device import fake_key_life as key_life
from support.device.signer import Signer, signer

START_MS = 1_795_251_600_000  # 2026-11-21 10:00:00 +01:00

NONCE = "3c" * 32
"""Of every question for a signed time."""

Fault = Callable[[str, list[bytes]], list[bytes] | None]
"""Called with a method and the lines of its reply, after it was carried out. Returns the lines to
send instead, or None to unplug."""


@dataclass
class FakeModule(key_life.KeyLife):
    """Feed it bytes; it returns the lines that a module would send."""

    signer: Signer = field(default_factory=signer)
    settings: dict[str, Any] = field(default_factory=lambda: dict(key_life.SETTINGS))
    clock_ms: int | None = START_MS
    utc_offset_min: int | None = 60
    synchronisation: str = "S"
    energy_wh: int = 2_935_600
    session: dict[str, Any] | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    released_through: int = 0
    refuse: dict[str, WattsealError] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    hello_changes: dict[str, Any] = field(default_factory=dict)
    self_test_failed: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 2

    def __post_init__(self) -> None:
        self._decoder = messages.LineDecoder()
        self._be_born()
        self._log("start")

    def feed(self, data: bytes) -> list[bytes] | None:
        """Lines to send for the bytes received; None when the module is to be unplugged."""
        lines: list[bytes] = []
        for result in self._decoder.feed(data):
            answer = self._answer(result)
            if answer is None:
                return None
            lines += answer
        return lines

    def _answer(self, message: Any) -> list[bytes] | None:
        if isinstance(message, WattsealError):
            return [messages.encode(messages.error(None, message))]
        identity, method, params = messages.read_request(message)
        self.calls.append(method)
        if self._is_gone():
            return []
        lines = [messages.encode(self._reply(identity, method, params))]
        pending = self.faults.get(method)
        return pending.pop(0)(method, lines) if pending else lines

    def _reply(self, identity: Any, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            if method in self.refuse:
                raise self.refuse[method]
            cleaned = methods.check_params(method, params)
            self._check_state(*methods.find_method(method)[1:3])
            fields = getattr(self, "_" + method)(cleaned)
        except WattsealError as error:
            return messages.error(identity, error)
        return messages.result(identity, methods.check_result(method, fields))

    def _check_state(self, states: tuple[str, ...], wanted: str) -> None:
        if self.state not in states and self.update:
            raise WattsealError("update_pending", **self.update)
        if self.state not in states:
            raise WattsealError("not_operational", states=list(states))
        if wanted == "closed" and self.session:
            raise WattsealError("session_open")
        if wanted == "open" and not self.session:
            raise WattsealError("no_session")

    # The methods.

    def _hello(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {
            "product": "wattseal",
            "protocol": messages.PROTOCOL_VERSION,
            "firmware": self.firmware,
            "firmware_identity": self.identity,
            "rollback_number": self.rollback_number,
            "vendor_key": self.vendor_key.public.fingerprint if self.vendor_key else None,
            "update_way": "uf2_drive",
            "board": key_life.BOARD,
            "port": "rp2",
            "link": "usb",
            "chip_id": key_life.CHIP_ID,
            "max_line_bytes": messages.MAX_LINE_BYTES,
            **self.hello_changes,
        }

    def _status(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {
            "state": self.state,
            "cause": self._cause(),
            "warnings": self.warnings,
            "key_number": self.key_number if self.has_key else None,
            "missing": self._missing(),
            "sealed": self.sealed,
            "commissioning": self.commissioning,
            "settings_sha256": key_life.SETTINGS_SHA256 if self.sealed else None,
            "publication": self.publication,
            "update": self.update,
            "session": self.session,
            "clock": self._clock(),
            "journal": self._journal(),
            "events": self._event_log(),
            "uptime_ms": 12_345_678,
            "reset_cause": "power_on",
            "heap_free_bytes": 110_000,
        }

    def _cause(self) -> dict[str, Any] | None:
        if self.update is None:
            return None
        why = WattsealError("update_pending", **self.update)
        return {
            "name": why.name,
            "sentence": why.sentence,
            "remedy": why.remedy,
            "detail": why.detail,
        }

    def _public_key(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"key_number": self.key_number, "public_key": self.signer.public.spki.hex()}

    def _configure(self, params: dict[str, Any]) -> dict[str, Any]:
        self._check_seal(params)
        self.settings = {**self.settings, **params}
        if params:
            self._log("configure", **params)
        return {"settings": self.settings, "missing": self._missing()}

    def _time_challenge(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"nonce": NONCE, "within_ms": 10_000}

    def _set_time(self, params: dict[str, Any]) -> dict[str, Any]:
        self.clock_ms, self.utc_offset_min = params["unix_ms"], params["utc_offset_min"]
        self.synchronisation = "I"
        if params["source"] == "signed":
            text = signed_time.build_time(key_life.CHIP_ID, NONCE, params["unix_ms"])
            self._check_time(signed_time.signed_bytes(text), params["signature"])
            self.synchronisation = "S"
        if params["source"] == "owner":
            self._check_owner("set_time", params)
        return self._clock()

    def _read_meter(self, _params: dict[str, Any]) -> dict[str, Any]:
        reading = Reading(self.energy_wh, 0)
        return {
            "energy": reading.as_dict(),
            "energy_kwh": reading.to_text_kwh(),
            "export_kwh": "17.400",
            "warnings": self.warnings,
            "meter_vendor": "Eastron",
            "meter_model": "SDM630",
            "meter_serial": self.settings["meter_serial"],
            "meter_firmware": None,
        }

    def _begin(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.clock_ms is None:
            raise WattsealError("clock_not_set")
        user = {name: value for name, value in params.items() if name != "session_id"}
        number = self._next()
        made = self._sign("B", user, params.get("session_id", number))
        self.session = {
            "session_id": made["session_id"],
            "begin_pagination": number,
            "begin_unix_ms": self.clock_ms,
            "recovery": False,
        }
        self._user = user
        return {**made, "public_key": self.signer.public.spki.hex()}

    def _intermediate(self, _params: dict[str, Any]) -> dict[str, Any]:
        made = self._sign("C", self._user, self.session["session_id"])
        return {**made, "public_key": self.signer.public.spki.hex()}

    def _end(self, params: dict[str, Any]) -> dict[str, Any]:
        made = self._sign(params.get("reason", "E"), self._user, self.session["session_id"])
        begin = self.session["begin_pagination"]
        self.session = None
        key = self.signer.public.spki.hex()
        return {**made, "public_key": key, "begin_pagination": begin}

    def _records(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._page("records", "pagination", self._held(), params, "no_such_record")

    def _events(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._page("events", "number", self._held_events(), params, "no_such_event")

    def _release(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.session or params["through"] >= self._next():
            raise WattsealError("release_refused")
        self.released_through = params["through"]
        return self._journal()

    def _self_test(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"passed": not self.self_test_failed, "failed": self.self_test_failed}

    # What they share.

    def _sign(self, reason: str, user: dict[str, Any], session_id: int) -> dict[str, Any]:
        assert self.clock_ms is not None
        self.clock_ms += 60_000
        self.energy_wh += 1000
        station = {
            "format_version": self.settings.get("format_version", "1.3"),
            "gateway_id": self.settings["gateway_id"],
            "gateway_serial": self.settings["gateway_serial"],
            "gateway_version": "0.1.0",
            "meter_vendor": "Eastron",
            "meter_model": "SDM630",
            "meter_serial": self.settings["meter_serial"],
            "current_type": "AC",
        }
        statement = {
            "unix_ms": self.clock_ms,
            "utc_offset_min": self.utc_offset_min,
            "synchronisation": self.synchronisation,
            "reason": reason,
        }
        number = self._next()
        text = build_payload(station, user, number, [(Reading(self.energy_wh, 0), statement)])
        made = {
            "pagination": number,
            "session_id": session_id,
            "record": build_record(text, self.signer.seal(text)).decode(),
        }
        self.records.append(made)
        return made

    def _next(self) -> int:
        return len(self.records) + 1

    def _held(self) -> list[dict[str, Any]]:
        return [one for one in self.records if one["pagination"] > self.released_through]

    def _missing(self) -> list[str]:
        return [name for name in key_life.SETTINGS if name not in self.settings]

    def _journal(self) -> dict[str, Any]:
        held = [record["pagination"] for record in self._held()]
        return {
            "oldest": held[0] if held else None,
            "newest": held[-1] if held else None,
            "next": self._next(),
            "free_bytes": 200_000,
        }

    def _clock(self) -> dict[str, Any]:
        return {
            "unix_ms": self.clock_ms,
            "utc_offset_min": self.utc_offset_min,
            "synchronisation": self.synchronisation if self.clock_ms else "U",
            "set_ago_s": 0 if self.clock_ms else None,
        }

    def _page(
        self, name: str, number: str, held: list[dict[str, Any]], params: dict[str, Any], none: str
    ) -> dict[str, Any]:
        first, last = params.get("from", 1), params.get("to", 1 << 40)
        found = [one for one in held if first <= one[number] <= last]
        if not found:
            raise WattsealError(none, oldest=1, newest=len(held))
        more = found[self.page_size :]
        return {name: found[: self.page_size], "next": more[0][number] if more else None}

    def _log(self, kind: str, **facts: Any) -> None:
        number = len(self.events) + 1
        fields = {"event": kind, "number": number, "unix_ms": self.clock_ms, "detail": facts}
        entry = json.dumps(fields, sort_keys=True)
        before = bytes.fromhex(self.events[-1]["chain"]) if self.events else bytes(32)
        chain = hashlib.sha256(before + entry.encode()).hexdigest()
        self.events.append({"number": number, "entry": entry, "chain": chain})


# Faults.


def silence(_method: str, _lines: list[bytes]) -> list[bytes]:
    """The reply is lost on the way."""
    return []


def unplug(_method: str, _lines: list[bytes]) -> None:
    """The cable is pulled before the reply."""


def wrong_crc(_method: str, lines: list[bytes]) -> list[bytes]:
    """One bit of the reply turns over."""
    return [line[:9] + bytes([line[9] ^ 1]) + line[10:] for line in lines]


def garbage(_method: str, _lines: list[bytes]) -> list[bytes]:
    """Noise instead of a reply."""
    return [b"\xff\x00noise\r\n\x80\n"]


def garbage_before(_method: str, lines: list[bytes]) -> list[bytes]:
    """Noise and another program's reply, then ours."""
    stale = messages.encode(messages.result("another", {"records": []}))
    return [b"\xfe\n", stale, *lines]


def in_pieces(_method: str, lines: list[bytes]) -> list[bytes]:
    """Byte by byte."""
    return [bytes([byte]) for line in lines for byte in line]


def wrong_id(_method: str, lines: list[bytes]) -> list[bytes]:
    """The reply to a request that nobody has made."""
    message = messages.decode(lines[0].rstrip(b"\n"))
    return [messages.encode({**message, "id": message["id"] + 1})]


def endless(_method: str, _lines: list[bytes]) -> list[bytes]:
    """A line that does not stop."""
    return [b"x" * 20_000]


def replaced(fields: dict[str, Any]) -> Fault:
    """Another result than the method table allows."""

    def fault(_method: str, lines: list[bytes]) -> list[bytes]:
        message = messages.decode(lines[0].rstrip(b"\n"))
        return [messages.encode(messages.result(message["id"], fields))]

    return fault
