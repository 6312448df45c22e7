"""`wattseal device`: look at a module and set it up."""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from wattseal.cli import options, output
from wattseal.cli.key_files import OwnerKey, OwnerPasswordFile, Signature, permit, public_key
from wattseal.cli.options import Commands, Module, option
from wattseal.cli.output import Result, say, say_facts, say_table
from wattseal.cli.program import group_with
from wattseal.common.errors import ToolError
from wattseal.common.files import read_at_most
from wattseal.common.times import is_synchronised, unix_ms_now
from wattseal.device import key_history, models
from wattseal.device.advice import Advice, advise
from wattseal.device.device import Device, check_answer, key_of
from wattseal.device.link import list_ports
from wattseal.device.owner import sign_time
from wattseal.ocmf.public_key import KeyUnreadableError, read_public_key
from wattseal.wire.methods import SETTINGS

_OF_A_KEYS_LIFE = (
    *("seal", "prove", "publish", "challenge", "unseal", "close-session", "accept-meter"),
    *("decommission", "cancel-update"),
)

app = Commands(
    name="device",
    cls=group_with(
        dict.fromkeys(_OF_A_KEYS_LIFE, "device_owner")
        | dict.fromkeys(("watch", "report"), "device_watch")
    ),
    no_args_is_help=True,
    help="Look at a module and set it up.",
)


_Entry = TypeVar("_Entry", models.Event, models.StoredRecord)

First = Annotated[int | None, option("N", "First one.", "--from", min=1, show_default="oldest")]
Last = Annotated[int | None, option("N", "Last one.", "--to", min=1, show_default="newest")]


def _read(
    log: models.Journal | models.EventLog,
    read: Callable[[int | None, int | None], Iterable[_Entry]],
    first: int | None,
    last: int | None,
) -> list[_Entry]:
    """The entries of a range of a log, as far as the module holds them."""
    if log.oldest is None or log.newest is None:
        return []
    total = min(last or log.newest, log.newest) - max(first or log.oldest, log.oldest) + 1
    return list(output.counted(read(first, last), total)) if total > 0 else []


def _signed_head(
    device: Device, hello: models.Hello, found: Sequence[models.Event]
) -> models.SignedStatement:
    """The signed head, checked against the newest event that the module gives."""
    challenge = secrets.token_hex(32)
    signed = device.event_head(challenge)
    expected = {"type": "event_head", "challenge": challenge, "chip_id": hello.chip_id}
    members = check_answer("event_head", signed, device.public_key(), **expected)
    for event in found:
        if event.number == members["number"] and event.chain != members["chain"]:
            raise ToolError("event_chain_broken", number=event.number)
    return signed


def _row(event: models.Event) -> tuple[str, str | None, str, str]:
    """Number, time in UTC, name and facts of an event; one that cannot be parsed as it is."""
    try:
        entry = key_history.read_entry(event)
        time = None if entry["unix_ms"] is None else output.local_time(int(entry["unix_ms"]))
        facts = json.dumps(entry["detail"], separators=(",", ":"))
        return str(event.number), time, str(entry["event"]), facts
    except (ValueError, KeyError, TypeError):
        return str(event.number), None, "unknown", event.entry


def _statement_row(checked: key_history.Checked) -> tuple[str, str, str, str | None, str]:
    members = checked.members
    old = f"{members['old_key_number']} to " if "old_key_number" in members else ""
    return (
        str(checked.number),
        checked.kind,
        f"{old}{members['key_number']}",
        members.get("firmware", members.get("next_firmware")),
        f"T{members['last_pagination']}",
    )


port_app = Commands(name="port", no_args_is_help=True, help="Find the port that a module is on.")


@port_app.command("list")
def list_command() -> Result:
    """List the serial ports of this computer."""
    ports = list_ports()

    def words() -> None:
        if not ports:
            say("This computer has no serial port. Is the module plugged in?")
            return
        rows = [(port.device, port.usb_id, port.serial_number, port.description) for port in ports]
        say_table(("PORT", "USB", "SERIAL", "DESCRIPTION"), rows)

    return Result({"ports": ports}, words)


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


def read_settings_file(path: Path) -> dict[str, Any]:
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


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Settings of both, those of `over` winning; the parts of a line are merged one by one."""
    merged = {**base, **over}
    lines = base.get("line"), over.get("line")
    if all(isinstance(line, dict) for line in lines):
        merged["line"] = {**base["line"], **over["line"]}
    return merged


def _say_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The settings, with what they were where they changed."""
    old, new = _flatten(before), _flatten(after)
    rows = [(name, old.get(name), new.get(name)) for name in {**old, **new}]
    changed = [row for row in rows if row[1] != row[2]]
    if changed:
        say_table(("SETTING", "BEFORE", "AFTER"), changed)
    elif new:
        say_table(("SETTING", "VALUE"), new.items())
    else:
        say("Nothing is set yet.")


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


_OPTION_WIDTH = 21
_STYLES = {"operational": "bold green", "fault": "bold red"}


def _say_status(hello: models.Hello, state: models.Status) -> None:
    """What the state means first, then the facts, and last what to do next."""
    advice = advise(state)
    say(f"{state.state.upper()}: {advice.meaning}", _STYLES.get(state.state, "bold yellow"))
    say_facts(status_facts(hello, state))
    say_warnings(state.warnings)
    say_next(advice)


def say_warnings(warnings: Iterable[models.Cause]) -> None:
    """What the module warns of, with what to do about it."""
    for warning in warnings:
        facts = ", ".join(f"{name}: {warning.detail[name]}" for name in sorted(warning.detail))
        say(f"WARNING: {warning.sentence}" + (f" ({facts})" if facts else ""), "bold yellow")
        say_facts([("remedy", warning.remedy)])


def say_next(advice: Advice) -> None:
    """The next steps, numbered if there are several."""
    if not advice.steps:
        say_facts([("next", "nothing to do")])
    for number, step in enumerate(advice.steps, 1):
        label = "next" if number == 1 else ""
        count = f"{number}. " if len(advice.steps) > 1 else ""
        say_facts([(label, count + step)])
        for name, what in advice.wanted if number == 1 else ():
            say_facts([("", f"     {name:<{_OPTION_WIDTH}}{what}")])


def _held(journal: models.Journal) -> str:
    return f"T{journal.oldest} to T{journal.newest}" if journal.oldest else "none"


def status_facts(hello: models.Hello, state: models.Status) -> list[tuple[str, str]]:
    """A module's state in labels and values."""
    journal, log = state.journal, state.events
    held = _held(journal)
    events = f"{log.oldest} to {log.newest}" if log.oldest else "none"
    full = ", FULL: no session can begin" if log.full else ""
    seal = f"closed, commissioning {state.commissioning}" if state.sealed else "open"
    place = state.publication
    published = f"proven, entry {place.leaf_index} of a log of {place.tree_size}" if place else ""
    return [
        ("module", f"{hello.board}, chip {hello.chip_id}"),
        ("firmware", f"{hello.firmware}, identity {hello.firmware_identity[:16]}..."),
        ("state", state.state),
        ("key", f"number {state.key_number}" if state.key_number else "none"),
        ("seal", seal),
        ("published", published or "not proven"),
        ("session", _session_words(state)),
        ("clock", _clock_words(state.clock)),
        ("records", f"{held}, next T{journal.next}, room {output.kilobytes(journal.free_bytes)}"),
        ("events", f"{events}, room {output.kilobytes(log.free_bytes)}{full}"),
        ("running", f"{output.duration(state.uptime_ms // 1000)}, started by {state.reset_cause}"),
        ("free memory", output.kilobytes(state.heap_free_bytes)),
    ]


def _session_words(state: models.Status) -> str:
    session = state.session
    if session is None:
        return "none"
    since = output.local_time(session.begin_unix_ms, state.clock.utc_offset_min or 0)
    cut = ", cut by a power failure: the module is ending it" if session.recovery else ""
    return f"{session.session_id} since {since} (begin T{session.begin_pagination}){cut}"


def _clock_words(clock: models.Clock) -> str:
    """The module's time, how good it is and how old."""
    if clock.unix_ms is None:
        return "not set  (wattseal device time)"
    now = output.local_time(clock.unix_ms, clock.utc_offset_min or 0)
    ago = "" if clock.set_ago_s is None else f", set {output.duration(clock.set_ago_s)} ago"
    return f"{now}, {output.CLOCK_STATES[clock.synchronisation]} ({clock.synchronisation}){ago}"


@app.command(example="wattseal device status --port /dev/ttyACM0")
def status(module: Module) -> Result:
    """Say in plain words what state the module is in, and what to do next."""
    with module.connected() as (device, hello):
        state = device.status()
    shown = {"module": hello, "status": state, "advice": asdict(advise(state))}
    return Result(shown, lambda: _say_status(hello, state))


@app.command(example="wattseal device key --port /dev/ttyACM0 --out station-17")
def key(module: Module, out: options.OutputPath = None) -> Result:
    """Show the public key that verifies the module's records.

    With --out it is also written as public-key.hex (for the transparency software) and
    public-key.pem (for OpenSSL).
    """
    from wattseal.device.session import key_files

    with module.connected() as (device, _hello):
        number = device.key_number()
    public_key = key_of(number.public_key, "public_key")
    written = options.write_files(out, key_files(public_key))
    shown = {
        "key_number": number.key_number,
        "curve": public_key.curve.name,
        "public_key": public_key.hex,
        "sha256": public_key.fingerprint,
        "files": written,
    }
    facts = [
        ("key", f"number {number.key_number}, {public_key.curve.name}"),
        ("SHA-256", public_key.fingerprint),
        ("public key", public_key.hex),
        *output.written_facts(written),
    ]
    return Result(shown, lambda: say_facts(facts))


@app.command(
    example="wattseal device time --port /dev/ttyACM0 \\\n    --registry https://registry.example"
)
def time(
    module: Module,
    registry: Annotated[
        str | None, options.registry_option("Set the time that this registry signs.")
    ] = None,
    owner_key: OwnerKey = None,
    set_back: Annotated[
        bool,
        typer.Option(
            "--set-back",
            help="As the owner, set it also to before the newest record or far beyond; the module "
            "may have to be registered again.",
        ),
    ] = False,
    signature: Signature = None,
    unix_ms: Annotated[
        int | None, option("MS", "With --signature: the time that the challenge names.")
    ] = None,
    password_file: OwnerPasswordFile = None,
) -> Result:
    """Set the module's clock.

    A time that the registry signs, or the owner with this computer's clock, makes records S
    (synchronised) for a day; any other time makes them I (informative).
    """
    allowed = None
    if set_back or signature or owner_key:
        allowed = permit(signature, owner_key, password_file)
    keeper = "a time service keeps" if is_synchronised() else "no time service is known to keep"
    why = f"{keeper} this computer's clock"
    with module.connected() as (device, hello):
        now_ms = unix_ms_now()
        if allowed and (set_back or signature):
            named_ms = unix_ms or now_ms
            answer = allowed.answer(device, hello, "set_time", unix_ms=named_ms)
            clock, source = device.set_time(named_ms, "owner", answer), "owner"
        elif allowed and allowed.key:
            clock = device.set_signed_time(hello.chip_id, partial(sign_time, allowed.key))
            source = "signed by the owner"
        elif registry and device.status().sealed:
            with options.registry_client(registry) as client:
                clock = device.set_signed_time(hello.chip_id, client.sign_time)
            source, why = "signed by the registry", registry
        else:
            clock, source = device.set_time(now_ms, "informative"), "informative"
            why += "; a registry's time takes the seal" if registry else ""
    return Result(
        {"clock": clock, "source": source, "why": why},
        lambda: say_facts([("clock", _clock_words(clock)), ("source", f"{source}: {why}")]),
    )


@app.command()
def read(module: Module) -> Result:
    """Read the meter now, without signing."""
    with module.connected() as (device, _hello):
        reading = device.read_meter()
    facts = [
        ("energy", f"{reading.energy_kwh} kWh"),
        (
            "exported",
            f"{reading.export_kwh} kWh" if reading.export_kwh else "not told by the meter",
        ),
        ("meter", f"{reading.meter_vendor} {reading.meter_model}"),
        ("serial", reading.meter_serial or "not told by the meter"),
        ("firmware", reading.meter_firmware or "not told by the meter"),
    ]

    def words() -> None:
        say_facts(facts)
        say_warnings(reading.warnings)

    return Result(reading, words)


@app.command("self-test")
def self_test(module: Module) -> Result:
    """Let the module's signing core prove itself on known answers."""
    with module.connected() as (device, _hello):
        result = device.self_test()
    if not result.passed:
        raise ToolError("self_test_failed", failed=", ".join(result.failed) or "unnamed test")
    return Result(result, lambda: say("Self-test passed."))


@app.command(epilog=EPILOG)
def configure(
    module: Module,
    file: Annotated[
        Path | None, option("TOML", "Take settings from this file.", "--file", "-f")
    ] = None,
    gateway_id: Annotated[str | None, option("TEXT", "What this signing system is (GI).")] = None,
    gateway_serial: Annotated[
        str | None, option("TEXT", "Serial number of this system (GS).")
    ] = None,
    meter_profile: Annotated[
        str | None, option("NAME", "The meter's register profile, such as sdm630.")
    ] = None,
    meter_serial: Annotated[str | None, option("TEXT", "Serial number of the meter (MS).")] = None,
    meter_unit: Annotated[int | None, option("1-247", "Modbus unit number.")] = None,
    meter_baud: Annotated[int | None, option("BITS/S", "Speed of the meter's line.")] = None,
    meter_parity: Annotated[str | None, option("none|even|odd", "Parity of that line.")] = None,
    meter_stop_bits: Annotated[int | None, option("1|2", "Stop bits of that line.")] = None,
    meter_echo: Annotated[
        bool | None,
        typer.Option(
            "--meter-echo/--no-meter-echo",
            help="Whether that line gives back what the module sends.",
            show_default="as the board",
        ),
    ] = None,
    charge_point_type: Annotated[
        str | None, option("EVSEID|CBIDC", "How the charge point is named (CT).")
    ] = None,
    charge_point_id: Annotated[str | None, option("TEXT", "The charge point's name (CI).")] = None,
    format_version: Annotated[str | None, option("1.3|1.4", "OCMF version (FV).")] = None,
    controller_firmware: Annotated[
        str | None, option("TEXT", "Firmware of the charge controller (CF).")
    ] = None,
    registry_name: Annotated[
        str | None, option("NAME", "Name of the public-key registry's log.")
    ] = None,
    registry_key: Annotated[str | None, option("HEX|FILE", "Public key of that log.")] = None,
    owner_key: Annotated[
        str | None, option("HEX|FILE", "Public key that opens the seal again.")
    ] = None,
) -> Result:
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
        "meter_echo": meter_echo,
        "charge_point_type": charge_point_type,
        "charge_point_id": charge_point_id,
        "format_version": format_version,
        "controller_firmware": controller_firmware,
        "registry_name": registry_name,
        "registry_key": registry_key and public_key(registry_key, "--registry-key").spki.hex(),
        "owner_key": owner_key and public_key(owner_key, "--owner-key").spki.hex(),
    }
    wanted = _merged(
        read_settings_file(file) if file else {},
        {name: value for name, value in given.items() if value is not None},
    )
    with module.connected() as (device, _hello):
        before = device.configuration()
        changes = _merged({"line": before.settings.get("line")}, wanted)
        after = device.configure({name: changes[name] for name in wanted}) if wanted else before

    def words() -> None:
        _say_change(before.settings, after.settings)
        if after.missing:
            say(f"Still to be set: {', '.join(after.missing)}", "yellow")

    shown = {"before": before.settings, "after": after.settings, "missing": after.missing}
    return Result(shown, words)


@app.command(example="wattseal device records --port /dev/ttyACM0 --from 17 --out export")
def records(
    module: Module, first: First = None, last: Last = None, out: options.OutputPath = None
) -> Result:
    """List signed records by pagination, or export them.

    With --out, each record is written as T<n>.ocmf, each whole session also as
    transaction-T<n>-T<m>.xml, and the public key beside them.
    """
    options.check_output(out)
    with module.connected() as (device, _hello):
        found = _read(device.status().journal, device.records, first, last)
        key = device.public_key() if out else None
    written = []
    if key:
        from wattseal.device.session import journal_files

        written = options.write_files(out, journal_files(found, key))

    def words() -> None:
        if written:
            say(f"{len(found)} records written to {out} ({len(written)} files).")
        elif found:
            from wattseal.cli.session import columns

            say_table(("PG", "SESSION", "TX", "TIME", "READING"), map(columns, found))
        else:
            say("The module holds no such records.")

    return Result({"records": found, "files": written}, words)


@app.command(example="wattseal device release --port /dev/ttyACM0 --through 240")
def release(
    module: Module,
    through: Annotated[int, option("N", "Last pagination that may be forgotten.", min=1)],
    yes: options.Yes = False,
) -> Result:
    """Let the module forget old records, to make room.

    Export them first (wattseal device records --out DIR) and check the export: what is released
    cannot be read again.
    """
    output.confirm(f"Forget all records up to T{through}?", yes=yes)
    with module.connected() as (device, _hello):
        journal = device.release(through)

    def words() -> None:
        say_facts([("records", _held(journal)), ("room", output.kilobytes(journal.free_bytes))])
        if journal.oldest and journal.oldest <= through:
            say("The module frees whole sectors, so some released records stay for now.")

    return Result(journal, words)


@app.command(example="wattseal device events --port /dev/ttyACM0 --head")
def events(
    module: Module,
    first: First = None,
    last: Last = None,
    head: Annotated[
        bool, typer.Option("--head", help="Also have the module sign the newest event.")
    ] = False,
) -> Result:
    """List the event log and check its hash chain.

    With --head the module signs number and chain value of its newest event over a fresh
    challenge, which shows that the log ends here and is this module's.
    """
    with module.connected() as (device, hello):
        found = _read(device.status().events, device.events, first, last)
        signed = _signed_head(device, hello, found) if head else None
    key_history.check_chain(found)

    def words() -> None:
        if not found:
            say("The module holds no such events.")
            return
        say_table(("NO", "TIME", "EVENT", "DETAIL"), map(_row, found))
        say(f"{len(found)} events, their hash chain is whole.")
        if signed:
            say("The module has signed the newest one; the signature is verified.")

    shown = {"events": found, "chain": "whole"}
    return Result({**shown, "head": signed} if signed else shown, words)


@app.command(
    "archive-events",
    example="wattseal device archive-events --port /dev/ttyACM0 \\\n"
    "    --out archive --owner-key owner.pem",
)
def archive_events(
    module: Module,
    out: Annotated[Path, option("DIR", "Write the archive there.", "--out", "-o")],
    owner_key: OwnerKey = None,
    signature: Signature = None,
    through: Annotated[
        int | None,
        option(
            "N", "Last event to archive; needed with --signature.", min=1, show_default="newest"
        ),
    ] = None,
    password_file: OwnerPasswordFile = None,
) -> Result:
    """Save the event log to a file, then let the module forget it, to make room.

    The owner permits it. Nothing is forgotten before the archive is checked and written; the hash
    chain goes on in the module.
    """  # fmt: skip
    if signature is not None and through is None:
        raise ToolError(
            "usage",
            cause="The signed challenge names the last event to forget.",
            help="Give the same number with --through.",
        )
    allowed = permit(signature, owner_key, password_file)
    options.check_output(out)
    with module.connected() as (device, hello):
        found = _read(device.status().events, device.events, None, through)
        if not found:
            raise ToolError("nothing_to_archive")
        key_history.check_chain(found)
        newest = found[-1].number
        # One JSON object a line for each event, as the link gave it.
        lines = "".join(event.model_dump_json() + "\n" for event in found)
        name = f"events-{hello.chip_id}-{found[0].number}-{newest}.jsonl"
        written = options.write_files(out, {name: lines})
        answer = allowed.answer(device, hello, "archive_events", through=newest)
        log = device.by_owner(models.EventLog, "archive_events", answer)

    def words() -> None:
        say(f"{len(found)} events archived, their hash chain is whole.", "bold green")
        facts = [
            ("events", f"{log.oldest} to {log.newest}"),
            ("room", output.kilobytes(log.free_bytes)),
        ]
        say_facts([*output.written_facts(written), *facts])
        if log.oldest and log.oldest <= newest:
            say("The module frees whole sectors, so some archived events stay for now.")

    return Result({"events": log, "files": written}, words)


@app.command(example="wattseal device statements --port /dev/ttyACM0 --out history")
def statements(module: Module, out: options.OutputPath = None) -> Result:
    """Show the history of the module's keys, and check that each leads to the next.

    A roll-over must be signed by the old key and by the new one. With --out the statements are
    written there as statements.json.
    """
    with module.connected() as (device, hello):
        stored = list(device.statements())
        state = device.status()
        has_key = state.key_number is not None and state.state != "fault"
        key = device.key_number() if has_key else None
    history = key_history.check_history(stored, hello.chip_id)
    if key:
        key_history.check_present_key(history, key.key_number, key_of(key.public_key, "public_key"))
    written = options.write_files(
        out, {"statements.json": output.as_json({"statements": stored}) + "\n"}
    )

    def words() -> None:
        say_table(("NO", "STATEMENT", "KEY", "FIRMWARE", "AFTER"), map(_statement_row, history))
        say(f"{len(history)} statements, each follows from the one before.")
        say_facts(output.written_facts(written))

    return Result({"statements": stored, "history": "whole", "files": written}, words)
