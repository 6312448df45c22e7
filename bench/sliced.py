"""A command that is measured by turns with something else: between its turns it is stopped.

A shared machine's speed changes by half within seconds. What takes turns of a few seconds meets the
same changes, so that a ratio of the two means something.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bench import process_family


class Sliced:
    """A command with all that it starts, on these cores and no others.

    `seconds` that it has run, and the most memory (MB) that it had at the end of a turn.
    """

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], cores: Collection[int]
    ) -> None:
        self.seconds = self.memory_mb = 0.0
        self._command, self._environment, self._cores = command, environment, cores
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """What still runs is killed."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to do."""
        return self._process is not None and self._process.returncode is not None

    def go_on(self, seconds: float) -> None:
        """Let it run for so long, or to its end. RuntimeError if it failed."""
        start = time.perf_counter()
        if self._process is None:
            self._process = self._started()
        else:
            self._signal(signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        if not self.has_ended:
            self._signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self.seconds += time.perf_counter() - start
        if self._process.returncode:
            told = self._process.stdout.read() if self._process.stdout else b""
            raise RuntimeError(f"status {self._process.returncode}: {told[-500:]!r}")
        self.memory_mb = max(self.memory_mb, process_family.memory_mb(self._process.pid))

    def _started(self) -> subprocess.Popen[bytes]:
        """It leads a group of its own, which takes the signals. If this process dies while that one
        is stopped, the system sends it SIGHUP (setpgid(2)), as both are of one session."""
        return subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            env=self._environment,
            process_group=0,
            preexec_fn=lambda: os.sched_setaffinity(0, self._cores),
        )

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
