"""The module's settings on the command line: options, settings files, before and after."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.bounded_file import read_at_most
from wattseal.cli.output import say, say_table
from wattseal.errors import ToolError
from wattseal.public_key import KeyUnreadableError, read_public_key
from wattseal.wire.methods import SETTINGS

MAX_FILE_BYTES = 65536

_KEYS = ("registry_key", "owner_key")

EPILOG = """\b
Example:
  wattseal device configure --port /dev/ttyACM0 --file station.toml

\b
A settings file holds the same names with underscores:
  gateway_id = "Example GmbH WS-1"
  gateway_serial = "WS000017"
  meter_profile = "sdm630"
  meter_serial = "12345678"
  line = { baud = 9600, parity = "none", stop_bits = 1 }"""


def _option(metavar: str, text: str) -> Any:
    return typer.Option(metavar=metavar, help=text)


File = Annotated[
    Path | None, typer.Option("--file", "-f", metavar="TOML", help="Take settings from this file.")
]
GatewayId = Annotated[str | None, _option("TEXT", "What this signing system is (GI).")]
GatewaySerial = Annotated[str | None, _option("TEXT", "Serial number of this system (GS).")]
MeterProfile = Annotated[
    str | None, _option("NAME", "The meter's register profile, such as sdm630.")
]
MeterSerial = Annotated[str | None, _option("TEXT", "Serial number of the meter (MS).")]
MeterUnit = Annotated[int | None, _option("1-247", "Modbus unit number.")]
MeterBaud = Annotated[int | None, _option("BITS/S", "Speed of the meter's line.")]
MeterParity = Annotated[str | None, _option("none|even|odd", "Parity of that line.")]
MeterStopBits = Annotated[int | None, _option("1|2", "Stop bits of that line.")]
ChargePointType = Annotated[
    str | None, _option("EVSEID|CBIDC", "How the charge point is named (CT).")
]
ChargePointId = Annotated[str | None, _option("TEXT", "The charge point's name (CI).")]
FormatVersion = Annotated[str | None, _option("1.3|1.4", "OCMF version (FV).")]
ControllerFirmware = Annotated[
    str | None, _option("TEXT", "Firmware of the charge controller (CF).")
]
RegistryName = Annotated[str | None, _option("NAME", "Name of the public-key registry's log.")]
RegistryKey = Annotated[str | None, _option("HEX|FILE", "Public key of that log.")]
OwnerKey = Annotated[str | None, _option("HEX|FILE", "Public key that opens the seal again.")]


def read_file(path: Path) -> dict[str, Any]:
    """The settings of a TOML file. ToolError `file_unreadable`, `settings_malformed`."""
    data = read_at_most(path, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        cause = f"larger than {MAX_FILE_BYTES} bytes"
        raise ToolError("settings_malformed", path=str(path), cause=cause)
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are
        cause = " ".join(str(error).split())[:120]
        raise ToolError("settings_malformed", path=str(path), cause=cause) from None


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Settings of both, those of `over` winning; the parts of a line are merged one by one."""
    merged = {**base, **over}
    lines = base.get("line"), over.get("line")
    if all(isinstance(line, dict) for line in lines):
        merged["line"] = {**base["line"], **over["line"]}
    return merged


def say_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The settings, with what they were where they changed."""
    old, new = _flatten(before), _flatten(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not new and not changed:
        say("Nothing is set yet.")
    elif changed:
        say_table(
            ("SETTING", "BEFORE", "AFTER"),
            [(name, old.get(name), new.get(name)) for name in changed],
        )
    else:
        say_table(("SETTING", "VALUE"), list(new.items()))


def _flatten(settings: dict[str, Any]) -> dict[str, str]:
    """Settings by name in the method table's order, those of the line as `line.baud`."""
    known = [row[0] for row in SETTINGS if row[0] in settings]
    flat: dict[str, str] = {}
    for name in dict.fromkeys([*known, *settings]):
        value = settings[name]
        if isinstance(value, dict):
            flat.update({f"{name}.{part}": str(one) for part, one in value.items()})
        else:
            flat[name] = _key_in_words(value) if name in _KEYS else str(value)
    return flat


def _key_in_words(spki_hex: Any) -> str:
    """A public key as a line can hold it, and as `wattseal owner show` tells it too."""
    try:
        return f"SHA-256 {read_public_key(str(spki_hex)).fingerprint}"
    except KeyUnreadableError:
        return str(spki_hex)
