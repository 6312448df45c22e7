"""From the meter to the driver's page: ten sessions of one module, billed by real commands.

Some are odd (two prices, aborted, cut by the power, cut by a new firmware), one is changed on its
way, one is sent twice under two names, one loses its signed data. What is right must be charged to
the cent and verify everywhere; what is not must be told to everybody, and be charged to nobody.
"""

import base64
import io
import json
import re
import shutil
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from wattseal.ocmf.public_key import read_public_key
from wattseal.registry.client import RegistryClient

from hil.registry_process import RegistryProcess, new_registry
from hil.suite.billing import CARD, LATER_PRICE, PRICE, TAX_PERCENT, Cpo, Msp, new_msp
from hil.suite.charging import Charged, Charging
from hil.suite.command import CommandError, said, told
from hil.suite.courier import REPORTS, Courier, courier
from hil.suite.station import OpenRig, Station
from hil.suite.technician import Owner

STATION_NUMBER = 9001

GOOD = ("01", "02", "03", "04", "05", "09", "10")
"""Sessions that are billable wherever they are looked at."""
REFUSED = {
    "06": "signature_mismatch",  # a digit was changed on the way
    "07": "signed_with_two_keys",  # its end is of the new firmware's key
    "08": "signed_data_missing",  # the backend has lost it
    "11": "record_replayed",  # 09 under another name
}
PRICE_CHANGES = ("03",)
"""Where the second price begins at the signed reading between."""
EXPECTED_WH = {
    "01": 562,
    "02": 356,
    "03": 1_000,
    "04": 17,
    "05": 216,
    "06": 450,
    "07": 125,
    "08": 300,
    "09": 617,
    "10": 250,
}
"""Little, because it has to flow in no less time than a module takes for possible, and the time of
a station is that of this computer."""

pytestmark = [
    pytest.mark.needs("meter", "power", "update"),
    pytest.mark.thorough("rp2040"),
    pytest.mark.timeout(3600),  # the emulated chip takes its time
]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistryProcess]:
    with new_registry(tmp_path / "registry") as served:
        yield served


@pytest.fixture
def station(
    registry: RegistryProcess, owner: Owner, open_station: OpenRig, tmp_path: Path
) -> Station:
    made = Station(tmp_path, registry, owner, open_station, STATION_NUMBER)
    made.commission()
    made.rig.meter.power_w = 0  # what flows is what the test lets flow
    return made


@dataclass(frozen=True)
class Month:
    """What the CPO has at the end of a month: the records, and a CDR for each session."""

    sessions: dict[str, Charged]
    cdrs: dict[str, Path]


def charge_all(station: Station, next_image: Path, folder: Path) -> dict[str, Charged]:
    """The ten sessions, with a firmware update in the seventh."""
    charging = Charging(station, folder, CARD)
    rig = station.rig
    wh = EXPECTED_WH

    def lose_power() -> None:
        rig.power_cut()
        rig.restart()

    def update_firmware() -> None:
        with pytest.raises(CommandError, match=r"session is open"):
            station.update(next_image)
        rig.meter.arm("silence", 10**6)  # so that the old firmware cannot end the session either
        lose_power()
        station.update(next_image)
        rig.meter.disarm()

    sessions = {
        "01": charging.charge(wh["01"]),
        "02": charging.charge(wh["02"], "R"),
        "03": charging.charge(wh["03"], has_between=True),
        "04": charging.charge(wh["04"], "A"),
        "05": charging.cut(wh["05"], lose_power),
        "06": charging.charge(wh["06"]),
        "07": charging.cut(wh["07"], update_firmware),
    }
    old_key = station.evse().fingerprint
    station.commission("firmware-update")
    assert station.evse().fingerprint != old_key
    return {
        **sessions,
        "08": charging.charge(wh["08"]),
        "09": charging.charge(wh["09"], "L"),
        "10": charging.charge(wh["10"], has_between=True),
    }


def test_from_the_meter_to_the_drivers_page(
    station: Station, registry: RegistryProcess, next_image: Path, tmp_path: Path
) -> None:
    sessions = charge_all(station, next_image, tmp_path)
    for name, session in sessions.items():
        registers = session.registers_kwh()
        assert (registers[-1] - registers[0]).scaleb(3) == EXPECTED_WH[name], name
    cpo_folder = tmp_path / "cpo"
    cpo_folder.mkdir()
    cpo = Cpo(cpo_folder, registry)
    cdrs = {
        name: cpo.build(name, one, one.between if name in PRICE_CHANGES else None)
        for name, one in sessions.items()
    }
    month = Month(sessions, cdrs)
    check_what_the_cpo_finds(cpo, month)
    with new_msp(tmp_path / "msp", registry) as msp, courier(msp.url, CHANGES) as way:
        send_all(cpo, month, msp, way, tmp_path / "token.txt")
        check_what_the_msp_finds(msp)
        check_reports(way)
    bundle = tmp_path / "bundle.zip"
    check_invoice(msp, month, bundle)
    check_as_a_driver(station, registry, bundle, tmp_path)


def codes(judged: dict[str, Any]) -> list[str]:
    """What was found, in order."""
    return [one["code"] for one in judged["findings"]]


# --- the CPO ---------------------------------------------------------------------------------


def check_what_the_cpo_finds(cpo: Cpo, month: Month) -> None:
    store = cpo.folder / "seen.db"
    summary, results = cpo.validate("all", month.cdrs.values(), store, status=1)
    assert (summary["cdrs"], summary["not_billable"], summary["doubts"]) == (10, 1, 0)
    refused = {name: one["reason"] for name, one in results.items() if one["reason"]}
    assert refused == {"07": REFUSED["07"]}
    assert codes(results["05"]) == ["time_error_flag"]
    for name in month.cdrs.keys() - {"05", "07"}:
        assert codes(results[name]) == [], name
    assert told("cdr", "reconcile", "--store", store) == {"doubts": []}
    check_that_time_is_not_billed_after_a_power_failure(cpo, month)
    check_a_missing_session(cpo, month)


def check_that_time_is_not_billed_after_a_power_failure(cpo: Cpo, month: Month) -> None:
    by_time = cpo.changed(month.cdrs["05"], "by-time", total_time_cost={"excl_vat": 1.5})
    _summary, results = cpo.validate("by-time", [by_time], status=1)
    assert results["05"]["reason"] == "time_not_billable"


def check_a_missing_session(cpo: Cpo, month: Month) -> None:
    """It casts a doubt, makes nothing unbillable, and is forgiven when the session comes later."""
    store = cpo.folder / "incomplete.db"
    kept = [path for name, path in month.cdrs.items() if name != "03"]
    summary, results = cpo.validate("incomplete", kept, store, status=1)
    assert (summary["not_billable"], summary["doubts"]) == (1, 1)
    assert results["04"]["verdict"] == "billable"
    (gap,) = results["04"]["findings"]
    first, last = month.sessions["03"].first, month.sessions["03"].last
    assert last - first == 2
    assert (gap["code"], gap["effect"]) == ("counter_gap", "doubt")
    assert (gap["expected"], gap["found"]) == (f"T{first}", f"T{last + 1}")
    (doubt,) = told("cdr", "reconcile", "--store", store, status=1)["doubts"]
    assert doubt["finding"]["code"] == "counter_gap"
    _summary, late = cpo.validate("late", [month.cdrs["03"]], store, status=0)
    assert codes(late["03"]) == []
    assert told("cdr", "reconcile", "--store", store) == {"doubts": []}


# --- from the CPO to the MSP -----------------------------------------------------------------


def change_a_digit(body: bytes) -> bytes:
    """The last digit of the end reading, which is sent in base64."""
    sent = json.loads(body)["signed_data"]["signed_values"][-1]["signed_data"]
    record = base64.b64decode(sent)
    found = list(re.finditer(rb'"RV":[0-9.]*([0-9])', record))[-1]
    digit = str((int(found[1]) + 1) % 10).encode()
    changed = record[: found.start(1)] + digit + record[found.end(1) :]
    return body.replace(sent.encode(), base64.b64encode(changed))


CHANGES = {"06": change_a_digit}


def send_all(cpo: Cpo, month: Month, msp: Msp, way: Courier, token: Path) -> None:
    msp.admit(token, way.url + REPORTS)
    cdrs = dict(month.cdrs)
    bare = cpo.changed(cdrs.pop("08"), "bare-08", signed_data=None)
    again = cpo.changed(cdrs["09"], "09-as-11", id="11")
    sent = cpo.send(cdrs.values(), way.url, token, status=1)
    assert {one["state"] for one in sent.values()} == {"sent"}
    assert {name: one["codes"] for name, one in sent.items() if one["codes"]} == {
        "07": [REFUSED["07"]]
    }
    # By itself each of these looks right to its sender, or was never looked at.
    assert cpo.send([again], way.url, token)["11"]["codes"] == []
    assert cpo.send([bare], way.url, token, "--unchecked")["08"]["state"] == "sent"


def check_what_the_msp_finds(msp: Msp) -> None:
    received = msp.received()
    assert sorted(received) == sorted([*GOOD, *REFUSED])
    assert sorted(name for name, one in received.items() if one["billable"]) == sorted(GOOD)
    for name, reason in REFUSED.items():
        assert received[name]["judgement"]["reason"] == reason, name
    marked = {name: one["marked_by_sender"] for name, one in received.items()}
    assert {name: one for name, one in marked.items() if one is not None} == {"07": [REFUSED["07"]]}
    for name in GOOD:
        energy = Decimal(received[name]["judgement"]["energy_kwh"])
        assert energy.scaleb(3) == EXPECTED_WH[name], name
        expected = ["time_error_flag"] if name == "05" else []
        assert codes(received[name]["judgement"]) == expected, name
        assert not received[name]["judgement"]["casts_doubt"], name


def check_reports(way: Courier) -> None:
    """The CPO hears of each that is not billable, and of nothing else."""
    reports = [way.take_report() for _ in REFUSED]
    assert {one["cdr"][-2:]: one["reason"] for one in reports} == REFUSED
    by_name = {one["cdr"][-2:]: one for one in reports}
    assert all(one["verdict"] == "not_billable" for one in reports)
    assert by_name["08"]["investigate_en"]
    assert not by_name["06"]["investigate_en"]
    (replayed,) = by_name["11"]["findings"]
    assert replayed["expected"].endswith("*09")
    assert by_name["07"]["marked_by_sender"] == [REFUSED["07"]]
    assert way.has_no_report()


# --- from the MSP to the driver --------------------------------------------------------------


def check_invoice(msp: Msp, month: Month, bundle: Path) -> None:
    listed = msp.invoice(month.sessions["10"].month, bundle)
    assert sorted(listed) == sorted([*GOOD, *REFUSED])
    for name, one in listed.items():
        amount = str(amount_of(name, month.sessions[name])) if name in GOOD else None
        assert one["amount"] == amount, name
        assert one["status"] == ("charged" if amount else "not_billable"), name
        assert bool(one["why_not"]) is not bool(amount), name
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        statement = archive.read("statement.html").decode()
    for name, one in listed.items():
        assert (f"{one['folder']}/transaction.xml" in names) is (name in GOOD), name
        assert f"{one['folder']}/cdr.json" in names, name
    total = sum(amount_of(name, month.sessions[name]) for name in GOOD)
    assert str(total) in statement


def amount_of(name: str, session: Charged) -> Decimal:
    """What a session costs with tax, computed from the signed readings alone."""
    registers = session.registers_kwh()
    if name not in PRICE_CHANGES:
        registers = [registers[0], registers[-1]]
    prices = [Decimal(PRICE), Decimal(LATER_PRICE)]
    parts = [later - earlier for earlier, later in pairwise(registers)]
    net = sum(
        (
            (part * price).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            for part, price in zip(parts, prices, strict=False)
        ),
        Decimal(0),
    )
    gross = net * (100 + TAX_PERCENT) / 100
    return gross.quantize(Decimal("0.01"), ROUND_HALF_UP)


def check_as_a_driver(
    station: Station, registry: RegistryProcess, bundle: Path, folder: Path
) -> None:
    """Every session of the bundle, by the command, on the registry's page and in a browser."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder / "bundle")
    xmls = sorted((folder / "bundle").glob("sessions/*/transaction.xml"))
    assert len(xmls) == len(GOOD)
    by_key: dict[str, list[Path]] = {}
    for xml in xmls:
        by_key.setdefault(registered_key(station, registry, xml.parent), []).append(xml)
    assert len(by_key) == 2  # before and after the firmware update
    for key, files in by_key.items():
        said("verify", *files, "--key", key)
    url = f"{registry.url}/check"
    assert verdicts_of_page(url, bundle.read_bytes()) == ["verified"] * len(GOOD)
    forged = with_changed_reading(bundle.read_bytes(), xmls[0].parent.name)
    assert sorted(verdicts_of_page(url, forged)) == ["not_verified", *["verified"] * 6]
    if shutil.which("chromium") and find_spec("playwright"):
        assert verdicts_in_browser(url, bundle) == ["Verified"] * len(GOOD)
    else:
        warnings.warn("Chromium is missing: the page's script has checked nothing", stacklevel=1)


def registered_key(station: Station, registry: RegistryProcess, session: Path) -> str:
    """What the registry gives for the charge point and the session's time, which the bundle has."""
    ended = json.loads((session / "cdr.json").read_text())["end_date_time"]
    at_ms = int(datetime.fromisoformat(ended).timestamp() * 1000)
    key = RegistryClient(registry.url).key_of(station.technician.evse_id, at_ms)
    assert key is not None
    spki = read_public_key(key.public_key).hex
    assert (session / "public-key.hex").read_text() == spki
    return spki


def verdicts_of_page(url: str, bundle: bytes) -> list[str]:
    """By the form, without a script: the class that each article of the answer has."""
    answer = httpx.post(url, files={"file": ("bundle.zip", bundle)}, timeout=60)
    assert answer.status_code == 200, answer.text
    return re.findall(r'<article class="verdict (\w+)">', answer.text)


def verdicts_in_browser(url: str, bundle: Path) -> list[str]:
    """By the script in Chromium, to which the file stays."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        page = browser.new_page(locale="en-GB")
        page.goto(url)
        page.wait_for_selector("form[data-ready]")
        page.set_input_files("#file", bundle)
        page.get_by_role("button", name="Check", exact=True).click()
        page.wait_for_selector("#result:not([aria-busy]) section")
        found = page.get_by_role("article").get_by_role("heading", level=3).all_inner_texts()
        browser.close()
    return found


def with_changed_reading(bundle: bytes, session: str) -> bytes:
    """The bundle with another end reading in one session's XML."""
    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith(f"{session}/transaction.xml"):
                place = data.rindex(b'"RV":') + len(b'"RV":')
                digit = str((int(data[place : place + 1]) + 1) % 9 + 1).encode()
                data = data[:place] + digit + data[place + 1 :]
            target.writestr(name, data)
    return forged.getvalue()
