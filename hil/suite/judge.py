"""Lets a program that shares no code with the firmware judge what a module tells of itself."""

import functools
import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

from wattseal.wire.errors import WattsealError

from hil.board import REPOSITORY
from hil.suite.module import Module

CHECKER = REPOSITORY / "tests" / "independent" / "check_module.py"
CHALLENGE = "5a" * 16


def told(module: Module) -> dict[str, Any]:
    """All that the module tells, in the checker's form."""
    head: dict[str, Any] | None = None
    key: dict[str, Any] = {"key_number": None, "public_key": None}
    if module.status()["key_number"] is not None:
        key = module.client.call("public_key")
    events = module.events(module.status()["events"]["oldest"])
    try:
        head = {"challenge": CHALLENGE, **module.client.call("event_head", challenge=CHALLENGE)}
    except WattsealError as refusal:  # blank, or in fault: nothing is signed
        if refusal.name not in ("not_operational", "update_pending", "fault"):
            raise
    return {
        "chip_id": module.hello["chip_id"],
        **key,
        "statements": module.statements(),
        "events": events,
        "records": module.records(),
        "head": head,
    }


def judge(module: Module, archived_events: list[dict[str, Any]] | None = None) -> None:
    """AssertionError with the checker's findings if there are any.

    archived_events: those that were read out before the module let them go.
    """
    dump = {**told(module), "archived_events": archived_events or []}
    findings = _checker().judge(json.loads(json.dumps(dump))).findings
    if findings:
        raise AssertionError("the independent checker found:\n" + "\n".join(findings))


@functools.cache
def _checker() -> ModuleType:
    """The program, loaded by its path: it belongs to no package of ours."""
    spec = importlib.util.spec_from_file_location("check_module", CHECKER)
    if spec is None or spec.loader is None:
        raise ImportError(f"{CHECKER} cannot be loaded")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # its dataclasses look themselves up
    spec.loader.exec_module(loaded)
    return loaded
