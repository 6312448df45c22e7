"""An image over its board's limit ends the build, with what to do."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "boards"
LIMIT = tomllib.loads((BOARDS / "wattseal_rp2040/board.toml").read_text())["flash"][
    "image_limit_bytes"
]


def check(board: str, image: Path, size: int) -> subprocess.CompletedProcess[str]:
    image.write_bytes(bytes(size))
    return subprocess.run(
        [sys.executable, BOARDS / "check_image.py", BOARDS / board / "board.toml", image],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("board", "size"), [("wattseal_rp2040", LIMIT), ("wattseal_unix", LIMIT + 1)]
)
def test_image_within_its_limit_passes(board: str, size: int, tmp_path: Path) -> None:
    done = check(board, tmp_path / "firmware.bin", size)
    assert (done.returncode, done.stderr) == (0, "")


def test_image_over_its_limit_is_refused(tmp_path: Path) -> None:
    done = check("wattseal_rp2040", tmp_path / "firmware.bin", LIMIT + 1)
    assert done.returncode == 1
    assert f"{LIMIT + 1} bytes, 1 over flash.image_limit_bytes" in done.stderr


def test_missing_image_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            BOARDS / "check_image.py",
            BOARDS / "wattseal_rp2040/board.toml",
            tmp_path / "none.bin",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_every_image_that_is_built_is_checked() -> None:
    script = (ROOT / "dev").read_text()
    built = script[script.index("build_rp2040() {") :]
    built = built[: built.index("\n}\n")]
    assert 'boards/check_image.py "boards/$1/board.toml" "$out/firmware.bin"' in built
