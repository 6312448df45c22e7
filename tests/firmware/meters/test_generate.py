import importlib.util
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

METERS = Path(__file__).resolve().parents[3] / "firmware" / "meters"
_spec = importlib.util.spec_from_file_location("wattseal_meters_generate", METERS / "generate.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)

GOOD = (METERS / "sdm630.toml").read_text()


def write(folder: Path, text: str, name: str = "sdm630") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def test_the_script_writes_a_module_with_every_profile(tmp_path):
    out = tmp_path / "meter_profiles.py"
    subprocess.run([sys.executable, METERS / "generate.py", out], check=True)
    profiles = runpy.run_path(str(out))["PROFILES"]
    assert sorted(profiles) == sorted(path.stem for path in METERS.glob("*.toml"))
    loaded = generate.load_profiles()
    for name, profile in profiles.items():
        assert not {"sources", "notes"} & profile().keys()
        assert profile() == {key: loaded[name][key] for key in profile()}


def test_the_module_is_the_same_every_time_and_ascii():
    first = generate.render(generate.load_profiles())
    assert first == generate.render(generate.load_profiles())
    assert first.isascii()


def test_defaults_are_filled_in(tmp_path):
    profile = generate.load_profile(write(tmp_path, GOOD))
    assert profile["max_registers"] == 125
    assert profile["energy_import"]["count"] == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "sdm630"', 'name = "other"', "not that of the file"),
        ('vendor = "Eastron"', 'vendor = ""', "vendor"),
        ('vendor = "Eastron"', 'vendor = "East|ron"', "vendor"),
        ('vendor = "Eastron"', "", "required"),
        ('current_type = "AC"', 'current_type = "ac"', "current_type"),
        ("timeout_ms = 1000", "timeout_ms = 10", "timeout_ms"),
        ("timeout_ms = 1000", "timeout_ms = 1000.0", "timeout_ms"),
        ("timeout_ms = 1000", "timeout = 1000", "no such field"),
        ("unit = 1", "unit = 248", "unit"),
        ("unit = 1", "unit = 1\nmax_registers = 1", "more registers"),
        ("baud = 9600", "baud = 9601", "line.baud"),
        ('parity = "none"', 'parity = "N"', "line.parity"),
        ("function = 4", "function = 6", "energy_import.function"),
        ("address = 0x0048", "address = 65536", "energy_import.address"),
        ("address = 0x0048", "address = 65535", "register space"),
        ("address = 0x0048", "address = 72\ncount = 1", "outside the registers read"),
        ("address = 0x0048", "address = 72\noffset = 1", "outside the registers read"),
        ("address = 0x0048", "address = 72\nexponent_offset = 2", "outside the registers read"),
        ("address = 0x0048", "address = 72\nmodel = 203", "go together"),
        ("unit = 1", "unit = 1\nsunspec_marker = 40000", "go together"),
        ("address = 0x0048", 'address = 72\nword_order = "middle"', "word_order"),
        ("address = 0x0048", 'address = 72\nsentinels = ["ffff"]', "as long as the value"),
        ("address = 0x0048", 'address = 72\nsentinels = ["FFFFFFFF"]', "sentinels"),
        ('type = "f32"', 'type = "f64"', "energy_import.type"),
        ("resolution = 0", "", "resolution"),
        ('type = "f32"', 'type = "u32"', "resolution"),
        ("exponent = 3", "exponent = 7", "energy_import.exponent"),
        ('type = "hex"\ncount = 1', 'type = "hex"', "needs a count"),
        ("[serial]", "[serialnumber]", "serialnumber"),
        ("[line]", "[line", "sdm630.toml"),
        ("Not tried", "Nicht erprobt: \u00fc", "sdm630.toml"),
    ],
)
def test_a_profile_that_is_not_of_the_form_is_refused(tmp_path, old, new, problem):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(generate.ProfileError) as refused:
        generate.load_profile(path)
    assert problem in str(refused.value)
    assert "sdm630.toml" in str(refused.value)


def test_the_script_refuses_with_an_exit_status_and_writes_nothing(tmp_path, capsys, monkeypatch):
    write(tmp_path, GOOD.replace("unit = 1", "unit = 0"))
    monkeypatch.setattr(generate.load_profiles, "__defaults__", (tmp_path,))
    out = tmp_path / "out.py"
    assert generate.main([str(out)]) == 1
    assert not out.exists()
    assert "unit" in capsys.readouterr().err
    assert generate.main([]) == 2
