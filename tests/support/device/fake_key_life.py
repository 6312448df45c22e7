"""The key's life on the fake module: seal, owner, statements, publication, update.

Real signatures over the real texts of wattseal.wire. What is checked in depth by the firmware's own
tests (the log's proof, the rate limit) is checked here only as far as a host tool can notice it.
"""

import hashlib
import json
from typing import Any

from wattseal.ocmf.public_key import SignatureMalformedError, read_public_key
from wattseal.wire import firmware_manifest, owner_challenge, publication, statements
from wattseal.wire.errors import WattsealError
from wattseal.wire.methods import UNSEALED_SETTINGS
from wattseal.wire.signed_text import TextError

from support.device.signer import Signer, signer

CHIP_ID = "e6614864d3417c2f"
BOARD = "rp2040"
IMAGE = b"the image that the module was made with " * 20
IDENTITY = hashlib.sha256(IMAGE).hexdigest()
OWNER = signer(seed=50)
REGISTRY = signer(seed=51)
VENDOR = signer(seed=52)
SETTINGS_SHA256 = "5e" * 32

SETTINGS = {
    "gateway_id": "Wattseal WS-1",
    "gateway_serial": "WS000017",
    "meter_profile": "sdm630",
    "meter_serial": "12345678",
    "charge_point_type": "EVSEID",
    "charge_point_id": "DE*WTS*E0017",
    "registry_name": "registry.example/keys",
    "registry_key": REGISTRY.public.spki.hex(),
    "owner_key": OWNER.public.spki.hex(),
}


class KeyLife:
    """Mixed into FakeModule; its state is in the attributes set here."""

    def _be_born(self) -> None:
        self.sealed = True
        self.commissioning = 1
        self.publication: dict[str, Any] | None = {
            "leaf_index": 4,
            "tree_size": 5,
            "root": "ab" * 32,
        }
        self.update: dict[str, Any] | None = None
        self.identity, self.firmware, self.rollback_number = IDENTITY, "0.1.0", 1
        self.vendor_key: Signer | None = VENDOR
        self.key_number = 1
        self.has_key = self.key_is_whole = True
        self.archived_through = 0
        self.meter_tells_serial = True
        self.statements: list[dict[str, Any]] = []
        self._open_challenge: str | None = None
        self._in_boot_loader = False
        self.boot_loader: Any = None
        self.log_full = False
        self._state_birth()

    def _is_gone(self) -> bool:
        """Whether the boot loader has the chip; it leaves it once an image was copied."""
        return self._in_boot_loader and not (self.boot_loader and self.boot_loader.restart(self))

    @property
    def state(self) -> str:
        if not self.has_key:
            return "blank"
        return "operational" if self.sealed and self.publication else "unregistered"

    def open_seal(self) -> None:
        """As the owner would."""
        self.sealed, self.publication = False, None

    def start_with(self, image: bytes, firmware: str) -> None:
        """The chip starts with an image: after a hand-over to it, or past the module, a new key."""
        old_identity = self.identity
        self.identity, self.firmware = hashlib.sha256(image).hexdigest(), firmware
        self._in_boot_loader = False
        is_awaited = self.update and self.update["firmware_identity"] == self.identity
        if is_awaited or (self.has_key and self.identity != old_identity):
            self._roll_over(old_identity)

    def _roll_over(self, old_identity: str) -> None:
        """Make the next key, which an old one that is still there signs too."""
        old, old_number, last = self.signer, self.key_number, self.statements[-1]
        handover, digest = None, None
        if self.update:
            handover = last["number"]
            digest = hashlib.sha256(last["statement"].encode()).hexdigest()
            old_identity = json.loads(last["statement"])["firmware_identity"]
        signers = [] if self.update else [(old_number, old)]
        self.key_number += 1
        self.signer = signer(seed=self.key_number)
        self.publication, self.update, self.has_key = None, None, True
        text = statements.build_statement(
            "rollover",
            **self._chip(),
            old_key_number=old_number,
            old_public_key=old.public.spki.hex(),
            old_firmware_identity=old_identity,
            handover=handover,
            handover_sha256=digest,
            **self._key(),
            rollback_number=self.rollback_number,
            last_pagination=len(self.records),
            after_unix_ms=self.clock_ms,
        )
        self._store(text, [*signers, (self.key_number, self.signer)])

    # The methods.

    def _seal(self, _params: dict[str, Any]) -> dict[str, Any]:
        if self._missing():
            raise WattsealError("not_configured", missing=self._missing())
        self.sealed, self.commissioning = True, self.commissioning + 1
        self._log("sealed")
        return {
            "sealed": True,
            "commissioning": self.commissioning,
            "meter_serial_read": self.meter_tells_serial,
        }

    def _challenge(self, params: dict[str, Any]) -> dict[str, Any]:
        facts = {name: params[name] for name in ("through", "unix_ms") if name in params}
        if "manifest" in params:
            facts = _image(self._checked_manifest(params))
        if params["action"] == "close_session":
            facts["begin_pagination"] = self.session["begin_pagination"]
        self._open_challenge = owner_challenge.build_challenge(
            params["action"], CHIP_ID, "5a" * 32, len(self.events), **facts
        )
        return {"challenge": self._open_challenge, "expires_s": 3600}

    def _unseal(self, params: dict[str, Any]) -> dict[str, Any]:
        self._check_owner("unseal", params)
        self.open_seal()
        self._log("unsealed")
        return {"sealed": False}

    def _close_session(self, params: dict[str, Any]) -> dict[str, Any]:
        self._check_owner("close_session", params)
        return self._end({"reason": "A"})

    def _accept_meter(self, params: dict[str, Any]) -> dict[str, Any]:
        self._check_owner("accept_meter", params)
        readings = {"earlier_kwh": "1556.356", "found_kwh": "0.012"}
        return {"meter_serial": self.settings["meter_serial"], **readings}

    def _decommission(self, params: dict[str, Any]) -> dict[str, Any]:
        self._check_owner("decommission", params)
        if not self.key_is_whole:
            self.has_key = False
            return {"statement": None, "signature": None}
        facts = self._key()
        del facts["firmware"]
        text = statements.build_statement(
            "farewell",
            **self._chip(),
            **facts,
            last_pagination=len(self.records),
            unix_ms=self.clock_ms,
            event_number=len(self.events),
            event_chain=self.events[-1]["chain"],
        )
        signed = self._signed(text)
        self._store(text, [(self.key_number, self.signer)])
        self.has_key, self.sealed, self.publication, self.settings = False, False, None, {}
        self._log("decommissioned")
        return signed

    def _archive_events(self, params: dict[str, Any]) -> dict[str, Any]:
        through = self._check_owner("archive_events", params)["through"]
        chain = self.events[through - 1]["chain"]
        self._log("events_archived", through=through, chain=chain)
        self.archived_through = through
        return self._event_log()

    def _prove(self, params: dict[str, Any]) -> dict[str, Any]:
        if not self.sealed:
            raise WattsealError("not_sealed")
        return self._signed(
            statements.build_statement(
                "possession",
                challenge=params["challenge"],
                evse_id=self.settings["charge_point_id"],
                gateway_serial=self.settings["gateway_serial"],
                meter_serial=self.settings["meter_serial"],
                meter_vendor="Eastron",
                meter_model="SDM630",
                **self._chip(),
                **self._key(),
                commissioning=self.commissioning,
                settings_sha256=SETTINGS_SHA256,
                unix_ms=self.clock_ms,
            )
        )

    def _accept_publication(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            leaf = publication.read_leaf(params["leaf"])
        except TextError as error:
            raise WattsealError("publication_refused", cause=str(error)) from None
        if leaf["public_key"] != self.signer.public.spki.hex():
            cause = "the entry's public_key is not this module's"
            raise WattsealError("publication_refused", cause=cause)
        note = bytes.fromhex(params["checkpoint"]).decode()
        size = int(note.split("\n")[1])
        self.publication = {
            "leaf_index": params["leaf_index"],
            "tree_size": size,
            "root": "cd" * 32,
        }
        return {"state": self.state, **self.publication}

    def _statements(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._page("statements", "number", self.statements, params, "no_such_event")

    def _event_head(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._signed(
            statements.build_statement(
                "event_head",
                challenge=params["challenge"],
                **self._chip(),
                key_number=self.key_number,
                number=len(self.events),
                chain=self.events[-1]["chain"],
                unix_ms=self.clock_ms,
            )
        )

    def _check_update(self, params: dict[str, Any]) -> dict[str, Any]:
        return {**_image(self._checked_manifest(params)), "owner_needed": self._is_owned()}

    def _enter_boot_loader(self, params: dict[str, Any]) -> dict[str, Any]:
        manifest = self._checked_manifest(params)
        if self._is_owned():
            if self.session:
                raise WattsealError("session_open")
            if "signature" not in params:
                raise WattsealError("owner_needed", action="update")
            named = self._check_owner("update", params)
            assert named["firmware_identity"] == manifest["sha256"]
        if self.has_key:
            self._hand_over(manifest)
        self._in_boot_loader = True
        if self.boot_loader:
            self.boot_loader.appear()
        return {"update_way": "uf2_drive"}

    def _cancel_update(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.update is None:
            raise WattsealError("no_update")
        if "signature" not in params:
            raise WattsealError("owner_needed", action="cancel_update")
        self._check_owner("cancel_update", params)
        self._roll_over(self.identity)
        return {"state": self.state, "key_number": self.key_number}

    def _is_owned(self) -> bool:
        return self.has_key and "owner_key" in self.settings

    def _checked_manifest(self, params: dict[str, Any]) -> dict[str, Any]:
        message = firmware_manifest.signed_bytes(params["manifest"])
        if not _holds(VENDOR, message, params["vendor_signature"]):
            raise WattsealError("update_refused", cause="the signature is not the vendor's")
        return dict(firmware_manifest.read_manifest(params["manifest"]))

    def _hand_over(self, manifest: dict[str, Any]) -> None:
        facts = self._key()
        del facts["firmware"]
        text = statements.build_statement(
            "handover",
            **self._chip(),
            **facts,
            next_firmware=manifest["firmware"],
            next_firmware_identity=manifest["sha256"],
            next_rollback_number=manifest["rollback_number"],
            commissioning=self.commissioning,
            last_pagination=len(self.records),
            unix_ms=self.clock_ms,
            event_number=len(self.events),
            event_chain=self.events[-1]["chain"],
        )
        self._store(text, [(self.key_number, self.signer)])
        self.has_key, self.update = False, _image(manifest)
        self._log("key_handed_over")

    # What they share.

    def _check_seal(self, params: dict[str, Any]) -> None:
        locked = params.keys() - set(UNSEALED_SETTINGS)
        if self.sealed and any(self.settings.get(name) != params[name] for name in locked):
            raise WattsealError("sealed")

    def _check_owner(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        text, self._open_challenge = self._open_challenge, None
        if text is None or json.loads(text)["action"] != action:
            raise WattsealError("no_challenge")
        key = read_public_key(self.settings["owner_key"])
        try:
            message = owner_challenge.signed_bytes(text)
            holds = key.verify(message, bytes.fromhex(params["signature"]))
        except SignatureMalformedError:
            holds = False
        if not holds:
            self._log("owner_refused")
            raise WattsealError("owner_refused")
        return json.loads(text)

    def _check_time(self, message: bytes, signature: str) -> None:
        keys = [read_public_key(self.settings[name]) for name in ("registry_key", "owner_key")]
        if not any(key.verify(message, bytes.fromhex(signature)) for key in keys):
            raise WattsealError("time_not_signed")

    def _state_birth(self) -> None:
        text = statements.build_statement(
            "birth",
            **self._chip(),
            **self._key(),
            rollback_number=self.rollback_number,
            last_pagination=0,
            after_unix_ms=None,
        )
        self._store(text, [(self.key_number, self.signer)])

    def _store(self, text: str, keys: list[tuple[int, Signer]]) -> None:
        message = statements.signed_bytes(text)
        signatures = [
            {"key_number": number, "signature": key.sign(message).hex()} for number, key in keys
        ]
        number = len(self.statements) + 1
        self.statements.append({"number": number, "statement": text, "signatures": signatures})

    def _signed(self, text: str) -> dict[str, Any]:
        signature = self.signer.sign(statements.signed_bytes(text))
        return {"statement": text, "signature": signature.hex()}

    def _chip(self) -> dict[str, Any]:
        return {"chip_id": CHIP_ID}

    def _key(self) -> dict[str, Any]:
        return {
            "key_number": self.key_number,
            "public_key": self.signer.public.spki.hex(),
            "firmware": self.firmware,
            "firmware_identity": self.identity,
        }

    def _event_log(self) -> dict[str, Any]:
        held = self._held_events()
        return {
            "oldest": held[0]["number"] if held else None,
            "newest": held[-1]["number"] if held else None,
            "free_bytes": 100_000,
            "full": self.log_full,
        }

    def _held_events(self) -> list[dict[str, Any]]:
        return [one for one in self.events if one["number"] > self.archived_through]


def _image(manifest: dict[str, Any]) -> dict[str, Any]:
    return {"firmware": manifest["firmware"], "firmware_identity": manifest["sha256"]}


def _holds(key: Signer, message: bytes, signature: str) -> bool:
    try:
        return key.public.verify(message, bytes.fromhex(signature))
    except SignatureMalformedError:
        return False
