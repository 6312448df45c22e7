import importlib.util
import runpy
import subprocess
import sys
from pathlib import Path

from wattseal.meter.profile import load_profiles

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
    loaded = load_profiles()
    for name, profile in profiles.items():
        assert not {"sources", "notes", "power", "identity"} & profile().keys()
        assert profile() == {key: loaded[name][key] for key in profile()}


def test_the_module_is_the_same_every_time_and_ascii():
    first = generate.render(load_profiles())
    assert first == generate.render(load_profiles())
    assert first.isascii()


def test_the_script_refuses_with_an_exit_status_and_writes_nothing(tmp_path, capsys):
    write(tmp_path, GOOD.replace("unit = 1", "unit = 0"))
    out = tmp_path / "out.py"
    assert generate.main([str(out)], tmp_path) == 1
    assert not out.exists()
    assert "unit" in capsys.readouterr().err
    assert generate.main([]) == 2
