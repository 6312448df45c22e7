"""What a registry serves to everybody about its log, read over HTTP as an auditor reads it.

Nothing is believed here but sizes: an answer is at most as large as what was asked for can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.common.web_client import AnswerTooLongError, NoAnswerError, WebClient
from wattseal.registry.api_models import Heads, RecordLine, RegistryFacts, State
from wattseal.registry.records import MAX_RECORD_CHARACTERS
from wattseal.tlog.tiles import MAX_ENTRY_BYTES, WIDTH, Tile, TileError, split_entries, width_at
from wattseal.wire.merkle import HASH_BYTES
from wattseal.wire.signed_note import MAX_NOTE_BYTES

MAX_FACTS_BYTES = 4096
MAX_HEADS_BYTES = 4 * MAX_NOTE_BYTES
MAX_RECORDS_BYTES = WIDTH * 2 * MAX_RECORD_CHARACTERS
MAX_STATES_BYTES = WIDTH * 64 * 1024
MAX_BUNDLE_BYTES = WIDTH * (MAX_ENTRY_BYTES + 2)
TIMEOUT_S = 60.0
LONGEST_PAUSE_S = 60.0

_HEADS = TypeAdapter(Heads)
_FACTS = TypeAdapter(RegistryFacts)
_RECORDS = TypeAdapter(list[RecordLine])
_STATES = TypeAdapter(list[list[State]])
_T = TypeVar("_T")


@dataclass(frozen=True)
class ServedPage:
    """What is served about the entries of one bundle, each part as it came."""

    number: int
    width: int
    entries: bytes
    hashes: bytes
    records: bytes
    states: bytes

    @property
    def first(self) -> int:
        """Number of its first entry."""
        return self.number * WIDTH


class NotServedError(Exception):
    """The registry answered, but not with what was asked for; the message says what came."""


def open_source(url: str) -> LogSource:
    """The registry at a URL. ToolError `registry_url_unusable`."""
    cause = "it does not begin with http:// or https:// and a host"
    try:
        base = httpx.URL(url)
        if base.scheme in ("http", "https") and base.host:
            return LogSource(httpx.Client(base_url=base, timeout=TIMEOUT_S))
    except (httpx.InvalidURL, TypeError) as error:
        cause = str(error)
    raise ToolError("registry_url_unusable", url=url, cause=cause)


class LogSource(WebClient):
    """Reads the parts of the log. The client's base URL is the registry's.

    ToolError `registry_unreachable` if no answer comes; NotServedError if another one does.
    """

    def __init__(self, http: httpx.Client, pause: Callable[[float], object] = time.sleep) -> None:
        super().__init__(http, pause, longest_pause_s=LONGEST_PAUSE_S)

    def facts(self) -> RegistryFacts:
        """Who the registry says it is."""
        return _parsed(_FACTS, self._get("/v1/registry", MAX_FACTS_BYTES), "/v1/registry")

    def checkpoint(self) -> str:
        """The signed head of the log."""
        note = self._get("/log/checkpoint", MAX_NOTE_BYTES)
        try:
            return note.decode()
        except UnicodeDecodeError:
            raise NotServedError("/log/checkpoint is not UTF-8") from None

    def heads(self) -> Heads:
        """The signed notes of log and index, both of one size."""
        return _parsed(_HEADS, self._get("/v1/heads", MAX_HEADS_BYTES), "/v1/heads")

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile, as many as its width."""
        return read_hashes(self._tile(tile, WIDTH * HASH_BYTES), tile)

    def records(self, first: int, count: int) -> list[RecordLine]:
        """The records from a number on."""
        return read_records(self._lines("records", first, count, MAX_RECORDS_BYTES), first, count)

    def page(self, number: int, size: int) -> ServedPage:
        """All that is served about the entries of a bundle in a log of that size, unread."""
        first, width = number * WIDTH, width_at(0, number, size)
        return ServedPage(
            number=number,
            width=width,
            entries=self._tile(Tile(None, number, width), MAX_BUNDLE_BYTES),
            hashes=self._tile(Tile(0, number, width), WIDTH * HASH_BYTES),
            records=self._lines("records", first, width, MAX_RECORDS_BYTES),
            states=self._lines("states", first, width, MAX_STATES_BYTES),
        )

    def _tile(self, tile: Tile, max_bytes: int) -> bytes:
        return self._get(f"/log/{tile.path}", max_bytes)

    def _lines(self, kind: str, first: int, count: int, max_bytes: int) -> bytes:
        return self._get(f"/v1/{kind}?first={first}&count={count}", max_bytes)

    def _get(self, path: str, max_bytes: int) -> bytes:
        request = self._http.build_request("GET", path)
        try:
            answer = self._send(request, max_bytes=max_bytes, is_repeatable=True)
        except NoAnswerError as error:
            url = str(self._http.base_url)
            raise ToolError("registry_unreachable", url=url, cause=str(error)) from None
        except AnswerTooLongError as error:
            if error.status == httpx.codes.OK:
                raise NotServedError(f"{path} is larger than {max_bytes} bytes") from None
            status = error.status
        else:
            if answer.status_code == httpx.codes.OK:
                return answer.content
            status = answer.status_code
        raise NotServedError(f"{path} is answered with status {status}")


def read_entries(data: bytes, tile: Tile) -> list[bytes]:
    """The entries of a bundle, as many as its width. Raises NotServedError."""
    try:
        entries = split_entries(data)
    except TileError as error:
        raise NotServedError(f"/log/{tile.path}: {error}") from None
    if len(entries) != tile.width:
        raise NotServedError(f"/log/{tile.path} has {len(entries)} entries, not {tile.width}")
    return entries


def read_hashes(data: bytes, tile: Tile) -> list[bytes]:
    """The hashes of a tile, as many as its width. Raises NotServedError."""
    if len(data) != tile.width * HASH_BYTES:
        expected = tile.width * HASH_BYTES
        raise NotServedError(f"/log/{tile.path} has {len(data)} bytes, not {expected}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def read_records(data: bytes, first: int, count: int) -> list[RecordLine]:
    """So many records from a number on. Raises NotServedError."""
    lines = _parsed(_RECORDS, data, "/v1/records")
    if [line.number for line in lines] != list(range(first, first + count)):
        raise NotServedError(f"/v1/records has not the {count} records from {first} on")
    return lines


def read_states(data: bytes, first: int, count: int) -> list[list[State]]:
    """The states that each of so many records led to, from a number on. Raises NotServedError."""
    states = _parsed(_STATES, data, "/v1/states")
    if len(states) != count:
        raise NotServedError(f"/v1/states has not the states after {count} records from {first} on")
    return states


def write_states(states: list[list[State]]) -> bytes:
    """States in the one way in which a registry writes them; an auditor compares that text."""
    return _STATES.dump_json(states)


def _parsed(form: TypeAdapter[_T], data: bytes, path: str) -> _T:
    try:
        return form.validate_json(data)
    except ValidationError as error:
        raise NotServedError(f"{path} cannot be read: {first_fault(error)}") from None
