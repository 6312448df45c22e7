"""Tests find the images that they read, built once and by one process at a time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil import images
from hil.rig import RigError

# Stands in for ./dev: notes that it began and ended, makes a file, fails for one target.
DEV = """#!/bin/sh
cd "$(dirname "$0")"
echo "begin $2" >>log
[ "$2" != broken ] || { echo "no such pin"; exit 3; }
mkdir -p "build/$2"
echo made >"build/$2/image"
echo "end $2" >>log
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "dev").write_text(DEV)
    (tmp_path / "dev").chmod(0o755)
    monkeypatch.setattr(images, "REPOSITORY", tmp_path)
    monkeypatch.setattr(images, "BUILD", tmp_path / "build")
    images.build_once.cache_clear()
    yield tmp_path
    images.build_once.cache_clear()


def log(checkout: Path) -> list[str]:
    return (checkout / "log").read_text().splitlines()


def test_a_build_that_fails_says_what_the_build_said(checkout: Path) -> None:
    for _ in range(2):
        with pytest.raises(RigError, match=r"dev build broken failed:\nno such pin"):
            images.build("broken")
    assert log(checkout) == ["begin broken"]


def test_an_image_is_built_when_it_is_asked_for_and_once(checkout: Path) -> None:
    image = images.BUILD / "board" / "image"
    assert images.existing(image).read_text() == "made\n"
    assert images.existing(image) == image
    assert log(checkout) == ["begin board", "end board"]


def test_an_image_is_taken_as_it_is_where_nobody_builds_on_demand(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_on_demand", False)
    with pytest.raises(RigError, match=r"build it with \./dev build board"):
        images.existing(images.BUILD / "board" / "image")
    assert not (checkout / "log").exists()


def test_another_folders_image_is_not_built(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(RigError, match="name another file"):
        images.existing(tmp_path / "mine" / "image")
    assert not (checkout / "log").exists()


def test_two_processes_build_one_after_the_other(checkout: Path) -> None:
    script = (
        "import sys, pathlib; from hil import images\n"
        f"images.REPOSITORY = pathlib.Path({str(checkout)!r})\n"
        "images.BUILD = images.REPOSITORY / 'build'\n"
        "sys.exit(images.main(sys.argv[1:]))"
    )
    builders = [
        subprocess.Popen([sys.executable, "-c", script, *targets], cwd=Path(__file__).parents[2])
        for targets in (("one", "two"), ("two", "one"))
    ]
    assert [builder.wait(60) for builder in builders] == [0, 0]
    lines = log(checkout)
    assert len(lines) == 8
    assert all(
        end == begin.replace("begin", "end")
        for begin, end in zip(lines[::2], lines[1::2], strict=True)
    )


def test_the_command_ends_with_the_failed_builds_status(checkout: Path) -> None:
    assert images.main(["one", "broken", "two"]) == 3
    assert log(checkout) == ["begin one", "end one", "begin broken"]


def test_a_test_waits_for_its_image_outside_its_time_limit(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "conftest.py").write_text((root / "conftest.py").read_text())
    (tmp_path / "slow_build.py").write_text(
        "import functools, time\n"
        "from hil import images\n"
        "@functools.cache\n"
        "def build_once(target):\n"
        "    time.sleep(2)\n"  # the build
        "    return 0, ''\n"
        "images.build_once = build_once\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.image('unix')\ndef test_it(): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "slow_build", "--timeout", "1", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
