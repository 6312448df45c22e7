"""`wattseal flash`: a bare board becomes a module that runs the file, one or one after another."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from wattseal.cli import options
from wattseal.cli.device import say_next
from wattseal.cli.options import Commands, option
from wattseal.cli.output import Result, complain, confirm, local_time, progress_bar, say, say_facts
from wattseal.common.errors import EXIT_FAILED, ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.times import computer_time, utc_text
from wattseal.device.advice import advise
from wattseal.device.firmware_file import FirmwareFile, read_firmware
from wattseal.device.flash import run
from wattseal.device.flash.boards import Board, board_given, known_boards
from wattseal.device.flash.label import Label, label_pdf
from wattseal.device.flash.places import LoaderDrive, Places, denied
from wattseal.device.flash.run import Line, Standing
from wattseal.device.flash.station import Outcome, Station
from wattseal.device.link import PortInfo
from wattseal.device.update import Patience

EPILOG = """\b
Hold the board's BOOTSEL button while plugging it in. What is on it is erased,
keys and records too. A module that is in use is not touched: it is updated
with `wattseal firmware update`. With --station, boards are flashed as they
are plugged in, until Ctrl-C.

\b
Examples:
  wattseal flash build/rp2040/firmware.uf2
  wattseal flash firmware.uf2 --port /dev/ttyUSB0 --labels labels
  wattseal flash firmware.uf2 --station --log flashed.csv --labels labels \\
    --serial WS000017"""

app = Commands()


@dataclass(frozen=True)
class Ports:
    """Where modules come up, as far as it was said; how to talk to them."""

    OPTION: ClassVar = options.port_option(
        "Where the module comes up. Default: looked for.", list[str] | None, None
    )

    ports: list[str] | None
    baud: int
    timeout_s: float | None

    @property
    def line(self) -> Line:
        """For run.look_at."""
        return Line(self.baud, self.timeout_s)


@app.command("flash", epilog=EPILOG)
def flash(
    module: Ports,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A .uf2, .bin or .wsfw file. Default: build/BOARD/firmware.uf2.",
            show_default=False,
        ),
    ] = None,
    board: Annotated[
        str | None, option("NAME|TOML", "The board. Default: the one that the file is for.")
    ] = None,
    drive: Annotated[
        list[Path] | None,
        option("DIR", "The boot loader's drive. Default: looked for.", envvar="WATTSEAL_DRIVE"),
    ] = None,
    station: Annotated[
        bool, typer.Option("--station", help="Go on with every board that is plugged in.")
    ] = False,
    count: Annotated[
        int | None, option("N", "With --station: end after so many boards.", min=1)
    ] = None,
    log: Annotated[Path | None, option("CSV", "With --station: add a line for each board.")] = None,
    labels: Annotated[
        Path | None, option("DIR", "Write a label (PDF, 62 mm x 29 mm) for each module.")
    ] = None,
    serial: Annotated[
        str | None,
        option("TEXT", "Serial number on the label; counted on. Default: the chip's id."),
    ] = None,
    wait: Annotated[
        float, option("SECONDS", "For the board, then the module.", min=1, max=3600)
    ] = 60.0,
    yes: options.Yes = False,
    json_output: options.Json = False,
) -> Result | None:
    """Write firmware into a new board, and check that its module runs it.

    The identity that the module's core measures over its image is compared with the file.
    """  # fmt: skip
    if not station and (count is not None or log is not None):
        cause = "--count and --log belong to --station."
        raise ToolError("usage", cause=cause, help="Give --station too.")
    given = board_given(board) if board else None
    firmware = read_firmware(file or _built(given))
    target = run.board_of(firmware, given)
    boards = tuple({one.name: one for one in (*known_boards(), target)}.values())
    places = Places(tuple(drive or ()), tuple(module.ports or ()), boards)
    work = _Work(firmware, target, places, module.line, Patience(wait), yes)
    book = _Book(labels, log, serial)
    if station:
        return _station(work, book, count, wants_json=json_output)
    was_running, found = work.flash()
    label = book.label(found)
    shown = {"flashed": not was_running, **_facts(found), "label": label}
    return Result(shown, lambda: _say_flashed(found, label, was_running=was_running))


def _built(board: Board | None) -> Path:
    """What `./dev build` has made for the board here."""
    if board is None:
        names = ", ".join(one.name for one in known_boards())
        raise ToolError("board_needed", boards=names)
    name = "firmware.uf2" if board.drive else "firmware.bin"
    file = Path("build") / board.name / name
    if not file.exists():
        raise ToolError("firmware_missing", path=str(file))
    complain(f"wattseal: taking {file}.")
    return file


ERASED = "All that is on the board is erased, keys and records too. Go on?"


@dataclass(frozen=True)
class _Work:
    """One board to be flashed."""

    file: FirmwareFile
    board: Board
    places: Places
    line: Line
    patience: Patience
    yes: bool

    def flash(self) -> tuple[bool, Standing]:
        """Whether the module ran the file already, and the module that runs it now."""
        facts = self.file.facts
        version = facts.firmware if facts else "?"
        complain(
            f"wattseal: {self.file.path} holds firmware {version} for {self.board.name}, "
            f"identity {self.file.sha256[:16]}..."
        )
        return self._by_drive() if self.board.drive else self._by_port()

    def _by_drive(self) -> tuple[bool, Standing]:
        drive = run.pick_drive(self.places.loader_drives(), self.board)
        others = self._modules()
        if drive is None:
            if len(others) == 1:
                [only] = others
                if only.hello.firmware_identity == self.file.sha256:
                    run.check_runs(self.file, only)
                    return True, only
                run.check_may_be_erased(only)
            drive = self._await_drive(others)
        elif self.places.ports and others:
            taken = others[0]
            raise ToolError("port_of_another", port=taken.port, chip_id=taken.hello.chip_id)
        socket = f" in the USB socket {drive.socket}" if drive.socket else ""
        complain(f"wattseal: found a board in its boot loader at {drive.name}{socket}.")
        confirm(ERASED, yes=self.yes)
        with progress_bar("writing") as progress:
            run.write_drive(self.file, self.board, drive, progress)
        return False, self._await_module(drive, {one.hello.chip_id for one in others})

    def _modules(self) -> list[Standing]:
        """The modules that answer already, each told of."""
        ports = run.ports_for(self.board, None, self.places)
        found = run.modules_on(ports, self.line)
        for one in found:
            hello = one.hello
            complain(
                f"wattseal: found a module on {one.port}: {hello.board}, chip {hello.chip_id}, "
                f"firmware {hello.firmware}, {one.status.state}."
            )
        return found

    def _await_drive(self, others: Iterable[Standing]) -> LoaderDrive:
        complain(
            f"wattseal: no board of the kind {self.board.name} is in its boot loader. Hold its "
            "BOOTSEL button while plugging it in; waiting."
        )
        found = self.patience.until(lambda: run.pick_drive(self.places.loader_drives(), self.board))
        if found is None:
            told = ", ".join(f"a module on {one.port}" for one in others) or "nothing else either"
            raise ToolError("board_not_there", timeout_s=self.patience.timeout_s, found=told)
        return found

    def _await_module(self, drive: LoaderDrive | None, others: set[str]) -> Standing:
        complain("wattseal: written; waiting for the module to start with it.")
        return run.await_module(
            self.file,
            lambda: run.ports_for(self.board, drive, self.places),
            self.line,
            self.patience,
            lambda found: found.hello.chip_id not in others,
            [self.board],
        )

    def _by_port(self) -> tuple[bool, Standing]:
        port = self._only_port()
        try:
            found = run.look_at(port, self.line)
        except ToolError as error:
            if error.name == "port_denied":
                raise denied(port, [self.board]) from None
            if error.name in ("port_missing", "port_busy", "port_unusable"):
                raise
            complain(f"wattseal: no module answers on {port}; a board in its boot loader may.")
        else:
            if found.hello.firmware_identity == self.file.sha256:
                run.check_runs(self.file, found)
                return True, found
            run.check_may_be_erased(found)
        confirm(ERASED, yes=self.yes)
        with progress_bar("writing") as progress:
            run.write_port(self.file, self.board, port, progress)
        return False, self._await_module(None, set())

    def _only_port(self) -> str:
        """The port that was given, or the only one of such a board."""
        if len(self.places.ports) == 1:
            return self.places.ports[0]
        found = [port for port in self.places.usual_ports() if self._is_ours(port)]
        if len(found) != 1:
            told = ", ".join(port.device for port in found)
            words = (
                f"there is more than one ({told})" if found else "no port of such a board is there"
            )
            raise ToolError("port_needed", board=self.board.name, found=words)
        complain(f"wattseal: found a board on {found[0].device}.")
        return found[0].device

    def _is_ours(self, port: PortInfo) -> bool:
        known = self.places.board_of(port)
        return known is not None and known.chip == self.board.chip


def _facts(found: Standing) -> dict[str, Any]:
    hello = found.hello
    return {
        "port": found.port,
        "chip_id": hello.chip_id,
        "board": hello.board,
        "firmware": hello.firmware,
        "firmware_identity": hello.firmware_identity,
        "state": found.status.state,
        "key_number": found.status.key_number,
        "key_sha256": found.key.fingerprint if found.key else None,
    }


def _say_flashed(found: Standing, label: Path | None, *, was_running: bool) -> None:
    hello = found.hello
    if was_running:
        say(f"The module runs firmware {hello.firmware} already; nothing was written.")
    else:
        say(f"Flashed: the module runs firmware {hello.firmware}.", "bold green")
    advice = advise(found.status)
    say_facts(
        [
            ("port", found.port),
            ("module", f"{hello.board}, chip {hello.chip_id}"),
            ("identity", f"{hello.firmware_identity}, as measured by the module"),
            ("key", f"SHA-256 {found.key.fingerprint}" if found.key else "none"),
            ("state", f"{found.status.state}: {advice.meaning}"),
            *([("label", str(label))] if label else []),
        ]
    )
    say_next(advice)


COLUMNS = (
    "time",
    "result",
    "place",
    "serial",
    "chip_id",
    "board",
    "firmware",
    "firmware_identity",
    "key_number",
    "key_sha256",
    "seconds",
    "cause",
)


class _Book:
    """Serial numbers, labels and the log."""

    def __init__(self, labels: Path | None, log: Path | None, serial: str | None) -> None:
        self._labels, self._log, self._serial = labels, log, serial
        if serial is not None:
            _after(serial)
        if labels is not None:
            OutputDirectory(labels).check_writable()
        if log is not None:
            self._append(COLUMNS if not log.exists() or not log.stat().st_size else None)

    def take_serial(self, found: Standing) -> str:
        """The next serial number, or the chip's id."""
        if self._serial is None:
            return found.hello.chip_id.upper()
        taken, self._serial = self._serial, _after(self._serial)
        return taken

    def label(self, found: Standing) -> Path | None:
        """Write the module's label, if labels are wanted; where it is."""
        return self._write_label(found, self.take_serial(found))

    def enter(self, outcome: Outcome) -> dict[str, Any]:
        """Log a board and write its label; what is known of it."""
        good = outcome.module if outcome.error is None else None
        serial = self.take_serial(good) if good else None
        label = self._write_label(good, serial) if good and serial else None
        error = outcome.error
        facts: dict[str, Any] = {
            "time": utc_text(computer_time().unix_ms),
            "result": outcome.did if error is None else "failed",
            "place": outcome.place,
            "serial": serial,
            **(_facts(outcome.module) if outcome.module else {}),
            "seconds": round(outcome.seconds, 1),
            "cause": str(error) if error else None,
            "error": error.name if error else None,
            "label": label,
        }
        self._append([facts.get(name) for name in COLUMNS])
        return facts

    def _write_label(self, found: Standing, serial: str) -> Path | None:
        if self._labels is None:
            return None
        hello = found.hello
        label = Label(
            serial,
            hello.chip_id,
            hello.board,
            f"{hello.firmware}+{hello.firmware_identity[:16]}",
            found.key.fingerprint if found.key else None,
        )
        name = f"label-{re.sub('[^0-9A-Za-z_-]', '_', serial)}.pdf"
        return OutputDirectory(self._labels).write_bytes(name, label_pdf(label), replacing=True)

    def _append(self, row: Iterable[Any] | None) -> None:
        """Add a row to the log, which is closed in between: a cut loses none that was told."""
        if self._log is None:
            return
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a", encoding="utf-8", newline="") as file:
                if row is not None:
                    csv.writer(file).writerow("" if one is None else one for one in row)
        except OSError as error:
            raise ToolError.of_file("file_unwritable", self._log, error) from None


def _after(serial: str) -> str:
    """The serial number behind one. ToolError `serial_not_countable`."""
    digits = re.search(r"[0-9]+$", serial)
    if digits is None:
        raise ToolError("serial_not_countable", serial=serial)
    return serial[: digits.start()] + str(int(digits[0]) + 1).zfill(len(digits[0]))


def _station(work: _Work, book: _Book, count: int | None, *, wants_json: bool) -> Result | None:
    """Flash what is plugged in; None if every line was an object already."""
    confirm(
        "All that is on boards in their boot loader is erased, keys and records too. Go on?",
        yes=work.yes,
    )
    complain("wattseal: plug boards in, with their BOOTSEL button held. Ctrl-C ends it.")
    results: list[bool] = []

    def tell(outcome: Outcome) -> None:
        results.append(outcome.error is None)
        facts = book.enter(outcome)
        if wants_json:
            print(json.dumps(facts, default=str), flush=True)
        else:
            _say_outcome(facts)

    station = Station(work.file, work.board, work.places, work.line, work.patience, tell)
    try:
        station.run(count)
    except KeyboardInterrupt:
        complain("wattseal: ended.")
    good, bad = results.count(True), results.count(False)
    status = EXIT_FAILED if bad else 0
    if wants_json:
        return _Silent({}, lambda: None, status)
    return Result({}, lambda: say(f"{len(results)} boards: {good} good, {bad} failed."), status)


class _Silent(Result):
    """A result whose objects were printed as they came."""

    def show(self, *, wants_json: bool) -> int:  # noqa: ARG002
        """The exit status."""
        return self.exit_status


def _say_outcome(facts: dict[str, Any]) -> None:
    """One line for a board, green if it is good."""
    now = computer_time()
    clock = local_time(now.unix_ms, now.utc_offset_min)[11:19]
    chip = facts.get("chip_id") or "-"
    if facts["error"]:
        say(f"{clock}  FAILED  {facts['place']}  {chip}  {facts['cause']}", "bold red")
        return
    key = (facts["key_sha256"] or "none")[:16]
    did = "runs it already" if facts["result"] == "identified" else f"{facts['seconds']:.1f} s"
    say(
        f"{clock}  OK      {facts['port']}  {facts['serial']}  {facts['board']}  "
        f"{facts['firmware']}  key {key}  {did}",
        "bold green",
    )
