"""`wattseal device watch` and `report`: a module seen over time, and all about it in one file."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.cli import output
from wattseal.cli.device import status_facts
from wattseal.cli.options import Commands, Json, Module, option
from wattseal.cli.output import Result, as_json, local_time, say, say_facts
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.text import printable
from wattseal.common.times import computer_time
from wattseal.device.advice import advise
from wattseal.device.report import as_text, collect
from wattseal.device.watch import Sample, Watch

app = Commands()


@app.command(
    "watch", epilog="\b\nExample:\n  wattseal device watch --port /dev/ttyACM0 --interval 1"
)
def watch(
    module: Module,
    interval: Annotated[
        float, option("SECONDS", "From one look to the next.", min=0.2, max=3600)
    ] = 2.0,
    count: Annotated[int | None, option("N", "End after so many looks.", min=1)] = None,
    no_meter: Annotated[bool, typer.Option("--no-meter", help="Leave the meter alone.")] = False,
    json_output: Json = False,
) -> Result | None:
    """Show the module's state, key, meter, records and faults, until Ctrl-C.

    On a terminal the picture is renewed; elsewhere each look is a line. With --json each is an
    object on a line of its own. A module that goes away is waited for.
    """
    looks = Watch(module.connected, interval, not no_meter).samples(count)
    try:
        if json_output:
            for sample in looks:
                print(json.dumps(_shown(sample), default=_plain), flush=True)
        elif sys.stdout.isatty():
            _picture(looks)
        else:
            for sample in looks:
                say(_line(sample))
    except KeyboardInterrupt:
        pass
    return None


def _plain(value: Any) -> Any:
    return (
        value.as_json()["error"] if isinstance(value, ToolError) else value.model_dump(mode="json")
    )


def _shown(sample: Sample) -> dict[str, Any]:
    return {
        "unix_ms": sample.unix_ms,
        "module": sample.hello,
        "status": sample.status,
        "key_sha256": sample.key_sha256,
        "meter": sample.reading,
        "meter_error": sample.meter_error,
        "error": sample.error,
    }


def _clock(sample: Sample) -> str:
    return local_time(sample.unix_ms, computer_time().utc_offset_min)[:19]


def _meter_words(sample: Sample) -> str:
    if sample.reading is not None:
        return f"{sample.reading.energy_kwh} kWh"
    return sample.meter_error.message if sample.meter_error else "not read"


def _line(sample: Sample) -> str:
    """What changes with time, in one line."""
    state = sample.status
    if state is None:
        return f"{_clock(sample)}  away  {sample.error.message if sample.error else ''}"
    journal, session = state.journal, state.session
    words = [
        _clock(sample),
        state.state,
        f"session {session.session_id}" if session else "no session",
        f"key {state.key_number}" if state.key_number else "no key",
        f"meter {_meter_words(sample)}",
        f"next record T{journal.next}",
        f"events to {state.events.newest}" if state.events.newest else "no events",
    ]
    if state.cause:
        words.append(state.cause.sentence)
    return "  ".join(words)


_STYLES = {"operational": "bold green", "fault": "bold red"}


def _picture(looks: Iterable[Sample]) -> None:
    from rich.live import Live

    last: Sample | None = None
    with Live(auto_refresh=False) as live:
        for sample in looks:
            # What it said last stays to be read while it is away.
            last = sample if sample.status else last
            live.update(_drawn(sample, last), refresh=True)


def _drawn(sample: Sample, last: Sample | None) -> Any:
    from rich.text import Text

    drawn = Text(no_wrap=True)
    if last is None or last.hello is None or last.status is None:
        drawn.append(_line(sample), style="bold red")
        return drawn
    state = last.status
    if sample.status is None:
        drawn.append(_line(sample) + "\n", style="bold red")
    else:
        style = _STYLES.get(state.state, "bold yellow")
        drawn.append(f"{state.state.upper()}: {advise(state).meaning}\n", style=style)
    facts = [
        ("seen at", _clock(last)),
        *status_facts(last.hello, state),
        ("key SHA-256", last.key_sha256 or "none"),
        ("meter", _meter_words(last)),
    ]
    for label, value in facts:
        drawn.append(f"{label:<{output.LABEL_WIDTH}} ", style="dim")
        drawn.append(printable(value) + "\n")
    return drawn


@app.command(
    "report",
    epilog="\b\nExample:\n  wattseal device report --port /dev/ttyACM0 --out report.zip",
)
def report(
    module: Module,
    out: Annotated[Path, option("FILE", "The file to write: .zip or .json.", "--out", "-o")],
    newest_events: Annotated[
        int, option("N", "How many events, the newest.", "--events", min=1, max=100_000)
    ] = 500,
) -> Result:
    """Write all that a supporter needs into one file: no secret is in it, and no record.

    Identity, state, settings, key history, events, a meter reading, the self-test, and the versions
    of this computer's programs. A .zip holds report.json and the same to be read, report.txt.
    """
    if out.suffix not in (".zip", ".json"):
        cause = f"{out} is neither a .zip nor a .json file."
        raise ToolError("usage", cause=cause, help="Name it report.zip or report.json.")
    directory = OutputDirectory(out.parent)
    directory.check_free(out.name)
    directory.check_writable()
    with module.connected() as (device, hello):
        collected = collect(device, hello, module.port, newest_events)
    text = as_json(collected) + "\n"
    written = directory.write_bytes(
        out.name, text.encode() if out.suffix == ".json" else _zipped(text, as_text(collected))
    )
    failed = sorted(
        name for name, one in collected.items() if isinstance(one, dict) and "error" in one
    )
    facts = [("written", str(written)), ("not read", ", ".join(failed) or "nothing is missing")]
    return Result({"file": written, "failed": failed}, lambda: say_facts(facts))


def _zipped(report: str, text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.json", report)
        archive.writestr("report.txt", text)
    return file.getvalue()
