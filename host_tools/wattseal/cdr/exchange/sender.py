"""Sends a CDR to the receiver interface of OCPI (CDRs module, POST; 2.2.1, section 10.2.2.2).

A CDR is repeated by itself only where it certainly did not arrive: no connection, or the answer
says that nothing was done (429, 503). Any other lost answer is told as such; what to do then is the
sender's decision, and sending the same CDR once more is harmless with a receiver that knows CDRs by
their id.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ValidationError

from wattseal.cdr.findings import Judgement
from wattseal.cdr.marker import Marker
from wattseal.cdr.ocpi import MAX_CDR_BYTES, Cdr, CdrError, read_cdr
from wattseal.common import web_client
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object, write_exactly
from wattseal.common.files import OutputDirectory, read_at_most
from wattseal.ocmf.findings import shown

State = Literal["pending", "sent", "refused", "unknown"]
_STATE, _BODY = ".state.json", ".cdr.json"


class Entry(BaseModel, frozen=True, extra="forbid"):
    """A CDR in the outbox. `codes` of what the validation found, `cause` why it was not taken."""

    url: str
    cdr: str
    country_code: str
    party_id: str
    codes: tuple[str, ...] = ()
    state: State = "pending"
    location: str | None = None
    report: str | None = None
    cause: str | None = None

    @property
    def stem(self) -> str:
        """Of its two files."""
        return hashlib.sha256(f"{self.url}\n{self.cdr}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Outbox:
    """ToolError `outbox_unusable`, `file_unwritable`."""

    folder: Path

    def put(self, entry: Entry, body: bytes) -> Entry:
        """Take a CDR in; one that is there keeps its state, and another of its name is refused.

        A CDR is never changed once it was sent (OCPI 2.2.1, section 10.1).
        """
        out = OutputDirectory(self.folder)
        path = self.folder / (entry.stem + _BODY)
        known = self._read(self.folder / (entry.stem + _STATE))
        if path.exists():
            if path.read_bytes() != body:
                raise self._unusable(f"it holds another CDR {entry.cdr}, which does not change")
            if known is not None:
                return known
        out.write_bytes(entry.stem + _BODY, body, replacing=True)
        return self.note(entry)

    def note(self, entry: Entry) -> Entry:
        """Keep an entry's new state."""
        text = entry.model_dump_json(indent=2) + "\n"
        OutputDirectory(self.folder).write_bytes(entry.stem + _STATE, text.encode(), replacing=True)
        return entry

    def entries(self) -> Iterator[Entry]:
        """Everything in it, in the order of the files."""
        for path in sorted(self.folder.glob("*" + _STATE)):
            entry = self._read(path)
            if entry is not None:
                yield entry

    def body(self, entry: Entry) -> bytes:
        """The bytes to send."""
        try:
            return (self.folder / (entry.stem + _BODY)).read_bytes()
        except OSError as error:
            raise ToolError.of_file("outbox_unusable", self.folder, error) from None

    def _read(self, path: Path) -> Entry | None:
        try:
            return Entry.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ToolError.of_file("outbox_unusable", self.folder, error) from None
        except ValidationError:
            raise self._unusable(f"{path.name} is not what was written there") from None

    def _unusable(self, cause: str) -> ToolError:
        return ToolError("outbox_unusable", path=str(self.folder), cause=cause)


MAX_ANSWER_BYTES = 1 << 20

_REPORT = re.compile(r'<([^>]*)>\s*;\s*rel="?describedby"?')
_SUCCESS = range(1000, 2000)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver answered: where the CDR is now, and where it reports on it, if it does."""

    location: str | None
    report: str | None


class CdrSender(web_client.WebClient):
    """A partner's CDR endpoint. `http` replaces the connection, `pause` the waiting, for tests."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        http: httpx.Client | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(http or httpx.Client(timeout=web_client.TIMEOUT_S), pause)
        self.url = web_client.check_receiver_url(url)
        self._token = base64.b64encode(token.encode()).decode()

    def send(self, name: str, body: bytes, party: tuple[str, str]) -> Receipt:
        """Send one CDR as these bytes. `party`: country code and id of the sender.

        ToolError `receiver_unreachable` (nothing was done), `cdr_refused` (for good),
        `cdr_outcome_unknown`.
        """
        headers = {
            "Authorization": f"Token {self._token}",
            "Content-Type": "application/json",
            "X-Request-ID": str(uuid.uuid4()),
            "X-Correlation-ID": str(uuid.uuid4()),
            "OCPI-from-country-code": party[0],
            "OCPI-from-party-id": party[1],
        }
        request = self._http.build_request("POST", self.url, content=body, headers=headers)
        try:
            answer = self._send(request, max_bytes=MAX_ANSWER_BYTES, is_repeatable=False)
        except web_client.AnswerTooLongError as error:
            raise self._unknown(name, str(error)) from None
        except web_client.NoAnswerError as error:
            if error.is_unknown:
                raise self._unknown(name, str(error)) from None
            raise self._unreachable(str(error)) from None
        if answer.status_code in web_client.NOT_DONE:
            raise self._unreachable(f"status {answer.status_code}")
        return self._receipt(name, answer)

    def _receipt(self, name: str, answer: httpx.Response) -> Receipt:
        try:
            told = load_object(answer.content)  # OCPI's response format (section 4.1.7)
        except JsonError:
            told = {}
        code = told.get("status_code")
        if answer.is_success and type(code) is int and code in _SUCCESS:
            report = _REPORT.search(answer.headers.get("Link", ""))
            return Receipt(answer.headers.get("Location"), report[1] if report else None)
        cause = shown(told.get("status_message") or "it does not say why", 200)
        if answer.is_success and type(code) is not int:
            raise self._unknown(name, "its answer is not OCPI's")
        if answer.is_server_error or (type(code) is int and code >= 3000):
            raise self._unknown(name, f"status {answer.status_code}: {cause}")
        status = f"HTTP {answer.status_code}" + (f", OCPI {code}" if type(code) is int else "")
        raise ToolError("cdr_refused", url=self.url, cdr=name, status=status, cause=cause)

    def _unreachable(self, cause: str) -> ToolError:
        return ToolError("receiver_unreachable", url=self.url, cause=cause)

    def _unknown(self, name: str, cause: str) -> ToolError:
        return ToolError("cdr_outcome_unknown", url=self.url, cdr=name, cause=cause)


@dataclass(frozen=True)
class Prepared:
    """A CDR that is ready to go: the bytes to send, marked where the verdict asks for it."""

    cdr: Cdr
    body: bytes
    judgement: Judgement | None

    @property
    def codes(self) -> tuple[str, ...]:
        """Why it is not billable; empty if it is."""
        findings = self.judgement.findings if self.judgement else ()
        return tuple(dict.fromkeys(one.code for one in findings if one.severity.is_error))


def prepare(path: Path, judge: Callable[[Cdr], Judgement] | None, marker: Marker) -> Prepared:
    """Read, validate and mark the CDR of a file; without a judge it goes as it is.

    The bytes of a CDR that is not marked are those of the file. ToolError `file_unreadable`,
    `cdr_malformed`.
    """
    data, members = _read(path)
    try:
        cdr = read_cdr(members)
    except CdrError as error:
        raise ToolError("cdr_malformed", path=str(path), cause=str(error)) from None
    judgement = judge(cdr) if judge else None
    prepared = Prepared(cdr, data, judgement)
    if not prepared.codes:
        return prepared
    marked = write_exactly(marker.mark(members, prepared.codes)) + "\n"
    return Prepared(cdr, marked.encode(), judgement)


def put_all(prepared: Iterable[Prepared], outbox: Outbox, url: str) -> None:
    """Into the outbox, all of them before the first is sent."""
    for one in prepared:
        entry = Entry(
            url=url,
            cdr=one.cdr.name,
            country_code=one.cdr.country_code,
            party_id=one.cdr.party_id,
            codes=one.codes,
        )
        outbox.put(entry, one.body)


def send_all(outbox: Outbox, sender: CdrSender, *, again: bool) -> Iterator[Entry]:
    """Send what is pending for the sender's partner; `again`: also what may have arrived.

    Gives each entry as it is afterwards. ToolError `receiver_unreachable` ends it: the rest stays
    pending.
    """
    wanted = {"pending", "unknown"} if again else {"pending"}
    for entry in outbox.entries():
        if entry.url != sender.url or entry.state not in wanted:
            continue
        # Noted before it is sent: if sending is stopped half-way, nobody knows whether it arrived.
        outbox.note(entry.model_copy(update={"state": "unknown", "cause": "sending was stopped"}))
        yield outbox.note(_sent(outbox, entry, sender))


def _sent(outbox: Outbox, entry: Entry, sender: CdrSender) -> Entry:
    party = (entry.country_code, entry.party_id)
    try:
        receipt = sender.send(entry.cdr, outbox.body(entry), party)
    except ToolError as error:
        if error.name == "receiver_unreachable":
            outbox.note(entry)
            raise
        state = "refused" if error.name == "cdr_refused" else "unknown"
        return entry.model_copy(update={"state": state, "cause": error.message})
    return entry.model_copy(update={"state": "sent", "cause": None, **asdict(receipt)})


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    data = read_at_most(path, MAX_CDR_BYTES)
    if len(data) > MAX_CDR_BYTES:
        cause = f"it is larger than {MAX_CDR_BYTES >> 10} KiB"
        raise ToolError("cdr_malformed", path=str(path), cause=cause)
    try:
        return data, load_object(data)
    except JsonError as error:
        raise ToolError("cdr_malformed", path=str(path), cause=f"it {error}") from None
