"""`wattseal registry serve` as a process of its own: starting, answering, stopping, refusing."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from support.registry.api_caller import NAME, bearer, now_ms
from support.registry.simulated_module import SimulatedModule
from wattseal.cli import registry_admin
from wattseal.common import serve as serve_module

from bench import process_family

START_S = 120
STOPPED_WITHIN_S = 20  # it takes 5 on a machine that has nothing else to do
WATTSEAL = [str(Path(sys.executable).with_name("wattseal"))]


class Service:
    """A process that serves; `url` is what it printed."""

    def __init__(self, data: Path, *options: str) -> None:
        command = [*WATTSEAL, "registry", "serve", "--data", str(data), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--name", NAME, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = _of(self.process.stdout).readline().strip()
        self.data = data

    @property
    def access_key(self) -> str:
        """The administrator's."""
        return (self.data / "administrator.key").read_text().strip()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """Exit status, and the log's lines; standard error ends when the last process has."""
        self.process.send_signal(number)
        _rest, err = self.process.communicate(timeout=60)
        assert _rest == ""
        return self.process.returncode, [json.loads(line) for line in err.splitlines()]


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def serve(data: Path) -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def start(*options: str) -> Service:
        started.append(Service(data, *options))
        return started[-1]

    yield start
    for service in started:
        if service.process.poll() is None:
            service.process.kill()
            service.process.communicate()


def _register(service: Service) -> httpx.Response:
    with httpx.Client(base_url=service.url, headers=bearer(service.access_key)) as http:
        challenge = http.post("/v1/challenges").json()["challenge"]
        request = SimulatedModule(clock_ms=now_ms()).registration(challenge)
        return http.post("/v1/registrations", json=request.model_dump(mode="json"))


def test_it_prints_its_url_answers_and_stops_cleanly(serve: Callable[..., Service]) -> None:
    service = serve()
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", service.url)
    assert _register(service).status_code == 201
    with httpx.Client() as http:  # on one connection: no byte too many, none missing
        assert http.head(f"{service.url}/v1/registry").status_code == 200
        assert http.get(f"{service.url}/v1/registry").status_code == 200
    status, lines = service.stop()
    assert status == 0
    told = [line["path"] for line in lines if line["event"] == "request"]
    assert told == ["/ready", "/v1/challenges", "/v1/registrations", *["/v1/registry"] * 2]
    assert service.access_key.split("_")[2] not in json.dumps(lines)


def test_what_was_registered_is_there_after_a_restart(serve: Callable[..., Service]) -> None:
    service = serve()
    entry = _register(service).json()["entry"]
    service.stop(signal.SIGKILL)
    service = serve()
    assert httpx.get(f"{service.url}/v1/entries/{entry}").status_code == 200
    assert service.stop()[0] == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_workers_answer_on_one_port_and_count_together(
    serve: Callable[..., Service], kind: str, request: pytest.FixtureRequest
) -> None:
    options = ["--workers", "2", "--json"]
    if kind == "postgresql":
        options += ["--database-url", request.getfixturevalue("postgres_url")]
    service = serve(*options)
    printed = service.url
    while not printed.endswith("}"):
        printed += _of(service.process.stdout).readline().rstrip()
    service.url = json.loads(printed)["url"]
    assert _register(service).status_code == 201
    for _ in range(20):
        assert httpx.get(f"{service.url}/v1/registry").json()["size"] == 2
    text = httpx.get(f"{service.url}/metrics").text  # from this computer
    assert re.search(r'requests_total\{.*"/v1/registry".*\} 20\.0', text)
    status, lines = service.stop()
    assert status == 0
    assert not [line for line in lines if line["level"] == "error"]


def test_workers_end_with_the_process_that_started_them(serve: Callable[..., Service]) -> None:
    service = serve("--workers", "2")
    status, _lines = service.stop(signal.SIGKILL)
    assert status == -signal.SIGKILL
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{service.url}/health")


@pytest.mark.skipif(not Path("/proc").exists(), reason="a process tells its children here only")
def test_workers_share_what_they_import(serve: Callable[..., Service]) -> None:
    service = serve("--workers", "2")
    [keeper] = [
        each
        for each in process_family.children(service.process.pid)
        if b"forkserver" in _command(each)
    ]
    assert len(process_family.children(keeper)) == 2
    assert service.stop()[0] == 0


def _command(process_id: int) -> bytes:
    return Path(f"/proc/{process_id}/cmdline").read_bytes()


def test_what_a_killed_service_counted_goes_when_it_starts_again(
    serve: Callable[..., Service], data: Path
) -> None:
    service = serve("--workers", "2")
    service.stop(signal.SIGKILL)
    [left_over] = (data / "metrics").glob("run-*")
    again = serve("--workers", "2")
    [folder] = (data / "metrics").glob("run-*")
    assert folder != left_over
    assert again.stop()[0] == 0
    assert list((data / "metrics").glob("run-*")) == []


def test_the_url_is_told_however_long_the_start_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    late = httpx.ReadTimeout("the machine is busy")
    answers: list[Any] = [late, late, httpx.Response(200)]

    def get(_url: str, **_options: Any) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(serve_module.httpx, "get", get)
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serve_module._tell_when_ready(listening, told.append)
        assert told == [f"http://127.0.0.1:{listening.getsockname()[1]}"]


def test_overlong_headers_are_refused(serve: Callable[..., Service]) -> None:
    service = serve()
    with socket.create_connection(("127.0.0.1", httpx.URL(service.url).port)) as connection:
        with suppress(ConnectionError):  # it does not read to the end before it answers
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 500_000)
        answer = _received(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert httpx.get(f"{service.url}/health").status_code == 200


def test_heads_that_do_not_come_are_given_up(serve: Callable[..., Service]) -> None:
    service = serve()
    with ExitStack() as stack:

        def opened(sent: bytes) -> socket.socket:
            address = ("127.0.0.1", httpx.URL(service.url).port)
            connection = stack.enter_context(socket.create_connection(address))
            connection.settimeout(60)
            connection.sendall(sent)
            return connection

        beginnings = (b"", b"GET /health HTTP/1.1\r\nX-Slow: ")
        silent = [opened(sent) for sent in beginnings]
        kept = [opened(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" + sent) for sent in beginnings]
        for connection in kept:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        while sum(_dripped(connection) for connection in kept):
            pass  # a byte each second keeps no connection
        for connection in silent:
            assert _received(connection) == b""


def _dripped(connection: socket.socket) -> bool:
    """Whether the other side still takes a byte, after it was given a second to close."""
    connection.settimeout(1)
    try:
        while connection.recv(65536):
            continue
    except TimeoutError:
        connection.sendall(b"x")
        return True
    except ConnectionError:
        pass
    return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_ends_at_sigterm_with_requests_in_flight(
    serve: Callable[..., Service], workers: str
) -> None:
    service = serve("--workers", workers)
    address = ("127.0.0.1", httpx.URL(service.url).port)
    heads = (
        b"",
        b"GET /hea",
        b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc",
        b"GET /static/check/tables.js HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
    )
    with ExitStack() as stack:
        for head in heads * 3:
            stack.enter_context(socket.create_connection(address)).sendall(head)
        assert httpx.get(f"{service.url}/health").status_code == 200
        began_s = time.monotonic()
        status, _lines = service.stop()
    assert status == 0
    assert time.monotonic() - began_s < STOPPED_WITHIN_S


def test_work_that_does_not_end_ends_with_the_process() -> None:
    """A thread that works on would keep a process of Python alive."""
    program = (
        "import signal, threading\n"
        "from wattseal.common import serve\n"
        "serve._end_in_time(signal.SIGTERM)\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "print('begun', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert _of(process.stdout).readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_an_oversized_body_is_refused_before_it_is_sent(serve: Callable[..., Service]) -> None:
    service = serve()
    with socket.create_connection(("127.0.0.1", httpx.URL(service.url).port)) as connection:
        head = b"POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
        connection.sendall(head)
        assert connection.recv(12) == b"HTTP/1.1 413"
        while _dripped(connection):
            pass  # what comes of it all the same keeps no connection
    assert httpx.get(f"{service.url}/health").status_code == 200


@pytest.mark.parametrize(("proxies", "client"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")])
def test_only_a_known_proxy_tells_the_clients_address(
    serve: Callable[..., Service], proxies: str, client: str
) -> None:
    service = serve("--proxies", proxies)
    httpx.get(f"{service.url}/v1/registry", headers={"X-Forwarded-For": "203.0.113.9"})
    _status, lines = service.stop()
    assert [line["client"] for line in lines if line.get("path") == "/v1/registry"] == [client]


def _received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


def _fails(*arguments: object) -> str:
    """Standard error of a command that cannot begin: one line."""
    command = [*WATTSEAL, "registry", "serve", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_taken_port_is_said(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = _fails("--data", data, "--name", NAME, "--port", port)
    assert f"cannot listen at 127.0.0.1, port {port}" in told
    assert "--port" in told


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_computer_is_said(data: Path, host: str) -> None:
    assert f"cannot listen at {host}" in _fails("--data", data, "--name", NAME, "--host", host)


def test_a_new_registry_wants_a_name(data: Path) -> None:
    assert "--name" in _fails("--data", data)


def test_a_database_that_is_not_there_is_said_without_its_password(data: Path) -> None:
    url = "postgresql+pg8000://me:hunter2@127.0.0.1:1/registry"
    told = _fails("--data", data, "--name", NAME, "--database-url", url)
    assert "hunter2" not in told
    assert "--database-url" in told


def test_missing_packages_are_said(
    wattseal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    monkeypatch.setattr(registry_admin, "NEEDED", ("uvicorn", "no_such_package"))
    outcome = wattseal("registry", "serve", "--data", data, "--name", NAME)
    assert outcome.status == 1
    assert "no_such_package" in outcome.err
    assert "pip install 'wattseal[registry]'" in outcome.err
    assert not data.exists()


def test_everything_that_is_imported_is_asked_for() -> None:
    """A program that lacks one of these would end in a trace."""
    source = Path(registry_admin.__file__).parents[1] / "registry"
    imported = set()
    for file in (*source.rglob("*.py"), Path(serve_module.__file__)):
        imported |= set(
            re.findall(r"^(?:from|import) ([a-z0-9_]+)[. \n]", file.read_text(), re.MULTILINE)
        )
    extra = imported & set(registry_admin.NEEDED)
    assert extra >= {"alembic", "fastapi", "limits", "sqlalchemy", "structlog", "uvicorn"}
    third_party = imported - set(sys.stdlib_module_names) - {"wattseal", "starlette"}
    always = {"cryptography", "h11", "httpx", "jinja2", "pydantic", "pyocmf"}
    assert third_party - extra - always == set()


def test_limits_reach_the_workers(serve: Callable[..., Service]) -> None:
    service = serve("--reads-per-minute", "3")
    tried = [httpx.get(f"{service.url}/v1/registry").status_code for _ in range(5)]
    assert tried == [200, 200, 200, 429, 429]
