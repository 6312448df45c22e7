"""What `./dev build` is asked for: BOARD or BOARD-VARIANT, by name or by the path of a folder.

Variants go together, as in rp2040-uart-next.

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
    """A board, and the variants of its image by name; none for the image itself."""

    folder: Path
    board: Board
    chip: Chip
    variants: dict[str, Variant]

    @property
    def name(self) -> str:
        """The target's name, which its folder below build/ has."""
        return "-".join((self.board.name, *self.variants))

    @property
    def variant(self) -> Variant:
        """What is built instead, by all the variants together."""
        told = [one.model_dump(exclude_defaults=True) for one in self.variants.values()]
        return Variant(**{name: value for one in told for name, value in one.items()})

    @property
    def transport(self) -> str:
        """Of the link: "usb" or "uart"; "" for what has none."""
        own = self.board.link.transport if self.board.link else ""
        return self.variant.transport or own

    @property
    def image_name(self) -> str:
        """What the image calls its board: another release of it has the same name."""
        differing = [
            name
            for name, variant in self.variants.items()
            if variant.prompt or variant.transport is not None
        ]
        return "-".join((self.board.name, *differing))

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


def folder_of(name: str, started_in: Path = ROOT) -> Path:
    """The folder of a board, by its name or its path, from `started_in` on; BoardError."""
    return _folder_and_variants(name, started_in)[0]


def find(name: str, started_in: Path = ROOT) -> Target:
    """The target of that name, or of that folder, from `started_in` on; BoardError.

    A name with a slash is a path.
    """
    folder, names = _folder_and_variants(name, started_in)
    board = load(folder / "board.toml")
    if folder.parent != BOARDS and (BOARDS / board.name / "board.toml").exists():
        raise BoardError(f"{folder}: boards/ has a board {board.name}; give this one another name")
    target = Target(folder, board, load_chip(board.chip), _variants(board, names))
    if target.transport == "uart" and (board.link is None or board.link.uart is None):
        raise BoardError(
            f"{folder}/board.toml: {target.name} has its link on a UART, and [link] names none; "
            "add uart, tx_pin, rx_pin and baud"
        )
    return target


def _variants(board: Board, names: list[str]) -> dict[str, Variant]:
    """Those of a board that are named; BoardError for one that there is not, or that is said twice.

    Two that say the same of an image contradict: `variants.uart` and `variants.lab` its transport.
    """
    variants = variants_of(board)
    chosen: dict[str, Variant] = {}
    said: dict[str, str] = {}
    for name in names:
        if name not in variants:
            known = ", ".join(f"{board.name}-{one}" for one in variants)
            known = f"there are {known}" if known else "it has none"
            raise BoardError(f"{board.name} has no variant {name!r}; {known}")
        for member in variants[name].model_fields_set:
            if member in said:
                both = f"{said[member]} and {name} both say its {member}"
                raise BoardError(f"{board.name}-{'-'.join(names)}: {both}; leave one out")
            said[member] = name
        chosen[name] = variants[name]
    return chosen


def _folder_and_variants(name: str, started_in: Path) -> tuple[Path, list[str]]:
    """The longest beginning of a name that is a board's, and the variants behind it."""
    is_path = "/" in name
    board_names = {folder.name for folder in board_folders()}
    board, variants = name, list[str]()
    while board:
        folder = (started_in / board).resolve() if is_path else BOARDS / board
        known_here = is_path or board in board_names
        if known_here and "" not in variants and (folder / "board.toml").is_file():
            return folder, variants
        board, _, variant = board.rpartition("-")
        variants.insert(0, variant)
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
    listed = images()["commands"].get(command)
    if listed is None:
        raise BoardError(f"boards/images.toml names no images for {command!r}; add a line")
    return list(listed)


def board_of_rig(chip: str) -> str:
    """The board that the rig runs of a chip when none is named."""
    return str(images()["rig"][chip])


def rigged_chips() -> list[str]:
    """The chips that the rig stands in for."""
    return list(images()["rig"])


def images() -> dict[str, dict[str, list[str]]]:
    """The file images.toml."""
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
        "compiler": target.chip.compiler,
        "kit": load_kit(kit).sdk_name if kit else "",
        "usb": str(int(target.transport == "usb")),
        "prompt": str(int(target.variant.prompt)),
        "sanitizers": target.variant.sanitizers or "",
        "artefact": target.artefact.name,
        "release": str(target.release),
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
