"""`wattseal cdr send`, `serve`, `list` and `partner` as they are typed, over a real connection."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.cdr.dripping import dripping
from support.cdr.parties import authorised, cdr, export, tampered, text_of
from wattseal.common.files import write_private

Run = Callable[..., Any]


@dataclass
class Service:
    url: str
    process: subprocess.Popen[str]
    data: Path
    token: Path


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return export(tmp_path / "registry.json")


@pytest.fixture
def service(wattseal: Run, keys: Path, tmp_path: Path) -> Iterator[Service]:
    data, token = tmp_path / "msp", tmp_path / "token.txt"
    added = wattseal("cdr", "partner", "add", "de-abc", "--out", token, "--data", data)
    assert added.status == 0, added.err
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from wattseal.cli import main; main()", "cdr", "serve"),
            *("--data", data, "--keys", keys, "--port", "0"),
        ],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "log").open("w"),
        text=True,
        env=os.environ,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, (tmp_path / "log").read_text()
    yield Service(url, process, data, token)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert token.read_text().strip() not in "".join(lines)


@pytest.fixture
def sends(wattseal: Run, service: Service, keys: Path, tmp_path: Path) -> Callable[..., Any]:
    def send(*files: Path, more: tuple[object, ...] = ()) -> Any:
        return wattseal(
            *("cdr", "send", *files, "--to", f"{service.url}/ocpi/2.2.1/cdrs"),
            *("--token-file", service.token, "--keys", keys, "--outbox", tmp_path / "box", *more),
        )

    return send


def cdr_file(folder: Path, members: dict[str, Any]) -> Path:
    path = folder / f"{members['id']}.json"
    path.write_bytes(text_of(members))
    return path


class TestUnhappy:
    def test_a_token_that_others_can_read(self, wattseal: Run, keys: Path, tmp_path: Path) -> None:
        token = tmp_path / "token.txt"
        token.write_text("secret")
        token.chmod(0o644)
        file = cdr_file(tmp_path, cdr())
        to = ("--to", "https://msp.example/cdrs", "--token-file", token, "--keys", keys)
        outcome = wattseal("cdr", "send", file, *to, "--json")
        assert outcome.json["error"]["name"] == "secret_exposed"

    @pytest.mark.parametrize("text", [b"", b"\n", b"a b\n", b"\xff\n"])
    def test_a_token_that_is_none(
        self, wattseal: Run, keys: Path, tmp_path: Path, text: bytes
    ) -> None:
        write_private(tmp_path / "token.txt", text)
        to = ("--to", "https://msp.example/cdrs", "--token-file", tmp_path / "token.txt")
        outcome = wattseal("cdr", "send", "x.json", *to, "--keys", keys, "--json")
        assert outcome.json["error"]["name"] == "secret_unreadable"

    def test_nobody_says_which_keys_are_right(
        self, wattseal: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("WATTSEAL_REGISTRY", raising=False)
        write_private(tmp_path / "token.txt", b"secret\n")
        file = cdr_file(tmp_path, cdr())
        to = ("--to", "https://msp.example/cdrs", "--token-file", tmp_path / "token.txt")
        outcome = wattseal("cdr", "send", file, *to, "--outbox", tmp_path / "box", "--json")
        assert (outcome.status, outcome.json["error"]["name"]) == (2, "keys_needed")
        assert not (tmp_path / "box").exists()

    def test_nobody_is_there(self, wattseal: Run, tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr("wattseal.common.web_client.FIRST_PAUSE_S", 0)
        write_private(tmp_path / "token.txt", b"secret\n")
        file = cdr_file(tmp_path, cdr())
        to = ("--to", "http://127.0.0.1:9/cdrs", "--token-file", tmp_path / "token.txt")
        outcome = wattseal(
            "cdr", "send", file, *to, "--unchecked", "--outbox", tmp_path / "box", "--json"
        )
        assert outcome.json["error"]["name"] == "receiver_unreachable"
        assert len(list((tmp_path / "box").glob("*.cdr.json"))) == 1

    def test_a_partner_that_is_none(self, wattseal: Run, tmp_path: Path) -> None:
        data = ("--data", tmp_path / "msp")
        out = ("--out", tmp_path / "token.txt")
        for party in ("ABC", "DE*ABCD", "D1*ABC", "../x"):
            outcome = wattseal("cdr", "partner", "add", party, *out, *data, "--json")
            assert outcome.json["error"]["name"] == "party_malformed"
        outcome = wattseal(
            *("cdr", "partner", "add", "DE*ABC", *out, *data, "--json"),
            *("--report-to", "http://cpo.example/reports"),
        )
        assert outcome.json["error"]["name"] == "receiver_url_unusable"
        assert not (tmp_path / "token.txt").exists()
        outcome = wattseal("cdr", "partner", "revoke", "DE*ABC", *data, "--json")
        assert outcome.json["error"]["name"] == "party_unknown"

    def test_a_database_that_is_none(self, wattseal: Run, tmp_path: Path) -> None:
        (tmp_path / "cdrs.db").write_text("no database at all, but long enough to be read as one")
        outcome = wattseal("cdr", "list", "--data", tmp_path, "--json")
        assert outcome.json["error"]["name"] == "receiver_data_unusable"
        outcome = wattseal("cdr", "list", "--database-url", "mysql://x", "--json")
        assert outcome.json["error"]["name"] == "receiver_data_unusable"


def test_sent_received_and_listed(
    wattseal: Run, sends: Callable[..., Any], service: Service, tmp_path: Path
) -> None:
    good = cdr_file(tmp_path, cdr())
    first = sends(good)
    assert (first.status, first.err) == (0, "")
    assert "DE*ABC*cdr-17: sent" in first.out
    again = sends(good)
    assert "nothing to send" in again.out

    bad = cdr_file(tmp_path, tampered(id="cdr-18"))
    failing = sends(bad, more=("--json",))
    assert failing.status == 1
    assert "[signature_mismatch]" in failing.err
    [entry] = failing.json["sent"]
    assert (entry["state"], entry["codes"]) == ("sent", ["signature_mismatch"])
    assert "Not billable" in httpx.get(entry["report"]).text

    replayed = sends(cdr_file(tmp_path, cdr(id="cdr-19")), more=("--json",))
    assert replayed.status == 0, "it takes the MSP's memory to see it"

    outcome = wattseal("cdr", "list", "--data", service.data, "--json")
    verdicts = {one["cdr"]: one["billable"] for one in outcome.json["cdrs"]}
    assert verdicts == {
        "DE*ABC*cdr-17": True,
        "DE*ABC*cdr-18": False,
        "DE*ABC*cdr-19": False,
    }
    codes = {
        one["cdr"]: [finding["code"] for finding in one["judgement"]["findings"]]
        for one in outcome.json["cdrs"]
    }
    assert codes["DE*ABC*cdr-19"] == ["record_replayed"]
    shown = wattseal("cdr", "list", "--data", service.data, "--not-billable").out
    assert "DE*ABC*cdr-18" in shown
    assert "DE*ABC*cdr-17" not in shown


def test_partners_are_listed_and_revoked(wattseal: Run, service: Service) -> None:
    data = ("--data", service.data)
    token = service.token.read_text().strip()
    assert service.token.stat().st_mode & 0o077 == 0
    listed = wattseal("cdr", "partner", "list", *data, "--json")
    assert [one["party"] for one in listed.json["partners"]] == ["DE*ABC"]
    assert token not in listed.out
    assert wattseal("cdr", "partner", "revoke", "DE*ABC", *data).status == 0
    answer = httpx.post(
        f"{service.url}/ocpi/2.2.1/cdrs", content=text_of(cdr()), headers=authorised(token)
    )
    assert answer.status_code == 401


def test_it_ends_at_sigterm_while_a_partner_drips_and_connections_are_half_open(
    service: Service, wattseal: Run, tmp_path: Path
) -> None:
    asked, token = threading.Event(), tmp_path / "drips.txt"
    with ExitStack() as stack:
        url = stack.enter_context(dripping(asked))
        options = ("--out", token, "--data", service.data, "--report-to", url)
        assert wattseal("cdr", "partner", "add", "DE*DRP", *options).status == 0
        address = ("127.0.0.1", httpx.URL(service.url).port)
        for head in (b"", b"GET /re", b"POST /ocpi/2.2.1/cdrs HTTP/1.1\r\nHost: x\r\n\r\n"):
            stack.enter_context(socket.create_connection(address)).sendall(head)
        answer = httpx.post(
            f"{service.url}/ocpi/2.2.1/cdrs",
            content=text_of(tampered(party_id="DRP")),
            headers=authorised(token.read_text().strip()),
        )
        assert answer.status_code == 201
        assert asked.wait(60)
        began_s = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
        # It takes 5 s on a machine that has nothing else to do.
        assert time.monotonic() - began_s < 20


def test_a_head_that_drips_is_given_up(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(service.url).port)) as slow:
        slow.settimeout(60)
        slow.sendall(b"GET /ready HTTP/1.1\r\nX-Slow: ")
        with suppress(ConnectionError):
            assert slow.recv(100) == b""
