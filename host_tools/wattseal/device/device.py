"""Calls the module's methods with typed arguments and results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pydantic

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.common.times import computer_time
from wattseal.device import models
from wattseal.device.link import LinkClient, ReplyLostError
from wattseal.device.models import SignedStatement
from wattseal.device.owner import Publication
from wattseal.ocmf.public_key import (
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    read_public_key,
)
from wattseal.wire import statements
from wattseal.wire.errors import WattsealError
from wattseal.wire.messages import PROTOCOL_VERSION
from wattseal.wire.methods import check_params
from wattseal.wire.signed_text import TextError

PRODUCT = "wattseal"

SIGNING_METHODS = frozenset(("begin", "intermediate", "end"))
"""Methods whose record can be fetched from the journal when the reply is lost."""

SignTime = Callable[[str, str], tuple[int, str]]
"""From chip id and nonce to Unix ms and the signature in hex."""

_Result = TypeVar("_Result", bound=pydantic.BaseModel)
_Page = TypeVar("_Page", bound=models.Page)
_Bound = int | None
"""The first or the last number of a range; None for as far as there is anything."""


class Device:
    """A module behind a link. Every method raises ToolError when it fails.

    `begin`, `intermediate` and `end` also raise ReplyLostError when their outcome is unknown;
    session.py finds it out. Of other methods that change something, a lost reply is the ToolError
    `outcome_unknown`.
    """

    def __init__(self, link: LinkClient) -> None:
        self._link = link

    def connect(self, port: str) -> models.Hello:
        """Check that a module answers and has our protocol version; what it says it is."""
        hello = _read(models.Hello, "hello", self._link.synchronise())
        if hello.product != PRODUCT:
            raise ToolError("not_a_module", port=port, product=hello.product)
        if hello.protocol != PROTOCOL_VERSION:
            raise ToolError("protocol_unknown", theirs=hello.protocol, ours=PROTOCOL_VERSION)
        return hello

    def status(self) -> models.Status:
        """State, session, clock, journal and event log."""
        return self._call(models.Status, "status")

    def public_key(self) -> PublicKey:
        """The key that verifies the module's records."""
        return key_of(self._call(models.ModuleKey, "public_key").public_key, "public_key")

    def key_number(self) -> models.ModuleKey:
        """The key with its number."""
        return self._call(models.ModuleKey, "public_key")

    def configuration(self) -> models.Configuration:
        """The settings as they are."""
        return self._call(models.Configuration, "configure")

    def configure(self, changes: dict[str, Any]) -> models.Configuration:
        """Change some settings; the others stay."""
        return self._call(models.Configuration, "configure", **changes)

    def set_time(self, unix_ms: int, source: str, signature: str | None = None) -> models.Clock:
        """Set the clock; `source` is informative, or signed or owner with a signature in hex."""
        offset = computer_time().utc_offset_min
        params = {"unix_ms": unix_ms, "utc_offset_min": offset, "source": source}
        signed = {} if signature is None else {"signature": signature}
        return self._call(models.Clock, "set_time", **params, **signed)

    def set_signed_time(self, chip_id: str, sign: SignTime) -> models.Clock:
        """Set the clock to the time that somebody accountable signs now for the module."""
        nonce = self._call(models.TimeChallenge, "time_challenge").nonce
        unix_ms, signature = sign(chip_id, nonce)
        return self.set_time(unix_ms, "signed", signature)

    def read_meter(self) -> models.MeterReading:
        """Read the meter without signing."""
        return self._call(models.MeterReading, "read_meter")

    def begin(self, **params: Any) -> models.SignedRecord:
        """Begin a session; params as in the method table."""
        return self._call(models.SignedRecord, "begin", **params)

    def intermediate(self) -> models.SignedRecord:
        """Sign a reading during the session."""
        return self._call(models.SignedRecord, "intermediate")

    def end(self, reason: str) -> models.EndRecord:
        """End the session; `reason` is E, L, R or A."""
        return self._call(models.EndRecord, "end", reason=reason)

    def records(self, first: _Bound = None, last: _Bound = None) -> Iterator[models.StoredRecord]:
        """Records by pagination, page by page; from the oldest to the newest by default."""
        for page in self._pages(models.RecordPage, "records", first, last):
            yield from page.records

    def record(self, pagination: int) -> models.StoredRecord:
        """One record. ToolError `record_missing` if the module holds it no longer."""
        try:
            for record in self.records(pagination, pagination):
                if record.pagination == pagination:
                    return record
        except ToolError as error:
            if error.name != "no_such_record":
                raise
        raise ToolError("record_missing", pagination=pagination)

    def events(self, first: _Bound = None, last: _Bound = None) -> Iterator[models.Event]:
        """Events by number, page by page; from the oldest to the newest by default."""
        for page in self._pages(models.EventPage, "events", first, last):
            yield from page.events

    def release(self, through: int) -> models.Journal:
        """Have the records up to this pagination deleted, to make room."""
        return self._call(models.Journal, "release", through=through)

    def seal(self) -> models.Sealing:
        """Have the settings checked against the meter, and locked."""
        return self._call(models.Sealing, "seal")

    def challenge(self, action: str, **given: Any) -> models.Challenge:
        """A fresh challenge for the owner; action and params as in the method table.

        A param that is None is left out.
        """
        given = {name: value for name, value in given.items() if value is not None}
        return self._call(models.Challenge, "challenge", action=action, **given)

    def by_owner(self, model: type[_Result], action: str, signature: str | None) -> _Result:
        """Have done what the owner permits by a signature over the challenge, DER in hex."""
        return self._call(model, action, **({"signature": signature} if signature else {}))

    def prove(self, challenge: str) -> models.SignedStatement:
        """Have a registry's challenge signed, in hex."""
        return self._call(models.SignedStatement, "prove", challenge=challenge)

    def event_head(self, challenge: str) -> models.SignedStatement:
        """Have the newest event's number and chain value signed; any challenge, in hex."""
        return self._call(models.SignedStatement, "event_head", challenge=challenge)

    def accept_publication(
        self, publication: Publication, registry_name: str, registry_key: str
    ) -> models.AcceptedPublication:
        """Give the module a proof that its key is published.

        registry_name, registry_key: as the module is configured with them, the key as SPKI in hex.
        """
        params = {
            "checkpoint": publication.checkpoint_for(registry_name, registry_key),
            "leaf": publication.leaf,
            "leaf_index": publication.leaf_index,
            "proof": "".join(publication.proof),
        }
        return self._call(models.AcceptedPublication, "accept_publication", **params)

    def statements(
        self, first: _Bound = None, last: _Bound = None
    ) -> Iterator[models.StoredStatement]:
        """The history of the module's keys, page by page."""
        for page in self._pages(models.StatementPage, "statements", first, last):
            yield from page.statements

    def check_update(self, offer: dict[str, str]) -> models.CheckedUpdate:
        """Have a firmware bundle's manifest judged; nothing is changed."""
        return self._call(models.CheckedUpdate, "check_update", **offer)

    def enter_boot_loader(self, offer: dict[str, str], **signature: str) -> models.BootLoader:
        """Have the key given up for a bundle, and the boot loader started; the port goes away."""
        return self._call(models.BootLoader, "enter_boot_loader", **offer, **signature)

    def self_test(self) -> models.SelfTest:
        """Run the signing core's known-answer tests."""
        return self._call(models.SelfTest, "self_test")

    def _pages(
        self, model: type[_Page], method: str, first: _Bound, last: _Bound
    ) -> Iterator[_Page]:
        """Pages of a range. ToolError `reply_unusable` if `next` of a page does not rise."""
        bounds = {"from": first, "to": last}
        while True:
            given = {name: bound for name, bound in bounds.items() if bound is not None}
            page = self._call(model, method, **given)
            yield page
            if page.next is None:
                return
            if bounds["from"] is not None and page.next <= bounds["from"]:
                raise ToolError("reply_unusable", method=method, cause="its pages do not lead on")
            bounds["from"] = page.next

    def _call(self, model: type[_Result], method: str, **params: Any) -> _Result:
        try:
            fields = self._link.call(method, check_params(method, params))
        except WattsealError as error:
            raise ToolError("bad_value", **error.detail) from None
        except ReplyLostError as lost:
            if method in SIGNING_METHODS:
                raise
            raise ToolError("outcome_unknown", method=method, cause=str(lost.error)) from None
        return _read(model, method, fields)


def key_of(spki_hex: str, method: str) -> PublicKey:
    """A public key that a reply holds. ToolError `reply_unusable` if it is none."""
    try:
        return read_public_key(spki_hex)
    except KeyUnreadableError as error:
        raise ToolError("reply_unusable", method=method, cause=f"public_key: {error}") from None


def _read(model: type[_Result], method: str, fields: dict[str, Any]) -> _Result:
    try:
        return model.model_validate(fields)
    except pydantic.ValidationError as error:
        cause = first_fault(error)
        raise ToolError("reply_unusable", method=method, cause=cause) from None


def check_answer(
    method: str, answer: SignedStatement, key: PublicKey, **expected: Any
) -> dict[str, Any]:
    """The members of a signed answer. ToolError `answer_forged` unless it is the one expected.

    key: the module's. expected: members with the value they must have, `type` among them.
    """
    try:
        members = statements.read_statement(answer.statement)
        signature = bytes.fromhex(answer.signature)
        holds = key.verify(statements.signed_bytes(answer.statement), signature)
    except (TextError, SignatureMalformedError, ValueError) as error:
        raise ToolError("answer_forged", method=method, cause=str(error)) from None
    if not holds:
        raise ToolError("answer_forged", method=method, cause="its signature is wrong")
    for name, value in {"public_key": key.spki.hex(), **expected}.items():
        if members.get(name, value) != value or (name in expected and name not in members):
            raise ToolError("answer_forged", method=method, cause=f"its {name} is not the expected")
    return dict(members)
