"""`wattseal device`: look at a module and set it up."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from wattseal.advice import advise
from wattseal.cli import options, settings
from wattseal.cli.groups import group_with
from wattseal.cli.key_files import public_key
from wattseal.cli.options import connected
from wattseal.cli.output import print_json, say, say_facts
from wattseal.cli.status import clock_words, say_status
from wattseal.computer_clock import computer_time, is_synchronised
from wattseal.device import Device, key_of
from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory

app = typer.Typer(
    name="device",
    cls=group_with(
        {
            "commissioning": ("seal", "prove", "publish", "challenge", "unseal", "decommission"),
            "journal": ("records", "release"),
            "events": ("events", "archive-events", "statements"),
        }
    ),
    no_args_is_help=True,
    help="Look at a module and set it up.",
)


class TimeSource(StrEnum):
    """How good the computer's clock is."""

    SYNCHRONISED = "synchronised"
    INFORMATIVE = "informative"


@app.command(epilog="\b\nExample:\n  wattseal device status --port /dev/ttyACM0")
def status(
    port: options.Port,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Say in plain words what state the module is in, and what to do next."""
    with connected(port, baud, timeout) as (device, hello):
        state = device.status()
    if json_output:
        advice = asdict(advise(state))
        print_json({"module": hello.model_dump(), "status": state.model_dump(), "advice": advice})
        return
    say_status(hello, state)


@app.command(
    epilog="\b\nExample:\n  wattseal device key --port /dev/ttyACM0 --out station-17",
)
def key(
    port: options.Port,
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Show the public key that verifies the module's records.

    With --out it is also written as public-key.hex (for the transparency software) and
    public-key.pem (for OpenSSL).
    """
    from wattseal.session_files import key_files

    with connected(port, baud, timeout) as (device, _hello):
        number = device.key_number()
    public_key = key_of(number.public_key, "public_key")
    written = (
        [str(path) for path in OutputDirectory(out).write(key_files(public_key))] if out else []
    )
    if json_output:
        print_json(
            {
                "key_number": number.key_number,
                "curve": public_key.curve.name,
                "public_key": public_key.hex,
                "sha256": public_key.fingerprint,
                "files": written,
            }
        )
        return
    say_facts(
        [
            ("key", f"number {number.key_number}, {public_key.curve.name}"),
            ("SHA-256", public_key.fingerprint),
            ("public key", public_key.hex),
            *(("written", path) for path in written),
        ]
    )


@app.command(
    epilog="\b\nExample:\n  wattseal device time --port /dev/ttyACM0",
)
def time(
    port: options.Port,
    source: Annotated[
        TimeSource | None,
        typer.Option(
            help="How good this computer's clock is.",
            show_default="synchronised if a time service keeps it, else informative",
        ),
    ] = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Set the module's clock from this computer's.

    The source decides what records say of their time: S (synchronised) or I (informative).
    """
    why = "as given with --source"
    if source is None:
        kept = is_synchronised()
        source = TimeSource.SYNCHRONISED if kept else TimeSource.INFORMATIVE
        why = (
            "a time service keeps this computer's clock"
            if kept
            else ("no time service is known to keep this computer's clock")
        )
    with connected(port, baud, timeout) as (device, _hello):
        now = computer_time()
        clock = device.set_time(now.unix_ms, now.utc_offset_min, source.value)
    if json_output:
        print_json({"clock": clock.model_dump(), "source": source.value, "why": why})
        return
    say_facts([("clock", clock_words(clock)), ("source", f"{source.value}: {why}")])


@app.command()
def read(
    port: options.Port,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Read the meter now, without signing."""
    with connected(port, baud, timeout) as (device, _hello):
        reading = device.read_meter()
    if json_output:
        print_json(reading)
        return
    say_facts(
        [
            ("energy", f"{reading.energy_kwh} kWh"),
            ("meter", f"{reading.meter_vendor} {reading.meter_model}"),
            ("serial", reading.meter_serial or "not told by the meter"),
            ("firmware", reading.meter_firmware or "not told by the meter"),
        ]
    )


@app.command("self-test")
def self_test(
    port: options.Port,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Let the module's signing core prove itself on known answers."""
    with connected(port, baud, timeout) as (device, _hello):
        result = device.self_test()
    if not result.passed:
        raise ToolError("self_test_failed", failed=", ".join(result.failed) or "unnamed test")
    if json_output:
        print_json(result)
    else:
        say("Self-test passed.")


@app.command(epilog=settings.EPILOG)
def configure(
    port: options.Port,
    file: settings.File = None,
    gateway_id: settings.GatewayId = None,
    gateway_serial: settings.GatewaySerial = None,
    meter_profile: settings.MeterProfile = None,
    meter_serial: settings.MeterSerial = None,
    meter_unit: settings.MeterUnit = None,
    meter_baud: settings.MeterBaud = None,
    meter_parity: settings.MeterParity = None,
    meter_stop_bits: settings.MeterStopBits = None,
    charge_point_type: settings.ChargePointType = None,
    charge_point_id: settings.ChargePointId = None,
    format_version: settings.FormatVersion = None,
    controller_firmware: settings.ControllerFirmware = None,
    registry_name: settings.RegistryName = None,
    registry_key: settings.RegistryKey = None,
    owner_key: settings.OwnerKey = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Change the module's settings, or show them.

    What is given changes, the rest stays; with nothing given, the settings are shown. The module
    refuses while a session is open or the seal is closed, and logs every change.
    """
    line = {"baud": meter_baud, "parity": meter_parity, "stop_bits": meter_stop_bits}
    given: dict[str, object] = {
        "gateway_id": gateway_id,
        "gateway_serial": gateway_serial,
        "meter_profile": meter_profile,
        "meter_serial": meter_serial,
        "meter_unit": meter_unit,
        "line": {name: value for name, value in line.items() if value is not None} or None,
        "charge_point_type": charge_point_type,
        "charge_point_id": charge_point_id,
        "format_version": format_version,
        "controller_firmware": controller_firmware,
        "registry_name": registry_name,
        "registry_key": registry_key and public_key(registry_key, "--registry-key").spki.hex(),
        "owner_key": owner_key and public_key(owner_key, "--owner-key").spki.hex(),
    }
    wanted = settings.merge(
        settings.read_file(file) if file else {},
        {name: value for name, value in given.items() if value is not None},
    )
    with connected(port, baud, timeout) as (device, _hello):
        _configure(device, wanted, json_output=json_output)


def _configure(device: Device, wanted: dict[str, object], *, json_output: bool) -> None:
    before = device.configuration()
    changes = settings.merge({"line": before.settings.get("line")}, wanted)
    after = device.configure({name: changes[name] for name in wanted}) if wanted else before
    if json_output:
        print_json({"before": before.settings, "after": after.settings, "missing": after.missing})
        return
    settings.say_change(before.settings, after.settings)
    if after.missing:
        say(f"Still to be set: {', '.join(after.missing)}", "yellow")
