"""Worker processes: how they start, how many pieces of work are in hand, and that they end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from typing import TypeVar

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")


def fork_server(modules: Sequence[str]) -> BaseContext:
    """Start workers by forking a process that has imported these modules, and does nothing else.

    They start sooner than if each imported for itself, and share that memory; a fork of this
    process would have its threads' locks, but not its threads. Without a fork server (Windows) each
    worker is started anew.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload(list(modules))
    forkserver.ensure_running()
    return multiprocessing.get_context("forkserver")


@contextmanager
def worker_pool(
    processes: int,
    start: BaseContext,
    prepare: Callable[..., None] | None = None,
    *arguments: object,
) -> Iterator[ProcessPoolExecutor]:
    """So many worker processes; each calls `prepare(*arguments)` once, before its first work.

    At the end, work that was not begun is dropped.
    """
    pool = ProcessPoolExecutor(processes, start, initializer=_begin, initargs=(prepare, arguments))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(prepare: Callable[..., None] | None, arguments: tuple[object, ...]) -> None:
    """In a worker. An interrupt is for the process that is talked to; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    if prepare:
        prepare(*arguments)


def in_order(
    submit: Callable[[_Piece], Future[_Result]],
    pieces: Iterable[_Piece],
    most: int,
    when_lost: Exception,
) -> Iterator[_Result]:
    """What comes of each piece of work, in their order; no more than `most` are in hand.

    Raises `when_lost` if a worker process ended by itself.
    """
    in_hand: deque[Future[_Result]] = deque()
    try:
        for piece in pieces:
            in_hand.append(submit(piece))
            if len(in_hand) == most:
                yield in_hand.popleft().result()
        while in_hand:
            yield in_hand.popleft().result()
    except BrokenProcessPool:
        raise when_lost from None
    finally:
        for one in in_hand:
            one.cancel()


def end_with_parent() -> None:
    """Stop this process, as SIGTERM would, when its parent is gone; nothing if it has none."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
