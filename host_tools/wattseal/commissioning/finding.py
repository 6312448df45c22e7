"""Finds the modules that are plugged into this computer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wattseal.device import Device
from wattseal.device_models import Hello
from wattseal.errors import ToolError
from wattseal.link_client import DEFAULT_BAUD, LinkClient
from wattseal.ports import SerialTransport, list_ports

KNOCK_S = 2.0
"""How long a port has for its answer; what is no module says nothing."""


@dataclass(frozen=True)
class Found:
    """A module that answers, and where."""

    port: str
    hello: Hello


def port_names() -> list[str]:
    """The ports of this computer."""
    return [one.device for one in list_ports()]


def find_modules(
    names: Iterable[str],
    baud: int = DEFAULT_BAUD,
    knock_s: float = KNOCK_S,
    seen: Callable[[str], None] = lambda _port: None,
) -> list[Found]:
    """Those of the ports that a module answers on; the others are let be."""
    found = []
    for name in names:
        seen(name)
        try:
            with SerialTransport(name, baud) as transport:
                hello = Device(LinkClient(transport, knock_s)).connect(name)
        except ToolError:
            continue
        found.append(Found(name, hello))
    return found


def only_module(found: list[Found], names: list[str]) -> Found:
    """The one that was found. ToolError `module_not_found`, `module_ambiguous`."""
    if not found:
        raise ToolError("module_not_found", ports=", ".join(names) or "it has none")
    if len(found) > 1:
        ports = ", ".join(f"{one.port} (chip {one.hello.chip_id})" for one in found)
        raise ToolError("module_ambiguous", ports=ports)
    return found[0]
