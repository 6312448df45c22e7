"""`wattseal port`: the serial ports of this computer."""

from __future__ import annotations

import typer

from wattseal.cli import options
from wattseal.cli.output import print_json, say, say_table
from wattseal.ports import list_ports

app = typer.Typer(name="port", no_args_is_help=True, help="Find the port that a module is on.")


@app.command("list")
def list_command(json_output: options.Json = False) -> None:
    """List the serial ports of this computer."""
    ports = list_ports()
    if json_output:
        print_json({"ports": [port.model_dump() for port in ports]})
    elif not ports:
        say("This computer has no serial port. Is the module plugged in?")
    else:
        say_table(
            ("PORT", "USB", "SERIAL", "DESCRIPTION"),
            [(port.device, port.usb_id, port.serial_number, port.description) for port in ports],
        )
