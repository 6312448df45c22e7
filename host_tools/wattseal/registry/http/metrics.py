"""What Prometheus counts: requests, refusals, wrong keys, and how long answers took.

With several workers, prometheus_client adds up what each of them writes into a common folder
(PROMETHEUS_MULTIPROC_DIR, set before the workers start). No label names a station or a client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

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
        self.requests = Counter(
            "wattseal_registry_requests",
            "Answered requests.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "wattseal_registry_request_seconds",
            "Time to answer a request.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.refusals = Counter(
            "wattseal_registry_refusals",
            "Reasons for which requests were refused.",
            ["code"],
            registry=self._registry,
        )
        self.wrong_keys = Counter(
            "wattseal_registry_wrong_access_keys",
            "Requests with an access key that is none, or is good no more.",
            registry=self._registry,
        )
        self.limited = Counter(
            "wattseal_registry_limited_requests",
            "Requests beyond a rate limit.",
            registry=self._registry,
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
