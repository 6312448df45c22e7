"""The bill of materials beside an image: true of it, valid by the schema, the same every time."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from boards import sbom

ROOT = Path(__file__).resolve().parents[2]
IMAGES = {
    "rp2040": ("firmware.bin", "arm-none-eabi-gcc"),
    "unix": ("micropython", "gcc"),
    "rv32": ("firmware.elf", "riscv64-unknown-elf-gcc"),
}
SUM = "ab" * 32
RELEASE = 'version = "1.2.3"\nrollback_number = 7\ndate = 2026-02-03\n'


def read(path: Path) -> dict[str, Any]:
    text = path.read_text()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, problem
    found: dict[str, Any] = json.loads(text)
    return found


def sums(components: list[dict[str, Any]]) -> dict[str, str]:
    return {one["name"]: one["hashes"][0]["content"] for one in components}


def locked() -> dict[str, str]:
    lines = (ROOT / "sources.lock").read_text().splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {word[0]: word[3] for word in words}


@pytest.mark.parametrize(
    "target", [pytest.param(name, marks=pytest.mark.image(name)) for name in IMAGES]
)
def test_the_bill_of_an_image_is_true(target: str) -> None:
    name, compiler = IMAGES[target]
    folder = ROOT / "build" / target
    told = read(folder / "firmware.cdx.json")
    image = told["metadata"]["component"]
    assert (image["name"], image["type"]) == (f"wattseal-{target}", "firmware")
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert image["hashes"] == [{"alg": "SHA-256", "content": digest}]
    version = subprocess.run(
        [compiler, "-dumpfullversion"], capture_output=True, text=True, check=True
    )
    (tool,) = told["metadata"]["tools"]["components"]
    assert (tool["name"], tool["version"]) == (compiler, version.stdout.strip())
    found = sums(told["components"])
    assert found.pop("wattseal") == sbom.tree_sha256(ROOT)
    assert found == {name: locked()[name] for name in found}
    assert {"micropython", "bearssl"} <= found.keys()
    assert ("pico-sdk" in found) == target.startswith("rp2")
    assert all(one["licenses"] for one in told["components"])


# --- with inputs of our own ----------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree as small as can be, with an image that was just built in it."""
    for folder in ("firmware", "boards", "build/made"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dev").write_text("#!/bin/sh\n")
    (tmp_path / "firmware/core.c").write_text("int x;\n")
    (tmp_path / "firmware/release.toml").write_text(RELEASE)
    (tmp_path / "sources.lock").write_text(
        f"# comment\nmicropython 1.25.0 m.tar {SUM} https://m.example\n"
        f"bearssl 0.6 b.tar {SUM} https://b.example\n"
    )
    (tmp_path / "build/made/firmware.bin").write_bytes(b"image")
    (tmp_path / "build/made/main.d").write_text("main.o: /a/micropython-1.25.0/py/obj.h\n")
    return tmp_path


def bill(tree: Path) -> dict[str, Any]:
    image, release = tree / "build/made/firmware.bin", tree / "firmware/release.toml"
    made: dict[str, Any] = json.loads(sbom.bill(image, "made", "gcc", release, tree))
    return made


def test_only_sources_that_the_compiler_read_are_listed(tree: Path) -> None:
    assert sums(bill(tree)["components"]).keys() == {"wattseal", "micropython"}
    (tree / "build/made/more.P").write_text("x.o: /a/bearssl-0.6/inc/bearssl.h\n")
    assert sums(bill(tree)["components"]).keys() == {"wattseal", "micropython", "bearssl"}
    (tree / "build/made/main.d").write_text("main.o: ../../py/mpconfig.h ../../py/obj.h\n")
    assert sums(bill(tree)["components"]).keys() == {"wattseal", "micropython", "bearssl"}


def test_it_is_the_same_in_another_folder_and_another_one_after_a_change(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(tree, other)
    (other / "firmware/core.pyc").write_bytes(b"compiled")
    assert bill(other) == bill(tree)
    (other / "firmware/core.c").write_text("int y;\n")
    assert bill(other) != bill(tree)
    (other / "firmware/core.c").rename(other / "firmware/moved.c")
    assert sbom.tree_sha256(other) != sbom.tree_sha256(tree)


@pytest.mark.parametrize(
    ("file", "content", "finding"),
    [
        ("sources.lock", "micropython 1.25.0 m.tar\n", "give name, version, file, SHA-256, home"),
        ("sources.lock", f"newlib 4 n.tar {SUM} https://n\n", "newlib: add its licence"),
        ("build/made/main.d", None, "no dependency files"),
    ],
)
def test_what_no_bill_can_be_written_from_is_named(
    tree: Path, file: str, content: str | None, finding: str
) -> None:
    if content is None:
        (tree / file).unlink()
    else:
        (tree / file).write_text(content)
    with pytest.raises(sbom.SbomError, match=finding):
        bill(tree)


def test_the_command_says_in_one_line_what_is_missing(tree: Path) -> None:
    image = tree / "none.bin"
    words = ["--target", "x", "--compiler", "gcc", "--release", tree / "firmware/release.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "boards.sbom", *words, image],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none.bin" in done.stderr
    with pytest.raises(sbom.SbomError, match="no-such-gcc does not tell its version"):
        sbom.version_of("no-such-gcc")
