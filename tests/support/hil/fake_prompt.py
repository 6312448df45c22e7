"""The far end of a serial port: MicroPython's raw prompt, as far as mpremote uses it."""

import os
import select
import threading
import tty
from collections.abc import Callable

RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
ENTER_RAW, END_OF_CODE, ASK_RAW_PASTE = b"\x01", b"\x04", b"\x05A\x01"
NO_RAW_PASTE = b"R\x00"


class FakePrompt:
    """Answers code by a function of it: what it prints, and the traceback, if any.

    The prompt is an old one, without flow control. `answer` None: nothing is ever said.
    """

    def __init__(self, answer: Callable[[str], tuple[str, str]] | None) -> None:
        self._answer = answer
        self._file, self._client_side = os.openpty()
        tty.setraw(self._client_side)
        self.path = os.ttyname(self._client_side)
        self._closed = threading.Event()
        self._heard = b""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        self._closed.set()
        self._thread.join()
        os.close(self._file)
        os.close(self._client_side)

    def _run(self) -> None:
        while not self._closed.is_set():
            if select.select([self._file], [], [], 0.05)[0]:
                self._heard += os.read(self._file, 4096)
                if self._answer is not None:
                    self._reply()

    def _reply(self) -> None:
        if self._heard.endswith(ASK_RAW_PASTE):
            self._heard = b""
            os.write(self._file, NO_RAW_PASTE)
        elif self._heard.endswith(ENTER_RAW):
            self._heard = b""
            os.write(self._file, b"\r\n" + RAW_PROMPT)
        elif self._heard.endswith(END_OF_CODE):
            code, self._heard = self._heard[:-1].decode(), b""
            printed, traceback = self._answer(code) if self._answer else ("", "")
            text = f"{printed}\x04{traceback}\x04".replace("\n", "\r\n")
            os.write(self._file, b"OK" + text.encode() + b">")
