"""./dev: its refusals are one line and change nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def dev(*words: str, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / "dev", *words],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(root), **environment},
    )


def test_help_is_the_default() -> None:
    assert dev().stdout == dev("help").stdout
    assert "usage: ./dev" in dev().stdout


def test_unknown_command_is_refused() -> None:
    done = dev("launch")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "dev: no such command: launch"


def test_usb_variant_says_what_it_needs() -> None:
    done = dev("build", "rp2040-usb")
    assert done.returncode == 1
    assert "WATTSEAL_MICROPYTHON" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The scripts with the virtual environment of this checkout, but no build folder."""
    for name in ("dev", "sources.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def test_tarball_with_a_wrong_sum_is_refused(copy: Path) -> None:
    folder = copy / "tarballs"
    folder.mkdir()
    for line in (copy / "sources.lock").read_text().splitlines():
        if not line.startswith("#"):
            (folder / line.split()[2]).write_bytes(b"not the tarball")
    done = dev("build", "unix", root=copy, WATTSEAL_TARBALLS=str(folder))
    assert done.returncode == 1
    assert "does not have the SHA-256 of sources.lock" in done.stderr
    assert not (copy / "build/sources/stamp").exists()
    assert len(list(folder.iterdir())) == 4  # what was given is left alone
