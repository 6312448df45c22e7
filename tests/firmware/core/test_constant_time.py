"""No branch and no index depends on a secret: the core under valgrind, its secrets undefined."""

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

import pytest
from support.core.build import Variant, build


class Leak(NamedTuple):
    """Where something depends on a secret: the function, and the source line's text."""

    function: str
    line: str


ON_PURPOSE = {
    Leak("leak", "if (private_key[0] & 1) {"): "a branch",
    Leak("leak", "seen = (uint8_t)(seen + table[private_key[1]]);"): "an index",
}


@pytest.fixture(scope="module", params=["-O2", "-Os"])
def program(request: pytest.FixtureRequest) -> Path:
    """constant_time.c with the core, at the levels that the unix and the board builds use."""
    return build(
        Variant(
            f"constant-time{request.param}",
            flags=(request.param, "-g"),
            own_flags=("-DWS_CHECK_CONSTANT_TIME",),
            extra=("constant_time.c", "fake_port.c"),
            shared=False,
        )
    )


def leaks(program: Path, what: str, folder: Path) -> tuple[set[Leak], bytes]:
    """What valgrind reports of one run, and what the program printed."""
    if shutil.which("valgrind") is None:
        pytest.fail("no valgrind: install it (Debian: apt-get install valgrind)")
    report = folder / "valgrind.xml"
    done = subprocess.run(
        ["valgrind", "--xml=yes", f"--xml-file={report}", "--leak-check=no", str(program), what],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    errors = ElementTree.parse(report).getroot().findall("error")  # noqa: S314 - of our own run
    return {place(error) for error in errors}, done.stdout


def place(error: ElementTree.Element) -> Leak:
    """The innermost frame of a report."""
    frame = error.find("stack/frame")
    assert frame is not None
    source = Path(frame.findtext("dir", ""), frame.findtext("file", ""))
    line = source.read_text().splitlines()[int(frame.findtext("line", "0")) - 1]
    return Leak(frame.findtext("fn", ""), line.strip())


@pytest.mark.parametrize("what", ["create", "statement", "manage_key", "random"])
def test_nothing_looks_at_a_secret(program: Path, tmp_path: Path, what: str) -> None:
    found, _ = leaks(program, what, tmp_path)
    assert found == set()


@pytest.mark.parametrize("what", ["record", "hedged"])
def test_signing_a_record_does_not(program: Path, tmp_path: Path, what: str) -> None:
    found, text = leaks(program, what, tmp_path)
    assert found == set()
    assert text.startswith(b'{"SA":"ECDSA-secp256r1-SHA256"')


def test_a_leak_would_be_seen(program: Path, tmp_path: Path) -> None:
    found, _ = leaks(program, "leak", tmp_path)
    assert found == set(ON_PURPOSE)
