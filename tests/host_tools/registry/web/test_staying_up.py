"""Servers under what strangers do to them at once: whoever looks something up gets an answer.

1,000 half-open connections, 40 uploads that are made to cost, and a partner that drips its answers.
As long as 40 uploads take by default, ten minutes with `--all`, which tells the p99 of a look-up.
"""

from __future__ import annotations

import re
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from support.cdr.dripping import dripping
from support.cdr.parties import authorised, cdr, export, tampered, text_of
from support.device.transactions import Transaction
from support.registry.check_sessions import bundle
from support.registry.killed_registry import Caller, KilledRegistry, check_everything
from wattseal.cdr.exchange.inbox import Partners, open_database

from hil.served import served

HALF_OPEN = 1000
UPLOADS = 40
LONG_S = 600
PATIENCE_S = 300
"""For one answer, on a machine that has other things to do; nothing here says how fast one is."""
HEADS = (b"", b"GET /v1/reg", b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")


class HalfOpen:
    """Connections of which each is opened anew once the server has dropped it."""

    def __init__(self, url: str, count: int) -> None:
        self._address = ("127.0.0.1", httpx.URL(url).port or 0)
        self._open = [self._new(number) for number in range(count)]
        self.dropped = 0

    def _new(self, number: int) -> socket.socket:
        source = ("127.0.0.2", 0)  # a stranger's; whoever looks something up has another
        connection = socket.create_connection(self._address, PATIENCE_S, source)
        connection.sendall(HEADS[number % len(HEADS)])
        connection.setblocking(False)
        return connection

    def refill(self) -> None:
        for number, connection in enumerate(self._open):
            with suppress(BlockingIOError):
                with suppress(ConnectionError):
                    connection.recv(65536)
                connection.close()
                self.dropped += 1
                self._open[number] = self._new(number)

    def close(self) -> None:
        for connection in self._open:
            connection.close()


class Uploader(threading.Thread):
    """Sends what costs most, once, and then again as often as it may until the end."""

    def __init__(self, url: str, data: bytes, ending: threading.Event) -> None:
        super().__init__()
        self._url, self._data, self._ending = url, data, ending
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        while not self.answers or not self._ending.is_set():
            files = {"file": ("a.zip", self._data)}
            with suppress(httpx.TransportError):  # dropped for somebody else, as may be
                answer = httpx.post(f"{self._url}/check", files=files, timeout=PATIENCE_S)
                self.answers[answer.status_code] += 1
                self._ending.wait(float(answer.headers.get("Retry-After", 0)))


def costly() -> bytes:
    """A small zip of many records whose signatures fit none of the keys beside them."""
    value = re.findall(rb"<value .*?</value>", Transaction().xml, re.DOTALL)[0]
    spoilt = value.replace(b'"RV":', b'"RV":1')
    many = b"<values>" + spoilt * 400 + b"</values>"
    made = bundle(*((f"{number}.xml", many) for number in range(20)))
    assert len(made) < 400_000
    return made


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def send_cdrs(url: str, data: Path, report_url: str) -> None:
    """Of a partner whose address drips, which are to be reported; then of another one."""
    database = open_database(data)
    partners = Partners(database)
    drips = authorised(partners.add("DE*DRP", report_url, 0))
    good = authorised(partners.add("DE*ABC", None, 0))
    database.close()
    for number in range(20):
        spoilt = text_of(tampered(party_id="DRP", id=f"cdr-{number}"))
        answer = httpx.post(
            f"{url}/ocpi/2.2.1/cdrs", content=spoilt, headers=drips, timeout=PATIENCE_S
        )
        assert answer.status_code == 201, answer.text
    answer = httpx.post(
        f"{url}/ocpi/2.2.1/cdrs", content=text_of(cdr()), headers=good, timeout=PATIENCE_S
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("many_files")
def test_look_ups_are_answered_throughout(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    until_s = time.monotonic() + (LONG_S if pytestconfig.getoption("--all", False) else 0)
    site = KilledRegistry(tmp_path / "data", f"sqlite:///{tmp_path / 'registry.db'}", 1)
    took_s: list[float] = []

    def ask(url: str) -> None:
        began_s = time.monotonic()
        assert httpx.get(url, timeout=PATIENCE_S).status_code == 200, url
        took_s.append(time.monotonic() - began_s)

    with ExitStack() as stack:
        site.start()
        stack.callback(site.stop)
        assert site.url is not None
        receiver = stack.enter_context(
            served(
                *("cdr", "serve", "--data", tmp_path / "msp", "--port", "0"),
                *("--keys", export(tmp_path / "keys.json")),
                log=tmp_path / "cdr-serve.log",
            )
        )
        floods = [HalfOpen(site.url, HALF_OPEN), HalfOpen(receiver, HALF_OPEN)]
        for flood in floods:
            stack.callback(flood.close)
        send_cdrs(receiver, tmp_path / "msp", stack.enter_context(dripping()))
        ending = threading.Event()
        caller, data = Caller(site, "A", ending), costly()
        uploaders = [Uploader(site.url, data, ending) for _ in range(UPLOADS)]
        for thread in (caller, *uploaders):
            thread.start()
        try:
            while time.monotonic() < until_s or not all(one.answers for one in uploaders):
                for url in (f"{site.url}/ready", f"{site.url}/v1/registry", f"{receiver}/ready"):
                    ask(url)
                for flood in floods:
                    flood.refill()
        finally:
            ending.set()
            for thread in (caller, *uploaders):
                thread.join(PATIENCE_S)
        assert caller.failed is None
        assert all(flood.dropped for flood in floods)
        answers = sum((one.answers for one in uploaders), Counter())
        assert set(answers) <= {413, 429, 503}, answers
        check_everything(site, caller.recorded, tmp_path)
    p99_ms = sorted(took_s)[len(took_s) * 99 // 100] * 1000
    print(f"{len(took_s)} look-ups, p99 {p99_ms:.0f} ms; uploads {dict(answers)}")
    print(f"{caller.recorded} confirmed; dropped {[flood.dropped for flood in floods]}")
