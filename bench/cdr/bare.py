"""The bare verification of signatures by `cryptography`, on one core, or on several at once."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from statistics import fmean

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

Record = tuple[ec.EllipticCurvePublicKey, bytes, bytes]
"""Key, signed bytes and signature."""

START_TIMEOUT_S = 60
_ECDSA = ec.ECDSA(hashes.SHA256())


def bare_rate(records: Sequence[Record], cores: Sequence[int]) -> float:
    """Records a second of each core, while all of them verify these records."""
    fork = get_context("fork")  # the keys cannot be sent
    together = fork.Barrier(len(cores))
    with ProcessPoolExecutor(
        len(cores), mp_context=fork, initializer=_begin, initargs=(records, together)
    ) as pool:
        return fmean(pool.map(_rate, cores))


_records: Sequence[Record] = ()
_together: Barrier | None = None


def _begin(records: Sequence[Record], together: Barrier) -> None:
    global _records, _together
    _records, _together = records, together


def _rate(core: int) -> float:
    os.sched_setaffinity(0, {core})
    if _together is not None:
        _together.wait(START_TIMEOUT_S)
    start = time.perf_counter()
    for key, message, signature in _records:
        key.verify(signature, message, _ECDSA)
    return len(_records) / (time.perf_counter() - start)
