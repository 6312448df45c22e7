"""Every case of the best practices, from the technician's command to a session that verifies.

The firmware runs as a process, the registry listens on this computer; each test ends with a session
whose records verify with the key that the registry gives for that EVSE-ID and time.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk_registry import Registry
from wattseal.public_key import read_public_key
from wattseal.registry.requests import EvseState
from wattseal.registry_client import RegistryClient
from wattseal.verify.record import read_record
from workbench import EVSE_ID, Bench, chip_of, serial_of

from hil.targets.unix import NEXT_PROGRAM, UnixRig

NEW_EVSE_ID = "DE*NEW*E00017"


class Site:
    """A station that was commissioned, its bench and its registry."""

    def __init__(
        self, bench: Bench, registry: Registry, owner_key: Path, password_file: Path
    ) -> None:
        self.bench = bench
        self.registry = registry
        self.client = RegistryClient(registry.url)
        self.owner = ("--owner-key", owner_key, "--password-file", password_file)
        self._jobs = 0
        self._sessions = 0

    def commission(self, rig: UnixRig, case: str = "initial", operator: str = "DE*WSL") -> Any:
        """A guided run in a folder of its own; it must succeed."""
        self._jobs += 1
        job = self.bench.folder / f"job-{self._jobs}"
        outcome = self.bench.run(
            *(rig.port, *self.registry.options(operator), *self.owner, "--json"),
            *("--scenario", case),
            job=job,
        )
        assert outcome.status == 0, outcome.err
        assert outcome.json["state"] == "operational"
        assert len(list(job.glob("*.pdf"))) == len(list(job.glob("*.html"))) == 1
        return outcome.json

    def session_verifies(self, rig: UnixRig, evse_id: str = EVSE_ID) -> None:
        """Charge, and verify with the key of that charge point at that time."""
        self._sessions += 1
        folder = self.bench.folder / f"session-{self._sessions}"
        wattseal = self.bench.wattseal
        for step in ("begin", "end"):
            outcome = wattseal("session", step, "--port", rig.port, "--out", folder)
            assert outcome.status == 0, outcome.err
        payload = read_record((folder / "end.ocmf").read_text()).payload
        at_ms = int(payload.RD[-1].timestamp.timestamp() * 1000)
        key = self.client.key_of(evse_id, at_ms)
        assert key is not None
        spki = read_public_key(key.public_key).hex
        assert wattseal("verify", folder / "transaction.xml", "--key", spki).status == 0

    def evse(self, evse_id: str = EVSE_ID) -> EvseState:
        """The charge point now."""
        found = self.client.evse(evse_id)
        assert found is not None
        return found

    def key_status(self, fingerprint: str | None) -> str:
        """What the registry says of a key."""
        found = self.client.key(fingerprint or "")
        assert found is not None
        return found.status

    def decommission(self, rig: UnixRig) -> None:
        """The module says farewell, and the registry hears of it."""
        out = self.bench.folder / "farewell"
        gone = self.bench.wattseal(
            *("device", "decommission", "--port", rig.port, "--yes", "--out", out, *self.owner)
        )
        assert gone.status == 0, gone.err
        told = self.bench.wattseal(
            *("registry", "deactivate", EVSE_ID, "--farewell", out / "farewell.json", "--yes"),
            *self.registry.options(),
        )
        assert told.status == 0, told.err


@pytest.fixture
def site(bench: Bench, registry: Registry, owner_key: Path, password_file: Path) -> Site:
    return Site(bench, registry, owner_key, password_file)


def test_initial(
    rig: UnixRig, bench: Bench, each_registry: Registry, owner_key: Path, password_file: Path
) -> None:
    site = Site(bench, each_registry, owner_key, password_file)
    told = site.commission(rig)
    assert [one["step"] for one in told["steps"]] == [
        *("module", "settings", "meter", "clock", "seal"),
        *("registration", "publication", "test_charge", "document"),
    ]
    state = site.evse()
    assert (state.status, state.chip_id) == ("active", chip_of(1))
    assert site.client.eligibility(EVSE_ID).publish is True
    site.session_verifies(rig)


def test_hardware_exchange(rig: UnixRig, site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    outcome = site.bench.wattseal(
        *("registry", "hardware-exchange", EVSE_ID, "--station-model", "Station 2"),
        *("--station-serial", "ST-0042"),
        *site.registry.options(),
    )
    assert outcome.status == 0, outcome.err
    assert site.evse().fingerprint == before.fingerprint
    site.session_verifies(rig)


def test_meter_replacement(rig: UnixRig, make_rig: Callable[..., UnixRig], site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    rig.power_cut()
    rewired = make_rig(1, meter=5, flash=rig.flash_image())
    site.bench.station.change(meter={"serial": serial_of(5), "calibration_mark": "DE-M 26 0555"})
    site.commission(rewired, "meter-replacement")
    after = site.evse()
    assert (after.fingerprint, after.meter.serial) == (before.fingerprint, serial_of(5))
    old = site.client.meter("Eastron", serial_of(1))
    assert old is not None
    assert old.evse_id is None
    site.session_verifies(rewired)


def test_module_replacement(rig: UnixRig, make_rig: Callable[..., UnixRig], site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    rig.power_cut()
    replaced = make_rig(2, meter=1)
    site.bench.station.change(gateway_serial="WS000018")
    site.commission(replaced, "module-replacement")
    after = site.evse()
    assert (after.chip_id, after.meter) == (chip_of(2), before.meter)
    assert site.key_status(before.fingerprint) == "superseded"
    site.session_verifies(replaced)


def test_firmware_update(rig: UnixRig, site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    rig.put_image(NEXT_PROGRAM)
    rig.restart()
    site.commission(rig, "firmware-update")
    after = site.evse()
    assert after.chip_id == before.chip_id
    assert after.fingerprint != before.fingerprint
    assert site.key_status(before.fingerprint) == "superseded"
    site.session_verifies(rig)


def test_decommissioning(rig: UnixRig, site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    site.decommission(rig)
    assert site.evse().status == "deactivated"
    assert site.key_status(before.fingerprint) == "deactivated"
    gate = site.client.eligibility(EVSE_ID)
    assert (gate.publish, gate.authorise) == (False, False)
    then = site.client.key_of(EVSE_ID, before.since_unix_ms)
    assert then is not None
    assert then.fingerprint == before.fingerprint


def test_reuse(rig: UnixRig, site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    site.decommission(rig)
    rig.restart()
    site.bench.station.change(charge_point_id="DE*WSL*E00099")
    site.commission(rig, "reuse")
    after = site.evse("DE*WSL*E00099")
    assert (after.status, after.chip_id) == ("active", before.chip_id)
    assert after.fingerprint != before.fingerprint
    assert site.evse().status == "moved"
    site.session_verifies(rig, "DE*WSL*E00099")


def test_take_over(rig: UnixRig, site: Site) -> None:
    site.commission(rig)
    before = site.evse()
    site.bench.station.change(charge_point_id=NEW_EVSE_ID)
    refused = site.bench.run(
        *(rig.port, *site.registry.options("DE*NEW"), *site.owner, "--scenario", "take-over"),
        job=site.bench.folder / "too-early",
    )
    assert refused.status == 1
    assert "DE*WSL has not consented that DE*NEW takes over" in refused.err
    consent = site.bench.wattseal(
        *("registry", "consent", EVSE_ID, "--to", "DE*NEW"), *site.registry.options()
    )
    assert consent.status == 0, consent.err
    site.commission(rig, "take-over", "DE*NEW")
    assert site.evse().status == "taken_over"
    after = site.evse(NEW_EVSE_ID)
    assert (after.fingerprint, after.meter) == (before.fingerprint, before.meter)
    site.session_verifies(rig, NEW_EVSE_ID)


def test_without_a_network(rig: UnixRig, site: Site) -> None:
    """Export on site, submit from the office, finish on site; and once more of each."""
    bench, wattseal = site.bench, site.bench.wattseal
    bench.station.change(**site.registry.settings)
    exported = bench.export(rig.port)
    assert exported.status == 0, exported.err
    early = wattseal("commission", "finish", bench.job, "--port", rig.port)
    assert "There is no answer of the registry yet" in early.err
    entries = set()
    for _ in range(2):
        sent = wattseal(
            *("commission", "submit", *bench.job.glob("*17.request.json"), "--json"),
            *site.registry.options(),
        )
        assert sent.status == 0, sent.err
        entries |= {one["entry"] for one in sent.json["requests"]}
    assert len(entries) == 1
    for _ in range(2):
        done = wattseal("commission", "finish", bench.job, "--port", rig.port, "--test-charge", 0)
        assert done.status == 0, done.err
        assert "the module is operational" in done.out
    sent = wattseal("commission", "submit", bench.job, "--json", *site.registry.options())
    assert [Path(one["request"]).name for one in sent.json["requests"]] == [
        "WS000017-DE-WSL-E00017.test-charge.request.json"
    ]
    assert (
        "There is nothing to send."
        in wattseal("commission", "submit", bench.job, *site.registry.options()).out
    )
    printed = wattseal(
        *("commission", "document", "--evse", EVSE_ID, "--registry", site.registry.url),
        *("--out", bench.folder / "documents"),
    )
    assert printed.status == 0, printed.err
    [page] = (bench.folder / "documents").glob("*.html")
    assert "Both records are signed with the key above: verified." in page.read_text()
    site.session_verifies(rig)


def test_one_bad_request_does_not_stop_the_rest(rig: UnixRig, site: Site) -> None:
    bench = site.bench
    bench.station.change(**site.registry.settings)
    bench.export(rig.port)
    [good] = bench.job.glob("*.request.json")
    text = good.read_text()
    (bench.job / "a.request.json").write_text("{}")
    (bench.job / "b.request.json").write_text(text.replace("registry.example", "other.example", 1))
    other = json.loads(text)
    other["request"]["meter"]["calibration_year"] = 1999
    (bench.job / "c.request.json").write_text(json.dumps(other))
    sent = bench.wattseal("commission", "submit", bench.job, "--json", *site.registry.options())
    assert sent.status == 1
    told = [one.get("error", {}).get("name") for one in sent.json["requests"]]
    assert told == [None, "job_file_malformed", "registry_differs", "registry_refused"]
