"""The `wattseal` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the console script.

    Worker processes import this too, as multiprocessing has them do; only who talks to people needs
    the command line itself.
    """
    from wattseal.cli.program import run

    sys.exit(run(sys.argv[1:]))
