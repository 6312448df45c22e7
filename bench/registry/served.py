"""The registry as its operator runs it: a process that serves, and its memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import process_family

WATTSEAL = Path(sys.executable).parent / "wattseal"
STOP_TIMEOUT_S = 60


@dataclass(frozen=True)
class Served:
    """Processes that answer at a URL."""

    url: str
    process_id: int

    def memory_mb(self) -> float:
        """Of all its processes together; a page that several share is counted once."""
        return process_family.memory_mb(self.process_id)

    def processor_s(self) -> float:
        """Time that all its processes together have had of processors so far."""
        return process_family.processor_s(self.process_id)


@contextmanager
def serving(data: Path, database_url: str, workers: int) -> Iterator[Served]:
    """Serve a registry as long as the block runs."""
    words: list[str | Path] = [
        *(WATTSEAL, "registry", "serve", "--data", data, "--port", "0"),
        *("--database-url", database_url, "--workers", str(workers)),
        *("--reads-per-minute", "0", "--writes-per-minute", "0"),
    ]
    with (data / "serve.log").open("w+") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        url = process.stdout.readline().strip()
        if not url:
            process.wait()
            raise RuntimeError((data / "serve.log").read_text()[-2000:])
        try:
            yield Served(url, process.pid)
        finally:
            process.terminate()
            process.communicate(timeout=STOP_TIMEOUT_S)
