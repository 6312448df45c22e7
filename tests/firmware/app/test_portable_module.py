"""The same life on CPython and on MicroPython, with the real signing core where it is built."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.app.bench import (
    NOON,
    OWNER,
    SETTINGS,
    VENDOR,
    offered,
    payload_of,
    read_signed,
    reading_of,
    verify,
)
from support.app.core import SIGNING, spki_of
from support.app.registry import FakeRegistry
from wire.errors import WattsealError
from wire.messages import read_reply, request
from wire.methods import check_result

from hil.images import existing

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MICROPYTHON = ROOT / "build" / "unix" / "micropython"
METER = {"meter_profile": "portable", "meter_serial": "4711"}


class PortableModule:
    """The module in another process; `is_in_boot_loader` as of the newest reply."""

    def __init__(self, interpreter: Path, folder: Path) -> None:
        environment = {
            **os.environ,
            "MICROPYPATH": f"{ROOT}/firmware:.frozen",
            "PYTHONPATH": f"{ROOT}/firmware:{ROOT}/tests",
            "WATTSEAL_FLASH": str(folder / "flash.bin"),
            "WATTSEAL_CHIP_ID": "0011223344556677",
        }
        self.process = subprocess.Popen(
            [interpreter, HERE / "portable_module.py", spki_of(VENDOR).hex()],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.is_in_boot_loader = False

    def boot(self, energy_kwh: float) -> str:
        """Start over the same flash; the interpreter's name."""
        name: str = self._exchange({"boot": energy_kwh})["interpreter"]
        return name

    def call(self, method: str, **params) -> dict:
        """The result's fields, checked against the method table; raises the error replied."""
        reply = self._exchange(request(1, method, params))
        self.is_in_boot_loader = reply.pop("is_in_boot_loader")
        return check_result(method, read_reply(reply, 1))

    def ask_owner(self, action: str, **params) -> str:
        text = self.call("challenge", action=action, **params)["challenge"]
        return OWNER.sign(b"wattseal.owner.v1\n" + text.encode(), SIGNING).hex()

    def by_owner(self, action: str, **params) -> dict:
        return self.call(action, signature=self.ask_owner(action, **params))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _exchange(self, order: dict) -> dict:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        reply: dict = json.loads(self.process.stdout.readline())
        return reply


@pytest.fixture(params=["cpython", "micropython"])
def module(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PortableModule]:
    interpreter = existing(MICROPYTHON) if request.param == "micropython" else Path(sys.executable)
    found = PortableModule(interpreter, tmp_path)
    assert found.boot(1000.5) == request.param
    yield found
    found.close()


def commission(module: PortableModule) -> None:
    registry = FakeRegistry()
    module.call("configure", **{**SETTINGS, **METER})
    module.call("set_time", unix_ms=NOON, utc_offset_min=60, source="informative")
    module.call("seal")
    proven = module.call("prove", challenge="cd" * 32)
    index = registry.register(json.loads(proven["statement"]))
    assert module.call("accept_publication", **registry.proof(index))["state"] == "operational"


def event_names(module: PortableModule) -> list[str]:
    return [json.loads(item["entry"])["event"] for item in module.call("events")["events"]]


def test_sessions_and_a_power_cut(module: PortableModule) -> None:
    commission(module)
    begun = module.call("begin", id_tag="TAG", tariff_text='say "so"')
    module.call("intermediate")
    ended = module.call("end", reason="L")
    module.call("begin")
    module.boot(1003.25)  # the power was cut; the meter went on counting
    status = module.call("status")
    assert (status["state"], status["session"]) == ("operational", None)
    records = [item["record"] for item in module.call("records")["records"]]
    readings = [reading_of(record) for record in records]
    assert [reading["TX"] for reading in readings] == ["B", "C", "L", "B", "P"]
    assert [reading["TM"][-1] for reading in readings] == ["I", "R", "R", "I", "U"]
    assert [payload_of(record)["PG"] for record in records] == [f"T{n}" for n in range(1, 6)]
    assert payload_of(ended["record"])["TT"] == 'say "so"'
    assert '"RV":1003.250,' in records[4]
    identity = module.call("hello")["firmware_identity"]
    assert payload_of(records[0])["GV"] == "0.1.0+" + identity[:16]
    for record in records:
        verify(record, begun["public_key"])
    assert event_names(module) == [
        "started",
        "key_made",
        "configured",
        "configured",
        "time_set",
        "sealed",
        "published",
        "started",
        "session_recovered",
    ]


def test_seal_opened_by_the_owner_alone(module: PortableModule) -> None:
    commission(module)
    with pytest.raises(WattsealError) as raised:
        module.call("configure", gateway_id="other")
    assert raised.value.name == "sealed"
    module.call("challenge", action="unseal")
    with pytest.raises(WattsealError) as raised:
        module.call("unseal", signature="3006020101020101")
    assert raised.value.name == "owner_refused"
    assert module.by_owner("unseal") == {"sealed": False}
    assert module.call("status")["state"] == "unregistered"


def test_decommissioning_and_a_second_life(module: PortableModule) -> None:
    commission(module)
    module.by_owner("archive_events", through=3)
    module.by_owner("decommission")
    assert module.call("status")["state"] == "blank"
    module.boot(1000.5)
    commission(module)
    history = [read_signed(item) for item in module.call("statements")["statements"]]
    assert [(one["type"], one["key_number"]) for one in history] == [
        ("birth", 1),
        ("farewell", 1),
        ("birth", 2),
    ]
    assert module.call("status")["commissioning"] == 2


def test_update_takes_the_owner_and_the_key_is_gone_before_the_boot_loader(
    module: PortableModule,
) -> None:
    commission(module)
    offer = offered(b"\xab" * 32, board="virtual")
    assert module.call("check_update", **offer)["owner_needed"] is True
    with pytest.raises(WattsealError) as raised:
        module.call("enter_boot_loader", **offer)
    assert raised.value.name == "owner_needed"
    assert not module.is_in_boot_loader
    signature = module.ask_owner("update", **offer)
    module.call("enter_boot_loader", signature=signature, **offer)
    assert module.is_in_boot_loader
    module.boot(1000.5)
    status = module.call("status")
    assert (status["state"], status["cause"]["name"]) == ("blank", "update_pending")
    assert module.by_owner("cancel_update") == {"state": "unregistered", "key_number": 2}
    history = [read_signed(item) for item in module.call("statements")["statements"]]
    assert [one["type"] for one in history] == ["birth", "handover", "rollover"]
