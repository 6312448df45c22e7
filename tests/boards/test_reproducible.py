"""An image depends on sources, compiler and vendor's key: not on who builds it, or where.

Its hash is its identity, so whoever has the sources can check what a module says that it runs.
"""

import datetime
import getpass
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGES = {
    "rp2040": ("firmware.bin", "firmware.uf2"),
    "rp2040-next": ("firmware.bin",),
    "unix": ("micropython",),
}
BILL = "firmware.cdx.json"
BUILD_LIMIT_S = 3600


def files_of(target: str, root: Path = ROOT) -> list[Path]:
    return [root / "build" / target / name for name in (*IMAGES[target], BILL)]


def traces() -> list[bytes]:
    """What would tell of this build alone."""
    found = [str(ROOT), str(Path.home()), getpass.getuser(), socket.gethostname()]
    # A user or host called "root" or "a" is in every image, as part of a word.
    return [text.encode() for text in found if len(text) > len("root")]


@pytest.mark.parametrize(
    "target", [pytest.param(name, marks=pytest.mark.image(name)) for name in IMAGES]
)
def test_no_path_user_or_date_is_in_an_image(target: str) -> None:
    for path in files_of(target):
        content = path.read_bytes()
        for trace in traces():
            assert trace not in content, (path, trace)
        built = datetime.datetime.fromtimestamp(path.stat().st_mtime, tz=datetime.UTC)
        for form in ("%Y-%m-%d", "%b %d %Y", "%b %e %Y", "%Y%m%d"):
            assert built.strftime(form).encode() not in content, (path, form)
        assert re.search(rb"/build/(sources|rp2040|unix)", content) is None, path


def copy_of_this_tree(target: Path) -> None:
    """What git would take, changes that are not committed included."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    target.mkdir(parents=True)
    packed = subprocess.run(
        ["tar", "--null", "-T", "-", "-cf", "-"],
        cwd=ROOT,
        input=names,
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "-xf", "-"], cwd=target, input=packed.stdout, check=True)
    (target / ".venv").symlink_to(ROOT / ".venv")


@pytest.mark.timeout(2 * BUILD_LIMIT_S)
@pytest.mark.image("rp2040", "unix")
def test_another_folder_gives_the_same_bytes(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--all"):
        pytest.skip("builds everything once more: only with --all")
    other = tmp_path / "a/longer/path/of-another-user"
    copy_of_this_tree(other)
    key = os.environ.get("WATTSEAL_VENDOR_KEY", str(ROOT / "build/vendor/public.pem"))
    environment = {
        **os.environ,
        "WATTSEAL_VENDOR_KEY": key,
        "WATTSEAL_TARBALLS": str(ROOT / "build/tarballs"),
        "TZ": "Asia/Tokyo",
        "USER": "somebody",
        "LC_ALL": "C",
    }
    for target in ("rp2040", "unix"):
        done = subprocess.run(
            [other / "dev", "build", target],
            env=environment,
            capture_output=True,
            text=True,
            timeout=BUILD_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for here, there in zip(files_of(target), files_of(target, other), strict=True):
            assert here.read_bytes() == there.read_bytes(), f"{there} differs from {here}"
