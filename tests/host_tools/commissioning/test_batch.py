"""A list of modules: what is wrong with one row stays with that row."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commissioning.workbench import chip_of, serial_of
from support.device.fake_key_life import OWNER
from support.device.signer import signer
from wattseal.commissioning.batch import _as_csv, read_list
from wattseal.commissioning.job import RequestFile, read_file
from wattseal.common.errors import ToolError

from hil.registry_process import RegistryProcess
from hil.targets.unix import UnixRig

SOME_REGISTRY = {
    "registry_name": "registry.example/keys",
    "registry_key": signer(seed=51).public.spki.hex(),
}
COMMON = f"""
gateway_id = "Wattseal WS-1"
module_model = "Wattseal WS-1"
meter_profile = "sdm630"
owner_key = "{OWNER.public.spki.hex()}"
{{registry}}
[meter]
calibration_mark = "DE-M 26 0102"
calibration_year = 2026
"""
HEADING = "port,chip_id,gateway_serial,meter_serial,charge_point_id"


class Table:
    """A list as a spreadsheet writes it, and what came of it."""

    def __init__(self, wattseal: Callable[..., Any], folder: Path) -> None:
        self._wattseal = wattseal
        self.out = folder / "out"
        self.path = folder / "stations.csv"
        self.defaults = folder / "common.toml"
        self.rows: list[str] = []
        self.trust(SOME_REGISTRY)

    def trust(self, settings: dict[str, str]) -> None:
        """Name the registry in the defaults."""
        lines = "\n".join(f'{name} = "{value}"' for name, value in settings.items())
        self.defaults.write_text(COMMON.format(registry=lines))

    def add(self, rig: UnixRig, number: int, *, by_chip: bool = False, **wrong: str) -> None:
        """A row for a rig of that number; `wrong` replaces cells."""
        cells = {
            "port": "" if by_chip else rig.port,
            "chip_id": chip_of(number) if by_chip else "",
            "gateway_serial": f"WS-{number:04}",
            "meter_serial": serial_of(number),
            "charge_point_id": f"DE*WSL*E{number}",
        }
        self.rows.append(",".join({**cells, **wrong}.values()))

    def run(self, *more: object) -> Any:
        """Commission what is on the list."""
        self.path.write_text("\n".join([HEADING, *self.rows]) + "\n")
        common = ("--defaults", self.defaults, "--out", self.out)
        return self._wattseal("commission", "batch", self.path, *common, *more)

    def report(self) -> list[dict[str, Any]]:
        """The rows of the report, which is there in two forms that agree."""
        told = json.loads((self.out / "report.json").read_text())["rows"]
        with (self.out / "report.csv").open(encoding="utf-8-sig", newline="") as file:
            cells = list(csv.DictReader(file))
        assert [row["error"] for row in cells] == [row["error"] or "" for row in told]
        return told


@pytest.fixture
def table(wattseal: Callable[..., Any], tmp_path: Path) -> Table:
    return Table(wattseal, tmp_path)


def test_one_bad_module_never_stops_the_rest(
    table: Table, make_rig: Callable[..., UnixRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    rigs = [make_rig(number) for number in range(1, 6)]
    monkeypatch.setattr("wattseal.cli.commission.port_names", lambda: [rigs[3].port, "/dev/none"])
    table.add(rigs[0], 1)
    table.add(rigs[1], 2, meter_serial="4711")  # another meter is wired to it
    table.rows.append(f",{'00' * 8},WS-9,4712,DE*WSL*E9")  # not on this desk
    table.add(rigs[3], 4, by_chip=True)
    table.add(rigs[2], 3, chip_id=chip_of(7))  # another module is on that port
    rigs[4].power_cut()
    table.add(rigs[4], 5)
    table.rows.append("/dev/none,,,,")
    outcome = table.run("--offline", "--timeout", 1)
    assert outcome.status == 1
    assert "5 of 7 failed" in outcome.err
    assert [(row["row"], row["error"], row["step"]) for row in table.report()] == [
        (2, None, None),
        (3, "meter_serial_mismatch", "settings"),
        (4, "module_not_found", None),
        (5, None, None),
        (6, "module_is_another", None),
        (7, "no_reply", None),
        (8, "station_incomplete", None),
    ]
    requests = list(table.out.rglob("*.request.json"))
    assert len(requests) == 2
    assert all(read_file(path, RequestFile) for path in requests)


def test_a_box_of_modules(
    table: Table,
    make_rig: Callable[..., UnixRig],
    registry: RegistryProcess,
    pytestconfig: pytest.Config,
) -> None:
    """50 modules with `--all`, 8 otherwise; the last one is dead."""
    count = 50 if pytestconfig.getoption("--all", False) else 8
    rigs = [make_rig(number) for number in range(1, count + 1)]
    table.trust(registry.settings)
    for number, rig in enumerate(rigs, 1):
        table.add(rig, number)
    rigs[-1].power_cut()
    outcome = table.run(*registry.options(), "--test-charge", "--timeout", 10)
    assert outcome.status == 1
    assert [row["error"] for row in table.report()] == [None] * (count - 1) + ["no_reply"]
    for number in range(1, count):
        gate = registry.client().eligibility(f"DE*WSL*E{number}")
        assert (gate.publish, gate.authorise) == (True, True)


def test_what_is_left_is_done_by_the_same_command(
    table: Table, make_rig: Callable[..., UnixRig]
) -> None:
    first, second = make_rig(1), make_rig(2)
    second.power_cut()
    table.add(first, 1)
    table.add(second, 2)
    assert table.run("--offline", "--timeout", 1).status == 1
    second.restart()
    outcome = table.run("--offline", "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json == {
        "total": 2,
        "failed": 0,
        "report": str(table.out / "report.json"),
    }
    assert [row["done"] for row in table.report()] == [True, True]


def test_rows_about_the_same_thing_are_refused_both(
    table: Table, make_rig: Callable[..., UnixRig]
) -> None:
    rigs = [make_rig(number) for number in (1, 2, 3)]
    table.add(rigs[0], 1)
    table.add(rigs[1], 2, charge_point_id="DE*WSL*E1")
    table.add(rigs[2], 3)
    assert table.run("--offline").status == 1
    rows = table.report()
    assert [row["done"] for row in rows] == [False, False, True]
    assert "another row has the same charge_point_id" in rows[0]["message"]


def test_registry_or_offline(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = table.run()
    assert outcome.status == 2
    assert "Give --registry URL or --offline." in outcome.err
    assert not table.out.exists()
    # A registry that the environment names is no reason to need one.
    monkeypatch.setenv("WATTSEAL_REGISTRY", "http://127.0.0.1:9")
    assert table.run("--offline").status == 0


class TestList:
    def _read(self, tmp_path: Path, text: str | bytes) -> list[Any]:
        path = tmp_path / "list.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_list(path, {}, tmp_path)

    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("delimiter", [",", ";"])
    def test_every_spreadsheets_form(
        self, tmp_path: Path, mark: str, end: str, delimiter: str
    ) -> None:
        lines = [
            ["port", "charge_point_id", "meter_unit"],
            ["COM3", '"DE*ABC*E1"', "7"],
            ["", "", ""],
        ]
        [row] = self._read(tmp_path, mark + end.join(delimiter.join(line) for line in lines))
        assert (row.number, row.port, row.charge_point_id) == (2, "COM3", "DE*ABC*E1")
        assert row.station.settings["meter_unit"] == 7

    def test_an_empty_cell_leaves_the_default(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_text("port,gateway_id,calibration_year\nCOM1,,\nCOM2,B,2025\n")
        defaults = {"gateway_id": "A", "meter": {"calibration_year": 2024}}
        first, second = read_list(path, defaults, tmp_path)
        assert (first.station.settings["gateway_id"], first.station.meter) == (
            "A",
            {"calibration_year": 2024},
        )
        assert (second.station.settings["gateway_id"], second.station.meter) == (
            "B",
            {"calibration_year": 2025},
        )

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "a column is missing"),
            ("port,port\n", "stands twice"),
            ("port,colour\n", "'colour' is no column"),
            ('port\n"COM1', "line 2"),
            (b"port\n\xff\n", "not UTF-8"),
            (b"x" * ((4 << 20) + 1), "larger than"),
        ],
    )
    def test_what_is_no_list(self, tmp_path: Path, text: str | bytes, words: str) -> None:
        with pytest.raises(ToolError) as caught:
            self._read(tmp_path, text)
        assert caught.value.name == "list_malformed"
        assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("COM1,DE*ABC*E1", "it has 2 cells, not 3"),
            ("COM1,DE*ABC*E1,7,8", "it has 4 cells, not 3"),
            ("COM1,DE*ABC*E1,seven", "meter_unit must be"),
            ("COM1,DE*ABC*E1,248", "meter_unit must be"),
            ("COM1,DE|ABC,7", "charge_point_id must be"),
        ],
    )
    def test_a_bad_row_is_one_row(self, tmp_path: Path, row: str, words: str) -> None:
        text = f"port,charge_point_id,meter_unit\n{row}\nCOM2,DE*ABC*E2,7\n"
        bad, good = self._read(tmp_path, text)
        assert words in bad.error.message
        assert "row 2" in bad.error.message
        assert good.station is not None

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ToolError) as caught:
            read_list(tmp_path / "none.csv", {}, tmp_path)
        assert caught.value.name == "file_unreadable"


@pytest.mark.parametrize("text", ["=1+1", "+49*823", "-1", "@a", "\tx"])
def test_the_report_holds_no_formula(text: str) -> None:
    [line] = list(csv.DictReader(_as_csv([{"message": text, "notes": []}]).splitlines()))
    assert line["message"] == "'" + text
