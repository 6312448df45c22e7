"""The invoice bundle: what is charged and what is not, and that a driver can check all of it.

The rules of the field's verifier on the XML are stated here once more, from its documentation.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.cdr.charged import BEGIN, END, MIDDLE, combined, record
from support.cdr.parties import Msp, cdr, export, tampered, tariff, text_of, with_intermediate
from support.device.signer import signer
from wattseal.ocmf.container import read_bundle
from wattseal.ocmf.report import Verdict
from wattseal.ocmf.verify import verify_file

Run = Callable[..., Any]
DRIVER = ("--driver", "04A2B1C3", "--month", "2026-11")

SECOND = (record("B", "2947.125", "12:00:00", 20), record("E", "2950.000", "13:00:00", 21))


def second(**changes: Any) -> dict[str, Any]:
    """Another session of the driver, 2.875 kWh."""
    members = cdr(
        *SECOND,
        id="cdr-20",
        start_date_time="2026-11-21T11:00:00Z",
        end_date_time="2026-11-21T12:00:00Z",
        total_energy=Decimal("2.875"),
    )
    members["charging_periods"][0]["dimensions"][0]["volume"] = Decimal("2.875")
    return members | changes


def two_prices(first: str = "4.500", last: str = "7.025") -> dict[str, Any]:
    """A session whose price changed at the intermediate reading."""
    periods = [
        {
            "start_date_time": f"2026-11-21T{time}Z",
            "dimensions": [{"type": "ENERGY", "volume": Decimal(volume)}],
            "tariff_id": name,
        }
        for time, volume, name in (("09:00:00", first, "A"), ("09:30:00", last, "B"))
    ]
    return with_intermediate(
        charging_periods=periods, tariffs=[tariff("A", "0.39"), tariff("B", "0.59")]
    )


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return export(tmp_path / "registry.json")


@pytest.fixture
def bundled(wattseal: Run, keys: Path, tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Makes a bundle of CDRs and gives its files by name; the command's own words are `told`."""

    def make(*cdrs: dict[str, Any], more: tuple[object, ...] = ()) -> dict[str, bytes]:
        path = tmp_path / "cdrs.jsonl"
        lines = [" ".join(text_of(one).decode().split("\n")) for one in cdrs]
        path.write_text("\n".join(lines))
        out = tmp_path / "bundle.zip"
        out.unlink(missing_ok=True)
        outcome = wattseal(
            *("cdr", "invoice", *DRIVER, "--cdrs", path, "--keys", keys, "--out", out),
            *(*more, "--json"),
        )
        assert outcome.status == 0, outcome.err
        with zipfile.ZipFile(out) as bundle:
            files = {name: bundle.read(name) for name in bundle.namelist()}
        return {"told": outcome.out.encode(), "zip": out.read_bytes(), **files}

    return make


def told(files: dict[str, bytes]) -> list[dict[str, Any]]:
    sessions: list[dict[str, Any]] = json.loads(files["told"])["sessions"]
    return sessions


def xmls(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name.endswith(".xml")}


class TestRefusals:
    def refused(self, wattseal: Run, *arguments: object) -> dict[str, Any]:
        outcome = wattseal("cdr", "invoice", *arguments, "--json")
        assert outcome.status in (1, 2)
        error: dict[str, Any] = outcome.json["error"]
        return error

    @pytest.mark.parametrize("month", ["2026", "2026-13", "11-2026", "2026-1", "../x"])
    def test_a_month_that_is_none(self, wattseal: Run, tmp_path: Path, month: str) -> None:
        out = ("--out", tmp_path / "b.zip", "--store", tmp_path)
        error = self.refused(wattseal, "--driver", "x", "--month", month, *out)
        assert error["name"] == "bad_value"

    def test_no_source(self, wattseal: Run, tmp_path: Path) -> None:
        assert self.refused(wattseal, *DRIVER, "--out", tmp_path / "b.zip")["name"] == "usage"

    def test_no_keys_for_a_file(
        self, wattseal: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("WATTSEAL_REGISTRY", raising=False)
        out = ("--out", tmp_path / "b.zip", "--cdrs", tmp_path / "x.jsonl")
        assert self.refused(wattseal, *DRIVER, *out)["name"] == "keys_needed"

    @pytest.mark.parametrize("data", [b"[1]", b"[{}", b"x", b'{"a":1}\nx\n', b"[{},]x"])
    def test_a_file_that_is_none(
        self, wattseal: Run, keys: Path, tmp_path: Path, data: bytes
    ) -> None:
        (tmp_path / "x.json").write_bytes(data)
        out = ("--out", tmp_path / "b.zip", "--cdrs", tmp_path / "x.json", "--keys", keys)
        assert self.refused(wattseal, *DRIVER, *out)["name"] in (
            "cdr_malformed",
            "nothing_to_invoice",
        )
        assert not (tmp_path / "b.zip").exists()

    @pytest.mark.parametrize(
        ("driver", "month"), [("04A2B1C4", "2026-11"), ("04A2B1C3", "2026-12")]
    )
    def test_nothing_of_that_driver_and_month(
        self, wattseal: Run, keys: Path, tmp_path: Path, driver: str, month: str
    ) -> None:
        (tmp_path / "x.json").write_bytes(text_of(cdr()))
        out = ("--out", tmp_path / "b.zip", "--cdrs", tmp_path / "x.json", "--keys", keys)
        error = self.refused(wattseal, "--driver", driver, "--month", month, *out)
        assert error["name"] == "nothing_to_invoice"

    @pytest.mark.parametrize(
        "members",
        [
            cdr(tariffs=None),
            cdr(tariffs=[tariff("another", "0.39")]),
            two_prices("4.400", "7.125"),
            two_prices("4.500", "7.000"),
            cdr(charging_periods=None),
            cdr(currency=None),
        ],
    )
    def test_a_price_that_is_not_told(
        self, wattseal: Run, keys: Path, tmp_path: Path, members: dict[str, Any]
    ) -> None:
        (tmp_path / "x.json").write_bytes(text_of(members))
        out = ("--out", tmp_path / "b.zip", "--cdrs", tmp_path / "x.json", "--keys", keys)
        assert self.refused(wattseal, *DRIVER, *out)["name"] == "tariff_missing"

    def test_a_bundle_that_is_there(
        self, wattseal: Run, keys: Path, tmp_path: Path, bundled: Callable[..., Any]
    ) -> None:
        bundled(cdr())
        out = ("--out", tmp_path / "bundle.zip", "--cdrs", tmp_path / "cdrs.jsonl", "--keys", keys)
        (tmp_path / "bundle.zip").write_bytes(b"other")
        assert self.refused(wattseal, *DRIVER, *out)["name"] == "file_exists"
        assert (tmp_path / "bundle.zip").read_bytes() == b"other"


class TestWhatIsNotCharged:
    def test_what_was_tampered_with(self, bundled: Callable[..., Any]) -> None:
        files = bundled(tampered(), second())
        first, other = told(files)
        assert (first["status"], first["amount"]) == ("not_billable", None)
        assert other["status"] == "charged"
        assert first["why_not"]
        assert list(xmls(files)) == [f"{other['folder']}/transaction.xml"]
        assert f"{first['folder']}/records.txt" in files
        page = files["statement.html"].decode()
        assert "Not charged:" in page
        assert "Nicht berechnet:" in files["aufstellung.html"].decode()
        assert json.loads(files[f"{first['folder']}/verdict.json"])["verdict"] == "not_billable"

    def test_what_the_sender_marked(self, bundled: Callable[..., Any]) -> None:
        [one] = told(bundled(cdr(remark="[invalid-metering-data: counter_gap]")))
        assert one["status"] == "not_billable"
        assert "metering data are not valid" in one["why_not"][0]

    def test_what_was_marked_in_a_field_of_the_partners(
        self, bundled: Callable[..., Any], tmp_path: Path
    ) -> None:
        marker = tmp_path / "marker.toml"
        marker.write_text('["2.2.1"]\nremark = false\ncustom_field = "x_invalid"\n')
        marked = cdr(x_invalid=["counter_gap"])
        [one] = told(bundled(marked, more=("--marker", marker)))
        assert one["status"] == "not_billable"

    def test_what_comes_twice(self, bundled: Callable[..., Any]) -> None:
        statuses = [one["status"] for one in told(bundled(cdr(), cdr(), cdr(id="other")))]
        assert statuses == ["charged", "not_billable", "not_billable"]

    def test_what_shares_a_record_with_another(self, bundled: Callable[..., Any]) -> None:
        sessions = told(bundled(cdr(), with_intermediate(id="other")))
        assert [one["status"] for one in sessions] == ["charged", "not_billable"]
        assert "T17" in sessions[1]["why_not"][0]

    def test_what_was_cancelled(self, bundled: Callable[..., Any]) -> None:
        credit = cdr(id="cdr-17-C", credit=True, credit_reference_id="cdr-17")
        sessions = told(bundled(cdr(), credit, cdr(id="cdr-18")))
        assert {one["cdr"]: one["status"] for one in sessions} == {
            "DE*ABC*cdr-17": "credited",
            "DE*ABC*cdr-18": "charged",
        }

    def test_what_cannot_be_read_is_in_no_month(self, bundled: Callable[..., Any]) -> None:
        assert len(told(bundled(cdr(total_energy="x"), second()))) == 1


class TestAmounts:
    def test_are_price_times_signed_energy(self, bundled: Callable[..., Any]) -> None:
        [one] = told(bundled(cdr()))
        assert (one["energy_kwh"], one["amount"], one["currency"]) == ("11.525", "5.35", "EUR")
        # 11.525 x 0.39 = 4.49475, 4.4948; with 19 %: 5.3488, 5.35

    def test_take_the_signed_energy_and_not_the_cdrs(self, bundled: Callable[..., Any]) -> None:
        rounded = cdr(
            BEGIN,
            record("E", "2947.1254", "11:30:00", 18),
            total_energy=Decimal("11.525"),
        )
        [one] = told(bundled(rounded))
        assert one["energy_kwh"] == "11.5254"

    def test_of_two_prices(self, bundled: Callable[..., Any]) -> None:
        files = bundled(two_prices())
        [one] = told(files)
        net = Decimal("1.7550") + Decimal("4.1448")  # 4.5 x 0.39; 7.025 x 0.59 = 4.14475
        assert Decimal(one["amount"]) == (net * Decimal("1.19")).quantize(Decimal("0.01"))
        page = files["statement.html"].decode()
        assert "4.500 kWh x 0.39 EUR/kWh = 1.7550 EUR" in page
        assert "4,500 kWh x 0,39 EUR/kWh = 1,7550 EUR" in files["aufstellung.html"].decode()

    def test_of_the_drivers_own_prices(self, bundled: Callable[..., Any], tmp_path: Path) -> None:
        prices = tmp_path / "prices.toml"
        prices.write_text('[tariff]\nid = "D"\nprices = [{ per_kwh = 0.50 }]\n')
        [one] = told(bundled(cdr(tariffs=None), more=("--tariff", prices)))
        assert one["amount"] == "5.76"  # 5.7625

    def test_add_up(self, bundled: Callable[..., Any]) -> None:
        files = bundled(cdr(), second(), tampered(id="bad"))
        amounts = [Decimal(one["amount"]) for one in told(files) if one["amount"]]
        assert f"{sum(amounts)} EUR" in files["README.txt"].decode()
        assert "Energy charged for: 14.400 kWh" in files["README.txt"].decode()
        assert "Sessions not charged: 1" in files["README.txt"].decode()

    def test_of_a_station_that_signs_nothing(
        self, wattseal: Run, tmp_path: Path, bundled: Callable[..., Any]
    ) -> None:
        place = cdr()["cdr_location"] | {"evse_id": "DE*ABC*E9"}
        files = bundled(cdr(signed_data=None, cdr_location=place))
        [one] = told(files)
        assert (one["status"], one["amount"]) == ("charged", "5.35")
        assert xmls(files) == {}
        assert "does not sign its readings" in files["statement.html"].decode()


class TestProof:
    def everything(self, bundled: Callable[..., Any]) -> dict[str, bytes]:
        files: dict[str, bytes] = bundled(two_prices(), second(), tampered(id="bad"))
        return files

    def test_the_records_are_those_of_the_cdr(self, bundled: Callable[..., Any]) -> None:
        files = self.everything(bundled)
        first = next(one for one in told(files) if one["cdr"].endswith("cdr-17"))
        records = files[f"{first['folder']}/records.txt"].decode().splitlines()
        assert records == [BEGIN, MIDDLE, END]
        key = files[f"{first['folder']}/public-key.hex"].decode()
        assert key == signer().public.hex

    def test_every_xml_is_verified(self, bundled: Callable[..., Any], tmp_path: Path) -> None:
        files = self.everything(bundled)
        assert len(xmls(files)) == 2
        for name, data in xmls(files).items():
            report = verify_file(name, data, signer().public)
            assert report.verdict is Verdict.VERIFIED, report.all_findings
            [transaction] = report.transactions
            energy = next(
                one["energy_kwh"] for one in told(files) if name.startswith(one["folder"])
            )
            assert transaction.energy == energy

    def test_every_xml_keeps_the_verifiers_rules(self, bundled: Callable[..., Any]) -> None:
        for data in xmls(self.everything(bundled)).values():
            check_transparency_rules(data)

    def test_a_combined_record_is_one_value(self, bundled: Callable[..., Any]) -> None:
        files = bundled(cdr(combined()))
        [data] = xmls(files).values()
        assert data.count(b"<value>") == 1
        assert verify_file("x", data, signer().public).verdict is Verdict.VERIFIED

    def test_the_checking_page_reads_the_bundle(self, bundled: Callable[..., Any]) -> None:
        files = self.everything(bundled)
        assert [name for name, _data in read_bundle(files["zip"])] == list(xmls(files))

    def test_how_to_check_is_told_in_two_languages(self, bundled: Callable[..., Any]) -> None:
        files = self.everything(bundled)
        assert "wattseal verify" in files["README.txt"].decode()
        assert "Transparenzsoftware" in files["LIESMICH.txt"].decode()


class TestBundle:
    def test_the_same_sessions_are_the_same_bytes(self, bundled: Callable[..., Any]) -> None:
        sessions = (two_prices(), second(), tampered(id="bad"))
        first = bundled(*sessions)["zip"]
        assert bundled(*sessions)["zip"] == first
        assert bundled(*reversed(sessions))["zip"] == first

    def test_names_are_safe(self, bundled: Callable[..., Any]) -> None:
        files = bundled(cdr(id="../../etc/pass wd\\"[:36]))
        for name in files.keys() - {"told", "zip"}:
            assert re.fullmatch(
                r"(sessions/[0-9]{2}_[0-9-]{10}_[A-Za-z0-9._-]+/)?[A-Za-z.-]+", name
            )
            assert ".." not in name

    def test_what_cdrs_say_is_no_markup(self, bundled: Callable[..., Any]) -> None:
        place = cdr()["cdr_location"] | {"address": "<script>x</script>\u0416"}
        files = bundled(cdr(cdr_location=place))
        assert "<script" not in files["statement.html"].decode()
        assert files["statement.pdf"].startswith(b"%PDF-")

    def test_many_sessions_go_over_pages(self, bundled: Callable[..., Any]) -> None:
        many = []
        for n in range(40):
            times = [f"10:{n:02}:{second}" for second in ("00", "30")]
            registers = (f"{1000 + n}.000", f"{1000 + n}.500")
            records = (
                record("B", registers[0], times[0], 2 * n + 1),
                record("E", registers[1], times[1], 2 * n + 2),
            )
            many.append(
                cdr(
                    *records,
                    id=f"cdr-{n}",
                    start_date_time=f"2026-11-21T09:{n:02}:00Z",
                    end_date_time=f"2026-11-21T09:{n:02}:30Z",
                    total_energy=Decimal("0.5"),
                )
            )
        files = bundled(*many)
        assert sum(one["status"] == "charged" for one in told(files)) == 40
        assert files["statement.pdf"].count(b"/Type /Page\n") >= 4


def test_from_the_receivers_store(wattseal: Run, tmp_path: Path) -> None:
    msp = Msp(tmp_path / "msp")
    token = msp.partner()
    for one in (cdr(), tampered(id="bad"), second(), second(id="late", remark="x")):
        assert msp.post(token, one).status_code == 201
    msp.close()
    out = tmp_path / "bundle.zip"
    source = ("--store", tmp_path / "msp", "--out", out)
    outcome = wattseal("cdr", "invoice", *DRIVER, *source, "--json")
    assert outcome.status == 0, outcome.err
    statuses = {one["cdr"]: one["status"] for one in outcome.json["sessions"]}
    assert statuses["DE*ABC*cdr-17"] == "charged"
    assert statuses["DE*ABC*bad"] == "not_billable"
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as bundle:
        assert bundle.testzip() is None
    by_contract = wattseal(
        *("cdr", "invoice", "--driver", "de-msp-c12345678-9", "--month", "2026-11"),
        *("--store", tmp_path / "msp", "--out", tmp_path / "again.zip", "--json"),
    )
    assert len(by_contract.json["sessions"]) == len(outcome.json["sessions"])


def check_transparency_rules(data: bytes) -> None:
    """What the S.A.F.E. transparency software 1.4.1 asks of a file with one transaction."""
    assert b"xmlns" not in data
    root = ElementTree.fromstring(data)  # noqa: S314 - written by us
    assert root.tag == "values"
    contexts, keys, readings = [], set(), []
    for value in root:
        assert value.tag == "value"
        assert value.attrib["transactionId"].isdecimal()
        contexts.append(value.attrib["context"])
        signed, key = value.find("signedData"), value.find("publicKey")
        assert signed is not None
        assert key is not None
        assert (signed.attrib, key.attrib) == (
            {"format": "OCMF", "encoding": "plain"},
            {"encoding": "plain"},
        )
        assert re.fullmatch(r"[0-9A-F]+", key.text or "")
        keys.add(key.text)
        readings.append(check_ocmf_rules(signed.text or ""))
    assert contexts == ["Transaction.Begin", "Transaction.End"]
    assert len({value.attrib["transactionId"] for value in root}) == 1
    assert len(keys) == 1
    (begin, begin_letter), (end, end_letter) = readings
    assert begin <= end
    assert begin_letter == "B"
    assert end_letter in "ELRAP"


def check_ocmf_rules(text: str) -> tuple[Decimal, str]:
    """Framing, payload and signature section; gives value and letter of the one reading."""
    assert text.isascii()
    assert text.isprintable()
    header, payload_text, signature_text = text.split("|")
    assert header == "OCMF"
    payload = json.loads(payload_text, parse_float=Decimal)
    signature = json.loads(signature_text)
    assert payload["FV"] != "1.4"
    assert re.fullmatch(r"T[1-9][0-9]*", payload["PG"])
    assert payload.get("IL") not in ("MISMATCH", "INVALID", "OUTDATED", "UNKNOWN")
    assert isinstance(payload["IS"], bool)
    assert isinstance(payload["IF"], list)
    assert len(payload["IF"]) <= 4
    assert signature["SA"] == "ECDSA-secp256r1-SHA256"
    assert signature.get("SE", "hex") == "hex"
    assert signature["SD"].startswith("30")
    [reading] = payload["RD"]
    assert reading["ST"] == "G"
    assert "E" not in reading.get("EF", "")
    assert reading["RI"] == "1-0:1.8.0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}[+-]\d{4} [UISR]", reading["TM"])
    return Decimal(reading["RV"]), reading["TX"]
