"""The `wattseal` command as its users start it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WATTSEAL = Path(sys.executable).parent / "wattseal"
PASSWORD = "correct horse battery"  # noqa: S105


class CommandError(AssertionError):
    """A command that should have ended otherwise; the message is what it said."""


def said(*words: str | Path, status: int = 0) -> str:
    """What `wattseal WORDS` prints; CommandError unless it ends with that status."""
    environment = {**os.environ, "WATTSEAL_OWNER_PASSWORD": PASSWORD}
    done = subprocess.run(
        [WATTSEAL, *words], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != status:
        what = f"wattseal {words[0]} {words[1]} ended with {done.returncode}"
        raise CommandError(f"{what}: {(done.stderr + done.stdout).strip()}")
    return done.stdout


def told(*words: str | Path, status: int = 0) -> dict[str, Any]:
    """The object that `wattseal WORDS --json` prints; CommandError as above."""
    found: dict[str, Any] = json.loads(said(*words, "--json", status=status))
    return found
