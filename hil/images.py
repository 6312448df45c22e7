"""Images and programs as files, and what to do where one is missing.

`python -m hil.images TARGET...` builds targets of `./dev build`, one at a time for the whole
checkout: it waits for other processes that build this way.
"""

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from hil.board import REPOSITORY
from hil.rig import RigError

BUILD = REPOSITORY / "build"

_on_demand = False


def build_on_demand() -> None:
    """Have `existing` bring images in build/ up to date from now on, as tests want them."""
    global _on_demand
    _on_demand = True


def existing(image: Path) -> Path:
    """The same path; RigError if there is no such file, with the command that makes it."""
    made_here = image.parent.parent == BUILD
    if made_here and _on_demand:
        build(image.parent.name)
    if image.exists():
        return image
    remedy = f"build it with ./dev build {image.parent.name}" if made_here else "name another file"
    raise RigError(f"there is no image {image}; {remedy}")


@cache
def build_once(target: str) -> tuple[int, str]:
    """Exit status and output of `./dev build TARGET`, run once a process."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "building.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [REPOSITORY / "dev", "build", target],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout


def build(target: str) -> None:
    """Bring a target of `./dev build` up to date. RigError with what it said if that fails."""
    status, output = build_once(target)
    if status:
        raise RigError(f"./dev build {target} failed:\n{output}")


def main(targets: Sequence[str]) -> int:
    """Build them in turn, up to one that fails; exit status of the last."""
    for target in targets:
        status, output = build_once(target)
        sys.stderr.write(output)
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
