"""What `./dev build` is asked for: BOARD or BOARD-VARIANT, by name or by the path of a folder.

`python -m boards.targets plan TARGET` prints what `dev` builds it with, as assignments for sh;
`python -m boards.targets needed COMMAND` the images that a command of `dev` needs (images.toml);
`python -m boards.targets known` every target in boards/.
"""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from boards.facts import BOARDS, BoardError, load, load_chip, load_kit, variants_of
from boards.models import Board, Chip, Variant

ROOT = BOARDS.parent
RELEASE = "firmware/release.toml"
ARTEFACTS = {
    "rp2": "firmware.bin",
    "esp32": "firmware.bin",
    "unix": "micropython",
    "qemu": "firmware.elf",
}
"""By the port: the file that is flashed or run."""


@dataclass(frozen=True)
class Target:
    """A board, and the variant of its image; `variant_name` is "" for the image itself."""

    folder: Path
    board: Board
    chip: Chip
    variant_name: str
    variant: Variant

    @property
    def name(self) -> str:
        """The target's name, which its folder below build/ has."""
        return "-".join(filter(None, (self.board.name, self.variant_name)))

    @property
    def transport(self) -> str:
        """Of the link: "usb" or "uart"; "" for what has none."""
        own = self.board.link.transport if self.board.link else ""
        return self.variant.transport or own

    @property
    def image_name(self) -> str:
        """What the image calls its board: another release of it has the same name."""
        differs = self.variant.prompt or self.variant.transport is not None
        return self.name if differs else self.board.name

    @property
    def release(self) -> Path:
        """The release.toml that the image is made with."""
        return ROOT / (self.variant.release or RELEASE)

    @property
    def artefact(self) -> Path:
        """The file that is flashed or run."""
        return ROOT / "build" / self.name / ARTEFACTS[self.chip.port]


def board_folders() -> list[Path]:
    """The folders of the boards in boards/."""
    return sorted(path.parent for path in BOARDS.glob("*/board.toml"))


def find(name: str, started_in: Path = ROOT) -> Target:
    """The target of that name, or of that folder, from `started_in` on; BoardError.

    A name with a slash is a path.
    """
    folder, variant_name = _folder_and_variant(name, started_in)
    board = load(folder / "board.toml")
    if folder.parent != BOARDS and (BOARDS / board.name / "board.toml").exists():
        raise BoardError(f"{folder}: boards/ has a board {board.name}; give this one another name")
    variants = variants_of(board)
    if variant_name and variant_name not in variants:
        known = ", ".join(f"{board.name}-{one}" for one in variants)
        known = f"there are {known}" if known else "it has none"
        raise BoardError(f"{board.name} has no variant {variant_name!r}; {known}")
    variant = variants[variant_name] if variant_name else Variant()
    target = Target(folder, board, load_chip(board.chip), variant_name, variant)
    if target.transport == "uart" and (board.link is None or board.link.uart is None):
        raise BoardError(
            f"{folder}/board.toml: {target.name} has its link on a UART, and [link] names none; "
            "add uart, tx_pin, rx_pin and baud"
        )
    return target


def _folder_and_variant(name: str, started_in: Path) -> tuple[Path, str]:
    is_path = "/" in name
    board, _, variant_name = name.rpartition("-")
    for named, variant in ((name, ""), (board, variant_name)):
        folder = (started_in / named).resolve() if is_path else BOARDS / named
        if named and (is_path or folder.parent == BOARDS) and (folder / "board.toml").is_file():
            return folder, variant
    if is_path:
        raise BoardError(f"there is no board.toml in {name}; name the folder of a board")
    raise BoardError(f"build what? sources, {', '.join(known())}, or the path of a board's folder")


def known() -> list[str]:
    """Every target in boards/."""
    names = []
    for folder in board_folders():
        board = load(folder / "board.toml")
        names += [board.name, *(f"{board.name}-{variant}" for variant in variants_of(board))]
    return names


def needed(command: str) -> list[str]:
    """The images that a command of `dev` needs; BoardError if images.toml has no such command."""
    listed = _images()["commands"].get(command)
    if listed is None:
        raise BoardError(f"boards/images.toml names no images for {command!r}; add a line")
    return list(listed)


def board_of_rig(chip: str) -> str:
    """The board that the rig runs of a chip when none is named."""
    return str(_images()["rig"][chip])


def rigged_chips() -> list[str]:
    """The chips that the rig stands in for."""
    return list(_images()["rig"])


def _images() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((BOARDS / "images.toml").read_text(encoding="ascii"))


def plan(target: Target) -> dict[str, str]:
    """What the build functions of `dev` want to know."""
    kit = target.board.kit or target.chip.kit
    folder = target.folder.relative_to(ROOT) if target.folder.parent == BOARDS else target.folder
    family = target.chip.boot_loader_family
    return {
        "name": target.name,
        "board_toml": str(folder / "board.toml"),
        "board_folder": str(folder),
        "chip_target": target.chip.target,
        "port": target.chip.port,
        "kit": load_kit(kit).sdk_name if kit else "",
        "usb": str(int(target.transport == "usb")),
        "prompt": str(int(target.variant.prompt)),
        "sanitizers": target.variant.sanitizers or "",
        "artefact": target.artefact.name,
        "image_base": f"{target.board.boot_loader.base:#x}" if target.board.boot_loader else "",
        "image_family": f"{family:#x}" if family is not None else "",
    }


def main(arguments: Sequence[str]) -> int:
    """Print what is asked for; 2 with one line on standard error if there is no such thing."""
    try:
        match list(arguments):
            case ["plan", name, *started_in]:
                target = find(name, Path(*started_in) if started_in else ROOT)
                for key, value in plan(target).items():
                    print(f"{key}={shlex.quote(value)}")
            case ["needed", command]:
                print(*needed(command))
            case ["known"]:
                print(*known())
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except BoardError as error:
        print(f"boards: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
