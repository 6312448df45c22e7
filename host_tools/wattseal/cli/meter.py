"""`wattseal meter`: meters themselves, through a module or straight through an RS-485 adaptor."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattseal.cli import options, output
from wattseal.cli.device import say_warnings
from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import Result, say, say_facts, say_table
from wattseal.common.errors import ToolError
from wattseal.device.link import SerialTransport
from wattseal.meter.profile import (
    QUANTITIES,
    Profile,
    ProfileError,
    known_profile,
    load_profile,
    load_profiles,
)
from wattseal.wire.errors import WattsealError
from wattseal.wire.methods import LINE

if TYPE_CHECKING:
    from wattseal.meter.line import LineFormat, SerialLine
    from wattseal.meter.reading import StraightMeter

app = Commands(
    name="meter",
    no_args_is_help=True,
    help="List, find, read, trace and emulate meters.",
)


LineOption = Annotated[
    str | None,
    option("PORT", "A USB-RS485 adaptor, such as /dev/ttyUSB1 or COM5.", "--line", "-l"),
]
NeededLine = Annotated[
    str, option("PORT", "A USB-RS485 adaptor, such as /dev/ttyUSB1 or COM5.", "--line", "-l")
]
PortOption = Annotated[
    str | None,
    option("PORT", "Through the module on this port.", "--port", "-p", envvar="WATTSEAL_PORT"),
]
Echo = Annotated[
    bool, typer.Option("--echo", help="The adaptor gives back what is sent; it is taken off.")
]


def _profile(name: str) -> Profile:
    """The profile of that name, or of that file. ToolError `profile_unknown`, `profile_refused`."""
    if name.endswith(".toml"):
        return _checked(Path(name))
    try:
        return known_profile(name)
    except ValueError:
        raise ToolError("profile_unknown", profile=name) from None


def _checked(file: Path) -> Profile:
    try:
        return load_profile(file)
    except ProfileError as error:
        place = str(file) if error.line is None else f"{file}, line {error.line}"
        raise ToolError(
            "profile_refused", place=place, cause=error.cause, advice=error.remedy
        ) from None
    except OSError as error:
        raise ToolError.of_file("file_unreadable", file, error) from None


def _needed_profile(name: str | None) -> Profile:
    if name is None:
        raise ToolError(
            "usage",
            cause="Nothing says which registers the meter has.",
            help="Give --profile; `wattseal meter scan` finds out which fits.",
        )
    return _profile(name)


@dataclass(frozen=True)
class LineOptions:
    """How a meter is asked straight on a line, as far as it was said; the profile has the rest."""

    profile: Annotated[
        str | None,
        option("NAME|FILE", "The meter's profile; see `wattseal meter list`.", "--profile"),
    ] = None
    baud: Annotated[
        int | None, option("BITS/S", "Speed of the line.", "--baud", show_default="the profile's")
    ] = None
    parity: Annotated[
        str | None, option("none|even|odd", "Its parity.", "--parity", show_default="the profile's")
    ] = None
    stop_bits: Annotated[
        int | None, option("1|2", "Its stop bits.", "--stop-bits", show_default="the profile's")
    ] = None
    unit: Annotated[
        int | None,
        option("1-247", "Modbus unit.", "--unit", min=1, max=247, show_default="the profile's"),
    ] = None
    echo: Echo = False

    def format_for(self, profile: Profile | None) -> LineFormat:
        """The line's format: what was said, then the profile's, then 9600 8N1.

        ToolError `bad_value`.
        """
        from wattseal.meter.line import LineFormat

        said = {name: getattr(self, name) for name in ("baud", "parity", "stop_bits")}
        for name, _, choices, *_ in LINE:
            if said[name] is not None and said[name] not in choices:
                limit = "one of " + ", ".join(map(str, choices))
                raise ToolError("bad_value", field=name, limit=limit, found=said[name])
        usual = LineFormat(**(profile or {}).get("line", {}))
        return replace(usual, **{name: one for name, one in said.items() if one is not None})

    def on(self, port: str) -> _Line:
        """The meter behind the adaptor on a port.

        ToolError `usage`, `profile_unknown`, `profile_refused`, `bad_value`.
        """
        found = _needed_profile(self.profile)
        unit = self.unit or found.get("unit", 1)
        return _Line(port, found, self.format_for(found), unit, self.echo)


@contextmanager
def _open(port: str, *, any_parity: bool = True) -> Iterator[SerialLine]:
    """The line behind an adaptor; what Modbus refuses on it becomes a ToolError."""
    from wattseal.meter.line import SerialLine

    with SerialTransport(port) as transport:
        try:
            yield SerialLine(transport, any_parity=any_parity)
        except WattsealError as error:
            raise ToolError.from_module(error) from None


@dataclass(frozen=True)
class _Line:
    """A meter straight on a line, as the options say it."""

    port: str
    profile: Profile
    form: LineFormat
    unit: int
    echo: bool

    @contextmanager
    def meter(self) -> Iterator[StraightMeter]:
        from wattseal.meter.line import master
        from wattseal.meter.reading import StraightMeter

        with _open(self.port) as line:
            asker = master(line, self.form, self.echo)
            yield StraightMeter(line, asker, self.unit, self.profile)


def _one_way(port: str | None, line: str | None) -> None:
    if port is None and line is None:
        raise ToolError(
            "usage",
            cause="Nothing says where the meter is.",
            help="Give --line with an RS-485 adaptor, or --port with a module.",
        )


# --- profiles --------------------------------------------------------------------------------


@app.command("list", example="wattseal meter list --json")
def list_command() -> Result:
    """List the meters that there is a profile of."""
    profiles = load_profiles()

    def row(name: str, one: Profile) -> tuple[str, str, str, str, str]:
        line = str(LineOptions().format_for(one)) if "line" in one else "-"
        tells = [part.replace("energy_", "") for part in QUANTITIES[1:] if part in one]
        return (
            name,
            f"{one['vendor']} {one['model']}",
            line,
            str(one.get("unit", "-")),
            " ".join(tells),
        )

    def words() -> None:
        rows = [row(name, one) for name, one in profiles.items()]
        say_table(("NAME", "METER", "LINE", "UNIT", "TELLS BESIDE THE IMPORT"), rows)

    shown = [
        {"name": name, "vendor": one["vendor"], "model": one["model"]}
        for name, one in profiles.items()
    ]
    return Result({"profiles": shown}, words)


@app.command(example="wattseal meter show sdm630")
def show(name: Annotated[str, argument("NAME|FILE", "A profile.")]) -> Result:
    """Show a profile: its registers, and where each figure comes from."""
    profile = _profile(name)

    def words() -> None:
        line = str(LineOptions().format_for(profile)) if "line" in profile else "not known"
        say_facts(
            [
                ("profile", profile["name"]),
                ("meter", f"{profile['vendor']} {profile['model']} ({profile['current_type']})"),
                ("line", f"{line}, unit {profile.get('unit', 'not known')}"),
                ("time-out", f"{profile['timeout_ms']} ms"),
            ]
        )
        rows = [_register_row(one, profile[one]) for one in QUANTITIES if one in profile]
        say_table(("QUANTITY", "FUNCTION", "ADDRESS", "COUNT", "TYPE", "MEANING"), rows)
        say_facts([("source", source) for source in profile["sources"]])
        output.say_wrapped(profile["notes"])

    return Result(profile, words)


def _register_row(name: str, one: Profile) -> tuple[str, str, str, str, str, str]:
    place = (
        f"{one['address']} in model {one['model']}" if "model" in one else f"0x{one['address']:04X}"
    )
    unit = "W" if name == "power" else "Wh"
    meaning = f"10^{one['exponent']} {unit}" if "exponent" in one else "text"
    if "exponent_offset" in one:
        meaning += f", scaled by register {one['exponent_offset']}"
    if "values" in one:
        meaning = "begins with " + " or ".join(one["values"])
    order = ", low word first" if one.get("word_order") == "little" else ""
    return name, str(one["function"]), place, str(one["count"]), one["type"] + order, meaning


@app.command(example="wattseal meter check acme_m1.toml")
def check(file: Annotated[Path, argument("FILE", "A profile in TOML.")]) -> Result:
    """Check a profile of your own: line, cause and remedy of what is wrong."""
    profile = _checked(file)
    tells = [name for name in QUANTITIES if name in profile]
    facts = [("profile", profile["name"]), ("tells", ", ".join(tells))]

    def words() -> None:
        say("The profile is of the right form.", "bold green")
        say_facts(facts)

    return Result({"profile": profile["name"], "tells": tells, "valid": True}, words)


# --- reading ---------------------------------------------------------------------------------


@app.command(example="wattseal meter read --line /dev/ttyUSB1 --profile sdm630 --unit 1")
def read(
    line: LineOption = None,
    port: PortOption = None,
    *,
    how: LineOptions,
) -> Result:
    """Read a meter now, straight or through a module; nothing is signed.

    A module reads the meter that it is configured for.
    """
    _one_way(port, line)
    if line is None:
        with options.Module(str(port), options.BAUD, None).connected() as (device, _hello):
            found = device.read_meter()
        facts = _facts(
            found.energy_kwh, found.export_kwh, None, found.meter_serial, found.meter_firmware
        )
        meter = ("meter", f"{found.meter_vendor} {found.meter_model}")
        return Result(found, lambda: _say_read([meter, *facts], found.warnings))
    place = how.on(line)
    with place.meter() as meter_on_line:
        meter_on_line.identify()
        state = meter_on_line.look()
    told = {
        "profile": place.profile["name"],
        "unit": place.unit,
        "line": asdict(place.form),
        "energy": state.energy.as_dict(),
        "energy_kwh": state.energy.to_text_kwh(),
        "export_kwh": state.export.to_text_kwh() if state.export else None,
        "power_w": None if state.power_w is None else f"{state.power_w:f}",
        "meter_serial": state.serial,
        "meter_firmware": state.firmware,
    }
    facts = _facts(*(told[name] for name in _TOLD))
    name = f"{place.profile['vendor']} {place.profile['model']}, unit {place.unit} at {place.form}"
    return Result(told, lambda: say_facts([("meter", name), *facts]))


def _say_read(facts: list[tuple[str, str]], warnings: Any) -> None:
    say_facts(facts)
    say_warnings(warnings)


_TOLD = ("energy_kwh", "export_kwh", "power_w", "meter_serial", "meter_firmware")


def _facts(
    energy_kwh: Any, export_kwh: Any, power_w: Any, serial: Any, firmware: Any
) -> list[tuple[str, str]]:
    facts = [
        ("energy", f"{energy_kwh} kWh"),
        ("exported", f"{export_kwh} kWh" if export_kwh else "not told by the meter"),
        ("serial", serial or "not told by the meter"),
        ("firmware", firmware or "not told by the meter"),
    ]
    if power_w is None:
        return facts
    flows_out = ", it flows out: is the meter wired backwards?" if str(power_w)[0] == "-" else ""
    return [*facts[:2], ("power", f"{power_w} W{flows_out}"), *facts[2:]]


# --- scan ------------------------------------------------------------------------------------


@app.command(example="wattseal meter scan --line /dev/ttyUSB1 --units 1-20")
def scan(
    line: NeededLine,
    units: Annotated[
        str | None, option("LIST", "Units, such as 1-10,33.", show_default="1-10 and profiles'")
    ] = None,
    line_baud: Annotated[
        list[int] | None, option("BITS/S", "A speed; may be repeated.", "--baud")
    ] = None,
    parity: Annotated[
        list[str] | None, option("none|even|odd", "A parity; may be repeated.", "--parity")
    ] = None,
    profile: Annotated[
        list[str] | None, option("NAME|FILE", "A profile; may be repeated.", "--profile")
    ] = None,
    answer_ms: Annotated[
        int, option("MS", "How long a unit may take to answer.", min=20, max=5000)
    ] = 100,
    echo: Echo = False,
) -> Result:
    """Find the meters on a line: unit, speed, parity, and which profiles fit.

    It takes about half a minute; more units or speeds take longer. The line must have no other
    master meanwhile: take the module off it. A module gives no raw access to its line, so that
    this needs an adaptor.
    """
    from wattseal.meter.scan import Scanner, plan_of

    profiles = [_profile(name) for name in profile] if profile else list(load_profiles().values())
    plan = plan_of(profiles, answer_ms=answer_ms, echo=echo)
    if units is not None:
        plan = replace(plan, units=_numbers(units))
    if line_baud or parity:
        plan = replace(plan, formats=_formats(line_baud, parity))
    start_s = time.monotonic()
    with _open(line, any_parity=False) as opened, output.progress_bar("scanning") as bar:
        scanner = Scanner(opened, profiles, plan, lambda done, total, _words: bar(done, total))
        found = list(scanner.run())
    told = [{**asdict(one), "certainty": one.certainty} for one in found]
    counts = asdict(scanner.counts)
    shown = {"meters": told, **counts, "elapsed_s": round(time.monotonic() - start_s, 1)}

    def words() -> None:
        for one in found:
            _say_found(one)
        if not found:
            say("Nobody answered. Check supply, A and B, and try more --units and --baud.")
        if scanner.counts.unusable:
            say("Not tried, the port cannot do it: " + ", ".join(scanner.counts.unusable), "yellow")
        if scanner.counts.echo:
            say("The line gives back what is sent: set meter_echo for a module on it.", "yellow")

    return Result(shown, words, exit_status=0 if found else 1)


def _say_found(one: Any) -> None:
    say(f"unit {one.unit} at {one.format}", "bold")
    rows = [
        (
            each.profile,
            each.certainty,
            f"{each.energy_kwh} kWh",
            each.serial,
            ", ".join(each.because),
        )
        for each in one.candidates
    ]
    if rows:
        say_table(
            ("  PROFILE", "CERTAINTY", "ENERGY", "SERIAL", "BECAUSE"),
            [("  " + row[0], *row[1:]) for row in rows],
        )
    else:
        say("  answers, but no profile fits")


_DIGITS = 6  # of two numbers up to 247


def _numbers(text: str) -> tuple[int, ...]:
    """`1-3,7` as numbers of units. ToolError `bad_value`."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and len(first + last) <= _DIGITS):
            raise ToolError("bad_value", field="--units", limit="as 1-10,33", found=text)
        found += range(int(first), int(last) + 1)
    if not found or min(found) < 1 or max(found) > 247:
        raise ToolError("bad_value", field="--units", limit="from 1 to 247", found=text)
    return tuple(dict.fromkeys(found))


def _formats(baud: Sequence[int] | None, parity: Sequence[str] | None) -> tuple[LineFormat, ...]:
    from wattseal.meter.scan import PARITIES, SPEEDS

    return tuple(
        LineOptions(baud=speed, parity=one).format_for(None)
        for speed in baud or SPEEDS
        for one in parity or PARITIES
    )


# --- watch -----------------------------------------------------------------------------------


@app.command(example="wattseal meter watch --line /dev/ttyUSB1 --profile sdm630")
def watch(
    line: LineOption = None,
    port: PortOption = None,
    *,
    how: LineOptions,
    every: Annotated[float, option("SECONDS", "Time between readings.", min=0.2, max=3600)] = 2.0,
    count: Annotated[
        int | None, option("N", "End after so many readings.", min=1, show_default="Ctrl-C")
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Watch energy and power, straight or through a module; Ctrl-C ends it.

    On a terminal as a live chart, elsewhere a line for each reading; with --json one object a line.
    A reading that fails is told, and the next one is tried. Power is the meter's own where its
    profile has it, and else follows from the energy.
    """
    from wattseal.cli.meter_watch import Watch

    _one_way(port, line)
    seen = Watch(every, count, wants_json=json_output)
    if line is None:
        with options.Module(str(port), options.BAUD, None).connected() as (device, _hello):
            seen.run(lambda: _through_module(device))
        return
    with how.on(line).meter() as meter:

        def look() -> tuple[str, str | None, Decimal | None]:
            try:
                state = meter.look()
            except WattsealError as error:
                raise ToolError.from_module(error) from None
            export = state.export.to_text_kwh() if state.export else None
            return state.energy.to_text_kwh(), export, state.power_w

        seen.run(look)


def _through_module(device: Any) -> tuple[str, str | None, Decimal | None]:
    found = device.read_meter()
    return found.energy_kwh, found.export_kwh, None


# --- trace -----------------------------------------------------------------------------------


@app.command(example="wattseal meter trace --line /dev/ttyUSB1 --profile sdm630 --read")
def trace(
    line: NeededLine,
    how: LineOptions,
    ask: Annotated[
        bool, typer.Option("--read", help="Read the meter, instead of listening to others.")
    ] = False,
    seconds: Annotated[
        float | None,
        option("SECONDS", "Listen for so long.", "--for", min=0.1, show_default="Ctrl-C"),
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Show the frames on a line with their meaning: who asks what, who answers, when and what.

    It listens to a module or another master at work; with --read it reads the meter itself. With a
    profile, registers have its names. Needs an adaptor: a module gives no raw access to its line.
    """
    from wattseal.meter.frames import FrameFinder

    found = _profile(how.profile) if how.profile else None
    form = how.format_for(found)
    tell = _frame_teller(json_output)
    finder = FrameFinder(found)
    if ask:
        _trace_reading(how.on(line), finder, tell)
        return
    with _open(line) as opened:
        opened.set_format(form)
        end_s = None if seconds is None else time.monotonic() + seconds
        while end_s is None or time.monotonic() < end_s:
            heard = opened.wait(50_000)
            now_us = opened.ticks_us()
            for frame in finder.feed(opened.read(4096), now_us) if heard else finder.flush():
                tell(frame)


def _trace_reading(place: _Line, finder: Any, tell: Callable[[Any], None]) -> None:
    """Read everything that the profile has, and show what passes on the line."""
    from wattseal.meter.line import RecordedLine, master
    from wattseal.meter.reading import StraightMeter

    def heard(data: bytes, at_us: int) -> None:
        for frame in finder.feed(data, at_us):
            tell(frame)

    with _open(place.port) as opened:
        recorded = RecordedLine(opened, heard)
        asker = master(recorded, place.form, place.echo)
        meter = StraightMeter(recorded, asker, place.unit, place.profile)
        try:
            meter.identify()
            meter.look()
        finally:
            for frame in finder.flush():
                tell(frame)


def _frame_teller(wants_json: bool) -> Callable[[Any], None]:
    """What prints a frame."""

    def tell(frame: Any) -> None:
        if wants_json:
            shown = {**asdict(frame), "data": frame.data.hex(), "crc_is_right": frame.crc_is_right}
            print(json.dumps(shown), flush=True)
            return
        after = "" if frame.after_us is None else f"  +{frame.after_us / 1000:.1f} ms"
        say(f"{frame.at_us / 1e6:12.3f}  {frame.kind:<9}  {frame.data.hex(' ')}{after}")
        say(f"{'':12}  {'':9}  {frame.meaning}", "dim")

    return tell


# --- emulate ---------------------------------------------------------------------------------


@app.command(example="wattseal meter emulate sdm630 em24@2 --power 11000")
def emulate(
    meters: Annotated[
        list[str], argument("PROFILE[@UNIT]...", "Which meters, each with its unit.")
    ],
    line: LineOption = None,
    power: Annotated[int, option("W", "What flows.", min=0, max=1_000_000)] = 11_000,
    energy: Annotated[int, option("WH", "What was counted before.", min=0)] = 2_935_600,
    serial: Annotated[str | None, option("TEXT", "Serial number.")] = None,
    backwards: Annotated[
        bool, typer.Option("--backwards", help="Wired backwards: what flows is exported.")
    ] = False,
    fault: Annotated[
        list[str] | None, option("NAME[:COUNT]", "A fault of the next requests; may be repeated.")
    ] = None,
    seconds: Annotated[
        float | None,
        option("SECONDS", "End after so long.", "--for", min=0.1, show_default="Ctrl-C"),
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Emulate meters for a bench that has none, on an adaptor or on a port made for it.

    Without --line a pseudo-terminal is made and named: any program opens it as a serial port. Each
    meter answers at the speed of its line. Needs `pip install 'wattseal[emulate]'`.
    """
    options.check_installed("emulate", ("pymodbus",))
    from wattseal.meter.emulator.serve import MetersOnPort, PseudoTerminal

    made = [_emulated(one, power, energy, serial, backwards) for one in meters]
    for name in fault or ():
        _arm(made, name)
    tell = _exchange_teller(json_output)
    opened = SerialTransport(line, made[0][1].baud) if line else PseudoTerminal()
    with opened:
        if isinstance(opened, SerialTransport):
            form = made[0][1]
            opened.set_format(form.baud, form.parity, form.stop_bits)
        path = str(line or getattr(opened, "path", ""))
        if json_output:
            told = [{"profile": one.profile["name"], "unit": one.unit} for one, _ in made]
            print(json.dumps({"port": path, "meters": told}), flush=True)
        else:
            say_facts([("port", path)])
            for one, form in made:
                say_facts([("meter", f"{one.profile['name']}, unit {one.unit} at {form}")])
        until_s = None if seconds is None else time.monotonic() + seconds
        MetersOnPort(opened, made, tell).run(until_s)


def _emulated(
    text: str, power_w: int, energy_wh: int, serial: str | None, backwards: bool
) -> tuple[Any, LineFormat]:
    """A meter and its line. ToolError `profile_unknown`, `bad_value`."""
    from wattseal.meter.emulator.meter import Meter

    name, _, unit = text.partition("@")
    if unit and not (unit.isdigit() and 1 <= int(unit) <= 247):
        raise ToolError("bad_value", field="the unit", limit="from 1 to 247", found=unit)
    profile = _profile(name)
    try:
        meter = Meter(
            profile,
            time.monotonic_ns,
            unit=int(unit) if unit else None,
            energy_wh=energy_wh,
            power_w=power_w,
            serial=serial,
            backwards=backwards,
        )
    except (ValueError, OverflowError) as error:
        raise ToolError(
            "bad_value", field=text, limit="one that it can show", found=error
        ) from None
    return meter, LineOptions().format_for(profile)


def _arm(made: Sequence[tuple[Any, LineFormat]], text: str) -> None:
    name, _, count = text.partition(":")
    try:
        for meter, _ in made:
            meter.arm(name, int(count or 1))
    except (ValueError, TypeError) as error:
        raise ToolError(
            "bad_value", field="--fault", limit="one of its faults", found=error
        ) from None


def _exchange_teller(wants_json: bool) -> Callable[[bytes, bytes, str | None], None]:
    def tell(request: bytes, reply: bytes, fault: str | None) -> None:
        if wants_json:
            shown = {"request": request.hex(), "reply": reply.hex(), "fault": fault}
            print(json.dumps(shown), flush=True)
        else:
            say(f"{request.hex(' ')}  ->  {reply.hex(' ')}" + (f"  ({fault})" if fault else ""))

    return tell
