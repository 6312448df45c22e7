"""Lets a program that shares no code with the firmware judge what a module tells of itself."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from wattseal.wire.errors import WattsealError

from hil.board import REPOSITORY
from hil.suite.module import Module

CHECKER = REPOSITORY / "tests" / "independent" / "check_module.py"
CHALLENGE = "5a" * 16


def told(module: Module) -> dict[str, Any]:
    """All that the module tells, in the checker's form; it must hold all its events."""
    head: dict[str, Any] | None = None
    key: dict[str, Any] = {"key_number": None, "public_key": None}
    if module.status()["key_number"] is not None:
        key = module.client.call("public_key")
    events = module.events()
    try:
        head = {"challenge": CHALLENGE, **module.client.call("event_head", challenge=CHALLENGE)}
    except WattsealError as refusal:  # blank, or in fault: nothing is signed
        if refusal.name not in ("not_operational", "fault"):
            raise
    return {
        "chip_id": module.hello["chip_id"],
        **key,
        "statements": module.statements(),
        "events": events,
        "records": module.records(),
        "head": head,
    }


def judge(module: Module, **more: Any) -> dict[str, Any]:
    """AssertionError with the checker's findings if there are any; what the module told."""
    dump = {**told(module), **more}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "module.json"
        path.write_text(json.dumps(dump), encoding="ascii")
        done = subprocess.run(
            [sys.executable, "-I", CHECKER, path], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise AssertionError(f"the independent checker found:\n{done.stdout}{done.stderr}")
    return dump
