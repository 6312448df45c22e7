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


def test_usb_variant_says_what_it_needs() -> None:
    done = dev("build", "rp2040-usb")
    assert done.returncode == 1
    assert "WATTSEAL_MICROPYTHON" in done.stderr
    assert done.stderr.count("\n") == 1


def test_unknown_target_lists_the_known() -> None:
    done = dev("build", "toaster")
    assert done.returncode == 1
    for target in ("sources", "unix", "unix-next", "rp2040", "rp2040-next", "rp2040-lab", "rv32"):
        assert target in done.stderr.replace(",", " ").split()
    assert done.stderr.count("\n") == 1


def test_a_bench_that_is_none_lists_the_parts() -> None:
    done = dev("bench", "toaster")
    assert done.returncode == 1
    assert done.stderr == "dev: bench what? firmware, registry or cdr, or all without a name\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The scripts with the virtual environment of this checkout, but no build folder."""
    for name in ("dev", "sources.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in (".venv", "boards"):
        (tmp_path / name).symlink_to(ROOT / name)
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


@pytest.fixture
def with_sources(copy: Path) -> Path:
    """The copy with all that `build` wants but what lies in the folders that it compiles."""
    (copy / "build").mkdir()
    (copy / "build/sources").symlink_to(ROOT / "build/sources")
    (copy / "firmware").symlink_to(ROOT / "firmware")
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


@pytest.fixture
def tools(with_sources: Path) -> str:
    """A PATH whose compilers say how they were called, and fail."""
    folder = with_sources / "tools"
    folder.mkdir()
    for name in ("cmake", "arm-none-eabi-gcc"):
        (folder / name).write_text('#!/bin/sh\necho "$0 $*"\nexit 1\n')
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin:/usr/sbin:/sbin"


def test_a_board_is_built_by_the_name_of_its_folder(with_sources: Path, tools: str) -> None:
    done = dev("build", "rp2040-lab", root=with_sources, PATH=tools)
    assert done.returncode == 1
    assert "the whole output is in build/rp2040-lab.log" in done.stderr
    board = with_sources / "build/rp2040-lab/gen/frozen/board.py"
    assert "NAME = 'rp2040-lab'" in board.read_text()
    called = (with_sources / "build/rp2040-lab.log").read_text()
    assert f"-B {with_sources}/build/rp2040-lab " in called


@pytest.mark.parametrize("relative", [False, True])
def test_a_board_of_a_folder_elsewhere_is_built(
    with_sources: Path, tools: str, tmp_path: Path, relative: bool
) -> None:
    folder = tmp_path / "elsewhere/acme_charger"
    folder.mkdir(parents=True)
    facts = (ROOT / "boards/rp2040/board.toml").read_text().replace('"rp2040"', '"acme_charger"', 1)
    (folder / "board.toml").write_text(facts)
    done = subprocess.run(
        [with_sources / "dev", "build", "./acme_charger-lab" if relative else folder],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": tools, "HOME": str(tmp_path)},
    )
    name = "acme_charger-lab" if relative else "acme_charger"
    assert f"the whole output is in build/{name}.log" in done.stderr
    board = with_sources / "build" / name / "gen/frozen/board.py"
    assert f"NAME = {name!r}" in board.read_text()


def test_what_is_no_board_is_no_target() -> None:
    for name in (".", "..", "chips", ""):
        assert dev("build", name).stderr.startswith("boards: build what? "), name
    for path in ("./boards", "/", "../boards/none"):
        assert "there is no board.toml in" in dev("build", path).stderr, path


def test_the_vendor_key_of_this_clone_is_private() -> None:
    """A pair was made by whoever built the images that these tests need."""
    if "WATTSEAL_VENDOR_KEY" in os.environ:
        pytest.skip("the images were built with a key from elsewhere: WATTSEAL_VENDOR_KEY is set")
    vendor = ROOT / "build/vendor"
    private, public = vendor / "private.pem", vendor / "public.pem"
    assert private.stat().st_mode & 0o077 == 0
    key = load_pem_private_key(private.read_bytes(), None)
    assert load_pem_public_key(public.read_bytes()) == key.public_key()
