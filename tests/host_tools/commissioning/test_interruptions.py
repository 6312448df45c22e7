"""A run that is cut goes on when it is started again, wherever it was cut."""

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commissioning.workbench import EVSE_ID, Bench, serial_of
from wattseal.commissioning.job import Job
from wattseal.commissioning.steps import ONLINE
from wattseal.common.errors import ToolError
from wattseal.registry import records
from wattseal.registry.api_models import Challenge, ConsentRequest
from wattseal.registry.client import RegistryClient

from hil.client import Client
from hil.registry_process import RegistryProcess, new_registry
from hil.targets.unix import UnixRig

numbers = itertools.count(10)
KILLS = 6
LONGEST_S = 5.0
"""About as long as a whole run takes, so that kills fall everywhere in it."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProcess]:
    """One registry for the tests of this file; each has its own module and charge point."""
    with new_registry(tmp_path_factory.mktemp("shared") / "registry") as opened:
        yield opened


class Post:
    """A module of its own number, with the command that commissions it."""

    def __init__(self, bench: Bench, rig: UnixRig, registry: RegistryProcess, number: int) -> None:
        self.bench, self.rig, self.registry = bench, rig, registry
        self.evse_id = f"{EVSE_ID}*{number}"
        bench.station.change(
            meter={"serial": serial_of(number)},
            gateway_serial=f"WS0000{number}",
            charge_point_id=self.evse_id,
        )

    def run(self, *more: object) -> Any:
        """One guided run."""
        return self.bench.run(self.rig.port, *self.registry.options(), *more)

    def records(self, form: type) -> list[Any]:
        """The records of one kind about the charge point."""
        history = RegistryClient(self.registry.url).history(self.evse_id)
        return [line.record for line in history if isinstance(line.record, form)]

    def is_through(self) -> None:
        """Registered once, charged once, operational."""
        assert len(self.records(records.Registration)) == 1
        assert len(self.records(records.TestCharge)) == 1
        assert len(list(self.bench.job.glob("*.pdf"))) == 1
        with Client(self.rig.port) as client:
            client.synchronise()
            assert client.call("status")["state"] == "operational"


@pytest.fixture
def post(bench: Bench, make_rig: Callable[..., UnixRig], shared: RegistryProcess) -> Post:
    number = next(numbers)
    return Post(bench, make_rig(number), shared, number)


def test_the_tool_is_cut_after_every_step(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is done, and the tool ends before it could write that down."""
    original = Job.note
    for last in ONLINE:

        def cut(
            self: Job, step: str, facts: dict[str, Any], *, changed: bool, name: str = last.name
        ) -> None:
            is_intention = facts.keys() == {
                "begin",
                "registration",
                "commissioning",
            }  # noted before the test charge begins
            if step == name and not is_intention:
                raise KeyboardInterrupt
            original(self, step, facts, changed=changed)

        monkeypatch.setattr(Job, "note", cut)
        assert post.run().status == 130
    monkeypatch.setattr(Job, "note", original)
    outcome = post.run("--json")
    assert outcome.status == 0, outcome.err
    done = {one["step"] for one in outcome.json["steps"] if one["changed"]}
    assert done == {"clock", "signed_clock", "document"}
    post.is_through()


def test_the_tool_is_killed_at_any_moment(post: Post) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    random_times = random.Random(seed)
    command = [
        *(str(Path(sys.executable).parent / "wattseal"), "commission"),
        *("--station", str(post.bench.station.path), "--port", post.rig.port),
        *("--job", str(post.bench.job), "--test-charge", "0", *post.registry.options()),
    ]
    for _ in range(KILLS):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
        )
        try:
            process.wait(random_times.uniform(0.5, LONGEST_S))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    outcome = post.run()
    assert outcome.status == 0, outcome.err
    post.is_through()


@pytest.mark.parametrize("call", ["register", "keep_test_charge"])
def test_an_answer_of_the_registry_is_lost(
    post: Post, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    original = getattr(RegistryClient, call)

    def lose(self: RegistryClient, request: Any) -> Any:
        original(self, request)
        raise ToolError("registry_unreachable", url=self.url, cause="cut")

    monkeypatch.setattr(RegistryClient, call, lose)
    assert "does not answer" in post.run().err
    monkeypatch.setattr(RegistryClient, call, original)
    outcome = post.run()
    assert outcome.status == 0, outcome.err
    post.is_through()


def test_the_registry_cannot_be_reached(post: Post) -> None:
    gone = post.bench.run(
        *(post.rig.port, "--registry", "http://127.0.0.1:9"),
        *post.registry.options()[2:],
    )
    assert gone.status == 1
    assert "The registry at http://127.0.0.1:9 does not answer" in gone.err
    assert post.run().status == 0


def test_a_request_that_lay_too_long_is_made_anew(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kept request answers a challenge that the registry knows no more."""

    def foreign(_self: RegistryClient) -> Challenge:
        return Challenge(challenge="ab" * 32, until_unix_ms=0)

    def lose(self: RegistryClient, _request: Any) -> Any:
        raise ToolError("registry_unreachable", url=self.url, cause="cut")

    with monkeypatch.context() as patched:
        patched.setattr(RegistryClient, "challenge", foreign)
        patched.setattr(RegistryClient, "register", lose)
        assert post.run().status == 1
    [kept] = post.bench.job.glob("*.request.json")
    assert "ab" * 32 in kept.read_text()
    outcome = post.run()
    assert outcome.status == 0, outcome.err
    assert "ab" * 32 not in kept.read_text()
    post.is_through()


def test_a_request_about_another_state_of_the_module_is_not_sent(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: RegistryClient, _request: Any) -> Any:
        raise ToolError("registry_unreachable", url=self.url, cause="cut")

    with monkeypatch.context() as patched:
        patched.setattr(RegistryClient, "register", lose)
        post.run()
    post.bench.station.change(meter={"calibration_mark": "DE-M 26 0999"})
    outcome = post.run()
    assert outcome.status == 0, outcome.err
    [record] = post.records(records.Registration)
    assert record.meter.calibration_mark == "DE-M 26 0999"


def test_power_fails_during_the_test_charge(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_self: object, _device: object) -> None:
        post.rig.power_cut()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("wattseal.commissioning.test_charge.WaitForEnergy.wait", cut)
        assert post.run("--test-charge", 1).status == 130
    post.rig.restart()
    outcome = post.run()
    assert outcome.status == 0, outcome.err
    post.is_through()
    [kept] = post.records(records.TestCharge)
    assert '"TX":"P"' in kept.end


def test_the_cable_is_pulled_during_the_test_charge(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_self: object, _device: object) -> None:
        raise ToolError("port_lost", port="here", cause="unplugged")

    with monkeypatch.context() as patched:
        patched.setattr("wattseal.commissioning.test_charge.WaitForEnergy.wait", cut)
        assert post.run("--test-charge", 1).status == 1
    outcome = post.run()
    assert outcome.status == 0, outcome.err
    post.is_through()


def test_a_meter_that_was_exchanged_is_charged_anew(
    post: Post, make_rig: Callable[..., UnixRig], owner_key: Path, password_file: Path
) -> None:
    """In the folder of the first commissioning, and the module still has the first charge."""
    assert post.run().status == 0
    [first] = post.records(records.TestCharge)
    flash = post.rig.flash_image()
    post.rig.power_cut()
    number, meter = int(post.evse_id.rpartition("*")[2]), next(numbers) + 1000
    post.rig = make_rig(number, meter=meter, flash=flash)
    post.bench.station.change(meter={"serial": serial_of(meter)}, scenario="meter_replacement")
    permitted = ("--owner-key", owner_key, "--password-file", password_file)
    for _ in range(2):
        outcome = post.run(*permitted)
        assert outcome.status == 0, outcome.err
    _first, second = post.records(records.TestCharge)
    assert second.begin != first.begin
    assert serial_of(meter) in second.begin


def test_a_charge_point_that_was_taken_over_is_charged_anew(
    post: Post, owner_key: Path, password_file: Path
) -> None:
    assert post.run().status == 0
    [first] = post.records(records.TestCharge)
    old, other = post.evse_id, "DE*XYZ"
    with post.registry.client() as client:
        client.consent(ConsentRequest(evse_id=old, to_operator=other))
    post.evse_id = old.replace("DE*WSL", other)
    post.bench.station.change(charge_point_id=post.evse_id, scenario="take_over")
    permitted = ("--owner-key", owner_key, "--password-file", password_file)
    outcome = post.bench.run(post.rig.port, *post.registry.options(other), *permitted)
    assert outcome.status == 0, outcome.err
    [second] = post.records(records.TestCharge)
    assert second.begin != first.begin
    assert post.evse_id in second.begin


def test_somebody_elses_session_is_let_be(post: Post) -> None:
    assert post.run("--no-test-charge").status == 0
    begun = post.bench.wattseal(
        *("session", "begin", "--port", post.rig.port),
        *("--id-tag", "1F2D3A4F5506C7", "--id-type", "ISO14443"),
    )
    assert begun.status == 0, begun.err
    outcome = post.run()
    assert outcome.status == 1
    assert "`wattseal session end`" in outcome.err
    assert post.records(records.TestCharge) == []


def test_the_test_charge_waits_for_energy(post: Post) -> None:
    post.rig.meter.power_w = 0
    outcome = post.run("--test-charge", 0.5)
    assert outcome.status == 0, outcome.err
    assert "No energy flowed during the test charge." in outcome.out


def test_no_access(post: Post, tmp_path: Path) -> None:
    key = tmp_path / "wrong.key"
    key.write_text("wsk_aaaaaaaaaaaa_" + "A" * 52 + "\n")
    key.chmod(0o600)
    outcome = post.bench.run(*(post.rig.port, "--registry", post.registry.url, "--access-key", key))
    assert outcome.status == 1
    assert "The registry knows no such access key." in outcome.err
    other = post.bench.run(post.rig.port, *post.registry.options("DE*XYZ"))
    assert other.status == 1
    assert "may not act for operator DE*WSL" in other.err
