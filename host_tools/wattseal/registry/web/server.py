"""Runs the registry: one listening socket, and one or more worker processes that answer on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from wattseal.common.serve import listen, log_as_json, serve_app
from wattseal.registry.web.callers import Settings
from wattseal.registry.web.metrics import FOLDER_VARIABLE, folder_of_run

APPLICATION = "wattseal.registry.web.app:worker_app"
MAX_CONNECTIONS = 1000  # of one worker


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
    listening = listen(address.host, address.port, "cannot_listen")
    os.environ.update(settings.to_environment())
    log_as_json()
    with ExitStack() as stack:
        if workers > 1:
            os.environ[FOLDER_VARIABLE] = str(stack.enter_context(folder_of_run(settings.data)))
        serve_app(
            APPLICATION,
            listening,
            when_ready,
            max_connections=MAX_CONNECTIONS,
            proxies=address.proxies,
            workers=workers,
        )
