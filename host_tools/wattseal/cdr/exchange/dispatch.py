"""The CPO's side: every CDR is validated, marked where it fails, put into the outbox, and sent.

A CDR that fails is sent all the same, as the best practices ask for, so that the MSP knows of the
session; it is the marker that keeps it out of the bill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattseal.cdr.build_json import write_exactly
from wattseal.cdr.cdr_error import CdrError
from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.exact_json import JsonError, load_object
from wattseal.cdr.exchange.outbox import Entry, Outbox
from wattseal.cdr.exchange.sending import CdrSender
from wattseal.cdr.judgement import Judgement
from wattseal.cdr.marker import Marker
from wattseal.cdr.ocpi import MAX_CDR_BYTES, read_cdr
from wattseal.errors import ToolError

Judge = Callable[[Cdr], Judgement]


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
        return tuple(dict.fromkeys(one.code for one in findings if one.effect.is_error))


def prepare(path: Path, judge: Judge | None, marker: Marker) -> Prepared:
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
        # Noted before: whoever is stopped while it is on its way does not know either.
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
    told = {"location": receipt.location, "report": receipt.report, "cause": None}
    return entry.model_copy(update={"state": "sent", **told})


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CDR_BYTES + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    if len(data) > MAX_CDR_BYTES:
        cause = f"it is larger than {MAX_CDR_BYTES >> 10} KiB"
        raise ToolError("cdr_malformed", path=str(path), cause=cause)
    try:
        return data, load_object(data)
    except JsonError as error:
        raise ToolError("cdr_malformed", path=str(path), cause=f"it {error}") from None
