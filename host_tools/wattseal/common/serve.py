"""HTTP servers: one listening socket, one or more processes that answer on it, and their log.

The log is one JSON object a line on standard error, with no secret in it.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
import signal
import socket
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TextIO

import httpx
import structlog
import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger
from uvicorn.supervisors import Multiprocess

from wattseal.common.errors import ToolError
from wattseal.common.workers import fork_server

BACKLOG = 2048
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10
WORKER_TIMEOUT_S = 60  # a busy machine takes its time to start one
KEEP_ALIVE_S = 15
MAX_HEADER_BYTES = 16 * 1024


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
    config = uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        limit_concurrency=max_connections,
        backlog=BACKLOG,
        timeout_worker_healthcheck=WORKER_TIMEOUT_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    if workers == 1 or not isinstance(app, str):
        uvicorn.Server(config).run([listening])
        return
    _let_workers_share_imports(app.partition(":")[0])
    Multiprocess(config, sockets=[listening]).run()


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
