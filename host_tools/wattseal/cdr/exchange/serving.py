"""Runs the receiver: one process, its threads, and one that sends the reports that are due.

More of it is run as several services on one PostgreSQL database behind one proxy.
"""

from __future__ import annotations

import ipaddress
import pickle
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import structlog
import uvicorn

from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.exchange.inbox import Compare, Inbox
from wattseal.cdr.exchange.partners import Partners
from wattseal.cdr.exchange.receiver import Site, create_app
from wattseal.cdr.exchange.reporting import Reporter
from wattseal.cdr.judgement import Judgement
from wattseal.cdr.marker import Markers
from wattseal.cdr.validator import Validator
from wattseal.computer_clock import unix_ms_now
from wattseal.errors import ToolError
from wattseal.registry.database import Database
from wattseal.registry.http import json_log

BACKLOG = 1024
MAX_CONNECTIONS = 500
MAX_HEADER_BYTES = 16 * 1024
KEEP_ALIVE_S = 15
STOP_TIMEOUT_S = 10
READY_TIMEOUT_S = 60.0
REPORTS_EVERY_S = 30.0

_log = structlog.get_logger("wattseal.cdr")


class JudgeOfThread:
    """A validator for each thread: what it remembers of keys is made for one at a time."""

    def __init__(self, validator: Validator) -> None:
        self._packed = pickle.dumps(validator)
        self._own = threading.local()

    def __call__(self, cdr: Cdr) -> Judgement:
        """As Validator.judge."""
        validator: Validator | None = getattr(self._own, "validator", None)
        if validator is None:
            validator = pickle.loads(self._packed)  # noqa: S301 - packed above
            self._own.validator = validator
        return validator.judge(cdr)


@dataclass(frozen=True)
class Address:
    """Where it listens, and how partners reach it: by default at the same address."""

    host: str
    port: int
    public_url: str | None


def serve(
    database: Database,
    validator: Validator,
    compare: Compare | None,
    markers: Markers,
    address: Address,
    when_ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; `when_ready` gets the URL once it answers.

    ToolError `receiver_cannot_listen`.
    """
    listening = _listen(address)
    url = _url(listening)
    json_log.configure()
    inbox = Inbox(database, JudgeOfThread(validator), compare, markers, unix_ms_now)
    partners = Partners(database)
    base_url = (address.public_url or url).rstrip("/")
    reporter = Reporter(database, inbox, partners, base_url, unix_ms_now)
    app = create_app(Site(inbox, partners, reporter, base_url))
    stop = threading.Event()
    threading.Thread(target=_tell_when_ready, args=(url, when_ready), daemon=True).start()
    reports = threading.Thread(target=_send_reports, args=(reporter, stop), name="reports")
    reports.start()
    # The server stops at SIGTERM, then sends itself the signal again; that is no failure.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        uvicorn.Server(_config(app)).run([listening])
    finally:
        stop.set()
        reports.join()
        reporter.close()


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )


def _listen(address: Address) -> socket.socket:
    try:
        [family, *_others] = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError(
            "receiver_cannot_listen", host=address.host, port=address.port, cause=cause
        ) from None


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = ipaddress.ip_address(host)
    if shown.is_unspecified:
        shown = ipaddress.ip_address("127.0.0.1" if shown.version == 4 else "::1")
    return f"http://[{shown}]:{port}" if shown.version == 6 else f"http://{shown}:{port}"


def _tell_when_ready(url: str, when_ready: Callable[[str], None]) -> None:
    try:
        answer = httpx.get(f"{url}/ready", timeout=READY_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        return  # it stopped before it was ready; why is in the log
    if answer.is_success:
        when_ready(url)


def _send_reports(reporter: Reporter, stop: threading.Event) -> None:
    """What is due, until the service stops; a failure of the database waits for the next time."""
    while True:
        try:
            reporter.send_due()
        except Exception:
            _log.exception("reports")
        if stop.wait(REPORTS_EVERY_S):
            return
