"""Options that several commands share, and the connection that they describe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattseal.link_client import DEFAULT_BAUD

if TYPE_CHECKING:
    from wattseal.device import Device
    from wattseal.device_models import Hello

Port = Annotated[
    str,
    typer.Option(
        "--port",
        "-p",
        metavar="PORT",
        envvar="WATTSEAL_PORT",
        help="Serial device, or a URL such as socket://host:port.",
    ),
]
Baud = Annotated[int, typer.Option(metavar="BITS/S", help="Speed of a UART; USB ignores it.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        min=0.1,
        max=3600,
        help="Longest wait for an answer. Default: 5, or 60 where the module reads or signs.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OutputPath = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Write the files into this directory."),
]

BAUD = DEFAULT_BAUD


@contextmanager
def connected(port: str, baud: int, timeout_s: float | None) -> Iterator[tuple[Device, Hello]]:
    """A module that has said hello; the port is free again afterwards."""
    from wattseal.device import Device
    from wattseal.link_client import LinkClient
    from wattseal.ports import SerialTransport

    with SerialTransport(port, baud) as transport:
        device = Device(LinkClient(transport, timeout_s))
        yield device, device.connect(port)
