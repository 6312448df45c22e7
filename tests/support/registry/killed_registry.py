"""A registry's processes that are killed at any moment, and callers that never give up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any

import httpx
from pydantic import BaseModel
from wattseal.registry.api_models import Confirmation
from wattseal.registry.audit import Trust, audit
from wattseal.registry.log_client import open_source
from wattseal.registry.setup import ADMINISTRATOR_FILE

from support.registry.recorder import NAME
from support.registry.simulated_module import METER, SimulatedModule, digest

WATTSEAL = Path(sys.executable).parent / "wattseal"
CHECKER = Path(__file__).parents[2] / "independent" / "check_log.py"
PATIENCE_S = 120
ROUGHLY_A_REQUEST_S = 0.03
NO_LIMITS = ("--reads-per-minute", "0", "--writes-per-minute", "0")


class KilledRegistry:
    """The processes, and all that they ever confirmed. `workers` of them answer."""

    def __init__(self, data: Path, database_url: str, workers: int) -> None:
        self.data = data
        self._words = [
            *(WATTSEAL, "registry", "serve", "--data", data, "--name", NAME, "--port", "0"),
            *("--database-url", database_url, "--workers", str(workers), *NO_LIMITS),
        ]
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] = (data.parent / "serve.log").open("w+")
        self.url: str | None = None
        self.starts = 0
        self.confirmed: list[str] = []

    def start(self) -> None:
        """Start the processes; return once they answer."""
        self._process = subprocess.Popen(
            self._words,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # so that all of them are killed at once
        )
        assert self._process.stdout is not None
        url = self._process.stdout.readline().strip()
        assert url.startswith("http://"), (self.data.parent / "serve.log").read_text()[-2000:]
        with self._changed:
            self.url, self.starts = url, self.starts + 1
            self._changed.notify_all()

    def kill(self) -> None:
        """No process gets to do anything any more."""
        assert self._process is not None
        with self._changed:
            self.url = None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def stop(self) -> None:
        """As an operator stops it."""
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE_S)
        self._errors.close()

    def kill_at_random(self, dice: random.Random) -> None:
        """Kill it in the middle of some request: after a few confirmations, and a moment."""
        wanted = len(self.confirmed) + dice.randrange(4)
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.confirmed) >= wanted, PATIENCE_S)
        time.sleep(dice.random() * ROUGHLY_A_REQUEST_S)  # when, is what the test tries
        self.kill()

    def ask(self, path: str, body: BaseModel | None = None) -> httpx.Response:
        """Send a request until it is answered, however often the registry dies meanwhile."""
        while True:
            with self._changed:
                assert self._changed.wait_for(lambda: self.url is not None, PATIENCE_S)
                url, starts = self.url, self.starts
            key = (self.data / ADMINISTRATOR_FILE).read_text().strip()
            try:
                return httpx.post(
                    f"{url}{path}",
                    content=body.model_dump_json() if body else None,
                    headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
                    timeout=PATIENCE_S,
                    trust_env=False,
                )
            except httpx.TransportError:
                self._await_start_after(starts)

    def _await_start_after(self, starts: int) -> None:
        with self._changed:
            began = self._changed.wait_for(lambda: self.starts > starts, PATIENCE_S)
        assert began, "a request failed although the registry was not killed"

    def record(self, path: str, body: BaseModel) -> None:
        """Have something recorded, and keep the confirmation."""
        answer = self.ask(path, body)
        assert answer.status_code in (200, 201), answer.text
        Confirmation.model_validate_json(answer.content)
        with self._changed:
            self.confirmed.append(answer.text)
            self._changed.notify_all()


class Caller(threading.Thread):
    """Registers, updates and deactivates one module after the other until it is told to end."""

    def __init__(self, site: KilledRegistry, name: str, ending: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._site = site
        self._ending = ending
        self.failed: BaseException | None = None
        self.recorded = 0

    def run(self) -> None:
        try:
            for number in count():
                if self._ending.is_set():
                    return
                self._live(new_module(self.name, number))
        except BaseException as error:
            self.failed = error

    def _live(self, module: SimulatedModule) -> None:
        for path, body in self._steps(module):
            self._site.record(path, body)
            self.recorded += 1

    def _steps(self, module: SimulatedModule) -> Iterator[tuple[str, BaseModel]]:
        yield "/v1/registrations", self._registration(module, "initial")
        module.update()
        yield "/v1/registrations", self._registration(module, "firmware_update")
        yield "/v1/deactivations", module.deactivation(module.decommission())

    def _registration(self, module: SimulatedModule, scenario: str) -> BaseModel:
        challenge: Any = self._site.ask("/v1/challenges").json()["challenge"]
        module.clock_ms = time.time_ns() // 1_000_000
        return module.registration(challenge, scenario)


def new_module(name: str, number: int) -> SimulatedModule:
    """A module with a meter and a charge point of its own."""
    serial = f"1EMH{int(digest(f'{name} {number}')[:12], 16) % 10**10:010}"
    return SimulatedModule(
        f"{name} {number}",
        evse_id=f"DE*ABC*E{name}*{number}",
        meter=METER.model_copy(update={"serial": serial}),
        clock_ms=time.time_ns() // 1_000_000,
    )


def check_everything(site: KilledRegistry, recorded: int, folder: Path) -> None:
    """Every request was answered in the end: the log has one entry for each, and no more."""
    assert site.url is not None
    entries = sorted(json.loads(text)["entry"] for text in site.confirmed)
    assert entries == list(range(1, recorded + 1))
    source = open_source(site.url)
    facts = source.facts()
    report = audit(source, Trust(), time.time_ns() // 1_000_000, max)
    source.close()
    assert report.findings == []
    assert report.is_sound
    assert report.size == recorded + 1  # the first is the administrator's access key
    confirmed = folder / "confirmed.jsonl"
    confirmed.write_text("\n".join(site.confirmed))
    keys = ["--vkey", facts.vkey, "--registry-key", facts.registry_key]
    checked = subprocess.run(
        [sys.executable, CHECKER, site.url, *keys, "--confirmed", confirmed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{recorded} confirmations" in checked.stdout
