"""Target rp2040: the image just built, on the emulated chip."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hil.board import Board, image_path, load_board, rig_board
from hil.boot_drive import BootDrive
from hil.engine import DEFAULT_LIMIT_S, Engine
from hil.flash import FlashOperation, Moment
from hil.images import existing
from hil.meter.meter import Meter
from hil.meter.port import Exchange, Violation
from hil.pacing import Pacer
from hil.picoboot import PicobootHost
from hil.pty_port import CHUNK_BYTES, PtyPort
from hil.rig import CUT, FLASH, METER, NOISE, POWER, TIME, TIMING, UPDATE, Rig, RigError
from hil.rp2040 import boot_rom
from hil.rp2040.desk import Desk, flashed
from hil.setup import Setup
from hil.timeline import NS_PER_MS, NS_PER_S
from hil.uf2 import Uf2Error, check_blocks

T = TypeVar("T")

IMAGE = image_path(rig_board("rp2040"))
NEXT_IMAGE = image_path(rig_board("rp2040") + "-next")

SLICE_NS = NS_PER_MS
FREE_SLICE_NS = 5 * NS_PER_MS
"""While a caller waits for something in emulated time."""
LEAPS = 50
MIN_LEAP_NS, MAX_LEAP_NS = NS_PER_S // 2, 600 * NS_PER_S

# How often the boot loader's drive is looked at, by the wall clock and in the chip's time.
DRIVE_POLL_S = 0.02
DRIVE_POLL_NS = 20 * NS_PER_MS

# A request that the module never answers must not let its time race for ever.
HURRY_LIMIT_NS = 30 * NS_PER_S


@dataclass
class _Goal:
    """Something that a caller waits for in emulated time."""

    reached: Callable[[], bool]
    deadline_ns: int
    future: Future[None]
    leap_ns: int
    """How long a sleeping module may oversleep each time to get there sooner; 0 for not at all."""


class Rp2040Rig(Rig):
    """An emulated module behind a pseudo-terminal.

    Emulated time keeps to the wall clock. With `hurry` it runs as fast as it can while a request
    waits for its reply, which is what tests want; a client sees a module that answers sooner.
    """

    abilities = frozenset({METER, POWER, FLASH, CUT, TIME, TIMING, NOISE, UPDATE})

    def __init__(
        self,
        setup: Setup,
        image: Path | None = None,
        *,
        board: Board | None = None,
        hurry: bool = False,
    ) -> None:
        """`image` goes before the one that the setup's flash holds, and before the one built."""
        if setup.flash is not None and image is not None:
            setup = dataclasses.replace(
                setup, flash=flashed(setup.flash, existing(image).read_bytes())
            )
        fresh = existing(image or IMAGE).read_bytes() if setup.flash is None else b""
        board = board or load_board()
        self.target = board.name
        self._desk = Desk(fresh, board, setup)
        self._folder = tempfile.TemporaryDirectory(prefix="wattseal-rig-")
        self._drive = BootDrive(Path(self._folder.name), boot_rom.BOARD_ID)
        self._hurry = hurry
        self._pacer = Pacer()
        self._goals: list[_Goal] = []
        self._cut: tuple[int, Moment] | None = None
        self._desk.cut_policy = self._cut_policy
        self._pty = PtyPort()
        self.port = self._pty.path
        self._engine = Engine("rp2040", self._step)
        self._engine.watch(self._pty.file, self._from_client)
        self._desk.power_on()
        self._pacer.follow(self._desk.timeline.now_ns())
        self._engine.start()

    @property
    def desk(self) -> Desk:
        """The models, to be touched through `call` only."""
        return self._desk

    def call(self, action: Callable[[], T]) -> T:
        """Do something to the models, in their own thread."""
        return self._engine.call(action)

    @property
    def meter(self) -> Meter:
        """See Rig."""
        return self._desk.meter

    def exchanges(self) -> list[Exchange]:
        """See Rig."""
        return self._engine.call(lambda: list(self._desk.meter_port.exchanges))

    def violations(self) -> list[Violation]:
        """See Rig."""
        return self._engine.call(lambda: list(self._desk.meter_port.violations))

    def power_cut(self) -> None:
        """See Rig."""
        self._engine.call(self._switch_off)

    def restart(self, flash: bytes | None = None) -> None:
        """See Rig."""
        self._engine.call(lambda: self._switch_on(flash))

    def flash_image(self) -> bytes:
        """See Rig."""
        return self._engine.call(self._desk.flash_image)

    def flash_at_power_on(self) -> bytes:
        """See Rig."""
        return self._engine.call(lambda: self._desk.flash_at_power_on)

    def flash_operations(self) -> Sequence[FlashOperation]:
        """See Rig."""
        return self._engine.call(lambda: list(self._desk.operations))

    def cut_power_in(self, index: int, moment: Moment) -> None:
        """See Rig."""
        self._engine.call(lambda: setattr(self, "_cut", (index, moment)))

    def wait_for_power_cut(self, limit_s: float) -> None:
        """See Rig."""
        self.run_until(lambda: not self._desk.powered, limit_s)

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
        self.run_until(lambda: self._drive.shown, limit_s)

    def wait_for_start(self, limit_s: float) -> None:
        """See Rig."""
        self.run_until(lambda: not self._desk.in_boot_loader, limit_s)

    def start_boot_loader(self) -> None:
        """See Rig."""
        self._engine.call(lambda: self._switch_on(None, boot_select=True))

    def picoboot(self) -> PicobootHost:
        """A host on the boot loader's other USB interface; RigError if the chip shows none."""
        if self._engine.call(lambda: self._desk.chip.picoboot) is None:
            raise RigError("no PICOBOOT interface is on the bus")
        return PicobootHost(lambda packet, data: self._engine.call(self._command(packet, data)))

    def put_image(self, image: Path) -> None:
        """See Rig."""
        self._engine.call(lambda: self._put_image(existing(image).read_bytes()))

    def fast_forward(self, seconds: float) -> None:
        """See Rig. While the module sleeps and both lines are quiet, time passes in leaps.

        It is as if the module overslept: it looks after its own affairs less often, some fifty
        times in all, but its clock and the meter's energy stay right.
        """
        end_ns = self.now_ns() + round(seconds * NS_PER_S)
        leap_ns = min(max(round(seconds * NS_PER_S) // LEAPS, MIN_LEAP_NS), MAX_LEAP_NS)
        self._wait_for(
            lambda: self._desk.timeline.now_ns() >= end_ns, seconds + 1, DEFAULT_LIMIT_S, leap_ns
        )

    def run_until(
        self, reached: Callable[[], bool], limit_s: float, wall_limit_s: float = DEFAULT_LIMIT_S
    ) -> None:
        """Let time run as fast as it can until the predicate holds.

        It is called in the models' thread every 5 ms of emulated time. TimeoutError after
        `limit_s` of emulated time or `wall_limit_s` of the wall clock.
        """
        self._wait_for(reached, limit_s, wall_limit_s, leap_ns=0)

    def _wait_for(
        self, reached: Callable[[], bool], limit_s: float, wall_limit_s: float, leap_ns: int
    ) -> None:
        future: Future[None] = Future()

        def add() -> None:
            deadline_ns = self._desk.timeline.now_ns() + round(limit_s * NS_PER_S)
            self._goals.append(_Goal(reached, deadline_ns, future, leap_ns))

        self._engine.call(add)
        self._engine.wait_for(future, wall_limit_s)

    def now_ns(self) -> int:
        """See Rig."""
        return self._engine.call(self._desk.timeline.now_ns)

    def close(self) -> None:
        """See Rig."""
        try:
            self._engine.close()
        finally:
            self._pty.close()
            if self._desk.powered:
                self._desk.power_cut()
            self._folder.cleanup()

    # In the engine's thread.

    def _command(self, packet: bytes, data: bytes) -> Callable[[], bytes]:
        def send() -> bytes:
            device = self._desk.chip.picoboot
            if device is None:
                raise RigError("the PICOBOOT interface has left the bus")
            answer = device.command(packet, data)
            if not self._desk.chip.in_boot_loader:  # it was told to start
                self._drive.hide()
                self._desk.revive()
            return answer

        return send

    def _step(self) -> float | None:
        now_ns = self._desk.timeline.now_ns
        if not self._desk.powered:
            self._check_goals(now_ns())
            return None
        if self._desk.in_boot_loader:
            return self._step_boot_loader()
        free = self._may_run_free()
        if not free and (ahead_s := self._pacer.ahead_s(now_ns())) > 0:
            return ahead_s
        self._leap()
        self._desk.chip.run_for(FREE_SLICE_NS if self._goals else SLICE_NS)
        if free:
            self._pacer.follow(now_ns())
        self._pty.write(self._desk.link.take())
        if not self._desk.powered:
            self._switch_off()
        self._check_goals(now_ns())
        return 0

    def _step_boot_loader(self) -> float:
        """Let the drive appear, or look whether something was put on it."""
        chip = self._desk.chip
        self._desk.go_dead()
        if chip.shows_drive and not self._drive.shown:
            self._drive.show()
        elif self._takes_files() and (blocks := self._drive.take()) is not None:
            with contextlib.suppress(Uf2Error):  # for another chip: nothing happens, as on a board
                check_blocks(
                    blocks, boot_rom.FAMILY, boot_rom.FLASH_BASE, self._desk.board.flash_size
                )
                self._desk.chip.take_image(blocks)
                self._drive.hide()
                self._restart_or_stay_off()
        self._desk.timeline.advance(DRIVE_POLL_NS)
        self._check_goals(self._desk.timeline.now_ns())
        return DRIVE_POLL_S

    def _takes_files(self) -> bool:
        chip = self._desk.chip
        return chip.shows_drive and not (chip.picoboot is not None and chip.picoboot.exclusive)

    def _restart_or_stay_off(self) -> None:
        """After the boot loader's work: the module starts, unless its power has failed."""
        if self._desk.powered:
            self._switch_on(None)
        else:
            self._switch_off()

    def _may_run_free(self) -> bool:
        if self._goals:
            return True
        link = self._desk.link
        waited_ns = self._desk.timeline.now_ns() - link.last_request_ns
        return self._hurry and link.awaits_reply and waited_ns < HURRY_LIMIT_NS

    def _leap(self) -> None:
        """Pass some time in which the module only sleeps, if everyone who waits allows it."""
        desk = self._desk
        leap_ns = min((goal.leap_ns for goal in self._goals), default=0)
        if leap_ns == 0 or not desk.chip.idle or desk.busy_lines:
            return
        left_ns = min(goal.deadline_ns for goal in self._goals) - desk.timeline.now_ns() - NS_PER_S
        with desk.chip.watchdog.held():
            desk.timeline.advance(max(0, min(leap_ns, left_ns)))

    def _check_goals(self, now_ns: int) -> None:
        for goal in list(self._goals):
            if goal.reached():
                goal.future.set_result(None)
            elif now_ns >= goal.deadline_ns or not self._desk.powered:
                goal.future.set_exception(TimeoutError("not reached before the time was up"))
            else:
                continue
            self._goals.remove(goal)

    def _from_client(self) -> None:
        data = self._pty.read() if self._desk.link.pending < CHUNK_BYTES else b""
        self._desk.link.send(data)

    def _cut_policy(self, operation: FlashOperation) -> Moment | None:
        if self._cut is not None and self._cut[0] == operation.index:
            return self._cut[1]
        return None

    def _switch_off(self) -> None:
        self._cut = None
        self._drive.hide()
        if self._desk.has_chip:
            self._desk.power_cut()

    def _switch_on(self, flash: bytes | None, *, boot_select: bool = False) -> None:
        self._switch_off()
        self._desk.power_on(flash, boot_select=boot_select)
        self._pacer.follow(self._desk.timeline.now_ns())

    def _put_image(self, image: bytes) -> None:
        self._switch_off()
        self._desk.put_flash(flashed(self._desk.flash_image(), image))
