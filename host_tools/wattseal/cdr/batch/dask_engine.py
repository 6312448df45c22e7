"""Judges on an existing Dask cluster (dask.distributed): the same functions, on its workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from wattseal.cdr.batch.chunk import Chunk
from wattseal.cdr.batch.engines import AHEAD, WorkerLostError
from wattseal.cdr.batch.judging import Judge, Judged, judge_chunk
from wattseal.errors import ToolError

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
