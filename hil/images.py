"""Images and programs as files, and what to do where one is missing."""

from pathlib import Path

from hil.board import REPOSITORY
from hil.rig import RigError

BUILD = REPOSITORY / "build"


def existing(image: Path) -> Path:
    """The same path; RigError if there is no such file, with the command that makes it."""
    if image.exists():
        return image
    made_here = image.parent.parent == BUILD
    remedy = f"build it with ./dev build {image.parent.name}" if made_here else "name another file"
    raise RigError(f"there is no image {image}; {remedy}")
