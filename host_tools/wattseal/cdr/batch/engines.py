"""Who judges the chunks: this process (`serial`), or one for each core (`processes`)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.batch.judge import Judge, Judged, judge_chunk
from wattseal.common.errors import ToolError
from wattseal.common.workers import fork_server, in_order, worker_pool

AHEAD = 16
"""Chunks for each worker that are under way: three quarters of a second of work, about as long as
it takes to open the store; to keep what is done takes half of it."""

_JUDGING = ("wattseal.cdr.batch.judge", "wattseal.cdr.validate", "wattseal.cdr.keys")
"""What workers need, as a rule; whatever else a judge is made of, they import themselves."""


class WorkerLostError(Exception):
    """A worker ended by itself; the arguments are who it was, and why."""


class Engine(Protocol):
    """Judges chunks, in any order, a few at a time."""

    def judge(self, validator: Judge, chunks: Iterable[Chunk]) -> Iterator[Judged]:
        """What came of each chunk. WorkerLostError; ToolError of the source of keys."""
        ...


class SerialEngine:
    """Everything in this process."""

    def judge(self, validator: Judge, chunks: Iterable[Chunk]) -> Iterator[Judged]:
        """As Engine."""
        for chunk in chunks:
            yield judge_chunk(validator, chunk)


class ProcessEngine:
    """jobs: worker processes. They share no open file and no connection with this one.

    To make it early saves time: while they get ready, this process can do so too.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._start = fork_server(_JUDGING)

    def judge(self, validator: Judge, chunks: Iterable[Chunk]) -> Iterator[Judged]:
        """As Engine."""
        lost = WorkerLostError("A worker process", "it was killed, or ran out of memory")
        with worker_pool(self.jobs, self._start, _prepare, validator) as pool:
            yield from in_order(
                lambda chunk: pool.submit(_judge, chunk.to_send()), chunks, AHEAD * self.jobs, lost
            )


def all_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_validator: Judge | None = None


def _prepare(validator: Judge) -> None:
    global _validator
    _validator = validator


def _judge(chunk: Chunk) -> Judged:
    if _validator is None:
        raise RuntimeError("the worker was not begun")
    return judge_chunk(_validator, chunk.received())


CONNECT_TIMEOUT_S = 30


class DaskEngine:
    """scheduler: its address, such as tcp://127.0.0.1:8786. ToolError `extra_missing`."""

    def __init__(self, scheduler: str, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        try:
            import distributed
        except ImportError:
            raise ToolError("extra_missing", extra="dask", missing="dask, distributed") from None
        self._distributed: Any = distributed
        self.scheduler = scheduler
        self._timeout_s = timeout_s

    def judge(self, validator: Judge, chunks: Iterable[Chunk]) -> Iterator[Judged]:
        """As Engine. ToolError `scheduler_unusable`."""
        with self._connect() as client:
            try:
                client.wait_for_workers(1, timeout=self._timeout_s)
            except TimeoutError:
                raise self._unusable("it has no workers") from None
            threads = max(1, sum(client.nthreads().values()))
            shared = client.scatter(validator, broadcast=True)
            try:
                yield from self._bounded(client, shared, iter(chunks), AHEAD * threads)
            except (self._distributed.KilledWorker, self._distributed.CancelledError) as error:
                cause = "its computer is gone, or it ran out of memory"
                raise WorkerLostError("A worker of the Dask cluster", cause) from error

    def _connect(self) -> Any:
        try:
            return self._distributed.Client(
                self.scheduler, timeout=self._timeout_s, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise self._unusable(str(error).partition("\n")[0].rstrip(".")) from None

    def _unusable(self, cause: str) -> ToolError:
        return ToolError("scheduler_unusable", address=self.scheduler, cause=cause)

    def _bounded(
        self, client: Any, shared: Any, chunks: Iterator[Chunk], most: int
    ) -> Iterator[Judged]:
        def submit(chunk: Chunk) -> Any:
            return client.submit(judge_chunk, shared, chunk, pure=False)

        under_way = self._distributed.as_completed(
            [submit(chunk) for chunk in islice(chunks, most)], loop=client.loop
        )
        for future in under_way:
            yield future.result()
            for chunk in islice(chunks, 1):
                under_way.add(submit(chunk))
