"""Where the workers of one run count together: a folder below the registry's data.

The run that made it holds a lock, which ends with its process however that ends; so the next run
knows which folders nobody counts in any more, and removes them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

FOLDER = "metrics"
LOCK = "lock"


@contextmanager
def folder_of_run(data: Path) -> Iterator[Path]:
    """An empty folder until the run ends; in the system's own place if `data` takes none."""
    try:
        made, alive = _begin_run(data / FOLDER)
    except OSError:
        with tempfile.TemporaryDirectory(prefix="wattseal-metrics-") as elsewhere:
            yield Path(elsewhere)
        return
    with alive:
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _begin_run(base: Path) -> tuple[Path, IO[bytes]]:
    """A new folder below `base`, and the file that is locked as long as the run is alive."""
    if sys.platform == "win32":
        raise OSError("it has no locks of this kind")
    base.mkdir(mode=0o700, exist_ok=True)
    with _open_locked(base / LOCK, fcntl.LOCK_EX):
        _remove_left_overs(base)
        made = Path(tempfile.mkdtemp(prefix="run-", dir=base))
        return made, _open_locked(made / LOCK, fcntl.LOCK_EX)


def _remove_left_overs(base: Path) -> None:
    """Of runs whose lock nobody holds; `base` is locked, so none is just being begun."""
    for folder in base.glob("run-*"):
        try:
            _open_locked(folder / LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB).close()
        except BlockingIOError:
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _open_locked(path: Path, how: int) -> IO[bytes]:
    """A file that is locked until it is closed. BlockingIOError if another process holds it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb")
    try:
        fcntl.flock(file, how)
    except OSError:
        file.close()
        raise
    return file
