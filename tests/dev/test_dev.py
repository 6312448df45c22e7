"""./dev: its refusals are one line and change nothing."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
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
    for target in ("sources", "unix", "unix-next", "rp2040", "rp2040-uart", "rp2040-lab", "rv32"):
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
    assert len(list(folder.iterdir())) == 5  # what was given is left alone


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


def test_sources_that_are_unpacked_first_change_nothing_of_the_plan(copy: Path, tools: str) -> None:
    """An image was built anew in the next run, and its bill named no target."""
    (copy / "build/sources").unlink()
    (copy / "tools/make").write_text("#!/bin/sh\n")
    (copy / "tools/make").chmod(0o755)
    tarballs = str(ROOT / "build/tarballs")
    done = dev("build", "rp2040", root=copy, PATH=tools, WATTSEAL_TARBALLS=tarballs)
    assert "building rp2040" in done.stderr, done.stderr
    options = (copy / "build/rp2040/options").read_text()
    dev("build", "rp2040", root=copy, PATH=tools)
    assert (copy / "build/rp2040/options").read_text() == options


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


ESP32_BOARDS = ("esp32c3", "esp32s3")


@pytest.mark.parametrize("board", ESP32_BOARDS)
def test_the_esp32_family_says_what_it_needs(board: str, tmp_path: Path) -> None:
    """One thing after the other, each in one line, before anything is fetched or compiled."""
    refusals = [dev("build", board)]
    refusals.append(dev("build", board, IDF_PATH=str(tmp_path)))
    (tmp_path / "tools").mkdir()
    idf = tmp_path / "tools/idf.py"
    idf.write_text("#!/bin/sh\nexit 1\n")
    idf.chmod(0o755)
    refusals.append(dev("build", board, IDF_PATH=str(tmp_path)))
    path = f"{idf.parent}:/usr/bin:/bin:/usr/sbin:/sbin"
    refusals.append(dev("build", board, IDF_PATH=str(tmp_path), PATH=path))
    causes = (
        "install version 5.2 to 5.4, run its export.sh",
        "where no tools/idf.py is; name the folder of an ESP-IDF",
        f"idf.py is not in PATH; run . {tmp_path}/export.sh",
        "set WATTSEAL_MICROPYTHON to a MicroPython 1.25 checkout with its submodules",
    )
    for done, cause in zip(refusals, causes, strict=True):
        assert done.returncode == 1
        assert cause in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.fixture
def idf_build(with_sources: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Build with an idf.py that notes how it is called and then does what it is told to."""
    idf, upstream = with_sources / "idf", with_sources / "micropython"
    (idf / "tools").mkdir(parents=True)
    (upstream / "lib/berkeley-db-1.xx/btree").mkdir(parents=True)

    def build(board: str, then: str) -> subprocess.CompletedProcess[str]:
        program = idf / "tools/idf.py"
        program.write_text(f'#!/bin/sh\necho "chip $WATTSEAL_CHIP: $*"\n{then}\n')
        program.chmod(0o755)
        return dev(
            "build",
            board,
            root=with_sources,
            IDF_PATH=str(idf),
            WATTSEAL_MICROPYTHON=str(upstream),
            PATH=f"{idf}/tools:/usr/bin:/bin:/usr/sbin:/sbin",
        )

    return build


def test_the_esp32_family_is_built_by_idf(
    with_sources: Path, idf_build: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = idf_build("esp32c3", "exit 1")
    assert done.returncode == 1
    assert "the whole output is in build/esp32c3.log" in done.stderr
    called = (with_sources / "build/esp32c3.log").read_text()
    where = f"-C {with_sources}/micropython/ports/esp32 -B {with_sources}/build/"
    assert called.startswith(f"chip esp32c3: -G Unix Makefiles {where}")
    for folder in ("boards/ports/esp32", "firmware/binding/micropython.cmake"):
        assert f"={with_sources}/{folder}" in called
    made = with_sources / "build/esp32c3/gen"
    assert f'FILENAME="{made.resolve()}/partitions.csv"' in (made / "sdkconfig").read_text()


ESP32_COMPILERS = {"esp32c3": "riscv32-esp-elf-gcc", "esp32s3": "xtensa-esp32s3-elf-gcc"}


@pytest.mark.parametrize("board", ESP32_BOARDS)
def test_the_bill_of_an_esp32_image_names_the_compiler_of_its_chip(
    board: str,
    with_sources: Path,
    idf_build: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The compiler answers, idf.py leaves lists of files as make does, makeimg.py an image."""
    compiler = with_sources / "idf/tools" / ESP32_COMPILERS[board]
    compiler.write_text('#!/bin/sh\n[ "$*" = -dumpfullversion ] && echo 13.2.0\n')
    compiler.chmod(0o755)
    script = with_sources / "micropython/ports/esp32/makeimg.py"
    script.parent.mkdir(parents=True)
    script.write_text('import sys; open(sys.argv[5], "wb").write(b"image")\n')
    read = "/sources/bearssl-0.6/inc/bearssl.h"
    done = idf_build(board, f'echo "x.o: {read}" >"{with_sources}/build/{board}/x.c.obj.d"')
    assert done.returncode == 0, done.stderr
    told = json.loads((with_sources / "build" / board / "firmware.cdx.json").read_text())
    [tool] = told["metadata"]["tools"]["components"]
    assert (tool["name"], tool["version"]) == (ESP32_COMPILERS[board], "13.2.0")
    assert "bearssl" in {one["name"] for one in told["components"]}


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
