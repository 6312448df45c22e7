"""What a registry serves to everybody about its log, read over HTTP as an auditor reads it.

Nothing is believed here but sizes: an answer is at most as large as what was asked for can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from wattseal.errors import ToolError
from wattseal.json_file import first_fault
from wattseal.registry.records import MAX_RECORD_CHARACTERS
from wattseal.registry.requests import RecordLine, RegistryFacts, State
from wattseal.tlog.tiles import MAX_ENTRY_BYTES, WIDTH, Tile, TileError, split_entries
from wattseal.wire.merkle import HASH_BYTES
from wattseal.wire.signed_note import MAX_NOTE_BYTES

MAX_FACTS_BYTES = 4096
MAX_RECORDS_BYTES = WIDTH * 2 * MAX_RECORD_CHARACTERS
MAX_STATES_BYTES = WIDTH * 64 * 1024
MAX_BUNDLE_BYTES = WIDTH * (MAX_ENTRY_BYTES + 2)
TIMEOUT_S = 60.0
MAX_TRIES = 5
MAX_WAIT_S = 60.0

_FACTS = TypeAdapter(RegistryFacts)
_RECORDS = TypeAdapter(list[RecordLine])
_STATES = TypeAdapter(list[list[State]])
_T = TypeVar("_T")


class NotServedError(Exception):
    """The registry answered, but not with what was asked for; the message says what came."""


def open_source(url: str) -> LogSource:
    """The registry at a URL. ToolError `registry_url_unusable`."""
    try:
        base = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise _no_url(url, str(error)) from None
    if base.scheme not in ("http", "https") or not base.host:
        raise _no_url(url, "it does not begin with http:// or https:// and a host")
    return LogSource(httpx.Client(base_url=base, timeout=TIMEOUT_S))


class LogSource:
    """Reads the parts of the log, each at most once more than needed when the registry is busy.

    ToolError `registry_unreachable` if no answer comes; NotServedError if another one does.
    """

    def __init__(
        self, client: httpx.Client, wait_s: Callable[[float], object] = time.sleep
    ) -> None:
        self._client = client
        self._wait_s = wait_s

    def close(self) -> None:
        """End its connections."""
        self._client.close()

    def facts(self) -> RegistryFacts:
        """Who the registry says it is."""
        return self._parsed(_FACTS, "/v1/registry", MAX_FACTS_BYTES)

    def checkpoint(self) -> str:
        """The signed head of the log."""
        note = self._get("/log/checkpoint", MAX_NOTE_BYTES)
        try:
            return note.decode()
        except UnicodeDecodeError:
            raise NotServedError("/log/checkpoint is not UTF-8") from None

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile, as many as its width."""
        path = f"/log/{tile.path}"
        data = self._get(path, WIDTH * HASH_BYTES)
        if len(data) != tile.width * HASH_BYTES:
            raise NotServedError(f"{path} has {len(data)} bytes, not {tile.width * HASH_BYTES}")
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries of a bundle, as many as its width."""
        path = f"/log/{tile.path}"
        try:
            entries = split_entries(self._get(path, MAX_BUNDLE_BYTES))
        except TileError as error:
            raise NotServedError(f"{path}: {error}") from None
        if len(entries) != tile.width:
            raise NotServedError(f"{path} has {len(entries)} entries, not {tile.width}")
        return entries

    def records(self, first: int, count: int) -> list[RecordLine]:
        """The records from a number on."""
        path = f"/v1/records?first={first}&count={count}"
        lines = self._parsed(_RECORDS, path, MAX_RECORDS_BYTES)
        if [line.number for line in lines] != list(range(first, first + count)):
            raise NotServedError(f"{path} is not those {count} records")
        return lines

    def states(self, first: int, count: int) -> list[list[State]]:
        """The states that each of these records led to, as the registry's tables have them."""
        path = f"/v1/states?first={first}&count={count}"
        states = self._parsed(_STATES, path, MAX_STATES_BYTES)
        if len(states) != count:
            raise NotServedError(f"{path} is not the states after {count} records")
        return states

    def _parsed(self, form: TypeAdapter[_T], path: str, max_bytes: int) -> _T:
        try:
            return form.validate_json(self._get(path, max_bytes))
        except ValidationError as error:
            raise NotServedError(f"{path} cannot be read: {first_fault(error)}") from None

    def _get(self, path: str, max_bytes: int) -> bytes:
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                with self._client.stream("GET", path) as answer:
                    if answer.status_code == httpx.codes.OK:
                        return _content(answer, path, max_bytes)
                    status, pause_s = answer.status_code, _pause_s(answer)
            except httpx.HTTPError as error:
                raise ToolError(
                    "registry_unreachable", url=str(self._client.base_url), cause=_words(error)
                ) from None
            if not tries_left or status != httpx.codes.TOO_MANY_REQUESTS:
                break
            self._wait_s(pause_s)
        raise NotServedError(f"{path} is answered with status {status}")


def _content(answer: httpx.Response, path: str, max_bytes: int) -> bytes:
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > max_bytes:
            raise NotServedError(f"{path} is larger than {max_bytes} bytes")
    return bytes(content)


def _pause_s(answer: httpx.Response) -> float:
    """How long a busy registry wants to be left alone."""
    told: Any = answer.headers.get("Retry-After", "")
    return min(float(told), MAX_WAIT_S) if str(told).isdigit() else 1.0


def _no_url(url: str, cause: str) -> ToolError:
    return ToolError("registry_url_unusable", url=url, cause=cause)


def _words(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
