"""The thread that owns a rig's models: everything that happens to them happens in it.

Tests call in from their own threads and wait; an exception in the engine ends it and surfaces in
every later call, so that a broken model fails the test instead of hanging it.
"""

import contextlib
import os
import queue
import selectors
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, TypeVar

T = TypeVar("T")

DEFAULT_LIMIT_S = 120


class EngineError(Exception):
    """The rig has stopped; the cause is the exception that stopped it, if any."""


class Engine:
    """Runs steps, watches files, serves calls, until it is closed or something raises."""

    def __init__(self, name: str, step: Callable[[], float | None]) -> None:
        """`step` does some work and returns how many seconds may pass before the next one.

        0 means at once, None that only a call or a watched file gives cause for another step.
        """
        self._step = step
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._drain_wake)
        self._pending: list[Future[Any]] = []
        self._closing = False
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def call(self, action: Callable[[], T], limit_s: float = DEFAULT_LIMIT_S) -> T:
        """Run an action in the engine's thread; its result, or the exception that it raised."""
        if threading.current_thread() is self._thread:
            return action()
        if self._closing:
            raise EngineError("the rig is closed")
        future: Future[T] = Future()
        self._calls.put((action, future))
        self._wake()
        if self._stopped.is_set():
            self._refuse_calls()
        return future.result(limit_s)

    def wait_for(self, future: Future[T], limit_s: float) -> T:
        """The result of a future that the engine's steps will set, even if the engine breaks."""
        self._pending.append(future)
        if self._stopped.is_set():
            self._refuse_calls()
        try:
            return future.result(limit_s)
        finally:
            self._pending.remove(future)

    def watch(self, file: int, handler: Callable[[], None]) -> None:
        """Call the handler whenever the file is readable; only from the engine's thread."""
        self._selector.register(file, selectors.EVENT_READ, handler)

    def forget(self, file: int) -> None:
        """Watch the file no longer; only from the engine's thread."""
        self._selector.unregister(file)

    def close(self) -> None:
        """Stop, and raise what stopped the engine before, if anything did."""
        self._closing = True
        self._wake()
        self._thread.join(DEFAULT_LIMIT_S)
        if self._thread.is_alive():
            raise EngineError("the rig's thread did not end; a model must be looping")
        for file in (self._wake_read, self._wake_write):
            os.close(file)
        self._selector.close()
        if self._error is not None:
            raise EngineError(f"the rig broke down: {self._error!r}") from self._error

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full of wake-ups already
            os.write(self._wake_write, b"\0")

    def _drain_wake(self) -> None:
        os.read(self._wake_read, 4096)

    def _run(self) -> None:
        try:
            while not self._closing:
                self._serve_calls()
                self._handle_files(self._step())
        except BaseException as error:  # it surfaces in the callers' threads
            self._error = error
        self._stopped.set()
        self._refuse_calls()

    def _handle_files(self, wait_s: float | None) -> None:
        watched = self._selector.get_map()
        for key, _ in self._selector.select(wait_s):
            if watched.get(key.fd) is key:  # an earlier handler may have forgotten this file
                key.data()

    def _serve_calls(self) -> None:
        while True:
            try:
                action, future = self._calls.get_nowait()
            except queue.Empty:
                return
            try:
                future.set_result(action())
            except Exception as error:  # it belongs to the caller
                future.set_exception(error)

    def _refuse_calls(self) -> None:
        """End the waiting of every caller, because the engine has stopped."""
        futures = list(self._pending)
        with contextlib.suppress(queue.Empty):
            while True:
                futures.append(self._calls.get_nowait()[1])
        for future in futures:
            error = EngineError(f"the rig has stopped: {self._error!r}")
            error.__cause__ = self._error
            with contextlib.suppress(InvalidStateError):  # its result came first
                future.set_exception(error)
