"""Counts the files that one thing goes through: those of which a function runs."""

import inspect
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def files_run(call: Callable[[], object], folder: Path) -> list[str]:
    """Files below a folder of which a function runs in a call, in this or in a new thread.

    The call is made twice and counted the second time: what it imports does not count.
    The host's copy of the wire's codec is left out; it is one subject, told with the firmware.
    """
    call()
    prefix, codec = f"{folder}/", f"{ROOT}/host_tools/wattseal/wire/"
    found: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        name = frame.f_code.co_filename
        is_function = frame.f_code.co_flags & inspect.CO_OPTIMIZED  # no module, no class body
        if event == "call" and is_function and name.startswith(prefix) and codec not in name:
            found.add(name.removeprefix(prefix))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return sorted(found)


def documented(way: str) -> int:
    """How many files docs/architecture.md says that a way has."""
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    found = re.search(rf"^\| a {way} \| [^|]+ \| (\d+) \|$", page, re.MULTILINE)
    assert found, f"docs/architecture.md has no line for the way of a {way}"
    return int(found[1])
