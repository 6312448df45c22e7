"""A rig to play with: a module on a serial port, a meter whose energy runs, a few commands.

Usage: python -m hil.run [--target rp2040] [--meter sdm630] [--power-w 11000] [--state FILE]

Prints the port for `wattseal --port` or any serial client, takes commands on standard input
(`help` lists them) and runs until `quit`, Ctrl-C or, without a terminal, a signal.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from wattseal.meter.emulator.faults import FAULT_NAMES
from wattseal.meter.profile import profile_names

from hil.owner import Owner
from hil.registry import Registry, RegistryError
from hil.rig import FLASH, UPDATE, Rig, RigError
from hil.setup import MeterSetup, Setup
from hil.targets.open import TARGET_NAMES, open_rig
from hil.timeline import NS_PER_MS

HELP = """\
  power W               let so many watts flow
  energy WH             let so much energy flow at once
  fault NAME [COUNT]    let a fault strike the next COUNT readings of the energy (default 1)
  well                  no fault any more
  forward SECONDS       let time pass at once (rp2040)
  cut                   take the module's power away
  on                    give it back: the module starts from its flash
  button                the same with the boot loader's button held: its drive appears
  image FILE            let a programmer put another image in; `on` starts it
  challenge             a challenge of the rig's registry, for `wattseal device prove`
  register FILE OUT     let the registry publish what is in possession.json; OUT is its answer,
                        for `wattseal device publish`
  owner FILE            write the private key of the rig's owner, for `wattseal device unseal`
  show                  what the meter counts, and what last passed on its line
  help, quit
faults: """ + ", ".join(FAULT_NAMES)


REGISTRY = Registry()
"""It lives as long as the rig: its log is gone with it."""

SETTINGS_HELP = (
    "for wattseal device configure:\n"
    + "\n".join(
        f"  --{name.replace('_', '-')} {value}"
        for name, value in {**REGISTRY.settings, **Owner().settings}.items()
    )
    + "\nhelp lists the commands"
)


class CommandError(Exception):
    """A command line that means nothing; the message says what was expected."""


def _power(rig: Rig, power_w: str) -> str:
    rig.meter.power_w = int(power_w)
    return f"{rig.meter.power_w} W flow"


def _energy(rig: Rig, energy_wh: str) -> str:
    rig.meter.add_wh(int(energy_wh))
    return _counted(rig)


def _fault(rig: Rig, name: str, count: str = "1") -> str:
    rig.meter.arm(name, int(count))
    return f"{name} will strike {count} reading(s)"


def _well(rig: Rig) -> str:
    rig.meter.disarm()
    return "the meter behaves"


def _forward(rig: Rig, seconds: str) -> str:
    rig.fast_forward(float(seconds))
    return _counted(rig)


def _cut(rig: Rig) -> str:
    rig.power_cut()
    return "the module is off"


def _on(rig: Rig) -> str:
    rig.restart()
    return "the module has started"


def _button(rig: Rig) -> str:
    rig.start_boot_loader()
    return f"the boot loader's drive is {rig.boot_drive}"


def _image(rig: Rig, file: str) -> str:
    rig.put_image(Path(file))
    return "the image is in, the module is off"


def _challenge(_rig: Rig) -> str:
    return REGISTRY.challenge()


def _register(_rig: Rig, file: str, out: str) -> str:
    proven = json.loads(Path(file).read_text(encoding="ascii"))
    unix_ms = time.time_ns() // NS_PER_MS
    published = REGISTRY.register(proven["statement"], proven["signature"], unix_ms)
    Path(out).write_text(published.text(), encoding="utf-8")
    return f"entry {published.leaf_index} of the log; the proof is in {out}"


def _owner(_rig: Rig, file: str) -> str:
    key = Owner().private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = Path(file)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(key)
    return f"the owner's key, which is no secret, is in {file}"


def _show(rig: Rig) -> str:
    lines = [_counted(rig)]
    for exchange in rig.exchanges()[-5:]:
        fault = f"  ({exchange.fault})" if exchange.fault else ""
        lines.append(f"  {exchange.request.hex(' ')}  ->  {exchange.reply.hex(' ')}{fault}")
    return "\n".join(lines)


def _help(_rig: Rig) -> str:
    return HELP


def _counted(rig: Rig) -> str:
    return f"the meter shows {rig.meter.energy_wh / 1000:.3f} kWh, {rig.meter.power_w} W flow"


COMMANDS: dict[str, Callable[..., str]] = {
    "power": _power,
    "energy": _energy,
    "fault": _fault,
    "well": _well,
    "forward": _forward,
    "cut": _cut,
    "on": _on,
    "button": _button,
    "image": _image,
    "challenge": _challenge,
    "register": _register,
    "owner": _owner,
    "show": _show,
    "help": _help,
}


def execute(rig: Rig, line: str) -> str:
    """Do what a command line says; what to print. CommandError if it means nothing."""
    name, *arguments = line.split()
    command = COMMANDS.get(name)
    if command is None:
        raise CommandError(f"no command {name!r}; help lists them")
    try:
        return command(rig, *arguments)
    except InvalidSignature as error:
        raise CommandError(f"{name}: the signature is not of the key that it names") from error
    except (TypeError, ValueError, KeyError, OSError, RegistryError, RigError) as error:
        raise CommandError(f"{name}: {error}") from error


def serve(rig: Rig, lines: Iterable[str]) -> bool:
    """Take commands until they end or one is `quit`; whether one was."""
    for line in lines:
        if line.strip() == "quit":
            return True
        if line.strip():
            try:
                print(execute(rig, line), flush=True)
            except CommandError as error:
                print(error, flush=True)
    return False


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line; ends the program if it is wrong."""
    parser = argparse.ArgumentParser(prog="./dev hil run", description=__doc__.split("\n")[0])
    parser.add_argument("--target", default="rp2040", help=", ".join(TARGET_NAMES))
    parser.add_argument("--meter", default="sdm630", choices=profile_names())
    parser.add_argument("--meter-port", help="adaptor for the meter of a serial target")
    parser.add_argument("--power-w", type=int, default=11_000)
    parser.add_argument(
        "--image", type=Path, help="another image than the one just built: the lab's has a prompt"
    )
    parser.add_argument(
        "--state", type=Path, help="file that keeps the module's flash from one run to the next"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Command line; 0 after serving, 2 if the rig cannot be set up."""
    chosen = parse(arguments)
    state: Path | None = chosen.state
    flash = state.read_bytes() if state is not None and state.exists() else None
    setup = Setup(MeterSetup(chosen.meter, power_w=chosen.power_w), flash=flash)
    try:
        rig = open_rig(chosen.target, setup, image=chosen.image, meter_port=chosen.meter_port)
    except RigError as error:
        print(f"hil.run: {error}", file=sys.stderr)
        return 2
    with rig:
        print(f"target {rig.target}\nport {rig.port}")
        if UPDATE in rig.abilities:
            print(f"boot loader's drive {rig.boot_drive}")
        print(SETTINGS_HELP, flush=True)
        try:
            if not serve(rig, sys.stdin) and not sys.stdin.isatty():
                signal.pause()  # started by a script that has nothing to say
        except KeyboardInterrupt:
            print()
        if state is not None and FLASH in rig.abilities:
            state.write_bytes(rig.flash_image())
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
