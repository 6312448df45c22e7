"""Read the facts of a board and of its chip, and refuse what cannot be built or cannot work.

A board is a folder with a `board.toml` (`Board`). It names its chip, of which `chips/CHIP.toml`
tells what all boards with it share (`Chip`), and the board that is bought ready-made, if there is
one below it (`Kit`, `kits/KIT.toml`).
"""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from boards.checks import faults_of, unknown_names
from boards.models import Board, Chip, Kit, Variant

Place = tuple[str | int, ...]
"""Where in a TOML file something stands: tables, then the member."""

BOARDS = Path(__file__).resolve().parent
CHIPS, KITS = BOARDS / "chips", BOARDS / "kits"
MAX_FACTS_BYTES = 65_536


class BoardError(Exception):
    """An input that cannot be built from; the message names the file, its line and the remedy."""


Model = TypeVar("Model", bound=BaseModel)


def load(path: Path) -> Board:
    """Read and check a board.toml; BoardError."""
    text, board = _read(path, Board)
    chips, kits = (sorted(one.stem for one in folder.glob("*.toml")) for folder in (CHIPS, KITS))
    faults = list(unknown_names(board, chips, kits))
    if not faults:
        folder = path.resolve().parent.name
        faults = list(faults_of(board, load_chip(board.chip), kit_of(board), folder))
    for line, said in sorted(
        (_line_of(text, tuple(fault.place.split("."))), fault.said) for fault in faults
    ):
        raise BoardError(f"{path}:{line}: {said}")
    return board


@cache
def load_chip(name: str) -> Chip:
    """What is known of a chip; BoardError."""
    return _read(CHIPS / f"{name}.toml", Chip)[1]


@cache
def load_kit(name: str) -> Kit:
    """What is known of a ready-made board; BoardError."""
    return _read(KITS / f"{name}.toml", Kit)[1]


def kit_of(board: Board) -> Kit | None:
    """The ready-made board below a board; None if there is none."""
    return load_kit(board.kit) if board.kit else None


def variants_of(board: Board) -> dict[str, Variant]:
    """Those of its chip, and its own before them."""
    return {**load_chip(board.chip).variants, **board.variants}


def _read(path: Path, model: type[Model]) -> tuple[str, Model]:
    try:
        data = path.read_bytes()[: MAX_FACTS_BYTES + 1]
        if len(data) > MAX_FACTS_BYTES:
            raise BoardError(f"{path}: over {MAX_FACTS_BYTES} bytes; name a board.toml")
        text = data.decode("ascii")
        facts = tomllib.loads(text)
    except OSError as error:
        raise BoardError(f"{path}: {error.strerror}; name the board.toml of a board") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BoardError(f"{path}:{line}: a character that is not ASCII; write it out") from None
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{path}:{_line_of_syntax(text)}: not TOML: {error}") from None
    try:
        return text, model.model_validate(facts)
    except ValidationError as error:
        line, said = min(
            (_line_of(text, one["loc"]), _sentence(model, one)) for one in error.errors()
        )
        raise BoardError(f"{path}:{line}: {said}") from None


# --- lines -----------------------------------------------------------------------------------


def _line_of(text: str, place: Place) -> int:
    """The line in which something stands: where the file, read up to there, has it first.

    What is missing stands at its table. pydantic names the types of unions in a place, too.
    """
    lines = text.splitlines(keepends=True)
    found = 1
    for end in range(1, len(place) + 1):
        for number in range(found, len(lines) + 1):
            try:
                if _has(tomllib.loads("".join(lines[:number])), place[:end]):
                    found = number
                    break
            except tomllib.TOMLDecodeError:
                continue  # in the middle of a value of several lines
        else:
            break
    return found


def _has(facts: Any, place: Place) -> bool:
    for key in place:
        try:
            facts = facts[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _line_of_syntax(text: str) -> int:
    """The first line up to which the file is not TOML, whatever may follow."""
    lines = text.splitlines(keepends=True)
    good = 0
    for number in range(1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[:number]))
            good = number
        except tomllib.TOMLDecodeError:
            continue
    return min(good + 1, len(lines))


# --- what the form of a file breaks ----------------------------------------------------------


def _sentence(model: type[BaseModel], error: Any) -> str:
    place, kind = error["loc"], error["type"]
    dotted = ".".join(map(str, place))
    owner = _model_at(model, place[:-1])
    if kind == "extra_forbidden" and owner is not None:
        known = list(owner.model_fields)
        near = difflib.get_close_matches(str(place[-1]), known, 1)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        return f"{dotted}: no such member; {remedy}"
    described = _description(owner, place[-1]) if owner is not None and place else None
    if kind == "missing":
        return f"{dotted} is missing; add it" + (f": {described}" if described else "")
    said = str(error["msg"]).replace("Input should", "it should")
    return f"{dotted} is {error['input']!r}: " + (f"give {described}" if described else said)


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The model of a table, by the names of the tables down to it."""
    for key in place:
        field = model.model_fields.get(str(key))
        inner = _inner_models(field.annotation) if field else []
        if not inner:
            # The values of a mapping: `variants.lab`.
            continue
        model = inner[0]
    return model


def _inner_models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for one in getattr(annotation, "__args__", ()) for model in _inner_models(one)]


def _description(owner: type[BaseModel], member: str | int) -> str | None:
    field = owner.model_fields.get(str(member))
    if field is None:
        return None
    if field.description:
        return field.description
    for one in (field.annotation, *getattr(field.annotation, "__args__", ())):
        for note in getattr(one, "__metadata__", ()):
            if getattr(note, "description", None):
                return str(note.description)
    return None
