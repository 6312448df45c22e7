"""A service of the `wattseal` command in its own process, listening on this computer."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_S = 30


@contextmanager
def served(*words: str | Path, log: Path) -> Iterator[str]:
    """The URL at which `wattseal WORDS --json` answers, until the end.

    `log` takes its standard error. RuntimeError if it does not start, with what it says instead.
    """
    command = [Path(sys.executable).parent / "wattseal", *words, "--json"]
    with (
        log.open("ab") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        try:
            yield _told_url(process)
        finally:
            process.terminate()
            process.wait(STOP_S)


def _told_url(process: subprocess.Popen[bytes]) -> str:
    """What it says once it answers."""
    said = b""
    for line in process.stdout or ():
        said += line
        if line == b"}\n":
            break
    told = json.loads(said or b"{}")
    if "url" not in told:
        raise RuntimeError(f"the service did not start: {told}")
    return str(told["url"])
