"""./dev: its refusals are one line and change nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

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


def test_unknown_target_lists_the_known() -> None:
    done = dev("build", "toaster")
    assert done.returncode == 1
    for target in (
        "unix",
        "unix-next",
        "rp2040",
        "rp2040-next",
        "rp2040-uart",
        "rp2040-lab",
        "rv32",
    ):
        assert target in done.stderr.replace(",", " ").split()


def test_a_bench_that_is_none_lists_the_parts() -> None:
    done = dev("bench", "toaster")
    assert done.returncode == 1
    assert done.stderr == "dev: bench what? firmware, registry or cdr, or all without a name\n"


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
    assert len(list(folder.iterdir())) == 5  # what was given is left alone


@pytest.fixture
def with_sources(copy: Path) -> Path:
    """The copy with all that `build` wants but what lies in the folders that it compiles."""
    (copy / "build").mkdir()
    (copy / "build/sources").symlink_to(ROOT / "build/sources")
    for name in ("boards", "firmware"):
        (copy / name).symlink_to(ROOT / name)
    return copy


def test_a_vendor_key_that_is_not_there_is_named(with_sources: Path) -> None:
    done = dev("build", "unix", root=with_sources, WATTSEAL_VENDOR_KEY="/none/public.pem")
    assert done.returncode == 1
    assert "there is no /none/public.pem, which WATTSEAL_VENDOR_KEY names" in done.stderr
    assert not (with_sources / "build/vendor").exists()


def test_a_vendor_key_that_is_none_is_refused(with_sources: Path) -> None:
    (with_sources / "key.pem").write_text("not a key")
    done = dev(
        "build", "unix", root=with_sources, WATTSEAL_VENDOR_KEY=str(with_sources / "key.pem")
    )
    assert done.returncode != 0
    assert "no public key on secp256r1" in done.stderr
    assert not (with_sources / "build/unix/micropython").exists()


def test_a_board_is_built_by_the_name_of_its_folder(with_sources: Path) -> None:
    tools = with_sources / "tools"
    tools.mkdir()
    for name in ("cmake", "arm-none-eabi-gcc"):
        (tools / name).write_text('#!/bin/sh\necho "$0 $*"\nexit 1\n')
        (tools / name).chmod(0o755)
    path = f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin"
    done = dev("build", "wattseal_rp2040", root=with_sources, PATH=path)
    assert done.returncode == 1
    assert "the whole output is in build/wattseal_rp2040.log" in done.stderr
    board = with_sources / "build/wattseal_rp2040/gen/frozen/board.py"
    assert "NAME = 'wattseal_rp2040'" in board.read_text()
    called = (with_sources / "build/wattseal_rp2040.log").read_text()
    assert f"-B {with_sources}/build/wattseal_rp2040 " in called


def test_a_board_with_another_chip_is_no_target() -> None:
    for name in ("wattseal_unix", ".", "../boards/wattseal_unix", ""):
        assert dev("build", name).stderr.startswith("dev: build what? ")


def test_the_vendor_key_of_this_clone_is_private() -> None:
    """A pair was made by whoever built the images that these tests need."""
    if "WATTSEAL_VENDOR_KEY" in os.environ:
        pytest.skip("the images were built with a key from elsewhere: WATTSEAL_VENDOR_KEY is set")
    vendor = ROOT / "build/vendor"
    private, public = vendor / "private.pem", vendor / "public.pem"
    assert private.stat().st_mode & 0o077 == 0
    key = load_pem_private_key(private.read_bytes(), None)
    assert load_pem_public_key(public.read_bytes()) == key.public_key()
