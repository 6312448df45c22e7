"""A fake module behind a pseudo-terminal, which any serial program can open."""

import contextlib
import os
import select
import shutil
import tempfile
import threading
import tty
from pathlib import Path
from typing import Any

from support.device.fake_module import FakeModule


class PtyPort:
    """Serves a module in a thread of its own until closed or unplugged.

    `path` is a name of its own, as /dev/ttyACM0 is one: a pseudo-terminal's number is soon another
    test's, and a tool that opens a lost port again would find that one.
    """

    def __init__(self, module: FakeModule):
        self._module = module
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._folder = Path(tempfile.mkdtemp(prefix="port-"))
        link = self._folder / "ttyACM0"
        link.symlink_to(os.ttyname(slave))
        self.path = str(link)
        self._slave: int | None = slave  # kept open, so that a port may be opened again
        self._wake_read, self._wake_write = os.pipe()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "PtyPort":
        self._thread.start()
        return self

    def __exit__(self, *_exception: Any) -> None:
        os.write(self._wake_write, b"x")
        self._thread.join(10)
        for descriptor in (self._wake_read, self._wake_write):
            os.close(descriptor)
        self._unplug()
        assert self.failure is None, self.failure

    def send(self, data: bytes) -> None:
        """Bytes that the module sends without being asked."""
        os.write(self._master, data)

    def _unplug(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        for descriptor in (self._slave, self._master):
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self._slave = None

    def _serve(self) -> None:
        try:
            while True:
                readable, _, _ = select.select([self._master, self._wake_read], [], [])
                if self._wake_read in readable:
                    return
                lines = self._module.feed(os.read(self._master, 4096))
                if lines is None:
                    self._unplug()
                    return
                for line in lines:
                    os.write(self._master, line)
        except BaseException as error:  # shown by the test, not lost with the thread
            self.failure = error
