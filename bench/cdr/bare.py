"""The bare verification of signatures by `cryptography`, on one core, or on several at once.

It takes turns with what it is compared with, as bench/sliced.py says.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

Record = tuple[ec.EllipticCurvePublicKey, bytes, bytes]
"""Key, signed bytes and signature."""

_ECDSA = ec.ECDSA(hashes.SHA256())
_FORK = get_context("fork")  # the keys cannot be sent


class Bare:
    """A process on each of these cores verifies these records, over and over, while it may."""

    def __init__(self, records: Sequence[Record], cores: Sequence[int]) -> None:
        self._records, self._cores = records, cores
        self._counts: Any = _FORK.RawArray("Q", len(cores))
        self._processes: list[ForkProcess] = []
        self._seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.kill()
            process.join()

    @property
    def rate(self) -> float:
        """Records a second of each core, of all turns."""
        return float(sum(self._counts)) / self._seconds / len(self._cores)

    def go_on(self, seconds: float) -> None:
        """Verify for so long. RuntimeError if a signature is wrong."""
        start = time.perf_counter()
        if self._processes:
            self._signal(signal.SIGCONT)
        else:
            self._start()
        has_failed = wait([process.sentinel for process in self._processes], seconds)
        if has_failed:
            raise RuntimeError("a signature is wrong")
        self._signal(signal.SIGSTOP)
        self._seconds += time.perf_counter() - start

    def _start(self) -> None:
        for place, core in enumerate(self._cores):
            process = _FORK.Process(target=self._verify, args=(place, core), daemon=True)
            process.start()
            self._processes.append(process)

    def _verify(self, place: int, core: int) -> None:
        os.setpgid(0, 0)  # as in bench/sliced.py: ended if its parent dies
        os.sched_setaffinity(0, {core})
        for key, message, signature in cycle(self._records):
            key.verify(signature, message, _ECDSA)
            self._counts[place] += 1

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            if process.pid is not None:
                os.kill(process.pid, number)
