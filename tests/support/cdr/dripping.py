"""A partner whose server never comes to an end with its answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def dripping(asked: threading.Event | None = None) -> Iterator[str]:
    """The address of a server that sends a byte of its answer's head now and then, for ever.

    `asked` is set once something was sent there.
    """
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if asked:
                asked.set()
            with suppress(OSError):
                while not stop.wait(0.05):
                    self.wfile.write(b"H")
                    self.wfile.flush()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/reports"
        stop.set()
        server.shutdown()
