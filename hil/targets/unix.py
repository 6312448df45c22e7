"""Target unix: the same firmware as a process, its flash a file, its lines two sockets.

The program waits on the meter's line in the rig's time (unix_line.py), so a busy machine does not
change what happens there. What the program computes takes the time it takes.
"""

import contextlib
import itertools
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hil.board import image_path, load_flash_size, rig_board
from hil.boot_drive import BootDrive
from hil.engine import DEFAULT_LIMIT_S, Engine
from hil.flash import FlashOperation, MarginalCells, read_log
from hil.images import existing
from hil.line import Character
from hil.meter.meter import Meter
from hil.meter.port import Exchange, MeterPort, Violation
from hil.pty_port import PtyPort
from hil.rig import FLASH, METER, NOISE, POWER, UPDATE, Rig, RigError
from hil.rp2040.rosc import bits_of
from hil.setup import NOISES, Setup
from hil.targets.unix_line import UnixLine
from hil.timeline import WallTimeline
from hil.uf2 import Block, Uf2Error, check_blocks

PROGRAM = image_path(rig_board("unix"))
NEXT_PROGRAM = image_path(rig_board("unix") + "-next")
ARGUMENTS = ("-c", "import main")

ERASED = b"\xff" * load_flash_size(rig_board("unix"))

BOARD_ID = "WATTSEAL-UNIX"
BOOT_LOADER_STATUS = 66
"""With this exit status the program asks for the boot loader."""
MAX_PROGRAM_BYTES = 32 << 20

CHUNK_BYTES = 4096
SAMPLE_NS = 20_000
NOISE_BYTES = 65536
ERRORS_SHOWN = 2000

# While a client drains its terminal slowly, this is how often more is put into it; and how often
# the boot loader's drive is looked at.
FLUSH_S = 0.01
DRIVE_POLL_S = 0.02


class UnixRig(Rig):
    """The unix program behind a pseudo-terminal; a power cut is a SIGKILL.

    Time keeps to the wall clock. With `hurry` it is skipped while the program waits on its meter's
    line.
    """

    target = rig_board("unix")
    abilities = frozenset({METER, POWER, FLASH, NOISE, UPDATE})

    def __init__(self, setup: Setup, program: Path = PROGRAM, *, hurry: bool = False) -> None:
        self._program = existing(program)
        self._setup = setup
        self._hurry = hurry
        self._folder = tempfile.TemporaryDirectory(prefix="wattseal-rig-")
        self._drive = BootDrive(Path(self._folder.name) / "drive", BOARD_ID)
        self._flash_path = Path(self._folder.name) / "flash.bin"
        self._errors_path = Path(self._folder.name) / "errors.txt"
        self._timeline = WallTimeline()
        self._meter = setup.meter.build(self._timeline.now_ns)
        line_format = setup.meter.line_format(self._meter)
        self._meter_port = MeterPort(
            self._timeline,
            self._meter,
            line_format,
            self._to_line,
            self._to_line,
            setup.meter.turnaround_ns,
        )
        self._meter_line = UnixLine(
            self._timeline, line_format, self._meter_port.hear, self._to_program
        )
        self._starts = 0
        self._flash_at_power_on = ERASED
        self._marginal = setup.marginal
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._line: socket.socket | None = None
        self._pty = PtyPort()
        self.port = self._pty.path
        self._engine = Engine("unix", self._step)
        self._link_listener = self._listen(self._accept_link)
        self._line_listener = self._listen(self._accept_line)
        self._engine.watch(self._pty.file, self._from_client)
        self._engine.start()
        self._flash_path.write_bytes(setup.flash or ERASED)
        self.restart()

    @property
    def meter(self) -> Meter:
        """See Rig."""
        return self._meter

    def exchanges(self) -> list[Exchange]:
        """See Rig."""
        return self._engine.call(lambda: list(self._meter_port.exchanges))

    def violations(self) -> list[Violation]:
        """See Rig."""
        return self._engine.call(lambda: list(self._meter_port.violations))

    def power_cut(self) -> None:
        """See Rig."""
        self._engine.call(self._kill)

    def restart(self, flash: bytes | None = None) -> None:
        """See Rig."""
        self._engine.call(lambda: self._start(flash))

    def flash_image(self) -> bytes:
        """See Rig."""
        return self._flash_path.read_bytes()

    def flash_at_power_on(self) -> bytes:
        """See Rig."""
        return self._flash_at_power_on

    def flash_operations(self) -> Sequence[FlashOperation]:
        """See Rig."""
        return read_log(self._log_path)

    @property
    def boot_drive(self) -> Path:
        """See Rig."""
        return self._drive.folder

    @property
    def in_boot_loader(self) -> bool:
        """See Rig."""
        return self._engine.call(lambda: self._drive.shown)

    def wait_for_boot_loader(self, limit_s: float) -> None:
        """See Rig."""
        self._wait_until(lambda: self.in_boot_loader, limit_s)

    def wait_for_start(self, limit_s: float) -> None:
        """See Rig."""
        self._wait_until(lambda: not self.in_boot_loader, limit_s)

    def start_boot_loader(self) -> None:
        """See Rig."""
        self._engine.call(self._start_boot_loader)

    def put_image(self, image: Path) -> None:
        """See Rig."""
        self._engine.call(lambda: self._put_program(image))

    def now_ns(self) -> int:
        """See Rig."""
        return self._timeline.now_ns()

    def close(self) -> None:
        """See Rig."""
        try:
            self._engine.close()
        finally:
            self._kill_process()
            for each in (self._link, self._line, self._link_listener, self._line_listener):
                if each is not None:
                    each.close()
            self._pty.close()
            self._folder.cleanup()

    # In the engine's thread.

    def _step(self) -> float | None:
        while self._meter_line.program_waits and (self._hurry or self._timeline.wait_s() == 0):
            self._timeline.run_next()
        waits_s = [wait_s for wait_s in (self._timeline.run_due(),) if wait_s is not None]
        self._pty.flush()
        if self._pty.backlog:
            waits_s.append(FLUSH_S)
        if self._drive.shown:
            self._serve_drive()
            waits_s.append(DRIVE_POLL_S)
        return min(waits_s, default=None)

    @property
    def _log_path(self) -> Path:
        return Path(self._folder.name) / f"flash-{self._starts}.log"

    def _start(self, flash: bytes | None) -> None:
        self._kill()
        for operation in read_log(self._log_path):
            self._marginal.hold(operation)
        if flash is not None:
            self._marginal = MarginalCells()
        elif self._marginal:
            flash = self._marginal.read(self.flash_image())
        if flash is not None:
            self._flash_path.write_bytes(flash)
        self._flash_at_power_on = self.flash_image()
        self._starts += 1
        with self._errors_path.open("wb") as errors:
            self._process = subprocess.Popen(
                [self._program, *ARGUMENTS],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=self._environment(),
                start_new_session=True,  # a Ctrl-C is for the rig
            )

    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            "WATTSEAL_FLASH": str(self._flash_path),
            "WATTSEAL_FLASH_LOG": str(self._log_path),
            "WATTSEAL_CHIP_ID": self._setup.chip_id.hex(),
            "WATTSEAL_LINK": _address(self._link_listener),
            "WATTSEAL_METER": _address(self._line_listener),
        }
        if self._setup.noise != "random":
            environment["WATTSEAL_NOISE"] = str(self._noise_file())
        return environment

    def _noise_file(self) -> Path:
        path = Path(self._folder.name) / f"{self._setup.noise}.noise"
        if not path.exists():
            bit = bits_of(NOISES[self._setup.noise](), itertools.repeat(SAMPLE_NS))
            path.write_bytes(
                bytes(
                    sum(bit() << position for position in range(7, -1, -1))
                    for _ in range(NOISE_BYTES)
                )
            )
        return path

    def _start_boot_loader(self) -> None:
        self._kill()
        self._drive.show()

    def _serve_drive(self) -> None:
        """Take what was put on the boot loader's drive, and start it."""
        blocks = self._drive.take()
        if blocks is None:
            return
        with contextlib.suppress(Uf2Error):  # for another chip: nothing happens, as on a board
            check_blocks(blocks, None, 0, MAX_PROGRAM_BYTES)
            self._program = self._written(blocks)
            self._start(None)

    def _written(self, blocks: list[Block]) -> Path:
        """The program that blocks make; it replaces none, which might be running elsewhere."""
        program = Path(self._folder.name) / f"program-{self._starts}"
        image = bytearray(max(block.address + len(block.data) for block in blocks))
        for block in blocks:
            image[block.address : block.address + len(block.data)] = block.data
        program.write_bytes(image)
        program.chmod(0o755)
        return program

    def _put_program(self, program: Path) -> None:
        self._kill()
        self._program = existing(program)

    def _wait_until(self, reached: Callable[[], bool], limit_s: float) -> None:
        """Watch for something that the rig's thread brings about, by the wall clock."""
        deadline = time.monotonic() + min(limit_s, DEFAULT_LIMIT_S)
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError("not reached before the time was up")
            time.sleep(DRIVE_POLL_S)

    def _kill(self) -> None:
        self._drive.hide()
        self._drop_link()
        self._drop_line()
        self._kill_process()
        self._meter_line.stop()
        self._meter_port.fall_silent()

    def _kill_process(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _listen(self, accept: Callable[[], None]) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        self._engine.watch(listener.fileno(), accept)
        return listener

    def _accept_link(self) -> None:
        self._drop_link()
        self._link, _ = self._link_listener.accept()
        self._engine.watch(self._link.fileno(), self._from_link)

    def _accept_line(self) -> None:
        self._drop_line()
        self._line, _ = self._line_listener.accept()
        self._engine.watch(self._line.fileno(), self._from_line)

    def _drop_link(self) -> None:
        if self._link is not None:
            self._engine.forget(self._link.fileno())
            self._link.close()
            self._link = None

    def _drop_line(self) -> None:
        if self._line is not None:
            self._engine.forget(self._line.fileno())
            self._line.close()
            self._line = None

    def _from_client(self) -> None:
        data = self._pty.read()
        if self._link is not None:
            _send(self._link, data)

    def _from_link(self) -> None:
        assert self._link is not None  # noqa: S101  # it is being watched
        data = _receive(self._link)
        if not data:
            self._on_end()
        self._pty.write(data)

    def _from_line(self) -> None:
        assert self._line is not None  # noqa: S101  # it is being watched
        data = _receive(self._line)
        if not data:
            self._drop_line()
        self._meter_line.take(data)

    def _to_line(self, character: Character) -> None:
        self._meter_line.hear(character)

    def _to_program(self, answer: bytes) -> None:
        if self._line is not None:
            _send(self._line, answer)

    def _on_end(self) -> None:
        """The program has ended by itself: it asks for the boot loader, or else it broke down."""
        assert self._process is not None  # noqa: S101  # its socket was open until now
        status = self._process.wait()
        if status == BOOT_LOADER_STATUS:
            self._start_boot_loader()
            return
        errors = self._errors_path.read_text(errors="replace")[-ERRORS_SHOWN:]
        raise RigError(f"the unix program ended by itself with status {status}: {errors}")


# The program may end at any moment, with bytes unread; the end is found where its lines are read.


def _send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        connection.sendall(data)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(CHUNK_BYTES)
    except ConnectionError:
        return b""


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"{host}:{port}"
