"""The main job, shown: a charging session signed on the emulated RP2040 and checked by others.

Usage: python -m hil.demo [--session-s 30]

Everything between module and host goes through the `wattseal` command and a serial port, as it
would at a station. The files are left in build/demo/.
"""

import argparse
import itertools
import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from hil.board import REPOSITORY
from hil.registry import Registry
from hil.rig import RigError
from hil.rp2040.chip import NS_PER_CYCLE
from hil.setup import MeterSetup, Setup
from hil.targets.rp2040 import Rp2040Rig
from hil.timeline import NS_PER_MS

OUT = REPOSITORY / "build/demo"
PROGRAMS = Path(sys.executable).parent
POWER_W = 22_000
BOOT_S = 2
REPLY_TIMEOUT_S = "60"
"""The emulated chip is slower than a real one, and more so on a busy machine."""

LONGEST_WORD = 64
OWNER = OUT / "owner.pem"
CONFIGURATION = [
    *("--gateway-id", "Wattseal demo", "--gateway-serial", "WS-DEMO-1"),
    *("--meter-profile", "sdm630", "--meter-serial", "19285703"),
    *("--charge-point-type", "EVSEID", "--charge-point-id", "DE*WSL*E00001"),
]
USER = ["--id-tag", "1F2D3A4F5506C7", "--id-type", "ISO14443", "--id-flag", "RFID_PLAIN"]

PASSWORD = secrets.token_urlsafe(16)
"""Of the owner's key, which is good for this demonstration only."""

console = Console(highlight=False)


class DemoError(Exception):
    """A step that did not do what it should; the message is what the program said."""


def run(*command: str | Path) -> str:
    """Run a program to its end; what it printed. DemoError if it ended with a refusal."""
    secret = {"WATTSEAL_OWNER_PASSWORD": PASSWORD}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **secret}
    )
    if done.returncode:
        raise DemoError(f"{Path(command[0]).name}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def wattseal(*words: str | Path, port: str | None = None) -> dict[str, object]:
    """Run `wattseal WORDS --json`, with the port if there is one, showing the words."""
    shown = shlex.join(str(word).removeprefix(f"{REPOSITORY}/") for word in words)
    console.print(f"[dim]$ wattseal {shortened(shown)}[/dim]", soft_wrap=True)
    target = ["--port", port, "--timeout", REPLY_TIMEOUT_S] if port else []
    found = json.loads(run(PROGRAMS / "wattseal", *words, *target, "--json"))
    if not isinstance(found, dict):
        raise DemoError(f"wattseal {words[0]}: no JSON object")
    return found


def shortened(text: str) -> str:
    """The text with what no one reads cut out of its longest words."""
    words = text.split(" ")
    return " ".join(w if len(w) <= LONGEST_WORD else f"{w[:8]}...{w[-8:]}" for w in words)


class Station:
    """The module as the `wattseal` command sees it."""

    def __init__(self, rig: Rp2040Rig) -> None:
        self.rig = rig

    def wattseal(self, *words: str | Path) -> dict[str, object]:
        """Run `wattseal WORDS` on the module's port; its JSON object."""
        return wattseal(*words, port=self.rig.port)


def set_up(station: Station) -> dict[str, object]:
    """First boot, commissioning, time; what is known of the key."""
    station.rig.fast_forward(BOOT_S)
    events = station.wattseal("device", "events")
    if '"key_made"' not in json.dumps(events).replace("\\", ""):
        raise DemoError("the event log does not tell of a key made at first boot")
    key = station.wattseal("device", "key")
    commission(station, Registry("demo.wattseal.example/keys"))
    station.wattseal("device", "time", "--owner-key", OWNER)
    return key


def commission(station: Station, registry: Registry) -> None:
    """Settings, seal, proof of possession, publication: the module is operational then."""
    owner = wattseal("owner", "create", OWNER)
    known = registry.settings
    station.wattseal(
        *("device", "configure", *CONFIGURATION, "--owner-key", str(owner["public_key"])),
        *("--registry-name", known["registry_name"], "--registry-key", known["registry_key"]),
    )
    station.wattseal("device", "seal")
    station.wattseal("device", "prove", "--challenge", registry.challenge(), "--out", OUT)
    proven = json.loads((OUT / "possession.json").read_text(encoding="ascii"))
    unix_ms = time.time_ns() // NS_PER_MS
    published = registry.register(proven["statement"], proven["signature"], unix_ms)
    publication = OUT / "publication.json"
    publication.write_text(published.text(), encoding="utf-8")
    console.print("[dim]  ... the registry puts the key into its log ...[/dim]")
    told = station.wattseal("device", "publish", publication)
    if told["state"] != "operational":
        raise DemoError(f"the module is {told['state']} after its publication")


def charge(station: Station, session_s: int) -> dict[str, float]:
    """One session, as files in OUT; the device time of its steps in ms."""
    device_ms = {}
    station.wattseal("session", "begin", *USER, "--out", OUT)
    device_ms["begin"] = device_time_ms(station, "begin")
    console.print(f"[dim]  ... {POWER_W / 1000:g} kW flow for {session_s} s ...[/dim]")
    station.rig.fast_forward(session_s)
    station.wattseal("session", "end", "--out", OUT)
    device_ms["end"] = device_time_ms(station, "end")
    return device_ms


def device_time_ms(station: Station, method: str) -> float:
    """From the last bit of the newest request of a method to the first bit of its reply."""
    wanted = f'"method":"{method}"'.encode()

    def newest() -> float:
        marks = list(station.rig.desk.link.marks)
        for request, reply in reversed(list(itertools.pairwise(marks))):
            if request.by_host and wanted in request.text and not reply.by_host:
                return (reply.start_ns - request.end_ns) / NS_PER_MS
        raise DemoError(f"no {method} passed over the link")

    return station.rig.call(newest)


def verdicts() -> dict[str, str]:
    """What each independent program says of the files; DemoError if one does not agree."""
    transaction = OUT / "transaction.xml"
    run(PROGRAMS / "wattseal", "verify", transaction, "--key", OUT / "public-key.hex")
    said = run(PROGRAMS / "ocmf", "all", str(transaction))
    if said.count("Signature verification: VALID") != 2 or "compliance: COMPLIANT" not in said:
        raise DemoError(f"ocmf: {said}")
    for name in ("begin", "end"):
        openssl_verify(OUT / f"{name}.ocmf")
    return {
        "wattseal verify": "both records and the transaction verified, key pinned",
        "pyocmf": "signatures and calibration-law checks passed",
        "OpenSSL": "both signatures verified over the raw payload bytes",
    }


def openssl_verify(record: Path) -> None:
    """Let OpenSSL check one record's signature over the very bytes between the bars."""
    _, payload, section = record.read_bytes().strip().split(b"|")
    payload_file, signature_file = OUT / "payload.bin", OUT / "signature.der"
    payload_file.write_bytes(payload)
    signature_file.write_bytes(bytes.fromhex(json.loads(section)["SD"]))
    run("openssl", "dgst", "-sha256", "-verify", OUT / "public-key.pem", "-signature",
        signature_file, payload_file)  # fmt: skip
    payload_file.unlink()
    signature_file.unlink()


def reading_of(record: Path) -> tuple[str, str]:
    """Value with its unit, and time, of a record's reading; for reading, not for billing."""
    payload = record.read_text(encoding="ascii").split("|")[1]
    text = payload.split('"RV":')[1].split(",")[0]
    found = json.loads(payload)["RD"][0]
    return f"{text} {found['RU']}", found["TM"]


def summary(key: dict[str, object], device_ms: dict[str, float], checks: dict[str, str]) -> Table:
    """What happened, for people."""
    begin, end = reading_of(OUT / "begin.ocmf"), reading_of(OUT / "end.ocmf")
    wh = [int(text.split()[0].replace(".", "")) for text in (begin[0], end[0])]
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("public key", f"{key['curve']}, SHA-256 {str(key['sha256'])[:32]}...")
    table.add_row("begin", f"{begin[0]}   {begin[1]}")
    table.add_row("end", f"{end[0]}   {end[1]}")
    table.add_row("energy", f"[bold]{(wh[1] - wh[0]) / 1000:.3f} kWh[/bold]")
    for program, verdict in checks.items():
        table.add_row(program, f"[green]✓[/green] {verdict}")
    for step, milliseconds in device_ms.items():
        cycles = milliseconds * NS_PER_MS / NS_PER_CYCLE / 1e6
        table.add_row(f"device time, {step}", f"{milliseconds:.0f} ms ({cycles:.1f} M cycles)")
    return table


def main(arguments: list[str] | None = None) -> int:
    """Command line; 0 when everything verified."""
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--session-s", type=int, default=30, help="length of the session")
    options = parser.parse_args(arguments)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    try:
        console.print("Booting the RP2040 image in the emulator, an SDM630 on its meter line ...")
        setup = Setup(meter=MeterSetup(profile="sdm630", power_w=POWER_W))
        with Rp2040Rig(setup, hurry=True) as rig:
            station = Station(rig)
            key = set_up(station)
            device_ms = charge(station, options.session_s)
        checks = verdicts()
    except (DemoError, RigError, TimeoutError) as error:
        console.print(f"[red]demo:[/red] {error}")
        return 1
    console.print(Panel(summary(key, device_ms, checks), title="A signed charging session"))
    console.print(f"Files: {', '.join(sorted(path.name for path in OUT.iterdir()))}")
    console.print(f"in {OUT.relative_to(REPOSITORY)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
