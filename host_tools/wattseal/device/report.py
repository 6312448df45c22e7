"""Collects what a supporter needs to know of a module. Nothing in it is a secret.

A module gives out no private key by any method. Its records are left out, for they name drivers;
so are this computer's name, its user and its environment. What cannot be read is told as an error
in the place where it would stand.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel

from wattseal import __version__
from wattseal.common.errors import ToolError
from wattseal.common.text import printable
from wattseal.common.times import is_synchronised, unix_ms_now, utc_text
from wattseal.device import key_history
from wattseal.device.advice import advise
from wattseal.device.device import Device, key_of
from wattseal.device.link import list_ports
from wattseal.device.models import Event, Hello, Status

FORMAT = "wattseal-report-1"
PACKAGES = ("cryptography", "pydantic", "pyocmf", "pyserial", "rich", "typer")


def collect(device: Device, hello: Hello, port: str, newest_events: int) -> dict[str, Any]:
    """The report on a module, as JSON has it."""
    state = _section(device.status)
    return {
        "format": FORMAT,
        "made_at": utc_text(unix_ms_now()),
        "host": host_facts(port),
        "module": _plain(hello),
        "status": _plain(state),
        "advice": _plain_advice(state),
        "key": _plain(_section(lambda: _key(device, state))),
        "settings": _plain(_section(device.configuration)),
        "meter": _plain(_section(device.read_meter)),
        "self_test": _plain(_section(device.self_test)),
        "statements": _plain(_section(lambda: _statements(device, hello))),
        "events": _plain(_section(lambda: _events(device, state, newest_events))),
    }


def host_facts(port: str) -> dict[str, Any]:
    """This computer's programs, and what it knows of the port."""
    known = next((one for one in list_ports() if one.device == port), None)
    return {
        "wattseal": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "clock_synchronised": is_synchronised(),
        "packages": {name: _version(name) for name in PACKAGES},
        "port": {
            "name": port,
            "usb_id": known and known.usb_id,
            "description": known and known.description,
            "manufacturer": known and known.manufacturer,
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _section(read: Callable[[], Any]) -> Any:
    """What is read, or the error."""
    try:
        return read()
    except ToolError as error:
        return error.as_json()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _plain_advice(state: Any) -> dict[str, Any] | None:
    if not isinstance(state, Status):
        return None
    advice = advise(state)
    return {"meaning": advice.meaning, "steps": list(advice.steps)}


def _key(device: Device, state: Any) -> dict[str, Any] | None:
    if isinstance(state, Status) and state.key_number is None:
        return None
    number = device.key_number()
    public = key_of(number.public_key, "public_key")
    return {
        "key_number": number.key_number,
        "public_key": public.spki.hex(),
        "sha256": public.fingerprint,
    }


def _statements(device: Device, hello: Hello) -> dict[str, Any]:
    stored = list(device.statements())
    try:
        key_history.check_history(stored, hello.chip_id)
    except ToolError as error:
        return {"stored": stored, "history": str(error)}
    return {"stored": stored, "history": "whole"}


def _events(device: Device, state: Any, newest: int) -> dict[str, Any]:
    """The newest events, and whether their hash chain holds."""
    log = state.events if isinstance(state, Status) else None
    if log is None or log.newest is None or log.oldest is None:
        return {"stored": [], "chain": "empty"}
    found: list[Event] = list(device.events(max(log.oldest, log.newest - newest + 1), None))
    try:
        key_history.check_chain(found)
    except ToolError as error:
        return {"stored": found, "chain": str(error)}
    return {"stored": found, "chain": "whole"}


def as_text(report: dict[str, Any]) -> str:
    """The same to be read: a line for each value, under the names of its sections."""
    lines = [f"Wattseal report of {report['made_at']}", ""]
    for section, value in report.items():
        if isinstance(value, dict | list):
            lines += [section.upper(), *_lines(value, "  "), ""]
    return "\n".join(lines)


def _lines(value: Any, indent: str) -> list[str]:
    if isinstance(value, dict):
        found = []
        for name, one in value.items():
            if isinstance(one, dict | list) and one:
                found += [f"{indent}{name}:", *_lines(one, indent + "  ")]
            else:
                found.append(f"{indent}{name}: {_word(one)}")
        return found
    found = []
    for one in value:
        nested = isinstance(one, dict | list)
        found += [f"{indent}-", *_lines(one, indent + "  ")] if nested else [indent + _word(one)]
    return found


def _word(value: Any) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))
