"""A profile that is not of the form is refused: the line, the cause and the remedy are told."""

from pathlib import Path

import pytest
from wattseal.meter.profile import FOLDER, ProfileError, known_profile, load_profile, profile_names

GOOD = (FOLDER / "sdm630.toml").read_text("ascii")


def write(folder: Path, text: str, name: str = "sdm630") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def refusal(path: Path) -> ProfileError:
    with pytest.raises(ProfileError) as refused:
        load_profile(path)
    return refused.value


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, GOOD))
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
        ('type = "f32"', 'type = "f16"', "energy_import.type"),
        ("resolution = 0", "", "resolution"),
        ('type = "f32"', 'type = "u32"', "resolution"),
        ("exponent = 3", "exponent = 7", "energy_import.exponent"),
        ('type = "hex"\ncount = 1', 'type = "hex"', "needs a count"),
        ("[serial]", "[serialnumber]", "serialnumber"),
        ("[line]", "[line", "sdm630.toml"),
        ("Not tried", "Nicht erprobt: \u00fc", "sdm630.toml"),
    ],
)
def test_a_profile_that_is_not_of_the_form_is_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in GOOD
    refused = refusal(write(tmp_path, GOOD.replace(old, new, 1)))
    assert problem in str(refused)
    assert str(refused).startswith("sdm630.toml")
    assert refused.remedy


@pytest.mark.parametrize(
    ("old", "new", "at", "remedy"),
    [
        ("unit = 1", "unit = 248", "unit = 248", "README"),
        ("unit = 1", "unti = 1", "unti = 1", "Did you mean unit?"),
        ("[serial]\nfunction = 3\naddress", "[serial]\nfunction = 3\nadress", "adress", "address?"),
        ("baud = 9600", "baud = 9601", "baud = 9601", "README"),
        ("[serial]\nfunction = 3\n", "[serial]\n", "[serial]", "README"),
        (
            'type = "f32"\nexponent = 3\nresolution = 0',
            'type = "f32"\nexponent = 3',
            "[energy_import]",
            "f64",
        ),
        ("[line]", "[line", "[line", "TOML"),
        ("Not tried", "N\u00fc", "N\u00fc", "ASCII"),
    ],
)
def test_the_line_and_the_remedy_are_told(
    tmp_path: Path, old: str, new: str, at: str, remedy: str
) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    refused = refusal(write(tmp_path, text))
    line = next(number for number, line in enumerate(text.splitlines(), 1) if at in line)
    assert refused.line == line
    assert remedy in refused.remedy


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    assert "65536 bytes" in str(refusal(write(tmp_path, GOOD + "# \n" * 40_000)))


def test_unknown_names_are_listed() -> None:
    assert known_profile("sdm630")["vendor"] == "Eastron"
    with pytest.raises(ValueError, match="no meter profile 'sdm631'; there are abb_b23"):
        known_profile("sdm631")
    assert "pac2200" in profile_names()
