"""Runs the registry: one listening socket, and one or more worker processes that answer on it."""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import uvicorn
from uvicorn.supervisors import Multiprocess

from wattseal.common.errors import ToolError
from wattseal.common.serve import log_as_json
from wattseal.registry.web.callers import Settings
from wattseal.registry.web.metrics import FOLDER_VARIABLE, folder_of_run

APPLICATION = "wattseal.registry.web.app:worker_app"

BACKLOG = 2048
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10
WORKER_TIMEOUT_S = 60  # a busy machine takes its time to start one
KEEP_ALIVE_S = 15
MAX_CONNECTIONS = 1000  # of one worker
MAX_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True)
class Address:
    """Where it listens; port 0 lets the system choose. `proxies`: whose X-Forwarded-For counts."""

    host: str = "127.0.0.1"
    port: int = 8460
    proxies: str = ""


def serve(
    settings: Settings, address: Address, workers: int, when_ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT; `when_ready` gets the URL once it answers.

    The database must be there already (registry/setup.py). ToolError `cannot_listen`.
    """
    listening = _listen(address)
    os.environ.update(settings.to_environment())
    log_as_json()
    threading.Thread(
        target=_tell_when_ready, args=(listening, when_ready), name="ready", daemon=True
    ).start()
    _end_quietly_on_sigterm()
    config = _config(address, workers)
    if workers == 1:
        uvicorn.Server(config).run([listening])
        return
    with folder_of_run(settings.data) as folder:
        os.environ[FOLDER_VARIABLE] = str(folder)
        _let_workers_share_imports()
        Multiprocess(config, sockets=[listening]).run()


def _let_workers_share_imports() -> None:
    """Fork the workers from a process that has imported everything, and does nothing else.

    They start sooner than if each imported for itself, and share that memory. uvicorn has no option
    for it; without a fork server (Windows), or if it keeps its own way elsewhere some day, it
    starts them as ever.
    """
    try:
        from uvicorn import _subprocess
    except ImportError:
        return
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["__main__", APPLICATION.partition(":")[0]])
    _subprocess.spawn = forking  # type: ignore[assignment]


def _config(address: Address, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(address.proxies),
        forwarded_allow_ips=address.proxies,
        limit_concurrency=MAX_CONNECTIONS,
        backlog=BACKLOG,
        timeout_worker_healthcheck=WORKER_TIMEOUT_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )


def _listen(address: Address) -> socket.socket:
    """Listening at once: who connects before a worker is there waits instead of being refused."""
    try:
        [family, *_others] = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server(
            (address.host, address.port), family=family, backlog=BACKLOG
        )
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError(
            "cannot_listen", host=address.host, port=address.port, cause=cause
        ) from None
    listening.set_inheritable(True)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = ipaddress.ip_address(host)
    if shown.is_unspecified:
        shown = ipaddress.ip_address("127.0.0.1" if shown.version == 4 else "::1")
    return f"http://[{shown}]:{port}" if shown.version == 6 else f"http://{shown}:{port}"


def _tell_when_ready(listening: socket.socket, when_ready: Callable[[str], None]) -> None:
    url, answer = _url(listening), None
    while answer is None:
        try:
            answer = httpx.get(f"{url}/ready", timeout=READY_TIMEOUT_S, trust_env=False)
        except httpx.TimeoutException:
            continue  # a busy machine takes longer; whoever waits for the URL would for ever
        except httpx.HTTPError:
            return  # it stopped before it was ready; why is in the log
    if answer.status_code == httpx.codes.OK:
        when_ready(url)


def _end_quietly_on_sigterm() -> None:
    """The server stops at SIGTERM, then sends itself the signal again; that is no failure."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
