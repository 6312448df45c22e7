"""boards/targets.py: what `./dev build` may be asked for, and what is built with nobody asking."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from boards import targets
from boards.facts import BOARDS, BoardError, load
from boards.targets import find, known, plan

ROOT = BOARDS.parent
GOOD = (BOARDS / "rp2040/board.toml").read_text()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "acme-charger/acme_charger"
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text(GOOD.replace('"rp2040"', '"acme_charger"', 1))
    return folder


def test_every_board_and_variant_is_a_target() -> None:
    for name in known():
        target = find(name)
        assert target.name == name
        assert target.artefact.parent == ROOT / "build" / name


def test_a_folder_elsewhere_is_a_target(elsewhere: Path) -> None:
    for name in (elsewhere, f"{elsewhere}/", f"{elsewhere}-lab"):
        target = find(str(name))
        assert target.folder == elsewhere
        assert target.name == ("acme_charger-lab" if "-lab" in str(name) else "acme_charger")
    assert find("./acme_charger-next", elsewhere.parent).release.name == "next_release.toml"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("toaster", "build what? sources, esp32c3,"),
        ("rp2040-toaster", "rp2040 has no variant 'toaster'; there are rp2040-"),
        ("rv32-lab", "rv32 has no variant 'lab'; it has none"),
        ("rp2040-", "build what?"),
        ("rp2040-uart-toaster", "rp2040 has no variant 'toaster'; there are rp2040-"),
        ("rp2040-toaster-next", "rp2040 has no variant 'toaster'; there are rp2040-"),
        ("rp2040--next", "build what?"),
        ("rp2040-uart-lab", "rp2040-uart-lab: uart and lab both say its transport; leave one out"),
        ("rp2040-next-next", "next and next both say its release; leave one out"),
        ("-lab", "build what?"),
        ("", "build what?"),
        ("..", "build what?"),
        ("/none", "there is no board.toml in /none"),
        ("./boards", "there is no board.toml in"),
    ],
)
def test_what_is_no_target_is_refused(name: str, cause: str) -> None:
    with pytest.raises(BoardError, match=re.escape(cause)):
        find(name)


def test_variants_go_together(elsewhere: Path) -> None:
    """The image calls its board as the release before it does, or no update would be taken."""
    target = find("rp2040-uart-next")
    assert (target.name, target.image_name, target.transport) == (
        "rp2040-uart-next",
        find("rp2040-uart").image_name,
        "uart",
    )
    assert (target.release, target.variant.prompt) == (find("rp2040-next").release, False)
    assert find(f"{elsewhere}-lab-next").image_name == "acme_charger-lab"


def test_a_board_elsewhere_has_a_name_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "rp2040"
    folder.mkdir()
    (folder / "board.toml").write_text(GOOD)
    with pytest.raises(BoardError, match="boards/ has a board rp2040"):
        find(str(folder))


def test_a_board_may_have_variants_of_its_own(elsewhere: Path) -> None:
    path = elsewhere / "board.toml"
    path.write_text(path.read_text() + '\n[variants]\nnight = { release = "hil/night.toml" }\n')
    assert find(f"{elsewhere}-night").release == ROOT / "hil/night.toml"
    assert find(f"{elsewhere}-lab").variant.prompt


def test_a_uart_variant_needs_a_uart(elsewhere: Path) -> None:
    path = elsewhere / "board.toml"
    text = path.read_text()
    start, end = text.index("[link]"), text.index("[meter_line]")
    path.write_text(text[:start] + '[link]\ntransport = "usb"\n\n' + text[end:])
    assert find(str(elsewhere)).transport == "usb"
    with pytest.raises(BoardError, match="acme_charger-uart has its link on a UART, and"):
        find(f"{elsewhere}-uart")


def test_the_plan_is_for_sh(elsewhere: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "boards.targets", "plan", elsewhere],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    told = dict(word.partition("=")[::2] for word in shlex.split(made))
    assert told == plan(find(str(elsewhere)))
    assert told["board_folder"] == str(elsewhere)
    assert (told["chip_target"], told["port"], told["kit"]) == ("rp2040", "rp2", "pico")


def test_the_images_that_are_built_unasked_are_targets() -> None:
    images = targets.images()
    assert set(images["commands"]) == {"test", "demo", "hil", "run", "noise", "bench", "types"}
    for names in images["commands"].values():
        for name in names:
            find(name)
    for chip, board in images["rig"].items():
        assert load(BOARDS / str(board) / "board.toml").chip == chip
    script = (ROOT / "dev").read_text()
    asked = re.findall(r"(?:boards\.targets needed|build_images) ([a-z]+)", script)
    assert set(asked) == set(images["commands"])
    with pytest.raises(BoardError, match="names no images for 'dinner'"):
        targets.needed("dinner")


def test_continuous_integration_builds_every_board_that_can_be_built_here() -> None:
    built = set(targets.needed("test"))
    for folder in targets.board_folders():
        board = load(folder / "board.toml")
        assert board.name in built or find(board.name).chip.port == "esp32", board.name


def test_nothing_else_names_a_board() -> None:
    """`dev`, the rig and the host tools read a board's name; chips, which the rig emulates, not."""
    chips = {path.stem for path in (BOARDS / "chips").glob("*.toml")}
    names = {folder.name for folder in targets.board_folders()} - chips
    assert names
    files = [ROOT / "dev"]
    for folder in ("hil", "host_tools"):
        files += (ROOT / folder).rglob("*.py")
    word = re.compile(rf"\b({'|'.join(names)})\b|\b({'|'.join(chips)})-(lab|next|usb|uart)\b")
    found = [(str(file), match[0]) for file in files for match in word.finditer(file.read_text())]
    assert found == []
    assert not re.search(rf"\b({'|'.join(chips - {'unix', 'rv32'})})\b", files[0].read_text())
