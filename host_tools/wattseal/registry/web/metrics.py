"""What Prometheus counts: requests, refusals, wrong keys, and how long answers took.

With several workers, prometheus_client adds up what each of them writes into a common folder
(PROMETHEUS_MULTIPROC_DIR, set before the workers start). No label names a station or a client.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        counter = partial(Counter, registry=self._registry)
        self.requests = counter(
            "wattseal_registry_requests", "Answered requests.", ["route", "method", "status"]
        )
        self.seconds = Histogram(
            "wattseal_registry_request_seconds",
            "Time to answer a request.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.refusals = counter(
            "wattseal_registry_refusals", "Reasons for which requests were refused.", ["code"]
        )
        self.wrong_keys = counter(
            "wattseal_registry_wrong_access_keys",
            "Requests with an access key that is none, or is good no more.",
        )
        self.limited = counter(
            "wattseal_registry_limited_requests", "Requests beyond a rate limit."
        )

    def text(self, log_entries: int) -> bytes:
        """All of it in Prometheus's text format, of all workers."""
        if os.environ.get(FOLDER_VARIABLE):
            shown = CollectorRegistry()
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
        else:
            shown = self._registry
        sized = CollectorRegistry()
        sized.register(_LogSize(log_entries))
        return generate_latest(shown) + generate_latest(sized)


class _LogSize(Collector):
    """The log's size; every worker would tell the same, so it is asked, not added up."""

    def __init__(self, entries: int) -> None:
        self._entries = entries

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "wattseal_registry_log_entries", "Entries of the log.", value=self._entries
        )


if sys.platform != "win32":
    import fcntl

FOLDER = "metrics"
LOCK = "lock"


@contextmanager
def folder_of_run(data: Path) -> Iterator[Path]:
    """An empty folder until the run ends; in the system's own place if `data` takes none."""
    try:
        made, alive = _begin_run(data / FOLDER)
    except OSError:
        with tempfile.TemporaryDirectory(prefix="wattseal-metrics-") as elsewhere:
            yield Path(elsewhere)
        return
    with alive:
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _begin_run(base: Path) -> tuple[Path, IO[bytes]]:
    """A new folder below `base`, and the file that is locked as long as the run is alive."""
    if sys.platform == "win32":
        raise OSError("it has no locks of this kind")
    base.mkdir(mode=0o700, exist_ok=True)
    with _open_locked(base / LOCK, fcntl.LOCK_EX):
        _remove_left_overs(base)
        made = Path(tempfile.mkdtemp(prefix="run-", dir=base))
        return made, _open_locked(made / LOCK, fcntl.LOCK_EX)


def _remove_left_overs(base: Path) -> None:
    """Of runs whose lock nobody holds; `base` is locked, so none is just being begun."""
    for folder in base.glob("run-*"):
        try:
            _open_locked(folder / LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB).close()
        except BlockingIOError:
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _open_locked(path: Path, how: int) -> IO[bytes]:
    """A file that is locked until it is closed. BlockingIOError if another process holds it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb")
    try:
        fcntl.flock(file, how)
    except OSError:
        file.close()
        raise
    return file
