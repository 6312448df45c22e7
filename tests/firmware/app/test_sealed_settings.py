"""What is measured is registered: any change of what the seal locks needs a new publication."""

import copy
import hashlib
import json

import pytest
from app.settings import settings_sha256
from support.app import bench as benches
from support.app.bench import SETTINGS, Bench, spki_of
from support.app.core import FakeCore
from support.app.registry import FakeRegistry
from wire.errors import WattsealError
from wire.methods import SETTINGS as ROWS
from wire.methods import UNSEALED_SETTINGS

LINE = {"baud": 19200, "parity": "even", "stop_bits": 1}
FULL = {
    **SETTINGS,
    "meter_unit": 1,
    "line": {"baud": 9600, "parity": "none", "stop_bits": 1},
    "meter_echo": False,
    "format_version": "1.3",
}
CHANGED = {
    "gateway_id": "Another",
    "gateway_serial": "WS-0002",
    "meter_profile": "mute",
    "meter_serial": "12345679",
    "meter_unit": 2,
    "line": LINE,
    "meter_echo": True,
    "charge_point_id": "DE*ABC*E0002",
    "format_version": "1.4",
    "registry_name": "other.example/keys",
    "registry_key": FakeRegistry(secret=9).public_key.hex(),
    "owner_key": spki_of(benches.VENDOR).hex(),
}
"""Another value for each setting that the seal locks and that may be another one at a seal."""


def digest_of(settings: dict, profiles: dict | None = None) -> str:
    return settings_sha256(FakeCore(), settings, profiles or benches.PROFILES)


def facts_of(bench: Bench) -> dict:
    facts: dict = json.loads(bench.call("prove", challenge="ab" * 16)["statement"])
    return facts


def test_every_sealed_setting_is_tried_here() -> None:
    sealed = {row[0] for row in ROWS} - set(UNSEALED_SETTINGS)
    assert sealed == set(CHANGED) | {"charge_point_type"}
    assert set(FULL) == sealed


def test_digest_is_that_of_the_sorted_json() -> None:
    text = json.dumps(
        {"settings": FULL, "meter_profile": benches.SDM630}, sort_keys=True, separators=(",", ":")
    )
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert digest_of(FULL) == expected
    backwards = dict(reversed(FULL.items()))
    assert digest_of({**backwards, "controller_firmware": "7"}) == expected


@pytest.mark.parametrize("name", [*CHANGED, "charge_point_type"])
def test_digest_changes_with_every_sealed_setting(name: str) -> None:
    changed = {**FULL, name: CHANGED.get(name, "CBIDC")}
    without = {key: value for key, value in FULL.items() if key != name}
    assert len({digest_of(FULL), digest_of(changed), digest_of(without)}) == 3


@pytest.mark.parametrize("member", list(benches.SDM630))
def test_digest_changes_with_every_member_of_the_register_map(member: str) -> None:
    profiles = copy.deepcopy(benches.PROFILES)
    del profiles["sdm630"][member]
    assert digest_of(FULL, profiles) != digest_of(FULL)


@pytest.mark.parametrize("name", CHANGED)
def test_change_of_a_sealed_setting_ends_the_publication(name: str) -> None:
    bench = Bench().set_up()
    before = facts_of(bench)
    bench.by_owner("unseal")
    if name == "meter_serial":
        bench.meter.serial = 12345679
    if name in ("meter_unit", "line", "meter_profile"):
        bench.meter.unit = 2 if name == "meter_unit" else 1
        if name == "meter_profile":
            bench.call("configure", meter_unit=1, line=LINE)
    bench.line_echoes = name == "meter_echo"
    bench.call("configure", **{name: CHANGED[name]})
    bench.call("seal")
    status = bench.call("status")
    assert (status["state"], status["commissioning"]) == ("unregistered", 2)
    assert status["publication"] is None
    after = facts_of(bench)
    assert after["settings_sha256"] != before["settings_sha256"]
    sealed = bench.all_events()[-1]
    assert sealed["event"] == "sealed"
    assert sealed["detail"]["settings_sha256"] == after["settings_sha256"]
    with pytest.raises(WattsealError) as raised:
        bench.call("begin")
    assert raised.value.name == "not_operational"
    if name in ("registry_name", "registry_key"):
        return
    with pytest.raises(WattsealError) as raised:
        bench.call("accept_publication", **bench.registry.proof(5))
    assert raised.value.name == "publication_refused"
    bench.publish()
    assert bench.call("status")["state"] == "operational"


def test_seal_over_the_same_settings_keeps_the_publication() -> None:
    bench = Bench().set_up()
    bench.by_owner("unseal")
    bench.call("configure", gateway_id="Another")
    bench.call("configure", gateway_id=SETTINGS["gateway_id"])
    bench.call("configure", controller_firmware="9")
    bench.call("seal")
    status = bench.call("status")
    assert (status["state"], status["commissioning"]) == ("operational", 1)
    assert bench.call("begin")


def test_entry_with_another_digest_is_refused() -> None:
    bench = Bench().boot()
    bench.set_time()
    bench.call("configure", **SETTINGS)
    bench.call("seal")
    with pytest.raises(WattsealError) as raised:
        bench.publish(settings_sha256="00" * 32)
    assert raised.value.detail["cause"] == "the entry's settings_sha256 is not this module's"


def test_image_with_another_register_map_under_the_name_needs_an_entry_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench().set_up()
    before = facts_of(bench)
    profiles = copy.deepcopy(benches.PROFILES)
    profiles["sdm630"]["energy_import"]["address"] = 74
    monkeypatch.setattr(benches, "PROFILES", profiles)
    bench.flash(b"\x02" * 32).boot()
    bench.set_time()
    after = facts_of(bench)
    assert after["commissioning"] == before["commissioning"]
    assert after["settings_sha256"] != before["settings_sha256"]
    with pytest.raises(WattsealError):
        bench.publish(settings_sha256=before["settings_sha256"])
    bench.publish()
    assert bench.call("status")["state"] == "operational"
