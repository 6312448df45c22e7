"""Who judges the chunks: this process (`serial`), or one for each core (`processes`)."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.context import BaseContext
from typing import TYPE_CHECKING, Any, Protocol

from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.batch.judge import Judge, Judged, judge_chunk
from wattseal.common.errors import ToolError
from wattseal.common.workers import end_with_parent

if TYPE_CHECKING:
    from wattseal.cdr.batch.inputs import Chunk
    from wattseal.cdr.batch.judge import Judge, Judged


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
        from wattseal.cdr.batch.judge import judge_chunk

        for chunk in chunks:
            yield judge_chunk(validator, chunk)


class ProcessEngine:
    """jobs: worker processes. They share no open file and no connection with this one.

    To make it early saves time: while they get ready, this process can do so too.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._context = _starting()

    def judge(self, validator: Judge, chunks: Iterable[Chunk]) -> Iterator[Judged]:
        """As Engine."""
        pool = ProcessPoolExecutor(
            self.jobs, mp_context=self._context, initializer=_begin, initargs=(validator,)
        )
        try:
            yield from _bounded(pool, chunks, AHEAD * self.jobs)
        except BrokenProcessPool:
            raise WorkerLostError(
                "A worker process", "it was killed, or ran out of memory"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def all_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _starting() -> BaseContext:
    """Fork the workers from a process that imports what they need, and does nothing else.

    They start sooner than if each imported for itself, and share that memory. Without a fork server
    (Windows) each worker is started anew.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload(list(_JUDGING))
    forkserver.ensure_running()
    return multiprocessing.get_context("forkserver")


def _bounded(pool: ProcessPoolExecutor, chunks: Iterable[Chunk], most: int) -> Iterator[Judged]:
    under_way: deque[Future[Judged]] = deque()
    for chunk in chunks:
        under_way.append(pool.submit(_judge, chunk.to_send()))
        if len(under_way) == most:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


_validator: Judge | None = None


def _begin(validator: Judge) -> None:
    """In a worker, once. An interrupt is for the process that is talked to; it ends the others."""
    global _validator
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    _validator = validator


def _judge(chunk: Chunk) -> Judged:
    if _validator is None:
        raise RuntimeError("the worker was not begun")
    from wattseal.cdr.batch.judge import judge_chunk

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
