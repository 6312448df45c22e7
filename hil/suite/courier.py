"""The network between a CPO and an MSP, which may change a CDR, and the CPO's letter box."""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

FORWARDED = ("Authorization", "Content-Type", "OCPI-from-country-code", "OCPI-from-party-id")
ANSWERED = ("Content-Type", "Location", "Link")
REPORTS = "/reports-to-cpo"
TIMEOUT_S = 60

Change = Callable[[bytes], bytes]


class Courier:
    """Forwards what is POSTed to it to the MSP, and keeps the reports that come back.

    `changes` names CDRs by their id, and what happens to them on the way.
    """

    def __init__(self, msp_url: str, changes: Mapping[str, Change]) -> None:
        self._msp_url = msp_url
        self._changes = changes
        self._reports: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.url = ""

    def take_report(self) -> dict[str, Any]:
        """The next report; queue.Empty if there is none in time."""
        return self._reports.get(timeout=TIMEOUT_S)

    def has_no_report(self) -> bool:
        """Whether all reports that have come were taken."""
        return self._reports.empty()

    def keep_report(self, body: bytes) -> None:
        """A report has come."""
        self._reports.put(json.loads(body))

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        """What the MSP answers to a CDR, changed on the way if that was arranged."""
        change = self._changes.get(json.loads(body)["id"])
        changed = change(body) if change else body
        return httpx.post(self._msp_url + path, content=changed, headers=headers, timeout=TIMEOUT_S)


@contextmanager
def courier(msp_url: str, changes: Mapping[str, Change], port: int = 0) -> Iterator[Courier]:
    """A courier that serves at its `url` until the end."""
    one = Courier(msp_url, changes)
    with ThreadingHTTPServer(("127.0.0.1", port), _handler_for(one)) as server:
        one.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield one
        finally:
            server.shutdown()
            thread.join()


def _handler_for(one: Courier) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == REPORTS:
                one.keep_report(body)
                self._answer(204, {}, b"")
                return
            headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
            answer = one.forward(self.path, headers, body)
            kept = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
            self._answer(answer.status_code, kept, answer.content)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    return Handler
