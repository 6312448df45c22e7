"""HTTP servers: one listening socket, one or more processes that answer on it, and their log.

The log is one JSON object a line on standard error, with no secret in it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import re
import secrets
import signal
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, ParamSpec, TextIO, TypeVar

import h11
import httpx
import structlog
import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.common.workers import fork_server

BACKLOG = 2048
READY_TIMEOUT_S = 120.0
STOP_S = 3
"""What requests in flight have at SIGTERM."""
KILL_S = 4.0
"""When the process ends at SIGTERM, whatever still runs."""
WORKER_TIMEOUT_S = 60  # a busy machine takes its time to start one
KEEP_ALIVE_S = 15
MAX_HEADER_BYTES = 16 * 1024
HEAD_S = 10
"""What a client has for the head of a request, from its first byte."""
DRAIN_S = 60
"""What a client has to take what was sent before there is more."""
OPEN_FILES = 4096
SWITCH_S = 0.0005
"""How long a thread that computes keeps the one that answers waiting, at each call of the system;
Python's own 5 ms add up to seconds where many connections come.
"""
SPARE_CONNECTIONS = 100
"""Beyond the limit, for new ones while those that they replace come to an end."""


def listen(host: str, port: int, failure: str) -> socket.socket:
    """Listen at once: who connects before a worker is there waits instead of being refused.

    Port 0 lets the system choose. ToolError named `failure`, which takes host, port and cause.
    """
    try:
        [family, *_others] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError(failure, host=host, port=port, cause=cause) from None
    listening.set_inheritable(True)
    return listening


def url_of(listening: socket.socket) -> str:
    """How this computer reaches what listens there."""
    host, port = listening.getsockname()[:2]
    shown = ipaddress.ip_address(host)
    if shown.is_unspecified:
        shown = ipaddress.ip_address("127.0.0.1" if shown.version == 4 else "::1")
    return f"http://[{shown}]:{port}" if shown.version == 6 else f"http://{shown}:{port}"


def serve_app(
    app: ASGIApp | str,
    listening: socket.socket,
    when_ready: Callable[[str], None],
    *,
    max_connections: int,
    proxies: str = "",
    workers: int = 1,
) -> None:
    """Serve until SIGTERM or SIGINT; `when_ready` gets the URL once /ready answers.

    app: the application, or `module:function` of what makes it in each worker.
    max_connections: of one worker. proxies: whose X-Forwarded-For counts.
    """
    threading.Thread(
        target=_tell_when_ready, args=(listening, when_ready), name="ready", daemon=True
    ).start()
    # The server stops at SIGTERM, then sends itself the signal again; that is no failure.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    _allow_open_files()
    config = _Config(
        app,
        http=_Connection,
        ws="none",
        factory=isinstance(app, str),
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        limit_concurrency=max_connections + SPARE_CONNECTIONS,
        backlog=BACKLOG,
        timeout_worker_healthcheck=WORKER_TIMEOUT_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    if workers == 1 or not isinstance(app, str):
        uvicorn.Server(config).run([listening])
        return
    _let_workers_share_imports(app.partition(":")[0])
    Multiprocess(config, sockets=[listening]).run()


class _Config(uvicorn.Config):
    """Each process that serves loads it, once its signals are handled."""

    def load(self) -> None:
        super().load()
        sys.setswitchinterval(SWITCH_S)
        for number in (signal.SIGTERM, signal.SIGINT):
            _end_in_time(number)


def _end_in_time(number: int) -> None:
    """Have a signal end this process after KILL_S; a thread that still works would keep it.

    What was confirmed is on the disk, and what was not is asked for again: nothing is lost.
    """
    handle = signal.getsignal(number)

    def begin_to_end(sig: int, frame: FrameType | None) -> None:
        timer = threading.Timer(KILL_S, os._exit, (0,))
        timer.daemon = True
        timer.start()
        if callable(handle):
            handle(sig, frame)

    signal.signal(number, begin_to_end)


def _allow_open_files() -> None:
    """As many as there may be connections, databases and pages; the usual limit is 1,024."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < OPEN_FILES:
            wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Connection(H11Protocol):
    """A connection that is dropped when its client does not send or take what is its turn to.

    Where there are as many connections as there may be, a new one takes the place of one that waits
    for its client: of the address that has the most of these, the one that has waited longest.
    """

    _timer: asyncio.TimerHandle | None = None
    _since_s = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._give_s(HEAD_S)
        if len(self.connections) > (self.limit_concurrency or 0) - SPARE_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_answered = self.cycle is not None and self.cycle.response_complete
        if self.conn.their_state is not h11.IDLE and not is_answered:
            self._stop_timer()
        elif self._timer is None:  # a head, or the rest of a body that was refused
            self._give_s(HEAD_S)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._give_s(DRAIN_S)

    def resume_writing(self) -> None:
        self._stop_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_timer()

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    @property
    def _waits_for_client(self) -> bool:
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered or self.conn.their_state is h11.SEND_BODY or self.flow.write_paused

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, _Connection)]
        waiting = [one for one in others if one is not self and one._waits_for_client]
        if waiting:
            counts = Counter(one._address for one in waiting)
            dropped = min(waiting, key=lambda one: (-counts[one._address], one._since_s))
            self.connections.discard(dropped)
            dropped.transport.abort()

    def _give_s(self, seconds: float) -> None:
        self._stop_timer()
        self._since_s = self.loop.time()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class PoolFullError(Exception):
    """There is more of this work already than is done within a minute."""


class SmallPool:
    """Threads for work that takes long, so that it takes none from what is answered at once."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads)
        self._room = threads + waiting

    async def run(
        self, work: Callable[_Given, _Made], *given: _Given.args, **named: _Given.kwargs
    ) -> _Made:
        """What the work comes to. PoolFullError."""
        if self._room == 0:
            raise PoolFullError
        self._room -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: work(*given, **named))
        finally:
            self._room += 1


def fault_of_encoding(headers: Headers) -> str | None:
    """Why a body is in no form that is read; completes `it ...`. Only UTF-8 as it is, is."""
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        return "is compressed or encoded (Content-Encoding)"
    for part in headers.get("content-type", "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in ("utf-8", "utf8"):
            return "is in another character set than UTF-8"
    return None


def fault_of_json(body: bytes) -> str | None:
    """Why a body is no JSON object that every reader takes for the same; completes `it ...`."""
    try:
        load_object(body)
    except JsonError as error:
        return str(error)
    return None


def _let_workers_share_imports(module: str) -> None:
    """Have uvicorn fork its workers; it has no option for it, and may keep its way elsewhere."""
    try:
        from uvicorn import _subprocess
    except ImportError:
        return
    _subprocess.spawn = fork_server(["__main__", module])  # type: ignore[assignment]


def _tell_when_ready(listening: socket.socket, when_ready: Callable[[str], None]) -> None:
    url, answer = url_of(listening), None
    while answer is None:
        try:
            answer = httpx.get(f"{url}/ready", timeout=READY_TIMEOUT_S, trust_env=False)
        except httpx.TimeoutException:
            continue  # a busy machine takes longer; the caller still waits for the URL
        except httpx.HTTPError:
            return  # it stopped before it was ready; why is in the log
    if answer.status_code == httpx.codes.OK:
        when_ready(url)


_ACCESS_KEY = re.compile(r"wsk_([a-z2-7]{0,12})_?[A-Za-z2-7]*")
_PASSWORD_IN_URL = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


class RequestLog(ABC):
    """Logs every request; the outermost layer, so that no answer leaves without a line.

    Gives every request a number, and an answer when nothing else gave one.
    """

    log: structlog.stdlib.BoundLogger

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        started_s = time.perf_counter()
        status: int | None = None

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception:
            self.log.exception("failed", request_id=request_id, path=self.path_of(scope))
            if status is None:
                await self.failed(scope, request_id)(scope, receive, seen)
        finally:
            self.tell(scope, status, time.perf_counter() - started_s)

    def path_of(self, scope: Scope) -> str:
        """The path as the log tells it."""
        path: str = scope["path"]
        return path

    @abstractmethod
    def failed(self, scope: Scope, request_id: str) -> Response:
        """What a request is answered with whose handling failed."""

    @abstractmethod
    def tell(self, scope: Scope, status: int | None, seconds: float) -> None:
        """Write the line about a request; status None if it got no answer."""


def log_as_json(stream: TextIO | None = None) -> None:
    """Send this process's log, and that of its libraries, to standard error or that stream."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # Each request has a line of its own, with more in it than the server's.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cuts access keys and passwords of URLs out of every text, wherever they came from."""
    return {key: _cut(value) for key, value in event.items()}


def _cut(value: object) -> object:
    if not isinstance(value, str):
        return value
    return _PASSWORD_IN_URL.sub(r"\1:***@", _ACCESS_KEY.sub(r"wsk_\1_***", value))
