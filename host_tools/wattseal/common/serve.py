"""The log: one JSON object a line on standard error, with no secret in it."""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_ACCESS_KEY = re.compile(r"wsk_([a-z2-7]{0,12})_?[A-Za-z2-7]*")
_PASSWORD_IN_URL = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


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
