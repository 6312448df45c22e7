"""The CDRs of one driver and month, from a file or a receiver's store, each with its verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattseal.cdr.cdr_error import CdrError
from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.exact_json import JsonError, load_object
from wattseal.cdr.findings import Finding, found
from wattseal.cdr.judgement import Judgement
from wattseal.cdr.marker import Markers, read_any
from wattseal.cdr.ocpi import name_of, read_cdr
from wattseal.cdr.validator import unreadable
from wattseal.errors import ToolError

MAX_FILE_BYTES = 256 << 20

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Charge:
    """A CDR with its verdict. `body` are its bytes as they came, `cdr` None if it is unreadable."""

    body: bytes
    members: dict[str, Any]
    cdr: Cdr | None
    judgement: Judgement
    is_billable: bool
    marked: tuple[str, ...] | None

    @property
    def ended(self) -> datetime | None:
        """The end of the session: as signed, with its own offset, else what the CDR tells."""
        if self.judgement.end:
            return datetime.fromisoformat(self.judgement.end)
        if self.cdr is None:
            return None
        return datetime.fromtimestamp(self.cdr.end_ms / 1000, UTC)


def check_month(month: str) -> str:
    """The month as `2026-11`. ToolError `bad_value`."""
    if not _MONTH.fullmatch(month):
        raise ToolError("bad_value", field="--month", limit="a month such as 2026-11", found=month)
    return month


def of_driver(charges: Iterable[Charge], driver: str, month: str) -> list[Charge]:
    """Those of a driver, by the token's uid or the contract's id, that ended in a month.

    The month is that of the place where the car was charged. Oldest first. OCPI compares the names
    without regard to case.
    """
    found = [one for one in charges if _is_of(one, driver) and _month_of(one) == month]
    return sorted(found, key=lambda one: (one.ended or datetime.min.replace(tzinfo=UTC), _id(one)))


def without_repeats(charges: Iterable[Charge]) -> list[Charge]:
    """The same, but of what would be charged twice only the first is billable.

    A file may hold a CDR twice, or one session under two names. What a credit CDR cancels is out of
    it, so that a corrected CDR with the same records is billable.
    """
    charges = list(charges)
    cancelled = {one.cdr.credits for one in charges if one.cdr and one.cdr.credits is not None}
    names: set[str] = set()
    used: dict[tuple[str, str, int], tuple[str, str]] = {}
    told: list[Charge] = []
    for one in charges:
        name = one.judgement.cdr
        is_apart = one.cdr is None or one.cdr.credits is not None or one.cdr.id in cancelled
        finding = None
        if one.is_billable and name in names:
            finding = found("cdr_repeated")
        elif one.is_billable and not is_apart:
            finding = _reuse(one, used)
        told.append(_refused(one, finding) if finding else one)
        names.add(name)
    return told


def _reuse(charge: Charge, used: dict[tuple[str, str, int], tuple[str, str]]) -> Finding | None:
    """What speaks against a session whose records, or some of them, were billed by another CDR."""
    facts = charge.judgement.facts
    if facts is None:
        return None
    pages = [(facts.key_fingerprint, facts.context, number) for number in facts.paginations]
    for page in pages:
        if page in used:
            name, content = used[page]
            if content == facts.content:
                return found("record_replayed", expected=name)
            return found("pagination_reused", expected=name, found=f"{page[1]}{page[2]}")
    used.update(dict.fromkeys(pages, (charge.judgement.cdr, facts.content)))
    return None


def _refused(charge: Charge, finding: Finding) -> Charge:
    judgement = charge.judgement.with_findings((finding,))
    return replace(charge, judgement=judgement, is_billable=False)


def read_charges(
    path: Path, judge: Callable[[Cdr], Judgement], markers: Markers
) -> Iterator[Charge]:
    """The CDRs of a file: one object, an array of them, or one object a line.

    ToolError `file_unreadable`, `cdr_malformed` if the file is no JSON. A CDR in it that cannot be
    read is one that is not billable.
    """
    for body in _bodies(path):
        try:
            yield judged_charge(body, judge, markers)
        except JsonError as error:
            raise ToolError("cdr_malformed", path=str(path), cause=f"it {error}") from None


def judged_charge(body: bytes, judge: Callable[[Cdr], Judgement], markers: Markers) -> Charge:
    """A CDR and what a judge says of it; the sender's own marker counts. Raises JsonError."""
    members = load_object(body)
    try:
        cdr = read_cdr(members)
    except CdrError as error:
        told = unreadable(name_of(members), error)
        return Charge(body, members, None, told, is_billable=False, marked=None)
    judgement, marked = judge(cdr), read_any(markers, members)
    is_billable = judgement.verdict == "billable" and marked is None
    return Charge(body, members, cdr, judgement, is_billable, marked)


def stored_charge(
    body: bytes, judgement: Judgement, marked: tuple[str, ...] | None, *, is_billable: bool
) -> Charge:
    """A CDR of a receiver's store with the verdict that it was given there."""
    members = load_object(body)
    try:
        cdr = read_cdr(members)
    except CdrError:
        cdr = None
    return Charge(body, members, cdr, judgement, is_billable, marked)


def _bodies(path: Path) -> Iterator[bytes]:
    """The bytes of each CDR, as they stand in the file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    if len(data) > MAX_FILE_BYTES:
        cause = f"it is larger than {MAX_FILE_BYTES >> 20} MiB"
        raise ToolError("cdr_malformed", path=str(path), cause=cause)
    text = data.strip()
    if text.startswith(b"["):
        yield from _elements(path, text)
    elif _is_one_object(text):
        yield data
    else:
        yield from (line for line in text.splitlines() if line.strip())


def _is_one_object(text: bytes) -> bool:
    first, _, rest = text.partition(b"\n")
    if not rest.strip():
        return True
    try:
        json.loads(first)
    except ValueError:
        return True  # an object over several lines
    return False


def _elements(path: Path, text: bytes) -> Iterator[bytes]:
    """The texts of an array's elements, cut out as they stand."""
    decoder = json.JSONDecoder()
    try:
        rest = text.decode("utf-8")
        at = 1
        while True:
            while rest[at] in " \t\r\n,":
                at += 1
            if rest[at] == "]":
                return
            _value, end = decoder.raw_decode(rest, at)
            yield rest[at:end].encode()
            at = end
    except (ValueError, IndexError, RecursionError):
        cause = "it is no array of JSON objects"
        raise ToolError("cdr_malformed", path=str(path), cause=cause) from None


def _is_of(charge: Charge, driver: str) -> bool:
    token = charge.members.get("cdr_token")
    told = token if isinstance(token, dict) else {}
    names = (told.get("uid"), told.get("contract_id"))
    return any(isinstance(one, str) and one.upper() == driver.upper() for one in names)


def _month_of(charge: Charge) -> str | None:
    return f"{charge.ended:%Y-%m}" if charge.ended else None


def _id(charge: Charge) -> str:
    return charge.judgement.cdr
