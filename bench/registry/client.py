"""A client that costs next to nothing: requests made beforehand, sent over open connections.

It runs beside what it measures, on the same processors, so every instruction of it counts.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 8
TIMEOUT_S = 120


@dataclass(frozen=True)
class Ask:
    """A request; `status` is what a good answer has."""

    method: str
    path: str
    status: int
    body: bytes | None = None


def rate(url: str, asks: Iterable[Ask], headers: dict[str, str]) -> float:
    """Answers a second, over several connections at once. RuntimeError at the first bad answer."""
    shared = _Shared(asks)
    threads = [
        threading.Thread(target=_send, args=(url, shared, headers)) for _ in range(CONNECTIONS)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed_s = time.perf_counter() - start
    if shared.failed:
        raise RuntimeError(shared.failed)
    return shared.answered / elapsed_s


class _Shared:
    def __init__(self, asks: Iterable[Ask]) -> None:
        self._asks: Iterator[Ask] = iter(asks)
        self._lock = threading.Lock()
        self.answered = 0
        self.failed = ""

    def next(self) -> Ask | None:
        with self._lock:
            return None if self.failed else next(self._asks, None)

    def done(self, failed: str = "") -> None:
        with self._lock:
            self.answered += 1
            self.failed = self.failed or failed


def _send(url: str, shared: _Shared, headers: dict[str, str]) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    while ask := shared.next():
        try:
            connection.request(ask.method, ask.path, ask.body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            shared.done(f"{ask.path}: {error!r}")
            continue
        is_good = answer.status == ask.status
        shared.done("" if is_good else f"{ask.path}: {answer.status} {content[:500]!r}")
    connection.close()
