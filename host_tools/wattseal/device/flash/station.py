"""Flashes and identifies whatever is plugged in, several boards at once.

A board in its boot loader is written, and its module waited for: on the same USB socket where the
system tells sockets, on the port that belongs to the drive where both were named, else on any port
on which a module with the file's image comes up. A module that runs already is only identified.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from wattseal.common.errors import ToolError
from wattseal.device.firmware_file import FirmwareFile
from wattseal.device.flash import run
from wattseal.device.flash.boards import Board
from wattseal.device.flash.places import LoaderDrive, Places, denied
from wattseal.device.flash.run import Line, Standing
from wattseal.device.link import PortInfo
from wattseal.device.update import Patience

MAX_AT_ONCE = 16
ANSWER_S = 10.0
"""How long a module may take until it answers on a port that has just appeared."""


@dataclass(frozen=True)
class Outcome:
    """What came of one board. `error` None: the module runs the file.

    `place`: its drive or port. `module` None: it never answered.
    """

    place: str
    did: Literal["flashed", "identified"]
    seconds: float
    module: Standing | None = None
    error: ToolError | None = None


@dataclass
class Station:
    """`tell` is called in the thread of `run`, with each outcome as it comes."""

    file: FirmwareFile
    board: Board
    places: Places
    line: Line
    patience: Patience
    tell: Callable[[Outcome], None]
    _seen_drives: set[str] = field(default_factory=set)
    _seen_ports: set[str] = field(default_factory=set)
    _under_way: dict[Future[Outcome], LoaderDrive | None] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)
    """Ports of the modules that belong to a board already, by chip id."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, count: int | None = None) -> None:
        """Work until so many boards are done, or until interrupted; what is begun is finished."""
        done = 0
        try:
            with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
                while count is None or done < count:
                    self._start(pool)
                    done += self._finish()
                    self.patience.pause(0.1)
        finally:
            self._finish()

    def _start(self, pool: ThreadPoolExecutor) -> None:
        drives = {drive.slot: drive for drive in self.places.loader_drives()}
        self._seen_drives &= drives.keys()
        for slot in drives.keys() - self._seen_drives:
            self._seen_drives.add(slot)
            self._under_way[pool.submit(self._flash, drives[slot])] = drives[slot]
        ports = {port.device: port for port in self._plugged_in()}
        with self._lock:
            self._seen_ports &= ports.keys()
            fresh = [port for name, port in ports.items() if name not in self._seen_ports]
            fresh = [port for port in fresh if not self._is_awaited(port)]
            self._seen_ports.update(port.device for port in fresh)
        for port in fresh:
            self._under_way[pool.submit(self._identify, port.device)] = None

    def _plugged_in(self) -> list[PortInfo]:
        """The ports of boards that tell by their USB ids that they are some.

        A port that was named is a fixed one: a module comes and goes behind it unseen.
        """
        if self.places.ports:
            return []
        ports = self.places.usual_ports()
        known = {port.device for port in ports}
        with self._lock:
            gone = [chip for chip, port in self._taken.items() if port not in known]
            for chip in gone:
                del self._taken[chip]
        return [port for port in ports if self.places.board_of(port) is not None]

    def _is_awaited(self, port: PortInfo) -> bool:
        """Whether a board that was just flashed may come up there."""
        drives = [drive for drive in self._under_way.values() if drive is not None]
        return any(
            drive.socket is None or port.usb_socket in (None, drive.socket) for drive in drives
        )

    def _finish(self) -> int:
        """Tell what has come of the boards that are done; their number."""
        done = [future for future in self._under_way if future.done()]
        for future in done:
            del self._under_way[future]
            self.tell(future.result())
        return len(done)

    # In threads of their own.

    def _flash(self, drive: LoaderDrive) -> Outcome:
        started_s = self.patience.now_s()
        module, error = None, None
        try:
            run.pick_drive([drive], self.board)
            if port := self._port_beside(drive):
                self._forget(port)
            run.write_drive(self.file, self.board, drive, lambda _done, _total: None)
            module = self._await(drive)
        except ToolError as failure:
            error = failure
        return Outcome(drive.name, "flashed", self.patience.now_s() - started_s, module, error)

    def _await(self, drive: LoaderDrive) -> Standing:
        """The module of a drive, which has no other board's answer."""
        port = self._port_beside(drive)
        is_certain = bool(port or (drive.socket and self.board.running_usb))

        def ports() -> list[str]:
            return [port] if port else run.ports_for(self.board, drive, self.places)

        def is_meant(found: Standing) -> bool:
            if not is_certain and found.hello.firmware_identity != self.file.sha256:
                return False
            return self._take(found)

        return run.await_module(self.file, ports, self.line, self.patience, is_meant, [self.board])

    def _port_beside(self, drive: LoaderDrive) -> str | None:
        """The port named in the place in which the drive is named."""
        drives, ports = self.places.drives, self.places.ports
        if len(drives) != len(ports):
            return None
        return next(
            (port for one, port in zip(drives, ports, strict=True) if one == drive.folder), None
        )

    def _take(self, module: Standing) -> bool:
        """Whether the module belongs to no other board; then it is this one's."""
        with self._lock:
            if module.hello.chip_id in self._taken:
                return False
            self._taken[module.hello.chip_id] = module.port
            self._seen_ports.add(module.port)
            return True

    def _forget(self, port: str) -> None:
        with self._lock:
            self._taken = {chip: one for chip, one in self._taken.items() if one != port}

    def _identify(self, port: str) -> Outcome:
        started_s = self.patience.now_s()
        did: Literal["flashed", "identified"] = "identified"
        module, error = None, None
        try:
            module = self._answering(port)
            if self._wants_image(module):
                if self.board.drive is not None:
                    raise self._needs_loader(port, module)
                did = "flashed"
                run.write_port(self.file, self.board, port, lambda _done, _total: None)
                module = run.await_module(self.file, lambda: [port], self.line, self.patience)
            elif module is not None:
                run.check_runs(self.file, module)
                self._take(module)
        except ToolError as failure:
            error = failure
        return Outcome(port, did, self.patience.now_s() - started_s, module, error)

    def _answering(self, port: str) -> Standing | None:
        """The module on a port; None if the board is one whose boot loader is a port, silent."""
        last: list[ToolError] = []

        def look() -> Standing | None:
            try:
                return run.look_at(port, self.line)
            except ToolError as error:
                last[:] = [error]
                return None

        wait_s = min(self.patience.timeout_s, ANSWER_S)
        found = Patience(wait_s, self.patience.now_s, self.patience.pause).until(look)
        if found is None and self.board.drive is not None:
            if last[0].name == "port_denied":
                raise denied(port, [self.board])
            raise last[0]
        return found

    def _wants_image(self, module: Standing | None) -> bool:
        """Whether a board is to be written. ToolError `module_in_use` if it must not be."""
        if module is not None and module.hello.firmware_identity == self.file.sha256:
            return False
        if module is not None:
            run.check_may_be_erased(module)
        return True

    def _needs_loader(self, port: str, module: Standing | None) -> ToolError:
        firmware = module.hello.firmware if module else "none"
        return ToolError("flash_needs_loader", port=port, firmware=firmware)
